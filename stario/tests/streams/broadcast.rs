//! Streams that follow the same relay in zstd and gzip: what one has compressed, the others send, too, and each decodes what
//! is its own as it arrives.

use std::sync::{Arc, OnceLock};

use http::{Request, Response, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use stario::prelude::*;
use stario::relay::{Inbox, Packet, Payload, PublishError, Stamp, Transport};
use stario::{App, Bytes, Update};

use crate::app;
use crate::compression::{Decoded, decode};
use crate::support::server::Server;

stario::app!(local);

const CODINGS: [&str; 2] = ["zstd", "gzip"];
const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

/// What all streams send, what each makes for itself, and another relay.
#[derive(Clone)]
struct Relays {
    news: Relay<Event>,
    own: Relay<usize>,
    other: Relay<Event>,
}

impl Relays {
    fn new() -> Self {
        Self { news: Relay::new().history(100), own: Relay::new(), other: Relay::new() }
    }
}

fn local_app(relays: &Relays) -> App {
    local::new().state(relays.clone())
}

/// A table of about 1 KB, much of which was there before.
fn table(number: usize) -> Html {
    html! {
        <table id="table">
            for row in 0..20_usize { <tr><td>"Row "{row}</td><td>{number * 7919 % (row + 90)}</td></tr> }
        </table>
    }
}

fn own(number: usize, name: &str) -> Html {
    html! { <p id="own">{name}" has "{number}" of its own, as nobody else has"</p> }
}

fn text(html: &Html) -> String {
    format!("event: datastar-patch-elements\ndata: elements {}\n\n", html.as_str())
}

#[app::query("/streamed", app = local)]
async fn streamed(name: QueryParam<String>, relays: State<Relays>) -> impl Stream<Item = Event> {
    let (mut news, mut mine, mut other) =
        (relays.news.subscribe("news"), relays.own.subscribe("*"), relays.other.subscribe("*"));
    stream! {
        loop {
            tokio::select! {
                Some((_, event)) = news.next() => yield event,
                Some((_, event)) = other.next() => yield event,
                Some((_, number)) = mine.next() => {
                    if number == 0 { break }
                    yield own(number, &name)
                }
            }
        }
    }
}

#[app::query("/written", app = local)]
async fn written(name: QueryParam<String>, relays: State<Relays>, w: Writer) -> stario::Result {
    let (mut news, mut mine, mut other) =
        (relays.news.subscribe("news"), relays.own.subscribe("*"), relays.other.subscribe("*"));
    w.open_events()?;
    w.while_alive(async {
        loop {
            tokio::select! {
                Some((_, event)) = news.next() => { w.patch(event).await?; }
                Some((_, event)) = other.next() => { w.patch(event).await?; }
                Some((_, number)) = mine.next() => {
                    if number == 0 { return Ok(()) }
                    w.patch(own(number, &name)).await?;
                }
            }
        }
    })
    .await
    .unwrap_or(Ok(()))
}

#[app::query("/resumed", app = local)]
async fn resumed(relays: State<Relays>, last_event_id: Header<Option<String>>) -> impl Stream<Item = Event> {
    let mut updates = relays.news.resume("news", last_event_id);
    stream! {
        while let Some(update) = updates.next().await {
            match update {
                Update::Value(_, event) => yield event,
                Update::Gap => yield Event::new(event::patch(own(0, "A gap")).id(updates.position())),
            }
        }
    }
}

#[app::query("/latest", app = local)]
async fn latest(relays: State<Relays>) -> impl Stream<Item = Event> {
    let mut news = relays.news.subscribe("news").latest();
    stream! {
        while let Some((_, event)) = news.next().await { yield event }
    }
}

/// A stream that is being read.
struct Reading {
    coding: &'static str,
    body: Incoming,
    received: Vec<u8>,
    /// Where what came last begins.
    last: usize,
    expected: String,
    name: String,
}

impl Reading {
    async fn open(
        server: &Server,
        version: Version,
        coding: &'static str,
        path: &str,
        last_id: &str,
    ) -> Self {
        let uri = format!("http://{}{path}", server.address);
        let request = Request::get(uri).header("accept-encoding", coding);
        let mut request = request.header("last-event-id", last_id).body(Empty::<Bytes>::new()).unwrap();
        let socket = TokioIo::new(server.connect().await);
        let response: Response<Incoming> = if version == Version::HTTP_2 {
            let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), socket);
            let (mut sender, connection) = handshake.await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        } else {
            request.headers_mut().insert("host", http::HeaderValue::from_static("localhost"));
            let (mut sender, connection) = hyper::client::conn::http1::handshake(socket).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        };
        assert_eq!(response.headers()["content-encoding"], coding);
        let name = path.rsplit('=').next().unwrap_or_default().to_owned();
        let (body, expected) = (response.into_body(), String::new());
        Self { coding, body, received: Vec::new(), last: 0, expected, name }
    }

    /// Waits until `text` has come behind what came before.
    async fn expect(&mut self, text: &str) {
        self.expected += text;
        self.last = self.received.len();
        while decode(self.coding, &self.received).text != self.expected {
            let frame = self.body.frame().await.expect("more of the stream").unwrap();
            self.received.extend(frame.into_data().unwrap());
        }
    }

    /// How many bytes came last.
    fn last(&self) -> &[u8] {
        &self.received[self.last..]
    }

    async fn expect_end(mut self) {
        self.received.extend(self.body.collect().await.unwrap().to_bytes());
        let expected = Decoded { text: self.expected, is_complete: true };
        assert_eq!(decode(self.coding, &self.received), expected, "{}", self.coding);
    }
}

