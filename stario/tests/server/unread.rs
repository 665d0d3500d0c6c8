//! What a client may leave unread: while a connection holds much of other responses, it calls no further handler.

use std::time::Duration;

use stario::Limits;
use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app;
use crate::support::patiently;
use crate::support::probe::Probe;
use crate::support::server::{Server, answer, frame, get, next_frame, rest};

stario::app!(local);

/// More than the system takes of a connection that nobody reads.
const PAGE: usize = 16 << 20;

#[app::query("/p", app = local)]
async fn page(probe: State<Probe>) -> String {
    probe.log("made");
    "x".repeat(PAGE)
}

#[app::command("/p", app = local)]
async fn command(probe: State<Probe>) -> String {
    probe.log("made");
    "x".repeat(PAGE)
}

/// Waits before it makes its page.
#[app::query("/d", app = local)]
async fn delayed(probe: State<Probe>) -> String {
    probe.log("began");
    probe.released().await;
    "x".repeat(2 << 20)
}

#[app::query("/s", app = local)]
async fn small() -> &'static str {
    "small"
}

/// Another client is answered, and whatever the server could do before is done.
async fn is_well(server: &Server) {
    for _ in 0..3 {
        let mut socket = server.send(get("/s", "")).await;
        assert!(answer(&mut socket).await.ends_with("small"));
    }
}

/// A connection of HTTP/2 that has asked for `path`, a slash and a letter, on so many streams.
async fn ask(server: &Server, path: &str, streams: u32) -> TcpStream {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    // GET http://x/, in HPACK's static table but for the host and the path.
    let head = [&[0x82, 0x86, 0x41, 1, b'x', 0x04, 2][..], path.as_bytes()].concat();
    bytes.extend((0..streams).flat_map(|index| frame(1, 5, 2 * index + 1, &head)));
    server.send(bytes).await
}

fn long() -> Limits {
    let long = Duration::from_secs(3600);
    Limits::default().head_timeout(long).keep_alive_timeout(long).write_timeout(long)
}

#[tokio::test]
async fn one_page_is_made_when_the_one_before_is_taken() {
    let mut server = Server::start(local::new().limits(long())).await;
    let mut socket = ask(&server, "/p", 5).await;
    server.log.expect("made").await;
    is_well(&server).await;
    assert!(server.log.so_far().is_empty(), "the other requests wait");
    // A request that is reset while it waits is never answered.
    socket.write_all(&frame(3, 0, 3, &8_u32.to_be_bytes())).await.unwrap();
    let mut made = 1;
    let mut lengths = [0; 5];
    let size = u32::try_from(2 * PAGE).unwrap().to_be_bytes();
    for _ in 0..4 {
        socket.write_all(&frame(8, 0, 0, &size)).await.unwrap();
        loop {
            let (stream, data) = next_frame(&mut socket, 0).await;
            let length = &mut lengths[stream as usize / 2];
            if *length == 0 {
                socket.write_all(&frame(8, 0, stream, &size)).await.unwrap();
            }
            *length += data.len();
            if *length == PAGE {
                break;
            }
        }
        if made < 4 {
            server.log.expect("made").await;
            made += 1;
        }
    }
    assert_eq!(lengths, [PAGE, 0, PAGE, PAGE, PAGE]);
    assert!(server.log.so_far().is_empty());
    drop(socket);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_page_that_is_known_to_be_large_is_not_begun_beside_another() {
    let mut server = Server::start(local::new().limits(long())).await;
    // What the route makes is known from its first response.
    server.probe.release(1);
    let page = rest(&mut server.send(get("/d", "connection: close\r\n")).await).await;
    assert!(page.len() > 2 << 20);
    server.log.expect("began").await;
    let mut socket = ask(&server, "/d", 5).await;
    server.log.expect("began").await;
    is_well(&server).await;
    assert!(server.log.so_far().is_empty(), "the other requests wait");
    // Requests of other routes do not wait for the handler.
    let head = [&[0x82, 0x86, 0x41, 1, b'x', 0x04, 2][..], b"/s"].concat();
    socket.write_all(&frame(1, 5, 11, &head)).await.unwrap();
    assert_eq!(next_frame(&mut socket, 0).await, (11, b"small".to_vec()));
    // When it has answered, they wait for the client.
    server.probe.release(5);
    assert_eq!(next_frame(&mut socket, 0).await.0, 1);
    is_well(&server).await;
    assert!(server.log.so_far().is_empty(), "the other requests wait for the client");
    drop(socket);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn requests_that_wait_for_a_client_that_takes_nothing_are_reset() {
    let short = Duration::from_millis(100);
    let mut server =
        Server::start(local::new().limits(long().write_timeout(short).keep_alive_timeout(short))).await;
    let (mut reader, mut writer) = ask(&server, "/p", 5).await.into_split();
    let pings = tokio::spawn(async move {
        while writer.write_all(&frame(6, 0, 0, b"still up")).await.is_ok() {
            tokio::time::sleep(short / 10).await;
        }
    });
    let mut bytes = Vec::new();
    // A reset is an end too.
    let _ = patiently(reader.read_to_end(&mut bytes)).await;
    pings.await.unwrap();
    assert_eq!(server.log.so_far(), ["made"]);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn small_responses_wait_for_no_client() {
    let server = Server::start(local::new().limits(long())).await;
    let mut socket = ask(&server, "/s", 100).await;
    let mut answered = Vec::new();
    for _ in 0..100 {
        let (stream, data) = next_frame(&mut socket, 0).await;
        assert_eq!(data, b"small");
        answered.push(stream);
    }
    answered.sort_unstable();
    assert!(answered.into_iter().eq((0..100).map(|index| 2 * index + 1)));
    drop(socket);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_pipelined_request_waits_for_the_response_before_it() {
    for method in ["GET", "POST"] {
        let mut server = Server::start(local::new().limits(long())).await;
        let requests = format!("{method} /p HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").repeat(3);
        let mut socket = server.send(requests).await;
        server.log.expect("made").await;
        is_well(&server).await;
        assert!(server.log.so_far().is_empty(), "{method}: the other requests wait");
        let mut page = vec![0; PAGE];
        for _ in 0..2 {
            patiently(socket.read_exact(&mut page)).await.unwrap();
            server.log.expect("made").await;
        }
        drop(socket);
        server.stop().await.unwrap();
    }
}
