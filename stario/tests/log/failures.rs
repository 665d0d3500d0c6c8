//! What the log says of everything that can go wrong with a request: the cause once, with the request's id.

use crate::support::records::listen;
use http::Request;
use stario::prelude::*;
use stario::{App, Body, ErrorResponse, error_response};

use crate::app;

stario::app!(local);

/// What every failure of these tests says, and no answer.
const CAUSE: &str = "the password is 1234";

/// The errors that one request of `path` logged, by their messages, without what was panicked or failed with.
async fn errors_of(app: App, path: &str) -> (u16, Vec<String>) {
    // What is cut has no id that the test would know: nobody else asks for the same path meanwhile.
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one = ONE_AT_A_TIME.lock().await;
    let mut records = listen();
    let client = TestClient::new(app);
    let sent = tokio::spawn(client.post(path).into_future()).await;
    // A response that is cut panics in the test client: its head was sent.
    let (status, id) = match &sent {
        Ok(res) => {
            assert!(!res.text().contains(CAUSE), "{path}: {}", res.text());
            (res.status().as_u16(), Some(res.header("x-request-id").to_owned()))
        }
        Err(_) => (200, None),
    };
    let mut errors = Vec::new();
    while let Ok(record) = records.try_recv() {
        let is_of_this = record.get("url.path").is_some_and(|logged| logged == path)
            || id.as_ref().is_some_and(|id| record.get("request_id") == Some(id));
        if record["level"] != "ERROR" || !is_of_this {
            continue;
        }
        assert_eq!(record["request_id"].len(), 32, "{record:?}");
        assert!(id.as_ref().is_none_or(|id| record["request_id"] == *id), "{record:?}");
        let cause = record.get("error").or_else(|| record.get("panic")).or_else(|| record.get("cause"));
        let has_cause = cause.is_some_and(|cause| cause.contains(CAUSE));
        errors.push(format!("{}{}", record["message"], if has_cause { "" } else { " (without its cause)" }));
    }
    (status, errors)
}

async fn check(app: App, path: &str, status: u16, errors: &[&str]) {
    let found = errors_of(app, path).await;
    assert_eq!(found, (status, errors.iter().map(|&error| error.to_owned()).collect()), "{path}");
}

fn failure() -> std::io::Error {
    std::io::Error::other(CAUSE)
}

#[app::command("/error", app = local)]
async fn error() -> stario::Result<Html> {
    Err(failure())?
}

#[app::command("/anyhow", app = local)]
async fn with_anyhow() -> Result<Html, anyhow::Error> {
    Err(anyhow::Error::new(failure()).context("more"))
}

#[app::command("/panic", app = local)]
async fn panics() -> Html {
    panic!("{CAUSE}")
}

struct Failing;

#[dependency]
fn failing() -> Result<Failing, std::io::Error> {
    Err(failure())
}

/// Two that share what fails.
struct First;
struct Second;

#[dependency]
fn first(_failing: &Failing) -> First {
    First
}

#[dependency]
fn second(_failing: &Failing) -> Second {
    Second
}

#[app::command("/provider-error", app = local)]
async fn provider_error(_first: &First, _second: &Second, _failing: &Failing) {}

struct Panicking;

#[dependency]
fn panicking() -> Panicking {
    panic!("{CAUSE}")
}

#[app::command("/provider-panic", app = local)]
async fn provider_panic(_panicking: &Panicking) {}

#[app::command("/stream-panic", app = local)]
async fn stream_panic() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        panic!("{CAUSE}");
    }
}

#[app::command("/stream-error", app = local)]
async fn stream_error() -> impl Stream<Item = stario::Result<Event>> {
    try_stream! {
        yield 1;
        Err(failure())?;
    }
}

#[app::command("/refused-after-the-head", app = local)]
async fn refused_after_the_head(w: Writer) -> stario::Result {
    w.patch(html! { <p id="one">"one"</p> }).await?;
    Err(stario::Error::new(StatusCode::CONFLICT, CAUSE))
}

#[app::command("/short", app = local)]
async fn short(w: Writer) -> stario::Result {
    w.set_header("content-length", "9")?;
    w.write("1234").await?;
    Ok(())
}

#[app::command("/panic-before-the-head", app = local)]
async fn panic_before_the_head(w: Writer) -> stario::Result {
    w.set_header("x-multi", "two")?;
    panic!("{CAUSE}")
}

#[app::detached_command("/detached-error", app = local)]
async fn detached_error() -> stario::Result {
    Err(failure())?
}

