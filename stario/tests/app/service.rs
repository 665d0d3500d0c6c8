//! Services of others in an app, and an app in those of others.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse;
use axum::routing::{get, post};
use http::{Request, header};
use http_body_util::BodyExt as _;
use stario::prelude::*;
use stario::{App, AppService, Body, ClientAddress, Error, Limits, OriginalUri};
use tokio::sync::{Notify, mpsc};
use tower::{Service as _, ServiceExt as _};

use crate::app;

stario::app!(local);

fn new_app() -> App {
    local::new().state(Importing::default())
}

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

#[app::query("/api/health", app = local)]
async fn health() -> &'static str {
    "health of the app"
}

#[app::query("/{page}/info", app = local)]
async fn info(page: PathParam<String>) -> String {
    format!("info of {page}")
}

#[app::query("/{page}", app = local)]
async fn page(page: PathParam<String>) -> String {
    format!("page {page}")
}

#[app::query("/events", app = local)]
async fn events() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        yield 2;
        std::future::pending::<()>().await;
    }
}

#[app::query("/address", app = local)]
async fn address(client: ClientAddress) -> String {
    client.to_string()
}

#[app::command("/echo", app = local)]
async fn echo(text: RawBody<String>) -> String {
    text.0
}

#[app::command("/count", app = local)]
async fn count(body: stario::BodyStream) -> stario::Result<usize> {
    let mut body = body;
    let mut length = 0;
    while let Some(chunk) = body.chunk().await {
        length += chunk?.len();
    }
    Ok(length)
}

/// What axum makes of a request: method, path, query and the path before the prefix was taken off.
async fn describe(request: axum::extract::Request) -> String {
    let original = request.extensions().get::<OriginalUri>().map(|uri| uri.0.to_string());
    format!("{} {} from {}", request.method(), request.uri(), original.unwrap_or_default())
}

fn axum_events() -> sse::Sse<impl Stream<Item = Result<sse::Event, Infallible>> + use<>> {
    let mut left = 2;
    sse::Sse::new(tokio_stream(move || {
        left -= 1;
        (left >= 0)
            .then(|| Ok(sse::Event::default().event("datastar-patch-elements").data("elements <i></i>")))
    }))
}

/// A stream that stays open after its last item.
fn tokio_stream<T>(next: impl FnMut() -> Option<T> + Unpin) -> impl Stream<Item = T> {
    struct Items<F>(F);
    impl<T, F: FnMut() -> Option<T> + Unpin> Stream for Items<F> {
        type Item = T;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<T>> {
            match self.0() {
                Some(item) => std::task::Poll::Ready(Some(item)),
                None => std::task::Poll::Pending,
            }
        }
    }
    Items(next)
}

