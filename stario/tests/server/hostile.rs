//! Bytes that are no requests, or that are meant to be taken for two: an answer that says so or a closed
//! connection, and a server that goes on.

use std::time::Duration;

use stario::Limits;
use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app;
use crate::support::probe::Probe;
use crate::support::server::{Server, frame};

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

#[app::query("/host", app = local)]
async fn host(host: Header<String>) -> String {
    host.0
}

#[app::command("/echo", app = local)]
async fn echo(body: RawBody<String>, probe: State<Probe>) -> String {
    probe.log(body.0.clone());
    body.0
}

/// A server to which anything is sent.
struct Target(Server);

impl Target {
    /// The statuses that come back of `bytes`, and of one more good request after them, up to the end of the
    /// connection, with all that was sent.
    async fn exchange(&self, bytes: &[u8]) -> (Vec<u16>, String) {
        let (mut reader, mut writer) = self.0.connect().await.into_split();
        let bytes = [bytes, b"GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"].concat();
        let writing = tokio::spawn(async move {
            // The server may close before all is written.
            let _ = writer.write_all(&bytes).await;
            writer
        });
        let mut answer = Vec::new();
        let mut chunk = [0; 4096];
        // Closed, or reset where the server left something unread.
        while let Ok(count @ 1..) = reader.read(&mut chunk).await {
            answer.extend_from_slice(&chunk[..count]);
        }
        drop(writing.await);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let heads = answer.split("HTTP/1.").skip(1);
        let statuses = heads.filter_map(|head| head.get(2..5)?.parse().ok()).collect();
        (statuses, answer)
    }

