//! How long a handler may take to answer.

use std::time::Duration;

use stario::prelude::*;
use stario::{App, handler, query};
use tokio::time::Instant;

use crate::app;
use crate::support::probe::{Log, Probe, probe};

stario::app!(local);

/// Waits at the gate.
async fn work(probe: &Probe) {
    let _end = probe.at_drop("dropped");
    probe.released().await;
    probe.log("done");
}

#[app::query("/second", app = local, timeout = "1s")]
async fn second(probe: State<Probe>) {
    work(&probe).await;
}

#[app::query("/ms", app = local, timeout = "1500ms")]
async fn milliseconds(probe: State<Probe>) {
    work(&probe).await;
}

#[app::query("/any", app = local)]
async fn any(probe: State<Probe>) {
    work(&probe).await;
}

#[app::command("/command", app = local, timeout = "1s")]
async fn command(probe: State<Probe>) {
    work(&probe).await;
}

#[app::command("/body", app = local, timeout = "1s")]
async fn read(text: RawBody<String>) -> String {
    text.0
}

#[app::query("/stream", app = local, timeout = "1s")]
async fn stream(probe: State<Probe>) -> impl Stream<Item = Event> {
    stream! {
        loop {
            yield 1;
            probe.released().await;
        }
    }
}

#[app::query("/stream/late", app = local, timeout = "1s")]
async fn late_stream(probe: State<Probe>) -> impl Stream<Item = Event> {
    work(&probe).await;
    stream! { yield 1; }
}

#[app::query("/writer", app = local, timeout = "1s")]
async fn writer(w: Writer, probe: State<Probe>) -> Result {
    loop {
        w.patch(1).await?;
        probe.released().await;
    }
}

#[app::query("/writer/late", app = local, timeout = "1s")]
async fn late_writer(w: Writer, probe: State<Probe>) -> Result {
    let left = w.while_alive(work(&probe)).await.is_none();
    probe.log(if left { "left" } else { "stayed" });
    w.patch(1).await?;
    Ok(())
}

#[handler(timeout = "2s")]
async fn explicit(probe: State<Probe>) {
    work(&probe).await;
}

fn start(set_up: impl FnOnce(App) -> App) -> (TestClient, Probe, Log) {
    let (probe, log) = probe();
    let app = set_up(local::new().route(query::<explicit>("/explicit"))).state(probe.clone());
    (TestClient::new(app), probe, log)
}

/// The answer of a handler that never ends, after this time of a clock that runs only while all wait.
async fn check(client: &TestClient, log: &mut Log, path: &str, seconds: f64, expected: &str) {
    let started = Instant::now();
    let res = client.get(path).await;
    assert_eq!((res.status().as_u16(), res.text()), (503, expected), "{path}");
    let waited = started.elapsed().as_secs_f64();
    assert!((seconds..seconds + 0.01).contains(&waited), "{path}: {waited}");
    log.expect("dropped").await;
}

#[tokio::test(start_paused = true)]
async fn a_query_that_takes_too_long_is_dropped_and_answered_503() {
    let (client, probe, mut log) = start(|app| app.timeout(Duration::from_secs(7)));
    check(&client, &mut log, "/second", 1.0, "the answer took longer than 1s").await;
    check(&client, &mut log, "/ms", 1.5, "the answer took longer than 1.5s").await;
    check(&client, &mut log, "/any", 7.0, "the answer took longer than 7s").await;
    check(&client, &mut log, "/explicit", 2.0, "the answer took longer than 2s").await;
    check(&client, &mut log, "/stream/late", 1.0, "the answer took longer than 1s").await;
    probe.release(1);
    assert_eq!(client.get("/second").await.status(), 204);
}

#[tokio::test(start_paused = true)]
async fn a_command_runs_on_to_its_end() {
    let (client, probe, mut log) = start(|app| app);
    let res = client.post("/command").await;
    assert_eq!((res.status().as_u16(), res.text()), (503, "the answer took longer than 1s"));
    probe.release(1);
    log.expect("done").await;
    log.expect("dropped").await;
}

#[tokio::test(start_paused = true)]
async fn the_body_must_come_within_the_timeout() {
    let (client, _, _) = start(|app| app);
    let never = futures_util::stream::pending::<Result<stario::Bytes, std::io::Error>>();
    let res = client.post("/body").body(stario::Body::stream(never)).await;
    assert_eq!((res.status().as_u16(), res.text()), (503, "the answer took longer than 1s"));
    assert_eq!(client.post("/body").body("all of it").await.text(), "all of it");
}

#[tokio::test(start_paused = true)]
async fn of_a_stream_only_the_head_must_come_within_the_timeout() {
    let (client, probe, mut log) = start(|app| app);
    for path in ["/stream", "/writer"] {
        let mut events = client.get(path).open().await;
        for _ in 0..3 {
            assert_eq!(events.next().await.unwrap().elements(), "1");
            tokio::time::sleep(Duration::from_secs(5)).await;
            probe.release(1);
        }
    }
    let res = client.get("/writer/late").await;
    assert_eq!((res.status().as_u16(), res.text()), (503, "the answer took longer than 1s"));
    // Its handler learns that nobody waits any more.
    log.expect("dropped").await;
    log.expect("left").await;
}

stario::app!(short);
stario::app!(long);
stario::app!(outer);

#[app::query("/slow", app = short)]
async fn slow_in_short() {
    std::future::pending::<()>().await;
}

#[app::query("/slow", app = outer)]
async fn slow_in_outer() {
    std::future::pending::<()>().await;
}

#[app::query("/pause", app = long)]
async fn pause() {
    tokio::time::sleep(Duration::from_secs(20)).await;
}

#[tokio::test(start_paused = true)]
async fn a_part_has_a_timeout_of_its_own() {
    let (client, _, _) = start(|app| {
        app.timeout(Duration::from_secs(7))
            .nest("/short", short::new().timeout(Duration::from_secs(3)))
            .nest("/long", long::new().timeout(Duration::MAX))
            .nest("/outer", outer::new())
    });
    assert_eq!(client.get("/short/slow").await.text(), "the answer took longer than 3s");
    assert_eq!(client.get("/outer/slow").await.text(), "the answer took longer than 7s");
    assert_eq!(client.get("/long/pause").await.status(), 204);
}

#[tokio::test(start_paused = true)]
async fn a_page_for_503_shows_the_timeout() {
    let (client, _, _) = start(|app| {
        app.on_status(503, |message, head| format!("{}: {message}", head.uri.path()).into_response())
    });
    let res = client.get("/second").await;
    assert_eq!((res.status().as_u16(), res.text()), (503, "/second: the answer took longer than 1s"));
}

#[test]
fn a_timeout_of_no_time_is_a_problem() {
    let found = local::new().state(probe().0).timeout(Duration::ZERO).check().unwrap_err().to_string();
    assert!(found.contains("a timeout of no time lets no handler answer: remove `.timeout(..)`"), "{found}");
}

#[test]
fn a_command_that_runs_on_ends_with_the_runtime() {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (client, _, mut log) = start(|app| app);
    assert_eq!(runtime.block_on(client.post("/command").into_future()).status(), 503);
    drop(runtime);
    assert_eq!(log.so_far(), ["dropped"]);
}