fn axum_router() -> axum::Router {
    axum::Router::new()
        .route("/health", get(async || "health of axum"))
        .route("/info", get(async || "info of axum"))
        .route("/events", get(async || axum_events()))
        .route("/panic", get(async || -> &'static str { panic!("on purpose") }))
        .route("/upload", post(async |body: axum::body::Bytes| body.len().to_string()))
        .fallback(describe)
}

fn mounted() -> App {
    new_app().mount("/api", axum_router())
}

#[test]
fn a_mounted_service_answers_under_its_prefix_what_the_app_does_not() {
    let client = TestClient::new(mounted());
    let check = |method: &str, path: &str, expected: &str| {
        let res = client.request(method.parse().unwrap(), path).send();
        assert_eq!((res.status().as_u16(), res.text()), (200, expected), "{method} {path}");
        assert_eq!(res.header("x-request-id").len(), 32);
    };
    check("GET", "/", "home");
    // A route of the app with the same literal segments comes first, one with a capture in their place does not.
    check("GET", "/api/health", "health of the app");
    check("GET", "/api/info", "info of axum");
    check("GET", "/other/info", "info of other");
    check("GET", "/api", "GET / from /api");
    check("GET", "/api/", "GET / from /api/");
    check("GET", "/api?q=a%20b", "GET /?q=a%20b from /api?q=a%20b");
    check("DELETE", "/api/users/7%2F8?x=%2B", "DELETE /users/7%2F8?x=%2B from /api/users/7%2F8?x=%2B");
    check("GET", "/apis", "page apis");
    check("POST", "/api/upload", "0");
    assert_eq!(client.post("/api/health").send().status(), 405);
    let head = client.request(http::Method::HEAD, "/api/info").send();
    assert_eq!((head.text(), head.header("content-length")), ("", "12"));
}

#[test]
fn a_service_at_the_root_answers_what_has_no_route() {
    let client = TestClient::new(new_app().mount("/", axum_router()));
    assert_eq!(client.get("/").send().text(), "home");
    assert_eq!(client.get("/a/b/c?d").send().text(), "GET /a/b/c?d from /a/b/c?d");
    assert_eq!(client.post("/").send().status(), 405);
}

#[test]
fn the_longest_prefix_wins_and_each_has_one_service() {
    let inner = axum::Router::new().fallback(async || "inner");
    let client = TestClient::new(mounted().mount("/api/v2", inner.clone()));
    assert_eq!(client.get("/api/v2/users").send().text(), "inner");
    assert_eq!(client.get("/api/v3").send().text(), "GET /v3 from /api/v3");
    let problems = mounted().mount("/api", inner.clone()).mount("api", inner).check().unwrap_err();
    let without_lines = problems.to_string().replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!(
        without_lines,
        "the app cannot start:\n  two services are mounted at `/api/`:\n    stario/tests/app/service.rs::\n    \
         stario/tests/app/service.rs::\n  a service is mounted at literal segments, such as `/api`, or at `/`, \
         not at `api`, at stario/tests/app/service.rs::"
    );
}

#[test]
fn a_mounted_service_that_fails_or_panics_is_answered_by_the_app() {
    let fails = tower::service_fn(async |_: Request<Body>| Err::<Response, _>("no such thing"));
    let page = |message: &str, _: &http::request::Parts| html! { <b>{message}</b> };
    let client = TestClient::new(mounted().mount("/fails", fails).on_status(500, page));
    for path in ["/fails", "/fails/x", "/api/panic"] {
        let res = client.get(path).send();
        assert_eq!((res.status().as_u16(), res.text()), (500, "<b>Internal Server Error</b>"), "{path}");
        assert_eq!(res.header("x-request-id").len(), 32);
    }
}

#[tokio::test]
async fn events_of_a_mounted_service_arrive_and_end_when_the_app_stops() {
    let client = TestClient::new(mounted());
    let mut events = client.get("/api/events").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "<i></i>");
    assert_eq!(events.next().await.unwrap().elements(), "<i></i>");
    client.stop().await;
    assert!(events.next().await.is_none());
}

#[test]
fn cross_origin_commands_to_a_mounted_service_are_refused() {
    let res = TestClient::new(mounted()).post("/api/upload").header("sec-fetch-site", "cross-site").send();
    assert_eq!(res.status(), 403);
}

fn service() -> AppService {
    new_app().into_service().unwrap()
}

async fn text(
    response: http::Response<impl http_body::Body<Data = bytes::Bytes, Error: std::fmt::Debug>>,
) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn ask(path: &str) -> Request<axum::body::Body> {
    Request::get(path).body(axum::body::Body::empty()).unwrap()
}

#[tokio::test]
async fn an_app_answers_inside_axum() {
    let router = axum::Router::new()
        .route("/axum", get(async || "axum"))
        .nest_service("/nested", service())
        .fallback_service(service());
    for (path, expected) in [("/axum", "axum"), ("/", "home"), ("/nested/a", "page a"), ("/nested", "home")] {
        let response = router.clone().oneshot(ask(path)).await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(text(response).await, expected, "{path}");
    }
    let response = router.clone().oneshot(ask("/x/y/z")).await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["x-request-id"].len()), (404, 32));
    for path in ["/echo", "/count"] {
        let body = axum::body::Body::new(http_body_util::Full::from("hello"));
        let response = router.clone().oneshot(Request::post(path).body(body).unwrap()).await.unwrap();
        assert_eq!(text(response).await, if path == "/echo" { "hello" } else { "5" });
    }
}

#[app::query("/written", app = local)]
async fn written(w: Writer) -> Result {
    tokio::task::yield_now().await;
    Ok(w.text("written")?)
}

#[tokio::test]
async fn a_handler_with_a_writer_is_answered_after_the_stop_as_well() {
    let service = service();
    let ask = || service.clone().oneshot(ask("/written"));
    assert_eq!(text(ask().await.unwrap()).await, "written");
    service.stop().await;
    let answered = tokio::time::timeout(Duration::from_secs(30), ask()).await.expect("an answer");
    assert_eq!(answered.unwrap().status(), 500);
}

