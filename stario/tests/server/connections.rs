//! What becomes of connections: clients that leave while bytes are unread, answers to bodies that nobody
//! reads, and connections that become web sockets.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use futures_util::{SinkExt as _, StreamExt as _};
use stario::prelude::*;
use stario::{Alive, App, BodyStream, Limits, Redirect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message as Received;

use crate::app;
use crate::support::probe::{AtDrop, Probe};
use crate::support::server::Server;

stario::app!(local);

/// Logs when a handler begins, and when it is dropped or has noticed that its client left.
fn presence(probe: &Probe) -> AtDrop {
    probe.log("began");
    probe.at_drop("ended")
}

async fn stay(probe: State<Probe>) {
    let _presence = presence(&probe);
    std::future::pending::<()>().await;
}

#[app::query("/stream", app = local)]
async fn stream(probe: State<Probe>) -> impl Stream<Item = Event> {
    let presence = presence(&probe);
    stream! {
        let _presence = presence;
        yield 1;
        std::future::pending::<()>().await;
    }
}

#[app::command("/alive", app = local)]
async fn alive(probe: State<Probe>, alive: Alive) {
    alive.run(stay(probe)).await;
}

#[app::command("/writer", app = local)]
async fn writer(probe: State<Probe>, w: Writer) {
    w.while_alive(stay(probe)).await;
}

#[app::query("/plain", app = local)]
async fn plain(probe: State<Probe>) {
    stay(probe).await;
}

/// Reads the beginning of its body, drops the rest, and stays.
#[app::query("/part", app = local, method = QUERY)]
async fn part(probe: State<Probe>, mut body: BodyStream) {
    probe.log("asked");
    assert_eq!(body.chunk().await.unwrap().unwrap(), "first");
    drop(body);
    stay(probe).await;
}

#[app::query("/part-slow", app = local, method = QUERY)]
async fn part_slow(mut body: BodyStream) -> &'static str {
    assert_eq!(body.chunk().await.unwrap().unwrap(), "first");
    drop(body);
    slow().await
}

/// Longer than it takes to notice a client that left.
#[app::query("/slow", app = local)]
async fn slow() -> &'static str {
    tokio::time::sleep(Duration::from_millis(1200)).await;
    "slow"
}

#[app::query("/fast", app = local)]
async fn fast() -> &'static str {
    "fast"
}

#[app::command("/redirect", app = local)]
async fn redirect() -> Redirect {
    Redirect::see_other("/fast")
}

/// The next event must be this one. The deadline is for a busy machine.
async fn expect(server: &mut Server, event: &str, case: &str) {
    let logged = timeout(Duration::from_secs(10), server.log.next()).await;
    assert_eq!(logged.as_deref(), Ok(event), "{case:?}");
}

async fn rest(socket: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    socket.read_to_end(&mut rest).await.unwrap();
    String::from_utf8(rest).unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")
}

/// Requests whose heads are followed by bytes that nobody reads.
fn requests_with_more(path: &str) -> [String; 4] {
    let post = |length: usize, body: &str| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    let whole = match path {
        "/stream" | "/plain" => get(path),
        _ => post(0, ""),
    };
    [
        format!("{whole}\r\n"),
        format!("{whole}{}", get("/fast")),
        // Half of a body, and a whole one.
        post(2_000_000, &"x".repeat(300_000)),
        post(300_000, &"x".repeat(300_000)),
    ]
}

