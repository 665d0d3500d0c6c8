//! A connection begins anew inside of the server when its responses turn out to be small, or large after that. Its client sees
//! nothing of it.

use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app;
use crate::support::patiently;
use crate::support::probe::Probe;
use crate::support::server::{Server, answer, get};

stario::app!(local);

/// More small responses in a row than it takes.
const MANY: usize = 20;

/// More than the system takes of a connection that nobody reads.
const LARGE: usize = 8 << 20;

#[app::query("/small", app = local)]
async fn small() -> &'static str {
    "small"
}

/// A page in which each line tells its place.
fn lines(bytes: usize) -> String {
    (0..bytes / 8).map(|line| format!("{line:07}\n")).collect::<Vec<_>>().concat()
}

#[app::query("/large", app = local)]
async fn large(probe: State<Probe>) -> String {
    probe.log("made");
    lines(LARGE)
}

#[app::query("/events", app = local)]
async fn events() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <p id="small">"small"</p> };
        yield html! { <p id="large">{"x".repeat(100_000)}</p> };
        yield html! { <p id="last">"last"</p> };
    }
}

#[app::command("/command", app = local)]
async fn command() -> &'static str {
    "small"
}

async fn ask(socket: &mut TcpStream, request: impl AsRef<[u8]>) {
    socket.write_all(request.as_ref()).await.unwrap();
}

/// Asks so often for a small response that those are written in one piece.
async fn ask_for_small(socket: &mut TcpStream) {
    for _ in 0..MANY {
        ask(socket, get("/small", "")).await;
        assert!(answer(socket).await.ends_with("small"));
    }
}

/// Reads up to `end`, inclusive.
async fn until(socket: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        let mut piece = vec![0; 1 << 16];
        let count = patiently(socket.read(&mut piece)).await.unwrap();
        assert!(count > 0, "the connection ended behind {} bytes", read.len());
        read.extend_from_slice(&piece[..count]);
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn large_responses_among_small_ones_are_whole() {
    let mut server = Server::start(local::new()).await;
    let mut socket = server.connect().await;
    let page = lines(LARGE);
    for _ in 0..3 {
        ask_for_small(&mut socket).await;
        ask(&mut socket, get("/large", "")).await;
        // The system takes no more of it before the client reads.
        assert_eq!(server.log.next().await, "made");
        let whole = until(&mut socket, &page[page.len() - 8..]).await;
        assert_eq!(whole.split_once("\r\n\r\n").unwrap().1, page);
    }
}

#[tokio::test]
async fn a_large_event_behind_small_responses_is_whole() {
    let server = Server::start(local::new()).await;
    let mut socket = server.connect().await;
    ask_for_small(&mut socket).await;
    for _ in 0..2 {
        ask(&mut socket, get("/events", "")).await;
        let whole = until(&mut socket, "\r\n0\r\n\r\n").await;
        let xs = whole.bytes().filter(|byte| *byte == b'x').count();
        // Of the letters in the head, `text` and `x-..` have one each.
        let head = whole.split_once("\r\n\r\n").unwrap().0;
        assert_eq!(xs - head.bytes().filter(|byte| *byte == b'x').count(), 100_000);
        assert!(whole.contains("<p id=\"last\">last</p>"));
    }
    ask_for_small(&mut socket).await;
}

#[tokio::test]
async fn what_was_read_of_the_next_request_is_not_lost() {
    let server = Server::start(local::new()).await;
    let request = get("/small", "");
    let (first, second) = request.split_at(request.len() / 2);
    let mut socket = server.send(first).await;
    for _ in 0..MANY {
        // The rest of a request, and the beginning of the next.
        ask(&mut socket, [second, first].concat()).await;
        assert!(answer(&mut socket).await.ends_with("small"));
    }
    ask(&mut socket, second).await;
    assert!(answer(&mut socket).await.ends_with("small"));
    ask(&mut socket, request.repeat(MANY)).await;
    let mut answers = String::new();
    while answers.matches("\r\n\r\nsmall").count() < MANY {
        answers += &until(&mut socket, "small").await;
    }
}

/// A body that the handler does not read is no request, whenever it comes.
#[tokio::test]
async fn the_body_of_a_request_that_was_answered_is_not_the_next_request() {
    let server = Server::start(local::new()).await;
    let mut socket = server.connect().await;
    let body = get("/large", "");
    for _ in 0..MANY {
        let head = format!("POST /command HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        ask(&mut socket, head).await;
        assert!(answer(&mut socket).await.ends_with("small"));
        ask(&mut socket, &body).await;
        ask(&mut socket, get("/small", "")).await;
        assert!(answer(&mut socket).await.ends_with("small"));
    }
    assert_eq!(server.ended().await.1, [] as [String; 0]);
}
