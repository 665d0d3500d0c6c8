//! What happens to a handler whose client leaves: a query is dropped, a command runs to its end.

use stario::prelude::*;

use crate::app;
use crate::support::probe::{Log, Probe, probe};

stario::app!(local);

async fn work(probe: State<Probe>) {
    let mut end = probe.at_drop("dropped");
    probe.log("started");
    probe.released().await;
    end.event = "ended";
}

#[app::query("/query", app = local)]
async fn query(probe: State<Probe>) {
    work(probe).await;
}

#[app::command("/command", app = local)]
async fn command(probe: State<Probe>) {
    work(probe).await;
}

#[app::query("/stream", app = local)]
async fn stream(probe: State<Probe>) -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        work(probe).await;
    }
}

fn setup() -> (TestClient, Probe, Log) {
    let (probe, log) = probe();
    (TestClient::new(local::new().state(probe.clone())), probe, log)
}

/// Sends the request, and leaves as soon as the handler runs.
async fn leave(request: stario::testing::TestRequest, log: &mut Log) {
    let waiting = tokio::spawn(request.into_future());
    log.expect("started").await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn a_query_is_dropped() {
    let (client, _probe, mut log) = setup();
    leave(client.get("/query"), &mut log).await;
    log.expect("dropped").await;
}

#[tokio::test]
async fn a_command_runs_to_its_end() {
    let (client, probe, mut log) = setup();
    leave(client.post("/command"), &mut log).await;
    // A second one is answered while the first goes on.
    let second = tokio::spawn(client.post("/command").into_future());
    log.expect("started").await;
    probe.release(2);
    log.expect("ended").await;
    log.expect("ended").await;
    assert_eq!(second.await.unwrap().status(), 204);
}

#[test]
fn a_command_ends_with_its_runtime() {
    let (client, _probe, mut log) = setup();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(leave(client.post("/command"), &mut log));
    drop(runtime);
    assert_eq!(log.so_far(), ["dropped"]);
}

#[tokio::test]
async fn a_stream_is_dropped() {
    let (client, _probe, mut log) = setup();
    let mut events = client.get("/stream").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    log.expect("started").await;
    drop(events);
    log.expect("dropped").await;
}

#[app::query("/panic", app = local)]
async fn stream_that_panics() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        panic!("on purpose");
    }
}

#[tokio::test]
#[should_panic(expected = "the stream was cut: the handler panicked")]
async fn what_was_yielded_before_a_panic_is_sent() {
    let mut events = setup().0.get("/panic").open().await;
    assert_eq!(events.next().await.map(|event| event.elements()).as_deref(), Some("1"));
    events.next().await;
}

#[app::query("/fail", app = local)]
async fn stream_that_fails() -> impl Stream<Item = Result<Event>> {
    try_stream! {
        yield 1;
        "x".parse::<u8>()?;
        yield 2;
    }
}

/// The last statement needs no semicolon.
#[app::query("/fail-last", app = local)]
async fn stream_that_fails_last() -> impl Stream<Item = Result<Event>> {
    try_stream! {
        yield 1;
        Err(std::io::Error::other("told to fail"))?
    }
}

#[tokio::test]
#[should_panic(expected = "the stream was cut: the stream failed")]
async fn a_stream_may_end_with_its_error() {
    let mut events = setup().0.get("/fail-last").open().await;
    assert_eq!(events.next().await.map(|event| event.elements()).as_deref(), Some("1"));
    events.next().await;
}

#[tokio::test]
#[should_panic(expected = "the stream was cut: the stream failed")]
async fn what_was_yielded_before_an_error_is_sent() {
    let mut events = setup().0.get("/fail").open().await;
    assert_eq!(events.next().await.map(|event| event.elements()).as_deref(), Some("1"));
    events.next().await;
}

#[tokio::test]
#[should_panic(expected = "the response was cut: the handler panicked")]
async fn a_stream_that_panics_is_cut_and_does_not_look_complete() {
    setup().0.get("/panic").await;
}
