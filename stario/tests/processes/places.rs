//! A server that many clients stay at, with the files that a process has by default: others are answered.
#![cfg(unix)]

use std::time::{Duration, Instant};

use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app;
use crate::process::{self, Process};
use crate::support::{open_files, patiently};

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

#[app::command("/upload", app = local)]
async fn upload(body: RawBody<String>) -> String {
    body.0
}

#[app::query("/stream", app = local)]
async fn stream() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        std::future::pending::<()>().await;
    }
}

/// Serves in a process that the tests below start.
#[test]
fn server_process() {
    if process::is_server() {
        process::exit(process::serve(local::new().liveness("/health/live")));
    }
}

/// The server's process, where it serves everything, and where it serves probes.
fn start(prelude: &str) -> (Process, String, String) {
    let variables = [
        ("STARIO_PORT", "0"),
        ("STARIO_PROBE_ADDRESS", "127.0.0.1:0"),
        ("RUST_LOG", "info,stario::request=off"),
        // All of them stay until the test has seen that others are answered, however slow the machine is.
        ("STARIO_REQUESTS_HEADER_TIMEOUT", "600"),
        ("STARIO_REQUESTS_BODY_TIMEOUT", "600"),
    ];
    let mut process = Process::start(process::command("places::server_process", prelude, &variables));
    let address = process.address().strip_prefix("http://").unwrap().to_owned();
    let probes = process.until_printed("listening for probes on ");
    let probes = probes.trim().strip_prefix("listening for probes on http://").unwrap().to_owned();
    (process, address, probes)
}

/// The log of the server, which has stopped by itself.
fn stop(process: Process) -> String {
    process.signal("-TERM");
    let (status, _, log) = process.ended();
    // What was cut is none of these tests' business.
    assert!(status.code().is_some(), "{log}");
    log
}

async fn connect(address: &str) -> TcpStream {
    patiently(TcpStream::connect(address)).await.unwrap()
}

/// The status of the answer; 0 if there is none. It asks again where it was itself too slow: a connection that finds no place has one
/// second to send its request.
async fn status(address: &str, path: &str) -> u16 {
    for _ in 0..10 {
        let (status, sent_after) = status_of(address, path).await;
        if status > 0 || sent_after < Duration::from_millis(900) {
            return status;
        }
    }
    0
}

/// The status of the answer, and after what time the request was sent.
async fn status_of(address: &str, path: &str) -> (u16, Duration) {
    let begun = Instant::now();
    let mut socket = connect(address).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    let (mut answer, mut sent_after) = (Vec::new(), Duration::ZERO);
    let asked = async {
        socket.write_all(request.as_bytes()).await?;
        sent_after = begun.elapsed();
        socket.read_to_end(&mut answer).await
    };
    let _ = patiently(asked).await;
    let line = String::from_utf8_lossy(&answer);
    let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    (status.unwrap_or(0), sent_after)
}

/// Of 20 requests and 20 probes at each address, all are answered.
async fn all_are_answered(address: &str, probes: &str, expected: &[u16]) {
    for _ in 0..20 {
        let found = status(address, "/").await;
        assert!(expected.contains(&found), "{found}");
        assert_eq!((status(address, "/health/live").await, status(probes, "/health/live").await), (200, 200));
    }
    assert_eq!(status(probes, "/").await, 404);
}

/// Sends the head of a request on so many connections.
async fn crowd(address: &str, count: usize, head: &str) -> Vec<TcpStream> {
    // Both ends of others than these are the server's, and other tests have some files too.
    assert!(open_files::allow(3000) >= 1500, "too few files for the test itself");
    let mut crowd = Vec::with_capacity(count);
    for _ in 0..count {
        let mut socket = connect(address).await;
        // One too many may be closed already.
        let _ = socket.write_all(head.as_bytes()).await;
        crowd.push(socket);
    }
    crowd
}

/// Sends some more of the body on each connection that still takes it, and returns how many do.
async fn trickle(crowd: &mut Vec<TcpStream>) -> usize {
    let mut open = Vec::with_capacity(crowd.len());
    for mut socket in crowd.drain(..) {
        if socket.write_all(&[b'x'; 300]).await.is_ok() {
            open.push(socket);
        }
    }
    *crowd = open;
    crowd.len()
}

const UPLOAD: &str = "POST /upload HTTP/1.1\r\nhost: x\r\ncontent-length: 9900000\r\n\r\n";
const STREAM: &str = "GET /stream HTTP/1.1\r\nhost: x\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_never_end_keep_nobody_from_an_answer() {
    let (process, address, probes) = start("ulimit -Sn 1024; ulimit -Hn 1024;");
    let mut uploads = crowd(&address, 900, UPLOAD).await;
    for _ in 0..2 {
        assert!(trickle(&mut uploads).await >= 700);
        all_are_answered(&address, &probes, &[503]).await;
    }
    drop(uploads);
    patiently(async { while status(&address, "/").await != 200 {} }).await;
    let log = stop(process);
    assert!(log.contains("connections were refused: all places were taken"), "{log}");
    assert!(!log.contains("cannot accept connections"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_stay_keep_nobody_from_an_answer() {
    let (process, address, probes) = start("ulimit -Sn 1024; ulimit -Hn 1024;");
    let mut streams = crowd(&address, 1000, STREAM).await;
    all_are_answered(&address, &probes, &[200, 503]).await;
    // Those that were refused close their connections, and leave their places to requests.
    let mut open = Vec::new();
    for mut stream in streams.drain(..) {
        let mut start = [0; 12];
        if patiently(stream.read_exact(&mut start)).await.is_ok_and(|_| start.ends_with(b"200")) {
            open.push(stream);
        }
    }
    // Nine tenths of four fifths of the files that were free at the start.
    assert!((650..=729).contains(&open.len()), "{}", open.len());
    patiently(async { while status(&address, "/").await != 200 {} }).await;
    all_are_answered(&address, &probes, &[200]).await;
    drop(open);
    let log = stop(process);
    assert!(!log.contains("cannot accept connections"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_files_is_raised_to_what_is_allowed() {
    let (process, address, probes) = start("ulimit -Sn 1024; ulimit -Hn 3000;");
    let mut uploads = crowd(&address, 900, UPLOAD).await;
    assert_eq!(trickle(&mut uploads).await, 900);
    all_are_answered(&address, &probes, &[200]).await;
    drop(uploads);
    let mut streams = crowd(&address, 1000, STREAM).await;
    for stream in &mut streams {
        let mut start = [0; 12];
        patiently(stream.read_exact(&mut start)).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    }
    all_are_answered(&address, &probes, &[200]).await;
    drop(streams);
    let log = stop(process);
    let raised: Vec<_> =
        log.lines().filter(|line| line.contains("the process may open more files now")).collect();
    assert_eq!(raised.len(), 1, "{log}");
    assert!(raised[0].contains("1024") && raised[0].contains("3000"), "{log}");
    assert!(!log.contains("connections were refused: all places were taken"), "{log}");
}
