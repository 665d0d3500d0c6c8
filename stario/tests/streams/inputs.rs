//! What a request has sent ends with its use: the head when the response has one, even if the response goes on for hours.

use std::sync::Arc;
use std::task::Poll;

use http_body_util::BodyExt as _;
use stario::Body;
use stario::prelude::*;
use tokio::sync::Notify;
use tower::ServiceExt as _;

use crate::app;

stario::app!(local);

#[app::query("/stream", app = local)]
async fn stream() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <p id="a">"a"</p> };
        std::future::pending::<()>().await;
    }
}

#[app::query("/events", app = local)]
async fn events(w: Writer) -> Result {
    w.patch(html! { <p id="a">"a"</p> }).await?;
    std::future::pending().await
}

#[app::query("/events/later", app = local)]
async fn events_later(gate: State<Arc<Notify>>, w: Writer) -> Result {
    gate.notified().await;
    w.patch(html! { <p id="a">"a"</p> }).await?;
    std::future::pending().await
}

#[app::command("/bytes", app = local)]
async fn bytes(w: Writer) -> Result {
    w.write("a").await?;
    std::future::pending().await
}

#[app::detached_command("/detached", app = local)]
async fn detached() {
    std::future::pending::<()>().await;
}

/// Refused behind its head, with a page of the app.
#[app::query("/cut", app = local)]
async fn cut(gate: State<Arc<Notify>>, w: Writer) -> Result {
    w.write("a").await?;
    gate.notified().await;
    Err(stario::Error::new(StatusCode::NOT_FOUND, "too late"))
}

/// Dropped with the head of the request.
#[derive(Clone)]
struct Held {
    _counted: Arc<()>,
}

/// Sends a request, and returns the response and what is dropped with the head of the request.
fn send(method: &str, path: &str, gate: &Arc<Notify>) -> (impl Future<Output = Response> + use<>, Arc<()>) {
    let held = Arc::new(());
    let mut request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    request.extensions_mut().insert(Held { _counted: Arc::clone(&held) });
    let app = local::new().state(Arc::clone(gate)).on_status(404, |_, _| "no such page");
    let service = app.into_service().unwrap();
    (async move { service.oneshot(request).await.unwrap() }, held)
}

#[tokio::test]
async fn the_head_of_a_request_is_dropped_when_its_response_has_one() {
    let gate = Arc::new(Notify::new());
    for (method, path) in [
        ("GET", "/stream"),
        ("GET", "/events"),
        ("GET", "/events/later"),
        ("POST", "/bytes"),
        ("POST", "/detached"),
    ] {
        let (response, held) = send(method, path, &gate);
        gate.notify_one();
        let mut response = response.await;
        if path != "/detached" {
            response.body_mut().frame().await.unwrap().unwrap();
        }
        assert_eq!(Arc::strong_count(&held), 1, "{path}");
        drop(response);
    }
}

#[tokio::test]
async fn the_head_of_a_request_is_there_until_its_response_has_one() {
    let gate = Arc::new(Notify::new());
    let (response, held) = send("GET", "/events/later", &gate);
    let mut response = std::pin::pin!(response);
    let is_pending = std::future::poll_fn(|ctx| Poll::Ready(response.as_mut().poll(ctx).is_pending()));
    assert!(is_pending.await);
    assert_eq!(Arc::strong_count(&held), 2);
    gate.notify_one();
    response.await;
    assert_eq!(Arc::strong_count(&held), 1);
}

#[tokio::test]
async fn an_error_behind_the_head_of_a_response_cuts_it() {
    let gate = Arc::new(Notify::new());
    let (response, held) = send("GET", "/cut", &gate);
    let mut body = response.await.into_body();
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    assert_eq!(Arc::strong_count(&held), 1);
    gate.notify_one();
    assert!(body.frame().await.unwrap().is_err());
}