/// Publishes a table, and waits until all have it. Returns how it looks on the wire.
async fn publish(relays: &Relays, number: usize, streams: &mut [Reading]) -> String {
    let table = table(number);
    relays.news.publish("news", Event::new(table.clone()));
    let id = relays.news.position();
    let expected = format!("{}id: {id}\n\n", text(&table).trim_end_matches('\n').to_owned() + "\n");
    for stream in streams {
        stream.expect(&expected).await;
    }
    expected
}

async fn publish_own(relays: &Relays, number: usize, streams: &mut [Reading]) {
    relays.own.publish("own", number);
    for stream in streams {
        stream.expect(&text(&own(number, &stream.name))).await;
    }
}

#[tokio::test]
async fn events_of_a_relay_and_others_decode_in_any_order() {
    for coding in CODINGS {
        let relays = Relays::new();
        let server = Server::start(local_app(&relays)).await;
        let mut streams = Vec::new();
        for version in VERSIONS {
            for path in ["/streamed?name=a", "/written?name=b", "/streamed?name=c"] {
                streams.push(Reading::open(&server, version, coding, path, "").await);
            }
        }
        while relays.own.subscribers("own") < streams.len() {
            tokio::task::yield_now().await;
        }
        for number in 0..4 {
            publish(&relays, number, &mut streams).await;
        }
        let (first, others) = streams.split_first().unwrap();
        let lengths: Vec<usize> = streams.iter().map(|stream| stream.last().len()).collect();
        assert!(others.iter().all(|other| other.last() == first.last()), "{coding}: {lengths:?}");
        publish_own(&relays, 1, &mut streams).await;
        publish_own(&relays, 2, &mut streams).await;
        publish(&relays, 4, &mut streams).await;
        let other = Event::new(table(5));
        relays.other.publish("other", other);
        for stream in &mut streams {
            stream.expect(&text(&table(5))).await;
        }
        publish(&relays, 6, &mut streams).await;
        streams.push(Reading::open(&server, Version::HTTP_11, coding, "/streamed?name=d", "").await);
        for number in 7..20 {
            publish(&relays, number, &mut streams).await;
        }
        let secret = Event::new(table(100)).uncompressed();
        relays.other.publish("other", secret);
        for stream in &mut streams {
            stream.expect(&text(&table(100))).await;
            let text = text(&table(100));
            assert!(stream.last().windows(text.len()).any(|window| window == text.as_bytes()), "{coding}");
        }
        publish(&relays, 20, &mut streams).await;
        relays.own.publish("own", 0);
        for stream in streams {
            stream.expect_end().await;
        }
    }
}

