//! Pages in tests: what somebody does on them, what they send, and how they change.
//!
//! One app serves them all: its page is what a test gives it, and `/echo` notes what it is sent.

use std::sync::Mutex;

use stario::Raw;
use stario::http::{Method, request};
use stario::prelude::*;
use stario::testing::Page;

mod cookies;
mod failures;
mod forms;
mod live;
mod requests;
mod scripts;
mod sessions;
mod steps;
mod typed;
#[cfg(feature = "forms")]
mod typed_forms;

stario::app!();

/// What a test gives the app.
#[derive(Default)]
struct Site {
    body: String,
    /// What `/events` answers, one after the other.
    events: Mutex<Vec<Event>>,
    sent: Mutex<Vec<serde_json::Value>>,
}

#[app::query("/")]
async fn page(site: State<Site>) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en"><head><title>"A  page"</title></head><body>{Raw(site.body.clone())}</body></html>
    }
}

#[app::query("/events")]
async fn events(site: State<Site>) -> impl Stream<Item = Event> {
    let events = std::mem::take(&mut *site.events.lock().unwrap());
    stream! {
        for event in events {
            yield event;
        }
    }
}

/// A stream that stays open.
#[app::query("/lasting")]
async fn lasting() -> impl Stream<Item = Event> {
    stream! {
        yield json!({});
        std::future::pending::<()>().await;
    }
}

fn note(site: &Site, head: &request::Parts, body: &[u8]) {
    let headers: serde_json::Map<_, _> = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    site.sent.lock().unwrap().push(json!({
        "method": head.method.as_str(),
        "url": head.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(body),
    }));
}

#[app::query("/echo")]
async fn echo_get(site: State<Site>, head: request::Parts) {
    note(&site, &head, b"");
}

#[app::query("/sent")]
async fn sent(site: State<Site>) -> Json<Vec<serde_json::Value>> {
    Json(site.sent.lock().unwrap().clone())
}

fn site(body: &str, events: Vec<Event>) -> stario::App {
    let mut app =
        app::new().state(Site { body: body.to_owned(), events: Mutex::new(events), sent: Mutex::default() });
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        app = app.route(command::<echo>("/echo").method(method.as_str()));
    }
    app
}

#[handler]
async fn echo(site: State<Site>, head: request::Parts, body: RawBody) {
    note(&site, &head, &body);
}

/// A page with this body.
#[track_caller]
fn open(body: &str) -> Page {
    TestClient::new(site(body, Vec::new())).page("/")
}

/// What the app was sent.
fn sent_to(client: &TestClient) -> Vec<serde_json::Value> {
    client.get("/sent").send().json()
}

/// The message that a test fails with.
fn failure(step: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).expect_err("a failure");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => (*panic.downcast::<&str>().expect("a message")).to_owned(),
    }
}