#[app::detached_command("/detached-panic", app = local)]
async fn detached_panic() {
    panic!("{CAUSE}")
}

#[derive(Debug, thiserror::Error)]
enum OwnError {
    #[error("{CAUSE}")]
    Unavailable,
    #[error("{CAUSE}")]
    Page,
    #[error("gone")]
    Gone,
}

#[error_response]
impl ErrorResponse for OwnError {
    fn status(&self) -> StatusCode {
        if matches!(self, OwnError::Gone) { StatusCode::GONE } else { StatusCode::SERVICE_UNAVAILABLE }
    }

    fn response(&self, _: &http::request::Parts) -> Option<Response> {
        matches!(self, OwnError::Page).then(|| (self.status(), "a page").into_response())
    }
}

#[app::command("/own/{which}", app = local)]
async fn own(which: PathParam<String>) -> Result<Html, OwnError> {
    Err(match which.as_str() {
        "page" => OwnError::Page,
        "gone" => OwnError::Gone,
        _ => OwnError::Unavailable,
    })
}

/// An error whose text panics.
#[derive(Debug)]
struct Speechless(StatusCode);

impl std::fmt::Display for Speechless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("{CAUSE}")
    }
}

impl std::error::Error for Speechless {}

#[error_response]
impl ErrorResponse for Speechless {
    fn status(&self) -> StatusCode {
        self.0
    }
}

#[app::command("/speechless/{status}", app = local)]
async fn speechless(status: PathParam<u16>) -> Result<Html, Speechless> {
    Err(Speechless(StatusCode::from_u16(status.0).unwrap()))
}

#[app::command("/speechless-stream", app = local)]
async fn speechless_stream() -> impl Stream<Item = stario::Result<Event>> {
    try_stream! {
        yield html! { <p id="one">"one"</p> };
        Err(Speechless(StatusCode::CONFLICT))?;
    }
}

#[app::command("/speechless-body", app = local)]
async fn speechless_body() -> Response {
    let chunks =
        futures_util::stream::iter([Ok(stario::Bytes::from("one")), Err(Speechless(StatusCode::CONFLICT))]);
    Response::new(Body::stream(chunks))
}

#[tokio::test]
async fn an_error_whose_text_panics_is_answered_and_logged() {
    check(local::new(), "/speechless/500", 500, &["a request failed"]).await;
    check(local::new(), "/speechless/503", 503, &["a request failed"]).await;
    // The client is told the text of such an error, and there is none.
    check(local::new(), "/speechless/409", 409, &["the text of an error panicked"]).await;
    check(local::new(), "/speechless-stream", 200, &["a stream failed"]).await;
    check(local::new(), "/speechless-body", 200, &["a response's body failed"]).await;
    let app = local::new().on_error(|_: &Speechless, _| (StatusCode::GONE, "a page"));
    check(app, "/speechless/500", 410, &[]).await;
    let fails = tower::layer::layer_fn(|_: stario::Next| {
        tower::service_fn(async |_: Request<Body>| Err::<Response, _>(Speechless(StatusCode::BAD_GATEWAY)))
    });
    check(local::new().layer(fails), "/error", 502, &["a request failed"]).await;
}

#[tokio::test]
async fn what_was_yielded_before_an_error_whose_text_panics_is_sent() {
    let mut events = TestClient::new(local::new()).post("/speechless-stream").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "<p id=\"one\">one</p>");
    let cut = tokio::spawn(async move { events.next().await }).await;
    let panic = cut.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "the stream was cut: the stream failed");
}

#[tokio::test]
async fn the_cause_of_a_failure_is_logged_once_with_the_requests_id() {
    for path in ["/error", "/anyhow", "/provider-error"] {
        check(local::new(), path, 500, &["a request failed"]).await;
    }
    for path in ["/panic", "/provider-panic"] {
        check(local::new(), path, 500, &["a handler panicked"]).await;
    }
    check(local::new(), "/stream-panic", 200, &["a handler panicked"]).await;
    check(local::new(), "/stream-error", 200, &["a stream failed"]).await;
    check(local::new(), "/own/unavailable", 503, &["a request failed"]).await;
    check(local::new(), "/own/gone", 410, &[]).await;
    check(local::new(), "/own/page", 503, &["a request failed"]).await;
}

