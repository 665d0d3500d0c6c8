//! The site of a server that is replaced: it says which process answers, and its stream resumes. Used by the tests and by
//! `benchmarks/deploy`.

use std::time::Duration;

use stario::prelude::*;
use stario::{App, AppHandle};

use crate::app;

stario::app!(local);

/// The process that answers.
#[app::query("/", app = local)]
async fn home() -> String {
    std::process::id().to_string()
}

/// Follows the news, or a subject under which nothing is published.
#[app::query("/live/{subject}", app = local)]
async fn live(
    subject: PathParam<String>,
    news: State<Relay<u64>>,
    last_event_id: Header<Option<String>>,
) -> impl Stream<Item = Event> {
    let mut updates = news.resume(&*subject, last_event_id);
    stream! {
        while let Some(update) = updates.next().await {
            let signals = match update {
                Update::Value(_, value) => json!({ "value": value }),
                Update::Gap => {
                    updates.skip();
                    json!({ "gap": true })
                }
            };
            yield event::signals(signals).id(updates.position());
        }
    }
}

/// The site, without start hooks.
pub(crate) fn new() -> App {
    over(Relay::new().history(100))
}

/// The site with this relay.
pub(crate) fn over(relay: Relay<u64>) -> App {
    local::new().state(relay)
}

/// Publishes a number after each interval, until the server stops.
pub(crate) fn publish(news: &Relay<u64>, interval: Duration, app: AppHandle) {
    let news = news.clone();
    tokio::spawn(async move {
        let publish = async {
            for value in 0.. {
                news.publish("news", value);
                tokio::time::sleep(interval).await;
            }
        };
        tokio::select! {
            () = publish => {}
            () = app.stopping() => {}
        }
    });
}
