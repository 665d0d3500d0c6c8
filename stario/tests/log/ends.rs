//! What the log says of requests that do not come to their end: whether the server's stop has cut them, their client has left, or
//! they have failed.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use stario::prelude::*;
use stario::{App, Body, Bytes, Limits};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

use crate::app;
use crate::support::patiently;
use crate::support::probe::Probe;
use crate::support::records::{Fields, listen};
use crate::support::server::{Server, answer, get};

stario::app!(local);

/// More than the system takes for a client that reads nothing.
const LARGE: usize = 16 << 20;

#[app::query("/ends/waiting", app = local)]
async fn waiting(probe: State<Probe>) {
    probe.log("began");
    std::future::pending::<()>().await;
}

#[app::query("/ends/unread", app = local)]
async fn unread() -> impl Stream<Item = Event> {
    stream! {
        yield "x".repeat(LARGE);
        std::future::pending::<()>().await;
    }
}

#[app::query("/ends/writing", app = local)]
async fn writing(w: Writer) -> stario::Result {
    w.patch("first").await?;
    std::future::pending().await
}

#[app::query("/ends/large", app = local)]
async fn large() -> String {
    "x".repeat(LARGE)
}

#[app::query("/ends/chunks", app = local)]
async fn chunks() -> Response {
    let chunks = std::iter::repeat_with(|| Ok::<_, Infallible>(Bytes::from("x".repeat(1 << 16))));
    Response::new(Body::stream(futures_util::stream::iter(chunks)))
}

#[app::query("/ends/failing", app = local)]
async fn failing() -> Response {
    let chunks = [Ok(Bytes::from("first")), Err(std::io::Error::other("on purpose"))];
    Response::new(Body::stream(futures_util::stream::iter(chunks)))
}

/// Answers nothing, and logs that it was called.
fn holding(
    probe: &Probe,
) -> impl tower::Service<http::Request<Body>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static
+ use<> {
    let probe = probe.clone();
    tower::service_fn(move |_: http::Request<Body>| {
        probe.log("began");
        std::future::pending::<Result<Response, Infallible>>()
    })
}

/// A server whose requests have a short time when it stops.
async fn start(adjust: impl FnOnce(App, &Probe) -> App) -> Server {
    let limits = Limits::default().stop_timeout(Duration::from_millis(50));
    Server::start_with(|probe| adjust(local::new().limits(limits), probe)).await
}

/// The first record whose message begins with `start`.
async fn record(records: &mut mpsc::UnboundedReceiver<Fields>, start: &str) -> Fields {
    let found = async {
        loop {
            let record = records.recv().await.unwrap();
            if record["message"].starts_with(start) {
                return record;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), found)
        .await
        .unwrap_or_else(|_| panic!("no record: {start}"))
}

#[tokio::test]
async fn what_the_stop_cuts_is_not_said_to_be_left_by_its_client() {
    for (path, has_head, name) in [
        ("/ends/waiting", false, "log::ends::waiting"),
        ("/ends/service/x", false, "the service mounted at /ends/service"),
        ("/ends/unread", true, "log::ends::unread"),
        ("/ends/writing", true, "log::ends::writing"),
        ("/ends/large", true, "log::ends::large"),
    ] {
        let mut records = listen();
        let mut server = start(|app, probe| app.mount("/ends/service", holding(probe))).await;
        let mut socket = server.send(get(path, "")).await;
        if has_head {
            assert!(patiently(socket.read(&mut [0])).await.unwrap() > 0);
        } else {
            server.log.expect("began").await;
        }
        let error = server.stop().await.unwrap_err().to_string();
        assert_eq!(error, format!("stopped before the end (request: 1 of {name})"));
        let end = match (path, has_head) {
            // hyper had taken all of it.
            ("/ends/large", _) => " 200 in ",
            (_, true) => " 200 cut by the server's stop after ",
            (_, false) => " cut by the server's stop after ",
        };
        record(&mut records, &format!("GET {path}{end}")).await;
    }
}

#[tokio::test]
async fn what_a_layer_holds_at_the_stop_is_counted() {
    let mut server = start(|app, probe| {
        let probe = probe.clone();
        app.layer(tower::layer::layer_fn(move |_: stario::Next| holding(&probe)))
    })
    .await;
    let _socket = server.send(get("/ends/waiting", "")).await;
    server.log.expect("began").await;
    let error = server.stop().await.unwrap_err().to_string();
    assert_eq!(error, "stopped before the end (request: 1 of unknown)");
}

#[tokio::test]
async fn a_client_that_leaves_within_a_response_has_left_it() {
    let mut records = listen();
    let server = Server::start(local::new()).await;
    for (path, end) in
        [("/ends/unread", "closed by its client after "), ("/ends/chunks", "left by its client after ")]
    {
        let mut socket = server.send(get(path, "")).await;
        assert!(patiently(socket.read(&mut [0])).await.unwrap() > 0);
        drop(socket);
        record(&mut records, &format!("GET {path} 200 {end}")).await;
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_response_that_fails_is_not_said_to_be_left_by_its_client() {
    let mut records = listen();
    let server = Server::start(local::new()).await;
    let mut socket = server.send(get("/ends/failing", "")).await;
    let _ = patiently(socket.read_to_end(&mut Vec::new())).await;
    record(&mut records, "GET /ends/failing 200 failed after ").await;
    server.stop().await.unwrap();
}

/// A body whose size panics.
struct Broken;

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> http_body::SizeHint {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn a_panic_behind_the_service_is_a_500_with_its_id() {
    let mut records = listen();
    let broken = tower::service_fn(async |_: http::Request<Body>| {
        let mut response = http::Response::new(Broken);
        response.headers_mut().insert("content-length", 1.into());
        Ok::<_, Infallible>(response)
    });
    let server = Server::start(local::new().mount("/ends/broken", broken)).await;
    let mut socket = server.send(get("/ends/broken/x", "")).await;
    let answer = answer(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    let panicked = record(&mut records, "answering a request panicked").await;
    let ended = record(&mut records, "GET /ends/broken/x 500 in ").await;
    assert_eq!(panicked["request_id"], ended["request_id"]);
    assert!(answer.contains(&format!("x-request-id: {}\r\n", ended["request_id"])), "{answer}");
    server.stop().await.unwrap();
}