#[tokio::test]
async fn a_response_that_its_handler_leaves_unfinished_is_logged_with_the_handler() {
    for (path, handler, error) in [
        (
            "/refused-after-the-head",
            "refused_after_the_head",
            "its handler returned a 409 after it had begun (the password is 1234)",
        ),
        ("/short", "short", "the `content-length` of this response is 9, and 4 bytes were written"),
    ] {
        let mut records = listen();
        let client = TestClient::new(local::new());
        // A response that is cut panics in the test client: its head was sent.
        assert!(tokio::spawn(client.post(path).into_future()).await.is_err(), "{path}");
        client.drain().await;
        let mut found = Vec::new();
        while let Ok(record) = records.try_recv() {
            if record["level"] == "ERROR" && record.get("url.path").is_some_and(|logged| logged == path) {
                assert_eq!(record["request_id"].len(), 32, "{record:?}");
                found.push((record["message"].clone(), record["handler"].clone(), record["error"].clone()));
            }
        }
        let handler = format!("log::failures::{handler}");
        assert_eq!(found, [("a response was cut".to_owned(), handler, error.to_owned())], "{path}");
    }
}

#[tokio::test]
async fn a_panic_before_the_head_of_a_written_response_is_a_500() {
    check(local::new(), "/panic-before-the-head", 500, &["a handler panicked"]).await;
}

#[tokio::test]
async fn what_fails_after_its_answer_is_logged_once() {
    for (path, message) in
        [("/detached-error", "a detached command failed"), ("/detached-panic", "a handler panicked")]
    {
        let mut records = listen();
        let client = TestClient::new(local::new());
        let res = client.post(path).await;
        assert_eq!(res.status(), 204);
        client.drain().await;
        let mut messages = Vec::new();
        while let Ok(record) = records.try_recv() {
            if record["level"] == "ERROR"
                && record.get("request_id").is_some_and(|id| id == res.header("x-request-id"))
            {
                messages.push(record["message"].clone());
            }
        }
        assert_eq!(messages, [message], "{path}");
    }
}

#[tokio::test]
async fn who_answers_an_error_is_told_of_it_and_so_is_the_log_if_it_is_the_servers_fault() {
    let app = |status| local::new().on_error(move |_: &std::io::Error, _| (status, "a page"));
    check(app(StatusCode::BAD_GATEWAY), "/error", 502, &["a request failed"]).await;
    check(app(StatusCode::NOT_FOUND), "/error", 404, &[]).await;
}

#[tokio::test]
async fn layers_and_services_are_no_exception() {
    let panics = tower::util::MapRequestLayer::new(|_: Request<Body>| -> Request<Body> { panic!("{CAUSE}") });
    for path in ["/error", "/nowhere"] {
        check(local::new().layer(panics.clone()), path, 500, &["a layer panicked"]).await;
    }
    check(local::new().layer_at("/error", panics.clone()), "/error", 500, &["a layer panicked"]).await;
    let around = tower::layer::util::Identity::new();
    check(local::new().layer(around).layer_at("/error", panics), "/error", 500, &["a layer panicked"]).await;

    let fails = tower::layer::layer_fn(|_: stario::Next| {
        tower::service_fn(async |_: Request<Body>| Err::<Response, _>(failure()))
    });
    check(local::new().layer(fails), "/error", 500, &["a request failed"]).await;

    let panics = tower::service_fn(async |_: Request<Body>| -> stario::Result<Response, std::io::Error> {
        panic!("{CAUSE}")
    });
    check(local::new().mount("/service", panics), "/service/x", 500, &["a mounted service panicked"]).await;
    let fails = tower::service_fn(async |_: Request<Body>| Err::<Response, _>(failure()));
    check(local::new().mount("/service", fails), "/service/x", 500, &["a request failed"]).await;
}

#[tokio::test]
async fn an_error_handler_that_panics_hides_no_cause() {
    let page = |_: &str, _: &http::request::Parts| -> Html { panic!("{CAUSE}") };
    let both = ["a request failed", "an error handler panicked"];
    check(local::new().on_status(404, page), "/nowhere", 500, &both[1..]).await;
    check(local::new().on_status(500, page), "/error", 500, &both).await;
    check(local::new().on_status(500, page), "/panic", 500, &["a handler panicked", both[1]]).await;
    let app = local::new().on_error(|_: &std::io::Error, _| -> Html { panic!("{CAUSE}") });
    check(app, "/error", 500, &[both[1], both[0]]).await;
    let app = local::new().on_rejection(|_, _| -> Html { panic!("{CAUSE}") });
    check(app, "/provider-error", 500, &both).await;
}