#[tokio::test]
async fn a_stream_that_resumes_shares_what_follows() {
    for coding in CODINGS {
        let relays = Relays::new();
        let server = Server::start(local_app(&relays)).await;
        let mut streams = vec![Reading::open(&server, Version::HTTP_11, coding, "/resumed", "").await];
        let gap =
            |id: stario::relay::Position| text(&own(0, "A gap")).replace("\n\n", &format!("\nid: {id}\n\n"));
        streams[0].expect(&gap(relays.news.position())).await;
        publish(&relays, 0, &mut streams).await;
        let position = relays.news.position().to_string();
        let missed =
            [publish(&relays, 1, &mut streams).await, publish(&relays, 2, &mut streams).await].concat();
        let mut resumed = Reading::open(&server, Version::HTTP_2, coding, "/resumed", &position).await;
        resumed.expect(&missed).await;
        streams.push(resumed);
        for number in 3..6 {
            publish(&relays, number, &mut streams).await;
        }
        assert!(streams[0].last() == streams[1].last(), "{coding}");
    }
}

/// Stands for the other processes of a relay: nothing is sent to them, and the test publishes for them.
#[derive(Clone, Default)]
struct OtherProcesses(Arc<OnceLock<Inbox>>);

impl Transport for OtherProcesses {
    fn start(&self, inbox: Inbox) {
        inbox.connected();
        self.0.set(inbox).unwrap();
    }

    fn send(&self, _: Packet) -> Result<(), PublishError> {
        Ok(())
    }
}

impl OtherProcesses {
    fn publish(&self, publisher: u64, number: u64, event: &Event) {
        let stamp = Stamp { epoch: publisher, number };
        let payload = event.encode().unwrap();
        self.0.get().unwrap().receive(Packet { subject: "news".into(), stamp, payload });
    }
}

#[tokio::test]
async fn streams_share_what_several_processes_publish() {
    for coding in CODINGS {
        let others = OtherProcesses::default();
        let news = Relay::over(others.clone()).history(100);
        let relays = Relays { news, ..Relays::new() };
        let server = Server::start(local_app(&relays)).await;
        let mut follower = relays.news.resume("news", relays.news.position());
        let mut streams = Vec::new();
        for number in 0..12 {
            if number % 4 == 0 {
                let position = relays.news.position().to_string();
                streams.push(Reading::open(&server, Version::HTTP_11, coding, "/resumed", &position).await);
            }
            let table = table(number);
            match number % 3 {
                0 => relays.news.publish("news", Event::new(table.clone())),
                publisher => {
                    others.publish(publisher as u64, number as u64 / 3 + 1, &Event::new(table.clone()));
                }
            }
            assert!(matches!(follower.next().await, Some(Update::Value(..))), "a gap before {number}");
            let text = text(&table);
            let expected =
                format!("{}id: {}\n\n", text.trim_end_matches('\n').to_owned() + "\n", follower.position());
            for stream in &mut streams {
                stream.expect(&expected).await;
            }
        }
        let [first, others @ ..] = &streams[..] else { unreachable!("three streams") };
        let lengths: Vec<usize> = streams.iter().map(|stream| stream.last().len()).collect();
        assert!(others.iter().all(|other| other.last() == first.last()), "{coding}: {lengths:?}");
    }
}

#[tokio::test]
async fn streams_that_are_behind_and_skip_values_decode() {
    for coding in CODINGS {
        let relays = Relays::new();
        let server = Server::start(local_app(&relays)).await;
        let mut streams = Vec::new();
        for _ in 0..2 {
            streams.push(Reading::open(&server, Version::HTTP_11, coding, "/latest", "").await);
        }
        publish(&relays, 0, &mut streams).await;
        // The server's tasks run when this one waits.
        for number in 1..10 {
            relays.news.publish("news", Event::new(table(number)));
        }
        publish(&relays, 10, &mut streams).await;
        for number in 11..14 {
            publish(&relays, number, &mut streams).await;
        }
        assert!(streams[0].last() == streams[1].last(), "{coding}");
    }
}
