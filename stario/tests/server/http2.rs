//! Clients of HTTP/2 that take nothing, whatever else they say on their connection, and those whose stream fails.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use stario::Limits;
use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app;
use crate::support::patiently;
use crate::support::probe::Probe;
use crate::support::server::{Server, frame, next_frame, rest};

stario::app!(local);

#[app::query("/f", app = local)]
async fn flood(probe: State<Probe>) -> impl Stream<Item = Event> {
    let end = probe.at_drop("given up");
    stream! {
        let _end = end;
        loop {
            yield html! { <p id="x">{"x".repeat(1 << 14)}</p> };
        }
    }
}

#[app::query("/s", app = local)]
async fn small() -> &'static str {
    "small"
}

#[app::query("/l", app = local)]
async fn large() -> String {
    "x".repeat(1 << 20)
}

#[app::command("/c", app = local)]
async fn collect(body: RawBody<String>) -> String {
    body.0
}

#[app::query("/g", app = local)]
async fn gated(probe: State<Probe>) -> &'static str {
    probe.log("began");
    probe.released().await;
    "released"
}

/// More than the window of a client that opens it bit by bit.
fn long() -> String {
    "long ".repeat(2000) + "end"
}

#[app::query("/e", app = local)]
async fn failing_events() -> impl Stream<Item = Result<Event>> {
    try_stream! {
        yield 1;
        tokio::task::yield_now().await;
        yield long();
        "x".parse::<u8>()?;
    }
}

#[app::query("/w", app = local)]
async fn failing_writer(w: Writer) -> Result {
    w.patch(1).await?;
    tokio::task::yield_now().await;
    w.patch(long()).await?;
    "x".parse::<u8>()?;
    Ok(())
}

#[app::query("/b", app = local)]
async fn failing_body() -> Response {
    struct Pieces(u8);
    impl Stream for Pieces {
        type Item = Result<stario::Bytes, std::io::Error>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.0 += 1;
            Poll::Ready(Some(match self.0 {
                1 => Ok("data: elements 1\n\n".into()),
                2 => Ok(long().into()),
                _ => Err(std::io::Error::other("lost")),
            }))
        }
    }
    Response::new(stario::Body::stream(Pieces(0)))
}

const SHORT: Duration = Duration::from_millis(100);

async fn start(limits: Limits) -> Server {
    Server::start(local::new().limits(limits)).await
}

fn patient() -> Limits {
    let long = Duration::from_secs(3600);
    Limits::default().head_timeout(long).body_timeout(long).keep_alive_timeout(long).write_timeout(long)
}

