//! What happens to a handler whose client leaves: a query is dropped, a command runs to its end.

use std::sync::Arc;

use stario::prelude::*;
use tokio::sync::{Notify, mpsc};

stario::app!();

/// Where the handlers say what became of them, and what they wait for.
struct Probe {
    log: mpsc::UnboundedSender<&'static str>,
    go_on: Notify,
}

/// Says so when it is dropped before its end.
struct Guard(Arc<Probe>, bool);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.log.send(if self.1 { "ended" } else { "dropped" });
    }
}

async fn work(probe: State<Probe>) {
    let mut guard = Guard(probe.0, false);
    let _ = guard.0.log.send("started");
    guard.0.go_on.notified().await;
    guard.1 = true;
}

#[app::query("/query")]
async fn query(probe: State<Probe>) {
    work(probe).await;
}

#[app::command("/command")]
async fn command(probe: State<Probe>) {
    work(probe).await;
}

#[app::query("/stream")]
async fn stream(probe: State<Probe>) -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        work(probe).await;
    }
}

struct Setup {
    client: TestClient,
    log: mpsc::UnboundedReceiver<&'static str>,
}

fn setup() -> Setup {
    let (sender, log) = mpsc::unbounded_channel();
    let probe = Probe { log: sender, go_on: Notify::new() };
    Setup { client: TestClient::new(app::new().state(probe)), log }
}

/// Sends the request, and leaves as soon as the handler runs.
async fn leave(request: stario::testing::TestRequest, log: &mut mpsc::UnboundedReceiver<&'static str>) {
    let waiting = tokio::spawn(request.into_future());
    assert_eq!(log.recv().await, Some("started"));
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_query_is_dropped() {
    let Setup { client, mut log } = setup();
    leave(client.get("/query"), &mut log).await;
    assert_eq!(log.recv().await, Some("dropped"));
}

#[tokio::test]
async fn a_command_runs_to_its_end() {
    let Setup { client, mut log } = setup();
    leave(client.post("/command"), &mut log).await;
    // A second one is answered while the first goes on.
    let second = tokio::spawn(client.post("/command").into_future());
    assert_eq!(log.recv().await, Some("started"));
    release(&client).await;
    release(&client).await;
    assert_eq!(log.recv().await, Some("ended"));
    assert_eq!(log.recv().await, Some("ended"));
    assert_eq!(second.await.unwrap().status(), 204);
}

#[tokio::test]
async fn a_stream_is_dropped() {
    let Setup { client, mut log } = setup();
    let mut events = client.get("/stream").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    assert_eq!(log.recv().await, Some("started"));
    drop(events);
    assert_eq!(log.recv().await, Some("dropped"));
}

/// Lets one handler go on.
async fn release(client: &TestClient) {
    assert_eq!(client.post("/release").await.status(), 204);
}

#[app::command("/release")]
async fn release_one(probe: State<Probe>) {
    probe.go_on.notify_one();
}

#[app::query("/panic")]
async fn stream_that_panics() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        panic!("on purpose");
    }
}

#[tokio::test]
#[should_panic(expected = "the stream was cut: the handler panicked")]
async fn what_was_yielded_before_a_panic_is_sent() {
    let mut events = setup().client.get("/panic").open().await;
    assert_eq!(events.next().await.map(|event| event.elements()).as_deref(), Some("1"));
    events.next().await;
}

#[app::query("/fail")]
async fn stream_that_fails() -> impl Stream<Item = Result<Event>> {
    try_stream! {
        yield 1;
        "x".parse::<u8>()?;
        yield 2;
    }
}

#[tokio::test]
#[should_panic(expected = "the stream was cut: the stream failed")]
async fn what_was_yielded_before_an_error_is_sent() {
    let mut events = setup().client.get("/fail").open().await;
    assert_eq!(events.next().await.map(|event| event.elements()).as_deref(), Some("1"));
    events.next().await;
}

#[tokio::test]
#[should_panic(expected = "the response was cut: the handler panicked")]
async fn a_stream_that_panics_is_cut_and_does_not_look_complete() {
    setup().client.get("/panic").await;
}