#[tokio::test]
async fn the_end_of_input_after_unread_bytes_ends_streams_and_what_watches_its_client() {
    let mut server = Server::start(local::new()).await;
    for path in ["/stream", "/alive", "/writer"] {
        let cases = requests_with_more(path);
        // A query has no body.
        for case in &cases[..if path == "/stream" { 2 } else { 4 }] {
            let shown = &case[..case.len().min(100)];
            let mut socket = server.send(case).await;
            expect(&mut server, "began", shown).await;
            socket.shutdown().await.unwrap();
            expect(&mut server, "ended", shown).await;
        }
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_reset_after_unread_bytes_ends_every_query() {
    let mut server = Server::start(local::new()).await;
    for path in ["/plain", "/stream"] {
        for case in &requests_with_more(path)[..2] {
            let socket = server.send(case).await;
            expect(&mut server, "began", case).await;
            socket2::SockRef::from(&socket).set_linger(Some(Duration::ZERO)).unwrap();
            drop(socket);
            expect(&mut server, "ended", case).await;
        }
    }
    server.stop().await.unwrap();
}

/// A query, which its client's leaving ends, reads a part of its body.
#[tokio::test]
async fn a_client_that_leaves_is_noticed_though_the_rest_of_its_body_was_dropped() {
    let mut server = Server::start(local::new()).await;
    // What comes behind the first part while the handler runs: nothing, a part of the rest, and the rest.
    for more in [0, 100, 995] {
        let mut socket = server.send("QUERY /part HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n").await;
        // The head is read before the first part comes, so hyper waits for the socket when the handler drops the body.
        expect(&mut server, "asked", &format!("{more}")).await;
        socket.write_all(b"first").await.unwrap();
        expect(&mut server, "began", &format!("{more}")).await;
        socket.write_all(&vec![b'x'; more]).await.unwrap();
        drop(socket);
        expect(&mut server, "ended", &format!("{more}")).await;
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_client_that_still_sends_what_nobody_reads_is_answered() {
    let server = Server::start(local::new()).await;
    // Longer than it takes to look for a client that has left.
    let head = "QUERY /part-slow HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nfirst";
    let mut socket = server.send(head).await;
    for _ in 0..9 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        socket.write_all(&[b'x'; 100]).await.unwrap();
    }
    socket.write_all(&[b'x'; 95]).await.unwrap();
    let mut answer = vec![0; 4096];
    let count = socket.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("slow"), "{answer}");
    drop(socket);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn requests_before_the_end_of_input_are_answered() {
    let server = Server::start(local::new()).await;
    let mut socket = server.send([get("/slow"), get("/fast")].concat()).await;
    socket.shutdown().await.unwrap();
    let answers = rest(&mut socket).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answers}");
    assert!(answers.contains("slow") && answers.ends_with("fast"), "{answers}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_preface_that_comes_in_pieces_is_http2_and_one_that_goes_on_otherwise_is_http1() {
    let server = Server::start(local::new()).await;
    let begin = async |bytes: &[u8]| {
        let mut socket = TcpStream::connect(server.address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        for byte in bytes {
            socket.write_all(&[*byte]).await.unwrap();
            // Lets the server look at each of them.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let mut start = [0; 9];
        socket.read_exact(&mut start).await.unwrap();
        start
    };
    // A frame of settings.
    let start = begin(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert_eq!(start[3], 4, "{start:?}");
    let start = begin(b"PRIVATE / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(&start, b"HTTP/1.1 ");
    server.stop().await.unwrap();
}

/// As a browser does it: the whole body is sent before the answer is read.
#[tokio::test]
async fn an_answer_arrives_though_its_request_has_a_body_that_is_not_read() {
    let server = Server::start(local::new().body_limit(1 << 20)).await;
    for length in [5 << 20, 20 << 20] {
        let head = format!("POST /redirect HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        let mut socket = server.send(&head).await;
        socket.write_all(&vec![b'x'; length]).await.unwrap();
        let mut answer = vec![0; 4096];
        let count = socket.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..count]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 303 See Other\r\n"), "{length}: {answer}");
        assert!(answer.contains("location: /fast\r\n"), "{answer}");
        // The connection ends with it, and not before the client has closed it.
        assert_eq!(rest(&mut socket).await, "");
    }
    // Refused before anything looks at its body.
    let mut socket = server.send("POST /redirect HTTP/1.1\r\ncontent-length: 5242880\r\n\r\n").await;
    socket.write_all(&vec![b'x'; 5 << 20]).await.unwrap();
    let answer = rest(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    server.stop().await.unwrap();
}

fn with_websockets(app: App) -> App {
    async fn echo(mut socket: WebSocket) {
        while let Some(Ok(message)) = socket.recv().await {
            if !matches!(message, Message::Text(_)) || socket.send(message).await.is_err() {
                return;
            }
        }
    }
    /// Reads nothing, and so does not notice the stop.
    async fn stubborn(socket: WebSocket) {
        std::future::pending::<()>().await;
        drop(socket);
    }
    let router = axum::Router::new()
        .route("/echo", axum::routing::any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
        .route(
            "/stubborn",
            axum::routing::any(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(stubborn)),
        );
    app.mount("/ws", router)
}

async fn websocket(address: SocketAddr, path: &str) -> tokio_tungstenite::WebSocketStream<TcpStream> {
    let socket = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}{path}");
    let (socket, response) = tokio_tungstenite::client_async(url, socket).await.unwrap();
    assert_eq!(response.status(), 101);
    socket
}

#[tokio::test]
async fn a_mounted_websocket_is_served_and_ended_by_the_stop() {
    let server = Server::start(with_websockets(local::new())).await;
    let mut socket = websocket(server.address, "/ws/echo").await;
    for text in ["first", "second"] {
        socket.send(Received::text(text)).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Received::text(text));
    }
    let stopped = tokio::spawn(server.stop());
    // The handler finds its input ended, and lets go of the connection.
    assert!(!matches!(socket.next().await, Some(Ok(Received::Text(_)))));
    stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_websocket_is_a_connection_until_its_end() {
    let server = Server::start(with_websockets(local::new()).limits(Limits::default().connections(1))).await;
    let socket = websocket(server.address, "/ws/echo").await;
    let status = async || {
        let mut status = [0; 12];
        server.send(get("/fast")).await.read_exact(&mut status).await.unwrap();
        String::from_utf8_lossy(&status).into_owned()
    };
    assert_eq!(status().await, "HTTP/1.1 503");
    drop(socket);
    crate::support::patiently(async { while status().await != "HTTP/1.1 200" {} }).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_websocket_that_does_not_end_is_cut_and_counted() {
    let limits = Limits::default().stop_timeout(Duration::from_millis(50));
    let server = Server::start(with_websockets(local::new()).limits(limits)).await;
    let _socket = websocket(server.address, "/ws/stubborn").await;
    let error = server.stop().await.unwrap_err();
    assert_eq!(error.to_string(), "stopped before the end (request: 1 of an upgraded connection)");
}

#[app::query("/unregistered", app = local)]
async fn unregistered() -> StatusCode {
    StatusCode::from_u16(299).unwrap()
}

#[tokio::test]
async fn an_unregistered_status_has_an_empty_reason() {
    let server = Server::start(local::new()).await;
    let mut socket = server.send("GET /unregistered HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let answer = crate::support::server::rest(&mut socket).await;
    assert!(answer.starts_with("HTTP/1.1 299 \r\n"), "{answer}");
    server.stop().await.unwrap();
}
