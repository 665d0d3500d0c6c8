//! How event streams end when the server stops: so that browsers connect again, but do not repeat a command.

use std::time::Duration;

use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use stario::prelude::*;
use stario::testing::TestClient;
use stario::{Bytes, Response};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::app;
use crate::support::patiently;
use crate::support::server::{Server, get, is_ended_by_stop, rest};

stario::app!(local);

fn lasting() -> impl Stream<Item = Event> {
    stream! {
        yield "first";
        std::future::pending::<()>().await;
    }
}

#[app::query("/stream", app = local)]
async fn stream() -> impl Stream<Item = Event> {
    lasting()
}

#[app::command("/command", app = local)]
async fn command() -> impl Stream<Item = Event> {
    lasting()
}

#[app::query("/finished", app = local)]
async fn finished() -> impl Stream<Item = Event> {
    stream! { yield "first"; }
}

/// Ends its own stream when it is told of the stop.
#[app::query("/alive", app = local)]
async fn alive(alive: Alive) -> impl Stream<Item = Event> {
    stream! {
        yield "first";
        alive.ended().await;
    }
}

#[app::query("/written", app = local)]
async fn written(w: Writer) -> Result {
    w.patch("first").await?;
    w.while_alive(std::future::pending::<()>()).await;
    w.patch("last").await?;
    Ok(())
}

/// Says that its response is whole.
#[app::query("/written-whole", app = local)]
async fn written_whole(w: Writer) -> Result {
    w.patch("first").await?;
    w.while_alive(std::future::pending::<()>()).await;
    Ok(w.end()?)
}

#[app::command("/written-command", app = local)]
async fn written_command(w: Writer) -> Result {
    w.patch("first").await?;
    w.while_alive(std::future::pending::<()>()).await;
    Ok(())
}

/// The stream of another framework, which stops within an event.
fn foreign(app: stario::App) -> stario::App {
    app.mount(
        "/foreign",
        tower::service_fn(|_: http::Request<stario::Body>| async {
            let first = "event: datastar-patch-elements\ndata: elements first\n";
            let first = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(first))]);
            let chunks = futures_util::StreamExt::chain(first, futures_util::stream::pending());
            let mut response = Response::new(stario::Body::stream(chunks));
            let content_type = http::HeaderValue::from_static("text/event-stream");
            response.headers_mut().insert("content-type", content_type);
            Ok::<_, std::convert::Infallible>(response)
        }),
    )
}

/// Reads until the first event is there.
async fn until_first(socket: &mut TcpStream) -> String {
    let mut received = Vec::new();
    while !String::from_utf8_lossy(&received).contains("data: elements first\n") {
        assert_ne!(patiently(socket.read_buf(&mut received)).await.unwrap(), 0);
    }
    String::from_utf8(received).unwrap()
}

const WHOLE: &str = "0\r\n\r\n";

/// All that comes of a request whose response has begun when the server stops.
async fn at_stop(request: &str) -> String {
    let mut server = Server::start(foreign(local::new())).await;
    let mut socket = server.send(request).await;
    let first = until_first(&mut socket).await;
    server.begin_to_stop();
    let answer = first + &rest(&mut socket).await;
    assert_eq!(server.ended().await.0, Ok(()));
    answer
}

#[tokio::test]
async fn a_stream_says_when_to_connect_again_and_does_not_look_whole() {
    for path in ["/stream", "/alive", "/written"] {
        let answer = at_stop(&get(path, "")).await;
        assert!(is_ended_by_stop(&answer), "{path}: {answer}");
    }
    let answer = at_stop(&get("/stream", "connection: close\r\n")).await;
    assert!(is_ended_by_stop(&answer), "{answer}");
}

#[tokio::test]
async fn a_finished_stream_and_one_of_a_command_end_whole() {
    let post = |path: &str| format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    for request in [get("/written-whole", ""), post("/command"), post("/written-command")] {
        let answer = at_stop(&request).await;
        assert!(answer.ends_with(WHOLE) && !answer.contains("retry:"), "{request}: {answer}");
    }
    let server = Server::start(local::new()).await;
    let mut socket = server.send(get("/finished", "connection: close\r\n")).await;
    let answer = rest(&mut socket).await;
    assert!(answer.ends_with(WHOLE) && !answer.contains("retry:"), "{answer}");
}

#[tokio::test]
async fn what_is_within_an_event_is_cut_as_it_is() {
    let answer = at_stop(&get("/foreign", "")).await;
    assert!(answer.ends_with("data: elements first\n\r\n") && !answer.contains("retry:"), "{answer}");
}

#[tokio::test]
async fn the_end_of_the_connection_is_the_end_for_http_1_0() {
    let answer = at_stop("GET /stream HTTP/1.0\r\nhost: x\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("transfer-encoding"), "{head}");
    let (first, retry) = body.split_once("retry: ").unwrap();
    assert!(first.ends_with("data: elements first\n\n"), "{body}");
    retry.trim_end().parse::<u64>().unwrap();
}

#[tokio::test]
async fn http_2_resets_the_stream_and_not_the_connection() {
    let mut server = Server::start(local::new()).await;
    let socket = server.connect().await;
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket));
    let (mut sender, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(connection);
    let request =
        Request::get(format!("http://{}/stream", server.address)).body(Empty::<Bytes>::new()).unwrap();
    let mut body = patiently(sender.send_request(request)).await.unwrap().into_body();
    let mut received = String::new();
    server.begin_to_stop();
    let error = loop {
        match patiently(body.frame()).await.expect("an end that is an error") {
            Ok(frame) => received.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap()),
            Err(error) => break error,
        }
    };
    assert!(received.contains("\n\nretry: ") && received.ends_with("\n\n"), "{received}");
    assert!(format!("{error:?}").contains("Reset(StreamId(1)"), "{error:?}");
    drop(sender);
    patiently(connection).await.unwrap().unwrap();
    assert_eq!(server.ended().await.0, Ok(()));
}

#[tokio::test]
async fn a_test_sees_an_end() {
    for coding in ["identity", "zstd", "br", "gzip"] {
        let client = TestClient::new(local::new());
        let mut stream = client.get("/stream").header("accept-encoding", coding).open().await;
        assert_eq!(stream.next().await.unwrap().elements(), "first");
        client.stop().await;
        assert_eq!(stream.next().await, None, "{coding}");
    }
}

#[tokio::test]
async fn the_times_to_connect_again_differ() {
    let mut server = Server::start(local::new()).await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        let mut socket = server.send(get("/stream", "")).await;
        until_first(&mut socket).await;
        sockets.push(socket);
    }
    server.begin_to_stop();
    let mut times = std::collections::BTreeSet::new();
    for socket in &mut sockets {
        times.insert(rest(socket).await);
    }
    assert!(times.len() > 2, "{times:?}");
    // What a stop takes does not grow with the time that clients are told to wait.
    tokio::time::timeout(Duration::from_secs(5), server.ended()).await.unwrap().0.unwrap();
}