#[tokio::test]
async fn events_of_an_app_pass_through_axum_and_end_with_it() {
    let service = service();
    let router = axum::Router::new().fallback_service(service.clone());
    let response = router.oneshot(ask("/events")).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
    let mut body = response.into_body();
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(std::str::from_utf8(&frame).unwrap().starts_with("event: datastar-patch-elements\n"));
    service.stop().await;
    // The end does not look whole, so that a browser opens the stream again.
    let mut received = String::new();
    let error = loop {
        match body.frame().await.expect("an end that is an error") {
            Ok(frame) => received.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap()),
            Err(error) => break error,
        }
    };
    assert!(received.starts_with("retry: ") && received.ends_with("\n\n"), "{received}");
    assert_eq!(error.to_string(), "the server stops");
}

#[tokio::test]
async fn the_clients_address_is_an_extension() {
    let mut service = service();
    let mut request = Request::get("/address").body(Body::empty()).unwrap();
    let without = service.call(request).await.unwrap();
    assert_eq!(without.status(), 500);
    request = Request::get("/address").body(Body::empty()).unwrap();
    request.extensions_mut().insert::<SocketAddr>(([10, 0, 0, 1], 80).into());
    assert_eq!(text(service.call(request).await.unwrap()).await, "10.0.0.1");
}

/// What the import tells and waits for.
#[derive(Clone, Default)]
struct Importing {
    log: Option<mpsc::UnboundedSender<&'static str>>,
    go_on: Arc<Notify>,
}

impl Importing {
    fn log(&self, message: &'static str) {
        if let Some(log) = &self.log {
            let _ = log.send(message);
        }
    }
}

#[app::detached_command("/import", app = local)]
async fn import(importing: State<Importing>) {
    importing.log("started");
    importing.go_on.notified().await;
    importing.log("ended");
}

#[tokio::test]
async fn stopping_a_service_waits_for_what_goes_on_without_a_request() {
    let (log, mut logged) = mpsc::unbounded_channel();
    let importing = Importing { log: Some(log.clone()), ..Importing::default() };
    let started = log.clone();
    let service = local::new()
        .state(importing.clone())
        .on_start(move |_| async move {
            let _ = started.send("hook");
            Ok::<_, Error>(())
        })
        .on_stop(move |_| async move {
            let _ = log.send("stopped");
        })
        .into_service()
        .unwrap();
    service.start().await.unwrap();
    assert_eq!(logged.recv().await, Some("hook"));
    let request = Request::post("/import").body(Body::empty()).unwrap();
    assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 204);
    assert_eq!(logged.recv().await, Some("started"));
    let stopping = tokio::spawn(async move { service.stop().await });
    importing.go_on.notify_one();
    assert_eq!(logged.recv().await, Some("ended"));
    assert_eq!(logged.recv().await, Some("stopped"));
    stopping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_in_its_time_is_cut_when_a_service_stops() {
    let (log, mut logged) = mpsc::unbounded_channel();
    let importing = Importing { log: Some(log.clone()), ..Importing::default() };
    let limits = Limits::default()
        .detached_stop_timeout(Duration::from_secs(3))
        .cleanup_timeout(Duration::from_secs(4));
    let service = local::new()
        .state(importing)
        .limits(limits)
        .on_start(async |_| Ok::<_, Error>(()))
        .on_stop(move |_| async move {
            let _ = log.send("stopping");
            std::future::pending::<()>().await;
        })
        .into_service()
        .unwrap();
    service.start().await.unwrap();
    let request = Request::post("/import").body(Body::empty()).unwrap();
    assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 204);
    assert_eq!(logged.recv().await, Some("started"));
    let started = tokio::time::Instant::now();
    service.stop().await;
    // The clock stands still but for what is waited for.
    assert_eq!(started.elapsed().as_secs(), 3 + 4);
    assert_eq!(logged.recv().await, Some("stopping"));
}

#[test]
fn an_app_that_cannot_serve_is_no_service() {
    let problems = new_app().mount("x", axum_router()).into_service().unwrap_err().to_string();
    assert!(problems.starts_with("the app cannot start:"), "{problems}");
}
