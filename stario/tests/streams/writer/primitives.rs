//! `write_headers`, `write` and `end`, which everything else is made of.

use std::pin::Pin;

use stario::Limits;
use stario::prelude::*;
use tokio::io::AsyncReadExt;

use super::{Answer, Server, local};
use crate::app;
use crate::support::patiently;
use crate::support::probe::Probe;

#[app::query("/by-hand", app = local)]
async fn by_hand(w: Writer) -> Result {
    w.set_header("content-type", "text/html; charset=utf-8")?.set_header("content-length", 16)?;
    w.write_headers(StatusCode::OK)?.write("<div>").await?.write("Hello").await?.write("</div>").await?;
    Ok(w.end()?)
}

/// Sends its head and then nothing until the test says so.
#[app::query("/head-first", app = local)]
async fn head_first(probe: State<Probe>, w: Writer) -> Result {
    w.set_header("x-own", "1")?.write_headers(StatusCode::IM_A_TEAPOT)?;
    probe.released().await;
    w.write("body").await?;
    Ok(())
}

/// The same when its call is a task already.
#[app::query("/head-after-a-wait", app = local)]
async fn head_after_a_wait(probe: State<Probe>, w: Writer) -> Result {
    probe.log("waits");
    probe.released().await;
    head_first(probe, w).await
}

#[app::query("/write", app = local)]
async fn write(w: Writer) -> Result {
    w.write(b"one ").await?.write(vec![b't', b'w', b'o']).await?;
    Ok(w.end()?)
}

#[app::query("/status-then-write", app = local)]
async fn status_then_write(w: Writer) -> Result {
    let w = w.status(StatusCode::NOT_FOUND);
    w.write("nothing here").await?;
    Ok(())
}

#[app::query("/file", app = local)]
async fn file(w: Writer) -> Result {
    let file: Vec<u8> = (0..=255).cycle().take(1024).collect();
    w.set_header("Content-Type", "application/octet-stream")?.set_header("Content-Length", "1024")?;
    w.write_headers(StatusCode::OK)?.write(file).await?;
    Ok(w.end()?)
}

#[app::query("/end", app = local)]
async fn end(w: Writer) -> Result {
    Ok(w.end()?)
}

#[app::query("/end-with", app = local)]
async fn end_with(w: Writer) -> Result {
    Ok(w.end_with("final bytes")?)
}

#[app::query("/end-with-nothing", app = local)]
async fn end_with_nothing(w: Writer) -> Result {
    Ok(w.end_with("")?)
}

#[app::query("/write-and-end-with", app = local)]
async fn write_and_end_with(w: Writer) -> Result {
    w.write("first, ").await?;
    Ok(w.end_with("last")?)
}

/// Ends, and then waits: the response does not.
#[app::query("/end-early", app = local)]
async fn end_early(probe: State<Probe>, w: Writer) -> Result {
    w.write("all").await?;
    w.end()?;
    probe.released().await;
    Ok(())
}

#[app::query("/no-content", app = local)]
async fn no_content(w: Writer) -> Result {
    w.set_header("content-length", 4)?.write_headers(StatusCode::NO_CONTENT)?;
    Ok(w.end()?)
}

#[app::query("/not-modified", app = local)]
async fn not_modified(w: Writer) -> Result {
    w.set_header("etag", "\"1\"")?.write_headers(StatusCode::NOT_MODIFIED)?;
    Ok(())
}

/// More than any buffer holds, in pieces of all sizes.
const LARGE: usize = 8 * 1024 * 1024;

fn large(start: usize, length: usize) -> Vec<u8> {
    (0..251).cycle().skip(start % 251).take(length).collect()
}

#[app::query("/large", app = local)]
async fn send_large(w: Writer) -> Result {
    let (mut sent, mut size) = (0, 1);
    while sent < LARGE {
        let length = size.min(LARGE - sent);
        w.write(large(sent, length)).await?;
        sent += length;
        size = size * 3 % 200_003 + 1;
    }
    Ok(())
}