/// Asks for `path`, a slash and a letter, with so much window for the answer; then pings until it is closed.
/// What comes is read, as far as it is sent at all.
async fn ask_and_ping(address: SocketAddr, path: &str, window: u32) -> Vec<u8> {
    let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[&[0, 4], &window.to_be_bytes()[..]].concat()));
    // GET http://x/, in HPACK's static table but for the host and the path.
    let head = [&[0x82, 0x86, 0x41, 1, b'x', 0x04, 2][..], path.as_bytes()].concat();
    bytes.extend(frame(1, 5, 1, &head));
    writer.write_all(&bytes).await.unwrap();
    let pings = tokio::spawn(async move {
        while writer.write_all(&frame(6, 0, 0, b"still up")).await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = reader.read_to_end(&mut answer).await;
    pings.await.unwrap();
    answer
}

/// What comes of `path`, a slash and a letter, until it is reset. The client opens its window bit by bit.
async fn data_until_reset(address: SocketAddr, path: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]));
    let head = [&[0x82, 0x86, 0x41, 1, b'x', 0x04, 2][..], path.as_bytes()].concat();
    bytes.extend(frame(1, 5, 1, &head));
    socket.write_all(&bytes).await.unwrap();
    let mut data = Vec::new();
    loop {
        let mut start = [0; 9];
        socket.read_exact(&mut start).await.unwrap();
        let mut payload = vec![0; usize::from(start[1]) << 8 | usize::from(start[2])];
        socket.read_exact(&mut payload).await.unwrap();
        match start[3] {
            0 => data.extend(payload),
            1 => {}
            3 => return String::from_utf8(data).unwrap(),
            _ => continue,
        }
        socket.write_all(&frame(8, 0, 1, &1000_u32.to_be_bytes())).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_sent_before_a_failure_arrives_before_the_reset() {
    let server = start(patient()).await;
    for path in ["/e", "/w", "/b"] {
        let data = data_until_reset(server.address, path).await;
        assert!(data.contains("data: elements 1\n\n") && data.contains(&long()), "{path}: {data:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_not_taken_ends_while_its_connection_goes_on() {
    let mut server = start(patient().write_timeout(SHORT)).await;
    for window in [0, 50_000] {
        let client = tokio::spawn(ask_and_ping(server.address, "/f", window));
        server.log.expect("given up").await;
        assert!(!client.is_finished(), "the connection goes on");
        client.abort();
    }
}

#[tokio::test]
async fn pings_keep_no_connection_whose_answer_is_not_taken() {
    let server = start(patient().keep_alive_timeout(SHORT).write_timeout(SHORT)).await;
    let answer = ask_and_ping(server.address, "/l", 50_000).await;
    assert!(answer.len() > 50_000 && answer.len() < 1 << 20, "{}", answer.len());
}

#[tokio::test]
async fn pings_ask_nothing() {
    let server = start(patient().keep_alive_timeout(SHORT)).await;
    let answer = ask_and_ping(server.address, "/s", 50_000).await;
    assert!(answer.windows(5).any(|bytes| bytes == b"small"));
}

/// A head of HTTP/2 that asks to POST to `/c`, in HPACK's static table but for the host and the path.
const POST_ECHO: &[u8] = b"\x83\x86\x41\x01x\x04\x02/c";

#[tokio::test]
async fn the_bodies_of_one_connection_share_the_memory_with_all_others() {
    const FULL: &[u8] = b"the memory for request bodies is full: try again later";
    let server = Server::start(local::new().limits(patient().body_memory(200 << 10))).await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    let streams = || (0..20).map(|index| 2 * index + 1);
    streams().for_each(|stream| bytes.extend(frame(1, 4, stream, POST_ECHO)));
    let mut socket = server.send(bytes).await;
    next_frame(&mut socket, 8).await;
    // For each body of 48 KB, which does not end, 64 KB are held.
    for stream in streams() {
        let piece = frame(0, 0, stream, &[b'a'; 16_000]);
        socket.write_all(&piece.repeat(3)).await.unwrap();
    }
    for _ in 0..17 {
        assert_eq!(next_frame(&mut socket, 0).await.1, FULL);
    }
    // The three that are left have taken it all from everyone.
    let whole = "a".repeat(48_000);
    let request = || {
        format!("POST /c HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 48000\r\n\r\n{whole}")
    };
    let refused = rest(&mut server.send(request()).await).await;
    assert!(refused.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{refused}");
    assert!(refused.contains("\r\nretry-after: 1\r\n"), "{refused}");
    assert!(refused.as_bytes().ends_with(FULL), "{refused}");
    // Until their client has left.
    drop(socket);
    patiently(async { while !rest(&mut server.send(request()).await).await.ends_with(&whole) {} }).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn requests_beyond_the_first_of_each_connection_count_as_connections_do() {
    const FULL: &[u8] = b"the server has as many requests as it may: try again later";
    let mut server = start(patient().connections(2)).await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    let head = |path: &str| [&[0x82, 0x86, 0x41, 1, b'x', 0x04, 2][..], path.as_bytes()].concat();
    (0..5).for_each(|index| bytes.extend(frame(1, 5, 2 * index + 1, &head("/g"))));
    let mut first = server.send(&bytes).await;
    for _ in 0..3 {
        server.log.expect("began").await;
    }
    let mut refused = [next_frame(&mut first, 0).await, next_frame(&mut first, 0).await];
    refused.sort_unstable();
    assert_eq!(refused, [(7, FULL.to_vec()), (9, FULL.to_vec())]);
    // One request passes on every connection.
    let mut second = server.send(&bytes).await;
    server.log.expect("began").await;
    for _ in 0..4 {
        assert_eq!(next_frame(&mut second, 0).await.1, FULL);
    }
    // The places of requests that are answered are free again.
    server.probe.release(4);
    for _ in 0..3 {
        assert_eq!(next_frame(&mut first, 0).await.1, b"released");
    }
    assert_eq!(next_frame(&mut second, 0).await.1, b"released");
    second.write_all(&[frame(1, 5, 11, &head("/s")), frame(1, 5, 13, &head("/s"))].concat()).await.unwrap();
    assert_eq!(next_frame(&mut second, 0).await.1, b"small");
    assert_eq!(next_frame(&mut second, 0).await.1, b"small");
    drop((first, second));
    server.stop().await.unwrap();
}
