//! What the log says of requests, through a subscriber of the test's own.

use std::sync::Arc;
use std::time::Duration;

use crate::support::records::{self, Fields};
use stario::prelude::*;
use tokio::sync::{Notify, mpsc};

use crate::app;

stario::app!(local);

/// All records from now on.
struct Log(mpsc::UnboundedReceiver<Fields>);

fn listen() -> Log {
    Log(records::listen())
}

impl Log {
    /// The next record whose message satisfies `is_it`.
    async fn find(&mut self, is_it: impl Fn(&Fields) -> bool) -> Fields {
        let found = async {
            loop {
                let record = self.0.recv().await.unwrap();
                if is_it(&record) {
                    return record;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), found).await.expect("no such record")
    }

    async fn message(&mut self, start: &str) -> Fields {
        self.find(|record| record["message"].starts_with(start)).await
    }
}

fn check(record: &Fields, expected: &[(&'static str, &str)]) {
    for (name, value) in expected {
        assert_eq!(record.get(name).map(String::as_str), Some(*value), "{name} of {record:?}");
    }
}

#[app::query("/plain/{name}", app = local)]
async fn plain(name: PathParam<String>) -> String {
    tracing::info!("a record of the handler's own for {}", *name);
    "twelve bytes".to_owned()
}

#[tokio::test]
async fn a_request_is_reported_when_it_is_answered() {
    let mut log = listen();
    let res = TestClient::new(local::new()).get("/plain/ada?secret=1").await;
    let id = res.header("x-request-id");
    let own = log.message("a record of the handler's own for ada").await;
    check(&own, &[("request_id", id), ("http.route", "/plain/{name}"), ("level", "INFO")]);
    let report = log.message("GET /plain/ada 200 in ").await;
    check(
        &report,
        &[
            ("target", "stario::request"),
            ("level", "INFO"),
            ("request_id", id),
            ("http.request.method", "GET"),
            ("url.path", "/plain/ada"),
            ("http.route", "/plain/{name}"),
            ("http.response.status_code", "200"),
            ("http.response.body.size", "12"),
            ("client.address", "127.0.0.1"),
        ],
    );
    assert!(report["http.server.request.duration"].parse::<f64>().unwrap() > 0.0);
    assert!(!report.contains_key("events"));
}

#[tokio::test]
async fn what_no_route_answers_is_reported_without_one() {
    let mut log = listen();
    let res = TestClient::new(local::new()).post("/nowhere").await;
    let report = log.message("POST /nowhere 404 in ").await;
    check(&report, &[("request_id", res.header("x-request-id")), ("http.response.status_code", "404")]);
    assert!(!report.contains_key("http.route"));
}

#[app::command("/todo", app = local)]
async fn todo(title: Signal<String>) -> String {
    title.to_string()
}

#[app::query("/closed", app = local)]
async fn closed() -> stario::Result {
    Err(stario::Error::new(StatusCode::FORBIDDEN, "the shop is closed"))
}

/// The handler writes its response.
#[app::query("/closed-writer", app = local)]
async fn closed_writer(_w: Writer) -> stario::Result {
    Err(stario::Error::new(StatusCode::FORBIDDEN, "the shop is closed"))
}

#[app::command("/collected", app = local)]
async fn collected(body: RawBody) -> usize {
    body.len()
}

#[tokio::test]
async fn the_reason_of_a_body_for_which_there_is_no_memory_is_reported() {
    let mut log = listen();
    let client = TestClient::new(local::new().limits(stario::Limits::default().body_memory(20_000)));
    let res = client.post("/collected").body("x".repeat(30_000)).await;
    assert_eq!(res.header("retry-after"), "1");
    let report = log.message("POST /collected 503 in ").await;
    let reason = "the memory for request bodies is full: try again later";
    check(&report, &[("reason", reason), ("request_id", res.header("x-request-id"))]);
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_reported() {
    let mut log = listen();
    let around = tower::layer::util::Identity::new();
    let page = |_: &str, _: &http::request::Parts| "a page";
    for app in [local::new(), local::new().layer(around), local::new().on_status(403, page)] {
        let client = TestClient::new(app);
        let res = client.post("/todo").await;
        let report = log.message("POST /todo 400 in ").await;
        assert!(report["reason"].starts_with("missing signal `title`"), "{report:?}");
        check(&report, &[("request_id", res.header("x-request-id"))]);
        for path in ["/closed", "/closed-writer"] {
            client.get(path).await;
            let report = log.message(&format!("GET {path} 403 in ")).await;
            check(&report, &[("reason", "the shop is closed")]);
        }
        client.get("/no-such-path").await;
        assert!(!log.message("GET /no-such-path 404 in ").await.contains_key("reason"));
    }
}

#[tokio::test]
async fn a_refused_origin_is_reported_as_it_was_sent() {
    let mut log = listen();
    let request = TestClient::new(local::new()).post("/todo").header("sec-fetch-site", "cross-site");
    assert_eq!(request.header("origin", "https://a.example").await.status(), 403);
    let record = log.message("a command of a page of another origin is refused").await;
    check(&record, &[("sec_fetch_site", "cross-site"), ("origin", "https://a.example")]);
}

/// An error of `length` two-byte characters.
#[app::query("/long/{length}", app = local)]
async fn long(length: PathParam<usize>) -> stario::Result {
    Err(stario::Error::new(StatusCode::CONFLICT, "é".repeat(length.0)))
}

/// What a page says may be private, so it is no reason.
#[app::query("/own-page", app = local)]
async fn own_page() -> (StatusCode, Html) {
    (StatusCode::CONFLICT, html! { <p>"the password is 1234"</p> })
}

#[tokio::test]
async fn a_reason_is_cut_after_256_bytes_and_a_page_is_none() {
    let mut log = listen();
    let client = TestClient::new(local::new());
    for (length, reason) in [(128, "é".repeat(128)), (129, "é".repeat(128) + "…")] {
        let path = format!("/long/{length}");
        assert_eq!(client.get(&path).await.text(), "é".repeat(length));
        check(&log.message(&format!("GET {path} 409 in ")).await, &[("reason", &reason)]);
    }
    client.get("/own-page").await;
    assert!(!log.message("GET /own-page 409 in ").await.contains_key("reason"));
}

#[tokio::test]
async fn a_failure_that_the_page_shows_is_reported_with_its_own_status() {
    let mut log = listen();
    let own_event = |_: &str, _: &http::request::Parts| event::remove("#form");
    for app in [local::new().failure_region("#failure"), local::new().on_status(400, own_event)] {
        let res = TestClient::new(app).post("/todo").signals(&json!({})).await;
        assert_eq!(res.status(), 200);
        let report = log.message("POST /todo 400 in ").await;
        assert!(report["reason"].starts_with("missing signal `title`"), "{report:?}");
    }
}

#[app::query("/count", app = local)]
async fn count() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <p id="a">"event: 1"</p> };
        tokio::task::yield_now().await;
        yield json!({ "b": 2 });
        yield event::remove("#c");
    }
}

#[app::query("/endless", app = local)]
async fn endless() -> impl Stream<Item = Event> {
    stream! {
        yield json!({ "first": true });
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn a_stream_is_reported_with_its_events() {
    let mut log = listen();
    let client = TestClient::new(local::new());
    client.get("/count").await;
    check(&log.message("GET /count 200 in ").await, &[("events", "3")]);
    let mut endless = client.get("/endless").open().await;
    endless.next().await.unwrap();
    drop(endless);
    check(&log.message("GET /endless 200 closed by its client after ").await, &[("events", "1")]);
    let mut endless = client.get("/endless").open().await;
    endless.next().await.unwrap();
    client.stop().await;
    assert_eq!(endless.next().await, None);
    let stopped = log.message("GET /endless 200 ended by the server's stop after ").await;
    check(&stopped, &[("events", "1"), ("level", "INFO")]);
    // A layer that makes another body of the stream does not hide them.
    let other_body =
        tower_http::map_response_body::MapResponseBodyLayer::new(http_body_util::BodyExt::boxed_unsync);
    TestClient::new(local::new().layer(other_body)).get("/count?layered").await;
    check(&log.message("GET /count 200 in ").await, &[("events", "3")]);
}

static IMPORT_MAY_END: Notify = Notify::const_new();

#[app::detached_command("/import", app = local)]
async fn import(rows: QueryParam<u32>, log: Logger) -> stario::Result {
    let log = log.with("rows", *rows);
    IMPORT_MAY_END.notified().await;
    log.with("file", "a.csv").warn("imported");
    let scope = log.clone();
    tokio::spawn(async move { log.info("from a task") }).await?;
    tokio::spawn(scope.in_scope(async { tracing::info!("by a macro in a task") })).await?;
    Err("the import failed".into())
}

#[tokio::test]
async fn the_id_follows_into_detached_work() {
    let mut log = listen();
    let res = TestClient::new(local::new()).post("/import?rows=3").await;
    let id = res.header("x-request-id");
    log.message("POST /import 204 in ").await;
    IMPORT_MAY_END.notify_one();
    let record = log.message("imported").await;
    check(&record, &[("target", "app"), ("level", "WARN"), ("request_id", id)]);
    check(&record, &[("fields", r#"{"file":"a.csv","rows":3}"#)]);
    check(&log.message("from a task").await, &[("request_id", id), ("fields", r#"{"rows":3}"#)]);
    check(&log.message("by a macro in a task").await, &[("request_id", id)]);
    let failure = log.find(|record| record["level"] == "ERROR" && record["request_id"] == id).await;
    check(&failure, &[("error", "the import failed")]);
}

#[app::query("/broken", app = local)]
async fn broken() -> stario::Result<String> {
    let cause = std::io::Error::other("the disk is on fire");
    Err(cause.into())
}

#[tokio::test]
async fn the_cause_of_a_500_is_in_the_log_and_not_in_the_response() {
    let mut log = listen();
    let res = TestClient::new(local::new()).get("/broken").await;
    assert_eq!((res.status().as_u16(), res.text()), (500, "Internal Server Error"));
    let id = res.header("x-request-id");
    let cause = log.find(|record| record["level"] == "ERROR" && record["request_id"] == id).await;
    check(&cause, &[("error", "the disk is on fire")]);
    check(&log.message("GET /broken 500 in ").await, &[("otel.status_code", "ERROR")]);
}

static SLOW_HAS_STARTED: Notify = Notify::const_new();

#[app::query("/slow", app = local)]
async fn slow() {
    SLOW_HAS_STARTED.notify_one();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_is_reported() {
    let mut log = listen();
    let client = TestClient::new(local::new());
    tokio::select! {
        _ = client.get("/slow") => unreachable!("it never answers"),
        () = SLOW_HAS_STARTED.notified() => {}
    }
    log.message("GET /slow was left by its client after ").await;
}

#[tokio::test]
async fn probes_tell_who_watches() {
    // Before the first client of this process, which brings a log of its own where there is none.
    let _log = listen();
    let ready = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let state = Arc::clone(&ready);
    let app = local::new().liveness("/live").readiness("/ready", move |app| {
        let is_ready = state.load(std::sync::atomic::Ordering::Relaxed);
        async move {
            assert!(!app.is_stopping());
            if is_ready { Ok(()) } else { Err("the database is gone".into()) }
        }
    });
    let client = TestClient::new(app);
    let ask = async |path| {
        let res = client.get(path).await;
        assert_eq!(res.header("cache-control"), "no-store");
        (res.status().as_u16(), res.text().to_owned())
    };
    assert_eq!(ask("/live").await, (200, "alive".to_owned()));
    assert_eq!(ask("/ready").await, (200, "ready".to_owned()));
    ready.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ask("/ready").await, (503, "not ready".to_owned()));
    let stopping = client.clone();
    stopping.stop().await;
    assert_eq!(ask("/ready").await, (503, "stopping".to_owned()));
    assert_eq!(ask("/live").await, (200, "alive".to_owned()));
}

#[test]
fn a_probe_without_a_path_keeps_the_app_from_starting() {
    let problems = local::new().liveness("live").check().unwrap_err();
    assert!(
        problems.to_string().contains("`live` is not a path of a probe: write one such as `/health/live`")
    );
}