/// Passes on what it gets, as a proxy does.
#[app::command("/echo", app = local)]
async fn echo(mut body: stario::BodyStream, headers: stario::http::HeaderMap, w: Writer) -> Result {
    if let Some(kind) = headers.get("content-type") {
        w.set_header("content-type", kind)?;
    }
    w.set_header("transfer-encoding", "gzip, chunked")?.write_headers(StatusCode::OK)?;
    while let Some(chunk) = std::future::poll_fn(|ctx| Pin::new(&mut body).poll_next(ctx)).await {
        w.write(chunk?).await?;
    }
    Ok(())
}

#[tokio::test]
async fn methods_of_whole_responses_are_what_the_primitives_can_do() {
    let server = Server::start().await;
    let mut answers = Vec::new();
    for path in ["/by-hand", "/html"] {
        let mut answer = server.answer(&format!("GET {path} HTTP/1.1")).await;
        answer.headers.retain(|(name, _)| !matches!(&**name, "date" | "x-request-id"));
        answer.headers.sort();
        answers.push(answer);
    }
    assert_eq!(format!("{:?}", answers[0]), format!("{:?}", answers[1]));
    server.stop().await;
}

#[tokio::test]
async fn write_headers_sends_at_once() {
    // No timer of the connection may look for the head before the test gives up.
    let long = Duration::from_secs(3600);
    let limits = Limits::default().head_timeout(long).keep_alive_timeout(long).write_timeout(long);
    let mut server = Server::start_with(|app| app.limits(limits)).await;
    for path in ["/head-first", "/head-after-a-wait"] {
        let mut client = server.ask(&format!("GET {path} HTTP/1.1")).await;
        if path == "/head-after-a-wait" {
            assert_eq!(server.said().await, "waits");
            server.probe.release(1);
        }
        let head = client.until("\r\n\r\n").await;
        assert!(head.starts_with("HTTP/1.1 418 ") && head.contains("\r\nx-own: 1\r\n"), "{head}");
        assert!(client.read.is_empty());
        server.probe.release(1);
        client.until("4\r\nbody\r\n").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn the_status_is_chosen_before_the_first_write_or_is_200() {
    let server = Server::start().await;
    assert_eq!(server.answer("GET /write HTTP/1.1").await.status, 200);
    let answer = server.answer("GET /status-then-write HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (404, "nothing here"));
    server.stop().await;
}

#[tokio::test]
async fn a_content_length_is_kept_and_without_one_the_body_is_chunked() {
    let server = Server::start().await;
    let answer = server.answer("GET /file HTTP/1.1").await;
    assert_eq!((answer.all("content-length"), answer.all("transfer-encoding")), (vec!["1024"], vec![]));
    let answer = server.answer("GET /write HTTP/1.1").await;
    assert_eq!((answer.all("content-length"), answer.all("transfer-encoding")), (vec![], vec!["chunked"]));
    // HTTP/1.0 has no chunks: the end of the connection is the end of the body.
    let answer = server.ask("GET /write HTTP/1.0").await.rest().await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.ends_with("\r\n\r\none two") && !answer.contains("transfer-encoding"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn write_headers_returns_the_writer() {
    // As do `set_header` and `write`; see `by_hand`.
    let server = Server::start().await;
    assert_eq!(server.answer("GET /by-hand HTTP/1.1").await.text(), "<div>Hello</div>");
    server.stop().await;
}

#[tokio::test]
async fn write_sends_bytes_after_200_and_returns_the_writer() {
    let server = Server::start().await;
    let answer = server.answer("GET /write HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (200, "one two"));
    server.stop().await;
}

#[tokio::test]
async fn a_body_of_fixed_length_is_left_as_it_is() {
    let server = Server::start().await;
    let plain = server.answer("GET /file HTTP/1.1").await;
    let answer = server.answer("GET /file HTTP/1.1\r\naccept-encoding: zstd, br, gzip").await;
    assert_eq!(answer.body, plain.body);
    assert_eq!(answer.all("content-encoding"), [""; 0]);
    server.stop().await;
}

#[tokio::test]
async fn end_completes_the_response_while_the_handler_goes_on() {
    let server = Server::start().await;
    let mut client = server.ask("GET /end-early HTTP/1.1").await;
    client.until("3\r\nall\r\n0\r\n\r\n").await;
    // The connection answers the next one.
    client.ask("GET /text HTTP/1.1").await;
    client.until("OK <b>").await;
    server.probe.release(1);
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn end_is_204_without_data_and_200_with() {
    let server = Server::start().await;
    assert_eq!(server.answer("GET /end HTTP/1.1").await.status, 204);
    let answer = server.answer("GET /end-with HTTP/1.1").await;
    assert_eq!((answer.status, &*answer.header("content-length"), answer.text()), (200, "11", "final bytes"));
    let answer = server.answer("GET /end-with-nothing HTTP/1.1").await;
    assert_eq!((answer.status, &*answer.header("content-length"), answer.text()), (200, "0", ""));
    server.stop().await;
}

#[tokio::test]
async fn end_with_writes_a_last_chunk() {
    let server = Server::start().await;
    let answer = server.answer("GET /write-and-end-with HTTP/1.1").await;
    assert_eq!(answer.text(), "first, last");
    server.stop().await;
}

#[tokio::test]
async fn end_sends_the_last_chunk_of_chunked_mode() {
    let server = Server::start().await;
    for path in ["/write", "/write-and-end-with", "/status-then-write"] {
        let answer = server.answer(&format!("GET {path} HTTP/1.1")).await;
        assert_eq!((&*answer.header("transfer-encoding"), answer.is_complete), ("chunked", true), "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn binary_data_streams_at_the_pace_of_its_reader() {
    let server = Server::start_with(|app| app.write_buffer(10_000)).await;
    let mut client = server.ask("GET /large HTTP/1.1\r\nconnection: close").await;
    let mut received = Vec::new();
    // In small bites at first, so that the handler has to wait.
    let mut bite = vec![0; 100];
    while received.len() < 100_000 {
        let count = patiently(client.socket.read(&mut bite)).await.unwrap();
        received.extend_from_slice(&bite[..count]);
    }
    received.extend(client.rest().await);
    let answer = Answer::parse(&received, false);
    assert!(answer.is_complete && answer.body == large(0, LARGE));
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_passes_on_what_it_gets() {
    let server = Server::start().await;
    let mut client =
        server.ask("POST /echo HTTP/1.1\r\ncontent-type: image/gif\r\ntransfer-encoding: chunked").await;
    let head = client.until("\r\n\r\n").await;
    assert!(head.contains("\r\ncontent-type: image/gif\r\n"), "{head}");
    assert!(head.contains("\r\ntransfer-encoding: chunked\r\n"), "{head}");
    for text in ["one", "two"] {
        client.send(format!("3\r\n{text}\r\n").as_bytes()).await;
        client.until(&format!("3\r\n{text}\r\n")).await;
    }
    client.send(b"0\r\n\r\n").await;
    client.until("0\r\n\r\n").await;
    drop(client);
    server.stop().await;
}

#[tokio::test]
async fn the_example_of_the_documentation_is_exactly_that_response() {
    let server = Server::start().await;
    let mut answer = server.answer("GET /file HTTP/1.1").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, (0..=255).cycle().take(1024).collect::<Vec<u8>>());
    answer.headers.retain(|(name, _)| !matches!(&**name, "date" | "x-request-id" | "connection"));
    let expected = [("content-type", "application/octet-stream"), ("content-length", "1024")];
    assert_eq!(answer.headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    server.stop().await;
}

#[tokio::test]
async fn statuses_without_a_body_end_with_their_head() {
    let server = Server::start().await;
    for (path, status) in [("/no-content", 204), ("/not-modified", 304)] {
        let answer = server.answer(&format!("GET {path} HTTP/1.1")).await;
        assert_eq!((answer.status, answer.text()), (status, ""));
        assert_eq!(answer.all("content-length"), [""; 0], "{path}");
        assert_eq!(answer.all("transfer-encoding"), [""; 0], "{path}");
    }
    let answer = server.answer("HEAD /file HTTP/1.1").await;
    assert_eq!((answer.status, &*answer.header("content-length"), answer.text()), (200, "1024", ""));
    let answer = server.answer("HEAD /write HTTP/1.1").await;
    assert_eq!((answer.status, answer.text()), (200, ""));
    server.stop().await;
}

/// Long and dull, so that it is worth compressing.
const DULL: &str = "the same again and again, ";

#[app::query("/compressible", app = local)]
async fn compressible(probe: State<Probe>, w: Writer) -> Result {
    w.set_header("content-type", "text/plain")?;
    w.write(DULL.repeat(1000)).await?;
    probe.released().await;
    w.write("and out").await?;
    Ok(w.end()?)
}

#[app::query("/compressible-page", app = local)]
async fn compressible_page(w: Writer) -> Result {
    Ok(w.text(DULL.repeat(1000))?)
}

#[app::query("/compressible-of-fixed-length", app = local)]
async fn compressible_of_fixed_length(w: Writer) -> Result {
    let text = DULL.repeat(1000);
    w.set_header("content-type", "text/plain")?.set_header("content-length", text.len())?;
    w.write(text).await?;
    Ok(())
}

/// What `gzip` makes of it, an implementation other than the one that compressed it.
async fn gunzip(bytes: Vec<u8>) -> String {
    let unzip = move || {
        let mut child = std::process::Command::new("gzip")
            .arg("-dc")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let writer = std::thread::spawn(move || std::io::Write::write_all(&mut input, &bytes).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    tokio::task::spawn_blocking(unzip).await.unwrap()
}

#[tokio::test]
async fn write_compresses_in_chunked_mode_and_each_write_goes_out() {
    let server = Server::start().await;
    let mut client =
        server.ask("GET /compressible HTTP/1.1\r\naccept-encoding: gzip\r\nconnection: close").await;
    let head = client.until("\r\n\r\n").await;
    assert!(head.contains("\r\ncontent-encoding: gzip\r\n"), "{head}");
    // The first write is there before the second one is made.
    while client.read.len() < 30 {
        let count = patiently(client.socket.read_buf(&mut client.read)).await.unwrap();
        assert!(count > 0);
    }
    server.probe.release(1);
    let bytes = [head.into_bytes(), client.rest().await].concat();
    let answer = Answer::parse(&bytes, false);
    assert!(answer.is_complete && answer.body.len() < 2000);
    assert_eq!(gunzip(answer.body).await, DULL.repeat(1000) + "and out");
    server.stop().await;
}

#[tokio::test]
async fn a_compressible_body_of_fixed_length_is_left_as_it_is() {
    let server = Server::start().await;
    let answer =
        server.answer("GET /compressible-of-fixed-length HTTP/1.1\r\naccept-encoding: zstd, br, gzip").await;
    assert_eq!(answer.text(), DULL.repeat(1000));
    assert_eq!(answer.all("content-encoding"), [""; 0]);
    server.stop().await;
}

#[tokio::test]
async fn the_coding_is_chosen_by_what_the_client_accepts() {
    let server = Server::start().await;
    for (accepted, chosen) in [
        ("zstd, br, gzip", "zstd"),
        ("br, gzip", "br"),
        ("gzip", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("x", ""),
    ] {
        let request = format!("GET /compressible-page HTTP/1.1\r\naccept-encoding: {accepted}");
        let answer = server.answer(&request).await;
        assert_eq!(answer.header("content-encoding"), chosen, "{accepted}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{accepted}");
    }
    server.stop().await;
}

#[app::query("/a-file", app = local)]
async fn a_file(w: Writer) -> Result {
    Ok(w.respond(stario::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).await?)?)
}

#[tokio::test]
async fn a_file_is_answered_in_ranges_and_under_conditions() {
    let server = Server::start().await;
    let whole = server.answer("GET /a-file HTTP/1.1").await;
    assert_eq!(whole.status, 200);
    let part = server.answer("GET /a-file HTTP/1.1\r\nrange: bytes=1-3").await;
    assert_eq!((part.status, &*part.body), (206, &whole.body[1..4]));
    let request = format!("GET /a-file HTTP/1.1\r\nif-none-match: {}", whole.header("etag"));
    assert_eq!(server.answer(&request).await.status, 304);
    server.stop().await;
}
