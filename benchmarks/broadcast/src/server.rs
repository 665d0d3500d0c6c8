//! The app: one relay, which all streams follow.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use stario::prelude::*;
use stario::{Compression, ContentCoding, Limits};
use tokio::net::TcpListener;

use crate::{Result, app};

#[app::query("/live")]
async fn live(relay: State<Relay<Event>>) -> impl Stream<Item = Event> {
    let mut updates = relay.subscribe("*");
    stream! {
        while let Some((subject, event)) = updates.next().await {
            if &*subject == "end" { break }
            yield event;
        }
    }
}

/// Publishes `count` events, one in so many milliseconds, and says how many nanoseconds of CPU time each call took.
#[app::query("/publish")]
async fn publish(
    count: QueryParam<usize>,
    interval: QueryParam<u64>,
    #[default(0)] first: QueryParam<usize>,
    relay: State<Relay<Event>>,
) -> String {
    let mut times = Vec::new();
    let mut interval = tokio::time::interval(Duration::from_millis((*interval).max(1)));
    for number in *first..*first + *count {
        interval.tick().await;
        let event = Event::new(html(number));
        let began = thread_time();
        relay.publish("event", event);
        times.push((thread_time() - began).to_string());
    }
    times.join(" ")
}

/// The CPU time of this thread in nanoseconds: on a busy machine, the time of the clock says what else runs there.
fn thread_time() -> i64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

#[app::query("/end")]
async fn end(relay: State<Relay<Event>>) -> &'static str {
    relay.publish("end", Event::new(event::ping()));
    "ended"
}

/// A part of a table that changes, of about 1 KB: much of it was said before, some was not.
fn html(number: usize) -> Html {
    let price = |row: usize| ((number * 17 + row) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    html! {
        <tbody id="prices">
            for row in 0..12_usize {
                <tr id={("price-", row)}><td class="name">"Instrument "{row}</td><td>{price(row)}</td></tr>
            }
        </tbody>
    }
}

/// The event as it arrives.
pub fn text(number: usize) -> String {
    format!("event: datastar-patch-elements\ndata: elements {}\n\n", html(number).as_str())
}

pub async fn run(is_compressed_per_stream: bool) -> Result {
    let relay = Relay::<Event>::new();
    let relay = if is_compressed_per_stream { relay.compress_per_stream() } else { relay };
    let codings = [ContentCoding::Zstd, ContentCoding::Gzip, ContentCoding::Brotli];
    let many = 1 << 20;
    let app = app::new()
        .state(relay)
        .compression(Compression::new().codings(codings))
        .limits(Limits::default().connections(many).connections_per_client(many).streams(many));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    app.serve_on(listener, std::future::pending()).await.map_err(|error| error.to_string())?;
    Ok(())
}
