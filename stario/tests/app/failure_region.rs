//! A 4xx to a request of Datastar's client is shown in the page, where the app has a region for failures.

use stario::prelude::*;
use stario::testing::{TestRequest, TestResponse};
use stario::{App, Error, ErrorResponse, Json, Text, error_response};

use crate::app;

stario::app!(local);
stario::app!(shop);

#[app::command("/buy", app = shop)]
async fn buy() -> Result<()> {
    Err(Error::new(StatusCode::GONE, "sold out"))
}

#[app::command("/signal", app = local)]
async fn signal(title: Signal<u32>) -> String {
    title.to_string()
}

#[app::command("/error/{status}", app = local)]
async fn error(status: PathParam<u16>) -> Result<()> {
    Err(Error::new(StatusCode::from_u16(*status)?, "a <b> sentence"))
}

#[app::command("/answer/{kind}", app = local)]
async fn answer(kind: PathParam<String>) -> Response {
    let status = StatusCode::CONFLICT;
    match kind.as_str() {
        "html" => (status, [("set-cookie", "a=b")], html! { <b>"taken"</b> }).into_response(),
        "page" => {
            (status, html! { <!DOCTYPE html> <html lang="en"><body>"taken"</body></html> }).into_response()
        }
        "text" => (status, Text("taken & gone")).into_response(),
        "json" => (status, Json(json!({ "taken": true }))).into_response(),
        "event" => (status, event::remove("#row")).into_response(),
        _ => status.into_response(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("sold out")]
struct SoldOut;

#[error_response]
impl ErrorResponse for SoldOut {
    fn status(&self) -> StatusCode {
        StatusCode::GONE
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a secret")]
struct Plain;

#[app::command("/sold-out", app = local)]
async fn sold_out() -> Result<(), SoldOut> {
    Err(SoldOut)
}

#[app::command("/plain", app = local)]
async fn plain() -> Result<(), Plain> {
    Err(Plain)
}

fn with_region() -> App {
    local::new().failure_region("#failure")
}

fn from_datastar(app: App, path: &str) -> TestResponse {
    request(app, path).signals(&json!({})).send()
}

fn request(app: App, path: &str) -> TestRequest {
    TestClient::new(app).post(path)
}

/// What is put into the region.
fn shown(app: App, path: &str) -> String {
    let res = from_datastar(app, path);
    assert_eq!((res.status().as_u16(), res.header("content-type")), (200, "text/event-stream"), "{path}");
    let events = res.events();
    let [event] = &events[..] else { panic!("{path}: {events:?}") };
    assert_eq!((event.selector().as_deref(), event.mode().as_deref()), (Some("#failure"), Some("inner")));
    event.elements()
}

#[test]
fn the_sentence_of_a_refusal_is_shown() {
    let sentence = "<p>missing signal `title`: expected a whole number of 32 bits, not negative</p>";
    assert_eq!(shown(with_region(), "/signal"), sentence);
    assert_eq!(shown(with_region(), "/error/409"), "<p>a &lt;b&gt; sentence</p>");
    assert_eq!(shown(with_region(), "/nowhere"), "<p>Not Found</p>");
    assert_eq!(shown(with_region(), "/sold-out"), "<p>sold out</p>");
}

#[test]
fn what_a_handler_says_is_shown() {
    assert_eq!(shown(with_region(), "/answer/html"), "<b>taken</b>");
    assert_eq!(shown(with_region(), "/answer/text"), "<p>taken &amp; gone</p>");
    for without_words in ["page", "json", "event", "status"] {
        assert_eq!(shown(with_region(), &format!("/answer/{without_words}")), "<p>Conflict</p>");
    }
    assert_eq!(from_datastar(with_region(), "/answer/html").header("set-cookie"), "a=b");
}

#[test]
fn a_status_that_the_client_may_try_again_is_kept() {
    for status in [429, 500, 503] {
        let res = from_datastar(with_region(), &format!("/error/{status}"));
        assert_eq!((res.status().as_u16(), res.text()), (status, "a <b> sentence"));
    }
    assert_eq!(from_datastar(with_region(), "/plain").status(), 500);
}

#[test]
fn without_a_region_or_datastar_nothing_changes() {
    assert_eq!(from_datastar(local::new(), "/error/409").status(), 409);
    let res = request(with_region(), "/error/409").send();
    assert_eq!((res.status().as_u16(), res.text()), (409, "a <b> sentence"));
    assert_eq!(from_datastar(with_region(), "/error/200").status(), 200);
}

#[test]
fn a_region_belongs_to_the_part_that_it_is_given_to() {
    let app = || local::new().nest("/shop", shop::new().failure_region("#failure"));
    assert_eq!(shown(app(), "/shop/buy"), "<p>sold out</p>");
    assert_eq!(shown(app(), "/shop/nowhere"), "<p>Not Found</p>");
    assert_eq!(from_datastar(app(), "/error/404").status(), 404);
    assert_eq!(from_datastar(app(), "/nowhere").status(), 404);
}

#[test]
fn a_failure_behind_layers_is_shown() {
    let layered = || {
        let concurrency = tower::limit::ConcurrencyLimitLayer::new(1);
        with_region().layer(concurrency)
    };
    assert_eq!(shown(layered(), "/error/409"), "<p>a &lt;b&gt; sentence</p>");
    assert_eq!(shown(layered(), "/nowhere"), "<p>Not Found</p>");
}

/// The status and the text of the one event.
fn own_event(app: App, path: &str) -> (u16, String) {
    let res = from_datastar(app, path);
    (res.status().as_u16(), res.events().iter().map(stario::testing::ReceivedEvent::elements).collect())
}

#[test]
fn the_cause_of_an_error_is_not_shown() {
    let app = with_region().on_error(|_: &Plain, _| (StatusCode::CONFLICT, Json(json!({}))));
    assert_eq!(shown(app, "/plain"), "<p>Conflict</p>");
}

#[test]
fn an_app_answers_with_events_of_its_own() {
    let patch = |text: &str| event::patch(html! { <p id="own">{text}</p> });
    let own = |text: &str| (200, format!("<p id=\"own\">{text}</p>"));
    let on_rejection =
        || local::new().on_rejection(move |rejection, _| patch(rejection.parameter().unwrap()));
    assert_eq!(own_event(on_rejection(), "/signal"), own("title"));
    let on_status = |status| {
        let status = StatusCode::from_u16(status).unwrap();
        local::new().on_status(status, move |text, _| patch(text))
    };
    assert_eq!(own_event(on_status(404), "/nowhere"), own("Not Found"));
    assert_eq!(own_event(on_status(410), "/sold-out"), own("sold out"));
    let on_error = local::new().on_error(move |_: &SoldOut, _| patch("later"));
    assert_eq!(own_event(on_error, "/sold-out"), own("later"));
    let with_status = local::new().on_error(move |_: &Plain, _| (StatusCode::CONFLICT, patch("a conflict")));
    assert_eq!(own_event(with_status, "/plain"), own("a conflict"));
    // A region does not replace them.
    assert_eq!(own_event(on_rejection().failure_region("#failure"), "/signal"), own("title"));
    // These keep their status, and so does the answer to another client.
    assert_eq!(from_datastar(on_status(429), "/error/429").status(), 429);
    assert_eq!(from_datastar(on_status(500), "/plain").status(), 500);
    assert_eq!(request(on_status(404), "/nowhere").send().status(), 404);
}

#[test]
fn a_region_without_a_selector_keeps_the_app_from_starting() {
    let problems = local::new().failure_region(" ").check().unwrap_err().to_string();
    let expected =
        "\" \" is not a selector of a region for failures: write `#failure`, and give that id to an element";
    assert!(problems.contains(expected), "{problems}");
}