    /// `bytes` are answered with one of `expected`, each a list of statuses; 299 is the good request after them.
    async fn check(&self, bytes: impl AsRef<[u8]>, expected: &[&[u16]]) {
        let bytes = bytes.as_ref();
        let (statuses, answer) = self.exchange(bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
        assert!(expected.contains(&statuses.as_slice()), "{shown:?}: {statuses:?}, {answer}");
    }

    async fn stop(self) -> stario::Result {
        self.0.stop().await
    }
}

/// The good request after a bad one.
#[app::query("/last", app = local)]
async fn last() -> (StatusCode, &'static str) {
    (LAST, "last")
}

const LAST: StatusCode = match StatusCode::from_u16(299) {
    Ok(status) => status,
    Err(_) => StatusCode::OK,
};

/// Refused, and the connection closed.
const REFUSED: &[&[u16]] = &[&[400]];
/// Refused as too large, or cut while it is read.
const TOO_LARGE: &[&[u16]] = &[&[431], &[414], &[400], &[]];
/// Answered as one request, and the connection kept.
const SERVED: &[&[u16]] = &[&[200, 299]];

async fn start() -> Target {
    // Deadlines are near, so that what is left unfinished ends soon.
    let limits =
        Limits::default().head_timeout(Duration::from_secs(1)).body_timeout(Duration::from_millis(200));
    Target(Server::start(local::new().limits(limits)).await)
}

#[tokio::test]
async fn request_lines() {
    let server = start().await;
    let host = "host: x\r\n\r\n";
    for line in [
        "garbage",
        "SSH-2.0-OpenSSH_9.2",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2",
        "GET /",
        "GET",
        " HTTP/1.1",
        "GET / HTTP/1.1 x",
        "GET /a b HTTP/1.1",
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        " GET / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTQ/1.1",
        "GET / HTTP/11",
        "GET / HTTP/1",
        "GET / HTTP/1.10",
        "GET / HTTP/01.1",
        "GET / HTTP/ 1.1",
        "GET / HTTP/2.0",
        "GET / HTTP/9.9",
        "GET / HTTP/1.2",
        "GET / HTTP/1.1\rx: y",
        "GET /\0 HTTP/1.1",
        "GET /\x07 HTTP/1.1",
        "GET /\x7f HTTP/1.1",
        "GET index.html HTTP/1.1",
        "GET * HTTP/1.1",
        "GE(T / HTTP/1.1",
        "GET http:// HTTP/1.1",
        "GET http://u@h/ HTTP/1.1",
        "GET http://h:99999/ HTTP/1.1",
        "GET http://h:port/ HTTP/1.1",
        "GET javascript:alert(1) HTTP/1.1",
        "GET ftp://x/ HTTP/1.1",
    ] {
        server.check(format!("{line}\r\n{host}"), REFUSED).await;
    }
    for bytes in [&[0; 512][..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\xff\xfe\xfd\r\n\r\n"] {
        server.check(bytes, REFUSED).await;
    }
    server.check("GET / HTTP/1.1\rhost: x\r\r", REFUSED).await;
    server.check(format!("CONNECT x:80 HTTP/1.1\r\n{host}"), &[&[501]]).await;
    server.check(format!("OPTIONS * HTTP/1.1\r\n{host}"), &[&[204, 299]]).await;
    for line in ["get /", "BREW /", "TRACE /"] {
        server.check(format!("{line} HTTP/1.1\r\n{host}"), &[&[405, 299]]).await;
    }
    server.check(format!("GET /#fragment HTTP/1.1\r\n{host}"), SERVED).await;
    server.check(format!("GET /ä HTTP/1.1\r\n{host}"), &[&[404, 299], &[400, 299]]).await;
    server.check(format!("GET /?{} HTTP/1.1\r\n{host}", "a".repeat(7000)), SERVED).await;
    server.check(format!("GET /?{} HTTP/1.1\r\n{host}", "a=1&".repeat(5000)), SERVED).await;
    server.check(format!("GET /{} HTTP/1.1\r\n{host}", "a".repeat(70_000)), TOO_LARGE).await;
    server.check(format!("GET /{} HTTP/1.1\r\n{host}", "a".repeat(2_000_000)), TOO_LARGE).await;
    server.check(format!("{} / HTTP/1.1\r\n{host}", "A".repeat(100_000)), TOO_LARGE).await;
    server.check("A".repeat(1_000_000), TOO_LARGE).await;
    server
        .check(format!("{}GET / HTTP/1.1\r\n{host}", "\r\n".repeat(5000)), &[&[200, 299], &[400], &[431]])
        .await;
    server.check(format!("GET /{} HTTP/1.1\r\n{host}", "/".repeat(3000)), &[&[404, 299]]).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn header_fields() {
    let server = start().await;
    let request = |fields: &str| format!("GET / HTTP/1.1\r\n{fields}\r\n\r\n");
    server.check("GET / HTTP/1.1\r\n\r\n", REFUSED).await;
    server.check("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", SERVED).await;
    for host in [
        "x\r\nhost: x",
        "x\r\nhost: y",
        "a b",
        "a/b",
        "u@h",
        "a, b",
        "<script>",
        "\"a\"",
        "h:port",
        "[::1",
        "h:99999",
        "h:1:2",
    ] {
        server.check(request(&format!("host: {host}")), REFUSED).await;
    }
    server.check(request(&format!("host: {}", "a".repeat(10_000))), REFUSED).await;
    for host in ["", "x", "x:80", "[::1]:80", "127.0.0.1"] {
        server.check(request(&format!("host: {host}")), SERVED).await;
    }
    for fields in [
        "host : x",
        " host: x",
        "host: x\r\n: y",
        "host: x\r\nno colon",
        "host: x\r\nä: y",
        "host: x\r\na\0: y",
        "host: x\r\na b: y",
        "host: x\r\na: \0",
        "host: x\r\na: b\rc",
        "host: x\r\na: \x01",
        "host: x\r\na: b\r\n c",
        "host: x\r\ntransfer-encoding:\r\n chunked",
    ] {
        server.check(request(fields), REFUSED).await;
    }
    server.check(b"GET / HTTP/1.1\r\nhost: x\r\na: \xff\xfe\r\n\r\n", SERVED).await;
    server.check(request(&format!("host: x{}", "\r\na: b".repeat(89))), SERVED).await;
    server.check(request(&format!("host: x{}", "\r\na: b".repeat(100))), &[&[431]]).await;
    server.check(request(&format!("host: x{}", "\r\na: b".repeat(50_000))), TOO_LARGE).await;
    server.check(request(&format!("host: x\r\na: {}", "b".repeat(100_000))), TOO_LARGE).await;
    server.check(request(&format!("host: x\r\na: {}", "b".repeat(2_000_000))), TOO_LARGE).await;
    server.check(request(&format!("host: x\r\n{}: b", "a".repeat(100_000))), TOO_LARGE).await;
    server.check(request("host: x\r\nconnection: host, cookie"), SERVED).await;
    server.check(request("host: x\r\nupgrade: websocket\r\nconnection: upgrade"), SERVED).await;
    server.check(request("host: x\r\nx-forwarded-for: \"<b>,,;\r\nforwarded: for=;;=,"), SERVED).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_target_s_host_counts_before_the_header() {
    let server = start().await;
    let (statuses, answer) = server.exchange(b"GET http://real:8/host HTTP/1.1\r\nhost: lie\r\n\r\n").await;
    assert_eq!(statuses, [200, 299]);
    assert!(answer.contains("real:8") && !answer.contains("lie"), "{answer}");
}

/// Every case is followed by a request that would be a second one if lengths were misread.
#[tokio::test]
async fn lengths() {
    let mut server = start().await;
    let hidden = "GET / HTTP/1.1\r\nhost: hidden\r\n\r\n";
    let request =
        |fields: &str, body: &str| format!("POST /echo HTTP/1.1\r\nhost: x\r\n{fields}\r\n\r\n{body}");
    let empty = "0\r\n\r\n";
    // Both: the length is dropped, and the connection with it, so that nothing after it is read as a request.
    for fields in
        ["content-length: 4\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 4"]
    {
        server.check(request(fields, &format!("{empty}{hidden}")), &[&[200], &[400]]).await;
    }
    for length in [
        "4\r\ncontent-length: 5",
        "0, 30",
        "4,4",
        "+5",
        "-5",
        "-0",
        "0x5",
        "1e1",
        "5.0",
        "five",
        "5 5",
        "5;",
        "1_0",
        "",
        "\"5\"",
        "5,",
        "\u{b}5",
        "٥",
        "18446744073709551616",
        "18446744073709551621",
    ] {
        server.check(request(&format!("content-length: {length}"), hidden), REFUSED).await;
    }
    server.check(request("content-length : 5", hidden), REFUSED).await;
    server.check(request("content-length: 18446744073709551615", "abcd"), &[&[431], &[413]]).await;
    server.check(request("content-length: 9999999999999", "abcd"), &[&[413]]).await;
    server.check(request("content-length: 4\r\ncontent-length: 4", "same"), SERVED).await;
    server.check(request("content-length: 0004", "zero"), &[&[200, 299], &[400]]).await;
    for coding in [
        "identity",
        "gzip",
        "xchunked",
        "chunked, identity",
        "\"chunked\"",
        "\u{b}chunked",
        "",
        "chunked;x=1",
        "chunked\r\ntransfer-encoding: identity",
        "chunked, chunked",
        "gzip, chunked",
        "foo, chunked",
        "identity\r\ntransfer-encoding: chunked",
        ", chunked",
        "chunked,",
        "chunked\r\ntransfer-encoding: chunked",
    ] {
        let request = request(&format!("transfer-encoding: {coding}"), &format!("{empty}{hidden}"));
        server.check(request, &[&[400], &[501]]).await;
    }
    server
        .check(
            format!("POST /echo HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{empty}"),
            REFUSED,
        )
        .await;
    server
        .check(format!("GET / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{empty}"), SERVED)
        .await;
    // What nobody reads is read over, or ends the connection; it is never a request.
    for start in ["GET /", "OPTIONS /", "POST /nowhere", "DELETE /"] {
        let request =
            format!("{start} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{hidden}", hidden.len());
        let (statuses, answer) = server.exchange(request.as_bytes()).await;
        assert!(matches!(statuses[..], [_] | [_, 299]), "{start}: {answer}");
    }
    server.check(request("content-length: 2\r\nexpect: 100-continue", "ab"), &[&[100, 200, 299]]).await;
    server.check(request("content-length: 99999999\r\nexpect: 100-continue", ""), &[&[413]]).await;
    // A body that is shorter than it says, then the end: the command does not run.
    let mut socket = server.0.connect().await;
    socket.write_all(request("content-length: 10", "half").as_bytes()).await.unwrap();
    socket.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"));
    let calls = server.0.log.so_far();
    let allowed = ["", "same", "zero", "ab"];
    assert!(calls.iter().all(|call| allowed.contains(&call.as_str())), "{calls:?}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn chunks() {
    let server = start().await;
    let request =
        |body: &str| format!("POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{body}");
    for body in [
        "zz\r\nab\r\n0\r\n\r\n",
        "\r\nab\r\n0\r\n\r\n",
        "-5\r\nab\r\n0\r\n\r\n",
        "+2\r\nab\r\n0\r\n\r\n",
        "0x2\r\nab\r\n0\r\n\r\n",
        "0_2\r\nab\r\n0\r\n\r\n",
        " 2\r\nab\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nab",
        "2\nab\r\n0\r\n\r\n",
        "2\rab\r\n0\r\n\r\n",
        "2\r\nab\n0\r\n\r\n",
        "2\r\nab0\r\n\r\n",
        "2;a\nb\r\nab\r\n0\r\n\r\n",
        "2\r\nabc\r\n0\r\n\r\n",
    ] {
        server.check(request(body), REFUSED).await;
    }
    server.check(request("ffffffffffffffff\r\nab"), &[&[400], &[408], &[413]]).await;
    server.check(request(&format!("2;{}\r\nab\r\n0\r\n\r\n", "x".repeat(20_000))), REFUSED).await;
    server
        .check(request(&format!("2\r\nab\r\n0\r\na: {}\r\n\r\n", "x".repeat(70_000))), &[&[400], &[431]])
        .await;
    server
        .check(request("2\r\nab\r\n0\r\ncookie: a=b\r\nhost: y\r\ncontent-length: 9\r\n\r\n"), SERVED)
        .await;
    server.check(request(&format!("{}0\r\n\r\n", "1\r\na\r\n".repeat(5000))), SERVED).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn targets() {
    let server = start().await;
    for path in [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc",
        "/%252e%252e/x",
        "/..%5cx",
        "/%c0%ae%c0%ae/x",
        "/%00",
        "//",
        "//evil.example/",
        "/\\evil",
        "/%2f%2fevil",
        "/./x",
        "/%zz",
        "/%",
        "/%4",
        "/%u0041",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        let (statuses, answer) = server.exchange(request.as_bytes()).await;
        let is_refused = matches!(statuses[..], [400 | 404, 299] | [400]);
        let is_local = statuses.first() == Some(&308) && !answer.contains("location: //");
        assert!(is_refused || is_local, "{path}: {answer}");
        assert!(!answer.contains("evil"), "{path}: {answer}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn requests_that_are_sent_at_once_are_answered_in_their_order() {
    let server = start().await;
    let bytes = "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(30);
    let (statuses, _) = server.exchange(bytes.as_bytes()).await;
    assert_eq!(statuses.len(), 31);
    assert_eq!(statuses.last(), Some(&299));
    // Byte by byte, with urgency, is the same request.
    let mut socket = server.0.connect().await;
    socket.set_nodelay(true).unwrap();
    for byte in b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" {
        socket.write_all(&[*byte]).await.unwrap();
    }
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nhome"), "{answer}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_flood_of_resets_ends_its_own_connection_and_nothing_else() {
    let server = start().await;
    let socket = server.0.connect().await;
    let (mut reader, mut writer) = socket.into_split();
    let flood = tokio::spawn(async move {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(4, 0, 0, &[]));
        // GET http://x/, in HPACK's static table but for the host.
        let head = [0x82, 0x86, 0x84, 0x41, 1, b'x'];
        // Many times what the system holds of it on the way.
        for stream in (1_u32..1_000_000).step_by(2) {
            bytes.extend(frame(1, 5, stream, &head));
            bytes.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
            if bytes.len() > 16_384 && writer.write_all(&std::mem::take(&mut bytes)).await.is_err() {
                return true;
            }
        }
        false
    });
    let mut answer = Vec::new();
    let _ = reader.read_to_end(&mut answer).await;
    assert!(flood.await.unwrap(), "the connection was not ended");
    // GOAWAY for ENHANCE_YOUR_CALM, where the reset of the connection has not overtaken it.
    let calm = 11_u32.to_be_bytes();
    assert!(answer.is_empty() || answer.windows(4).any(|code| code == calm), "{answer:?}");
    server.check("GET / HTTP/1.1\r\nhost: x\r\n\r\n", SERVED).await;
    server.stop().await.unwrap();
}
