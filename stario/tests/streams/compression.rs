//! Compression: who gets which coding, and that each event can be decoded when it arrives. Bodies are decoded
//! by other implementations than those that encoded them: `ruzstd`, `brotli-decompressor` and `miniz_oxide`.

use std::io::Read;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use http::header::{HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Version};
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};
use stario::prelude::*;
use stario::{App, Body, BodyStream, Bytes, Cleanup, Compression, ContentCoding, Decompression, dependency};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::app;
use crate::support::server;

stario::app!(local);

const CODINGS: [(&str, ContentCoding); 3] =
    [("zstd", ContentCoding::Zstd), ("br", ContentCoding::Brotli), ("gzip", ContentCoding::Gzip)];

/// What could be decoded of a body, and whether it has its end.
#[derive(Debug, PartialEq)]
pub(crate) struct Decoded {
    pub(crate) text: String,
    pub(crate) is_complete: bool,
}

pub(crate) fn decode(coding: &str, body: &[u8]) -> Decoded {
    let (bytes, is_complete) = match coding {
        "zstd" => decode_zstd(body),
        "br" => decode_brotli(body),
        "gzip" => decode_gzip(body),
        other => panic!("`{other}` is no coding"),
    };
    Decoded { text: String::from_utf8(bytes).unwrap(), is_complete }
}

fn decode_zstd(body: &[u8]) -> (Vec<u8>, bool) {
    if body.is_empty() {
        return (Vec::new(), false);
    }
    let decode = |mut frames: &[u8]| {
        let mut decoded = Vec::new();
        while !frames.is_empty() {
            ruzstd::decoding::StreamingDecoder::new(&mut frames).ok()?.read_to_end(&mut decoded).ok()?;
        }
        Some(decoded)
    };
    if let Some(decoded) = decode(body) {
        return (decoded, true);
    }
    // The decoder keeps its window to itself until the frame ends. What was flushed ends with a block, so
    // that an empty last one (RFC 8878, section 3.1.1.2) is all that is missing.
    let ended = [body, &[1, 0, 0]].concat();
    (decode(&ended).expect("whole blocks"), false)
}

fn decode_brotli(body: &[u8]) -> (Vec<u8>, bool) {
    let alloc = StandardAlloc::default;
    let mut state = BrotliState::new(alloc(), alloc(), alloc());
    let (mut decoded, mut piece) = (Vec::new(), [0; 4096]);
    let (mut left, mut taken) = (body.len(), 0);
    loop {
        let (mut space, mut made) = (piece.len(), 0);
        let result = BrotliDecompressStream(
            &mut left, &mut taken, body, &mut space, &mut made, &mut piece, &mut 0, &mut state,
        );
        decoded.extend_from_slice(&piece[..made]);
        match result {
            BrotliResult::ResultSuccess => return (decoded, left == 0),
            BrotliResult::NeedsMoreInput if made == 0 => return (decoded, false),
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
            BrotliResult::ResultFailure => panic!("no brotli"),
        }
    }
}

fn decode_gzip(body: &[u8]) -> (Vec<u8>, bool) {
    let Some((head, mut body)) = body.split_first_chunk::<10>() else { return (Vec::new(), false) };
    // Deflate, and no optional fields (RFC 1952, section 2.3).
    assert_eq!(head[..4], [0x1F, 0x8B, 8, 0]);
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    let (mut decoded, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let result = inflate(&mut state, body, &mut piece, MZFlush::None);
        body = &body[result.bytes_consumed..];
        decoded.extend_from_slice(&piece[..result.bytes_written]);
        match result.status {
            Ok(MZStatus::StreamEnd) => break,
            Ok(_) if result.bytes_consumed + result.bytes_written > 0 => {}
            Ok(_) | Err(MZError::Buf) => return (decoded, false),
            Err(error) => panic!("no deflate: {error:?}"),
        }
    }
    let mut checksum = !0;
    for byte in &decoded {
        checksum ^= u32::from(*byte);
        for _ in 0..8 {
            checksum = checksum >> 1 ^ if checksum & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    let length = u32::try_from(decoded.len()).unwrap();
    let is_complete = body == [(!checksum).to_le_bytes(), length.to_le_bytes()].concat();
    (decoded, is_complete)
}

fn page_text() -> String {
    let numbers: Vec<String> = (0..200).map(|number| number.to_string()).collect();
    numbers.join(" of 200 lines of a page. ")
}

#[app::query("/page", app = local)]
async fn page() -> String {
    page_text()
}

/// A response as the request says: `status: 304 | length: 10 | etag: "x"`, and 1000 bytes unless it says so.
#[app::query("/as-told", app = local)]
async fn as_told(respond: Header<String>) -> Response {
    let mut response = Response::default();
    let mut length = 1000;
    for (name, value) in respond.split(" | ").filter_map(|field| field.split_once(": ")) {
        match name {
            "status" => *response.status_mut() = StatusCode::from_bytes(value.as_bytes()).unwrap(),
            "length" => length = value.parse().unwrap(),
            _ => {
                let name: HeaderName = name.parse().unwrap();
                response.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
            }
        }
    }
    *response.body_mut() = "a".repeat(length).into();
    response
}

/// What a stream does next. It ends when there is nothing to come.
enum Step {
    Say(String),
    Fail,
}

struct Steps {
    steps: tokio::sync::Mutex<mpsc::UnboundedReceiver<Step>>,
    log: mpsc::UnboundedSender<&'static str>,
}

/// What the app takes, what the test tells it, and what then happens.
fn steps() -> (Steps, mpsc::UnboundedSender<Step>, mpsc::UnboundedReceiver<&'static str>) {
    let ((sender, steps), (log, happened)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    (Steps { steps: tokio::sync::Mutex::new(steps), log }, sender, happened)
}

/// Says so when it is dropped.
struct Guard(mpsc::UnboundedSender<&'static str>, &'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        // The test may be over.
        let _ = self.0.send(self.1);
    }
}

#[dependency]
async fn session(steps: State<Steps>, cleanup: Cleanup) -> Guard {
    let log = steps.log.clone();
    cleanup.defer(async move { drop(Guard(log, "cleaned up")) });
    Guard(steps.log.clone(), "session dropped")
}

#[app::query("/events", app = local)]
async fn events(steps: State<Steps>, _session: &Guard) -> impl Stream<Item = stario::Result<Event>> {
    try_stream! {
        let _guard = Guard(steps.log.clone(), "stream dropped");
        let mut steps = steps.steps.lock().await;
        while let Some(step) = steps.recv().await {
            match step {
                Step::Say(text) => yield json!({ "text": text }),
                Step::Fail => Err(std::io::Error::other("told to fail"))?,
            }
        }
    }
}

/// A page that never comes.
#[app::query("/wait", app = local)]
async fn wait(steps: State<Steps>) -> String {
    let _guard = Guard(steps.log.clone(), "page dropped");
    let _ = steps.log.send("page begun");
    std::future::pending().await
}

/// A body in pieces, of which the head may tell the length.
struct Pieces(Vec<&'static str>);

impl Stream for Pieces {
    type Item = Result<stario::Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.pop().map(|piece| Ok(piece.into())))
    }
}

#[app::query("/pieces", app = local)]
async fn pieces(fixed: QueryParam<bool>) -> Response {
    let mut response = Response::new(Body::stream(Pieces(vec!["", "three", "two, ", "", "one, "])));
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/plain"));
    if *fixed {
        response.headers_mut().insert("content-length", 15.into());
    }
    response
}

/// Its streams end at once.
fn client_with(compression: Compression) -> TestClient {
    let steps = steps().0;
    TestClient::new(local::new().state(steps).compression(compression))
}

fn client() -> TestClient {
    client_with(Compression::new())
}

/// Settings by which streams are sent in every coding.
fn all_codings() -> Compression {
    Compression::new().codings(CODINGS.map(|(_, coding)| coding))
}

#[test]
fn a_page_is_compressed_in_each_coding() {
    for (name, _) in CODINGS {
        let res = client().get("/page").header("accept-encoding", name).send();
        assert_eq!(res.header("content-encoding"), name);
        assert_eq!(res.header("vary"), "accept-encoding");
        assert_eq!(decode(name, res.bytes()), Decoded { text: page_text(), is_complete: true });
        assert!(res.bytes().len() < page_text().len() / 5, "{name}: {}", res.bytes().len());
    }
}

#[test]
fn a_large_page_is_compressed_in_each_coding() {
    // More than fits the windows that small bodies get, and more than is compressed at once.
    for (name, coding) in CODINGS {
        for level in [1, 5, 9] {
            let client = client_with(Compression::new().level(coding, level));
            let request = client.get("/as-told").header("accept-encoding", name);
            let told = "length: 3000000 | content-type: text/css";
            let res = request.header("respond", told).send();
            assert_eq!(res.header("content-encoding"), name);
            assert_eq!(decode(name, res.bytes()), Decoded { text: "a".repeat(3_000_000), is_complete: true });
        }
    }
}

#[test]
fn nothing_is_done_without_accept_encoding() {
    let res = client().get("/page").send();
    assert_eq!(res.text(), page_text());
    assert_eq!((res.header("content-encoding"), res.header("vary")), ("", ""));
}

#[test]
fn nothing_is_done_where_it_is_off() {
    let client = client_with(Compression::off());
    let res = client.get("/page").header("accept-encoding", "gzip").send();
    assert_eq!(res.text(), page_text());
    assert_eq!((res.header("content-encoding"), res.header("vary")), ("", ""));
}

/// The coding and the `vary` of a response that is asked for with `accept-encoding: gzip, identity;q=0.5`.
fn coded(told: &str) -> (String, String) {
    let request = client().get("/as-told").header("respond", told);
    let res = request.header("accept-encoding", "gzip, identity;q=0.5").send();
    (res.header("content-encoding").to_owned(), res.header("vary").to_owned())
}

#[test]
fn what_is_worth_it_is_compressed() {
    let check = |told: &str| {
        assert_eq!(coded(told), ("gzip".to_owned(), "accept-encoding".to_owned()), "{told}");
    };
    check("content-type: text/html; charset=utf-8");
    check("content-type: application/problem+json");
    check("content-type: text/plain | length: 512");
    check("content-type: text/plain | status: 404");
    check("content-type: text/plain | status: 500");
    check("content-type: text/plain | content-length: 1000");
    check("content-type: text/plain | cache-control: no-cache, private");
}

#[test]
fn what_is_not_is_left_alone() {
    let check = |told: &str, coding: &str| {
        assert_eq!(coded(told), (coding.to_owned(), String::new()), "{told}");
    };
    check("length: 1000", "");
    check("content-type: image/png", "");
    check("content-type: text/plain | length: 511", "");
    check("content-type: text/plain | length: 0", "");
    check("content-type: text/plain | content-encoding: br", "br");
    check("content-type: text/plain | content-encoding: identity", "identity");
    check("content-type: text/plain | cache-control: no-transform", "");
    check("content-type: text/plain | cache-control: private | cache-control: max-age=1,No-Transform", "");
    check("content-type: text/plain | status: 204 | length: 0", "");
    check("content-type: text/plain | status: 205 | length: 0", "");
}

#[test]
fn a_range_is_as_it_is_and_varies_as_the_whole_does() {
    let told = "content-type: text/plain | status: 206 | content-range: bytes 0-999/2000";
    assert_eq!(coded(told), (String::new(), "accept-encoding".to_owned()));
}

#[test]
fn vary_is_merged() {
    let check = |told: &str, expected: &str| {
        assert_eq!(coded(&format!("content-type: text/plain | {told}")).1, expected, "{told}");
    };
    check("vary: cookie", "cookie, accept-encoding");
    check("vary: cookie | vary: origin, accept", "cookie, origin, accept, accept-encoding");
    check("vary: Accept-Encoding", "Accept-Encoding");
    check("vary: cookie,ACCEPT-ENCODING", "cookie,ACCEPT-ENCODING");
    check("vary: *", "*");
    // The head of what a cache has already.
    check("status: 304 | length: 0 | vary: cookie", "cookie, accept-encoding");
}

#[test]
fn vary_is_said_where_the_client_accepts_nothing() {
    for accepted in ["identity", "gzip;q=0", "", "deflate", "gzip;q=foo"] {
        let res = client().get("/page").header("accept-encoding", accepted).send();
        assert_eq!(
            (res.header("content-encoding"), res.header("vary")),
            ("", "accept-encoding"),
            "{accepted}"
        );
        assert_eq!(res.text(), page_text());
    }
}

#[test]
fn what_would_grow_is_sent_as_it_is() {
    let client = client_with(Compression::new().threshold(0));
    let ask = |length: usize| {
        let told = format!("content-type: text/plain | length: {length}");
        client.get("/as-told").header("respond", told).header("accept-encoding", "gzip").send()
    };
    let res = ask(5);
    assert_eq!(
        (res.text(), res.header("content-encoding"), res.header("vary")),
        ("aaaaa", "", "accept-encoding")
    );
    assert_eq!(ask(100).header("content-encoding"), "gzip");
    assert_eq!(ask(0).header("vary"), "");
}

#[test]
fn a_client_that_refuses_identity_gets_short_bodies_compressed() {
    let told = "content-type: text/plain | length: 100";
    let ask = |accepted: &str| {
        let request = client().get("/as-told").header("respond", told).header("accept-encoding", accepted);
        request.send().header("content-encoding").to_owned()
    };
    assert_eq!(ask("gzip, identity;q=0"), "gzip");
    assert_eq!(ask("br, *;q=0"), "br");
    assert_eq!(ask("gzip"), "");
    // There is nothing that it accepts, and something is better than a refusal.
    assert_eq!(ask("deflate, *;q=0"), "");
}

#[test]
fn tags_become_weak_and_ranges_are_not_offered() {
    let check = |tag: &str, expected: &str| {
        let told = format!("content-type: text/plain | accept-ranges: bytes | etag: {tag}");
        let request = client().get("/as-told").header("respond", told);
        let res = request.header("accept-encoding", "br").send();
        assert_eq!((res.header("etag"), res.header("accept-ranges")), (expected, ""));
    };
    check("\"abc\"", "W/\"abc\"");
    check("W/\"abc\"", "W/\"abc\"");
    let told = "content-type: text/plain | accept-ranges: bytes | etag: \"abc\"";
    let res = client().get("/as-told").header("respond", told).send();
    assert_eq!((res.header("etag"), res.header("accept-ranges")), ("\"abc\"", "bytes"));
}

#[test]
fn no_accept_encoding_is_an_error() {
    let long = "x-nothing;q=0.5, ".repeat(480);
    for accepted in [
        "gzip;q=foo",
        "gzip;q=-1",
        "gzip;q=1e9",
        "*;q=0, identity;q=0",
        "",
        "\"gzip\"",
        "gzip;q=\"1\"",
        ";;;,,,",
        "q=1",
        "gzip;q=99999999999999999999",
        "*;*;*",
        "=",
        "gzip;q=0.00000000001",
        long.as_str(),
    ] {
        let res = client().get("/page").header("accept-encoding", accepted).send();
        assert_eq!((res.status().as_u16(), res.text()), (200, page_text().as_str()), "{accepted}");
    }
    let res = client().get("/page").header("accept-encoding", &b"gzip\xff, br;q=\x80"[..]).send();
    assert_eq!(res.text(), page_text());
}

#[test]
fn head_has_the_head_of_get() {
    let client = client();
    for path in ["/page", "/pieces?fixed=false", "/pieces?fixed=true", "/nowhere"] {
        for accepted in ["gzip", "br", "identity"] {
            let ask = |method| client.request(method, path).header("accept-encoding", accepted).send();
            let (get, head) = (ask(Method::GET), ask(Method::HEAD));
            assert_eq!(head.bytes(), b"");
            for name in ["content-encoding", "content-type", "vary"] {
                assert_eq!(head.header(name), get.header(name), "{name} of {path} in {accepted}");
            }
            if path != "/pieces?fixed=false" {
                assert_eq!(
                    head.header("content-length"),
                    get.bytes().len().to_string(),
                    "{path} in {accepted}"
                );
            }
        }
    }
}

#[test]
fn a_body_in_pieces_is_compressed_unless_its_length_is_told() {
    for (name, _) in CODINGS {
        let client = client_with(all_codings());
        let res = client.get("/pieces?fixed=false").header("accept-encoding", name).send();
        assert_eq!(
            decode(name, res.bytes()),
            Decoded { text: "one, two, three".to_owned(), is_complete: true }
        );
        let res = client.get("/pieces?fixed=true").header("accept-encoding", name).send();
        assert_eq!(
            (res.text(), res.header("content-encoding"), res.header("vary")),
            ("one, two, three", "", "")
        );
    }
}

#[test]
fn a_stream_is_in_brotli_only_where_the_app_says_so() {
    let coding = |client: &TestClient, accepted: &str| {
        let res = client.get("/pieces?fixed=false").header("accept-encoding", accepted).send();
        assert_eq!(res.header("vary"), "accept-encoding");
        res.header("content-encoding").to_owned()
    };
    let usual = client();
    for (accepted, expected) in
        [("br, gzip, zstd", "zstd"), ("br, gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("br", "")]
    {
        assert_eq!(coding(&usual, accepted), expected, "{accepted}");
    }
    assert_eq!(coding(&client_with(all_codings()), "br"), "br");
}

#[test]
fn the_app_checks_its_settings() {
    let compression = Compression::new()
        .level(ContentCoding::Gzip, 10)
        .stream_level(ContentCoding::Zstd, 23)
        .types(["text"]);
    let problems = local::new().compression(compression).check().unwrap_err().to_string();
    for expected in [
        "gzip has no level 10: expected 1 to 9",
        "zstd has no level 23 for streams: expected 1 to 22",
        "`text` is not a content type to compress",
    ] {
        assert!(problems.contains(expected), "{problems}");
    }
}

#[test]
fn the_test_client_reads_what_is_compressed() {
    for (name, _) in CODINGS {
        let res = client().get("/page").header("accept-encoding", name).send();
        assert_eq!((res.text(), res.header("content-encoding")), (&*page_text(), name));
        assert!(res.bytes().len() < page_text().len());
        let (state, sender, _happened) = steps();
        let client = TestClient::new(local::new().state(state));
        let mut events = client.get("/events").header("accept-encoding", name).open().send();
        for number in 0..3 {
            // It is not sent before the one ahead of it has arrived.
            sender.send(Step::Say(number.to_string())).unwrap();
            let signals = events.next().wait().unwrap().signals();
            assert_eq!(signals, Some(json!({ "text": number.to_string() })), "{name}");
        }
        drop(sender);
        assert_eq!(events.next().wait(), None);
        let res = client.request(Method::HEAD, "/page").header("accept-encoding", name).send();
        assert_eq!((res.text(), res.header("content-encoding")), ("", name));
    }
}

#[test]
#[should_panic(expected = "the response cannot be decompressed: the body is not whole `br`")]
fn the_test_client_takes_nothing_for_what_it_is_not() {
    let res = client().get("/as-told").header("respond", "content-encoding: br").send();
    assert_eq!(res.bytes().len(), 1000);
    res.text();
}

// Request bodies.

#[app::command("/echo", app = local)]
async fn echo(text: RawBody<String>) -> String {
    text.0
}

#[app::command("/read-json", app = local)]
async fn read_json(number: JsonBody<u8>) -> u8 {
    number.0
}

#[app::command("/count", app = local)]
async fn count(mut body: BodyStream) -> stario::Result<usize> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await {
        length += chunk?.len();
    }
    Ok(length)
}

fn receiver(body_limit: usize) -> TestClient {
    let steps = steps().0;
    let app = local::new().state(steps).body_limit(body_limit);
    TestClient::new(app.decompression(Decompression::new().ratio(50)))
}

/// `text` that was compressed, as the app itself does it.
fn encoded(coding: &str, length: usize) -> Vec<u8> {
    let told = format!("content-type: text/plain | length: {length}");
    let client = client_with(Compression::new().threshold(0));
    let res = client.get("/as-told").header("respond", told).header("accept-encoding", coding).send();
    assert_eq!(res.header("content-encoding"), coding);
    res.bytes().to_vec()
}

fn send(client: &TestClient, path: &str, coding: &str, body: impl Into<Body>) -> (u16, String) {
    let res = client.post(path).header("content-encoding", coding).body(body).send();
    (res.status().as_u16(), res.text().to_owned())
}

/// A body that comes byte by byte.
struct Bytewise(Vec<u8>, usize);

impl Stream for Bytewise {
    type Item = Result<stario::Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let byte = self.0.get(self.1).map(|byte| Ok(vec![*byte].into()));
        self.1 += 1;
        Poll::Ready(byte)
    }
}

#[test]
fn a_compressed_body_is_read_where_the_app_takes_it() {
    let client = receiver(1_000_000);
    for (name, _) in CODINGS {
        // Around the sizes of buffers on the way.
        for length in [100, 16_383, 16_384, 16_385, 32_768, 65_536, 100_000] {
            let (body, text) = (encoded(name, length), "a".repeat(length));
            assert_eq!(send(&client, "/echo", name, body.clone()), (200, text.clone()), "{name} {length}");
            assert_eq!(send(&client, "/count", name, body.clone()), (200, length.to_string()), "{name}");
            let bytewise = Body::stream(Bytewise(body, 0));
            assert_eq!(send(&client, "/echo", name, bytewise), (200, text), "{name} {length} by bytes");
        }
        assert_eq!(send(&client, "/echo", name, ""), (200, String::new()), "{name}");
    }
    let gzip = encoded("gzip", 100);
    assert_eq!(send(&client, "/echo", "X-GZIP", gzip.clone()).0, 200);
    assert_eq!(send(&client, "/echo", "identity", "plain"), (200, "plain".to_owned()));
    // What `printf 'hello ' | gzip` writes.
    let member = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x57\0\0\xf6\xf9\x81\xed\x06\0\0\0";
    let members = [&member[..], &member[..]].concat();
    assert_eq!(send(&client, "/echo", "gzip", members), (200, "hello hello ".to_owned()));
    let frames = [encoded("zstd", 100), encoded("zstd", 200)].concat();
    assert_eq!(send(&client, "/echo", "zstd", frames), (200, "a".repeat(300)));
}

#[test]
fn limits_hold_for_what_comes_out() {
    for (name, _) in CODINGS {
        let body = encoded(name, 100_000);
        let (status, text) = send(&receiver(99_999), "/echo", name, body.clone());
        assert_eq!((status, &*text), (413, "the request's body is larger than 99999 bytes"), "{name}");
        assert_eq!(send(&receiver(99_999), "/count", name, body.clone()).0, 413, "{name}");
        assert_eq!(send(&receiver(100_000), "/count", name, body).0, 200, "{name}");
        let (status, text) = send(&receiver(usize::MAX), "/echo", name, encoded(name, 20_000_000));
        let expected = "the body expands to more than 50 times its length";
        assert_eq!((status, &*text), (413, expected), "{name}");
    }
}

#[test]
fn what_cannot_be_decompressed_is_refused() {
    let client = receiver(1_000_000);
    for (name, _) in CODINGS {
        let body = encoded(name, 10_000);
        let expected = (400, format!("the body is not whole `{name}`"));
        for end in 1..body.len() {
            assert_eq!(send(&client, "/echo", name, body[..end].to_vec()), expected, "{name} cut at {end}");
        }
        assert_eq!(send(&client, "/echo", name, [&body, &b"more"[..]].concat()), expected, "{name} and more");
        assert_eq!(send(&client, "/count", name, b"\xff\xff\xff\xff".to_vec()).0, 400, "{name}");
    }
    let mut gzip = encoded("gzip", 10_000);
    let checksum = gzip.len() - 8;
    gzip[checksum] ^= 1;
    assert_eq!(send(&client, "/echo", "gzip", gzip).0, 400);
}

#[test]
fn other_codings_are_refused() {
    let client = receiver(1_000_000);
    for coding in ["deflate", "gzip, br", "compress", "gzip;q=1", "*"] {
        let res = client.post("/echo").header("content-encoding", coding).body("text").send();
        assert_eq!(
            (res.status().as_u16(), res.header("accept-encoding")),
            (415, "zstd, br, gzip"),
            "{coding}"
        );
        assert!(res.text().contains("zstd, br or gzip"), "{}", res.text());
    }
    let unless_set = self::client();
    let ask = |client: &TestClient| client.post("/echo").header("content-encoding", "gzip").body("").send();
    let res = ask(&unless_set);
    assert_eq!((res.status().as_u16(), res.header("accept-encoding")), (415, "identity"));
    // However the app words it.
    let app = local::new().state(steps().0).on_rejection(|rejection, _| (rejection.status(), "no"));
    let res = ask(&TestClient::new(app));
    assert_eq!((res.text(), res.header("accept-encoding")), ("no", "identity"));
    // Another 415 is about something else.
    let res = self::client().post("/read-json").header("content-type", "text/plain").body("1").send();
    assert_eq!((res.status().as_u16(), res.header("accept-encoding")), (415, ""));
}

#[test]
fn a_zstd_frame_gets_no_window_beyond_eight_mebibytes() {
    // A frame header alone that asks for 128 MiB (RFC 8878, section 3.1.1.1.2).
    let frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 17 << 3, 1, 0, 0];
    assert_eq!(send(&receiver(1_000_000), "/echo", "zstd", frame).0, 400);
    let frame = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 13 << 3, 1, 0, 0];
    assert_eq!(send(&receiver(1_000_000), "/echo", "zstd", frame), (200, String::new()));
}

// Over a socket.

/// A response as it comes in over HTTP/1.1.
struct Connection {
    socket: TcpStream,
    head: String,
    unread: Vec<u8>,
    /// What the chunks held.
    body: Vec<u8>,
    coding: &'static str,
}

impl Connection {
    async fn ask(address: SocketAddr, path: &str, coding: &'static str) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-encoding: {coding}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut connection =
            Self { socket, head: String::new(), unread: Vec::new(), body: Vec::new(), coding };
        connection.head = connection.line_ending_in(b"\r\n\r\n").await.unwrap();
        connection
    }

    /// `None` if the connection ends before that.
    async fn line_ending_in(&mut self, end: &[u8]) -> Option<String> {
        loop {
            if let Some(at) = self.unread.windows(end.len()).position(|bytes| bytes == end) {
                let line: Vec<u8> = self.unread.drain(..at + end.len()).collect();
                return Some(String::from_utf8(line).unwrap());
            }
            if self.socket.read_buf(&mut self.unread).await.unwrap() == 0 {
                return None;
            }
        }
    }

    /// Reads one more chunk; `Some(false)` at the last, `None` if the connection ends before that.
    async fn chunk(&mut self) -> Option<bool> {
        let size = self.line_ending_in(b"\r\n").await?;
        let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
        while self.unread.len() < size + 2 {
            if self.socket.read_buf(&mut self.unread).await.unwrap() == 0 {
                return None;
            }
        }
        self.body.extend(self.unread.drain(..size + 2).take(size));
        Some(size > 0)
    }

    fn decoded(&self) -> Decoded {
        decode(self.coding, &self.body)
    }
}

struct Server {
    inner: server::Server,
    steps: mpsc::UnboundedSender<Step>,
    happened: mpsc::UnboundedReceiver<&'static str>,
}

async fn serve() -> Server {
    serve_with(|app| app).await
}

/// Behind a layer that makes another body of every response.
async fn serve_layered() -> Server {
    let boxed =
        tower_http::map_response_body::MapResponseBodyLayer::new(http_body_util::BodyExt::boxed_unsync);
    serve_with(|app| app.layer(boxed)).await
}

async fn serve_with(layers: impl FnOnce(App) -> App) -> Server {
    let (state, steps, happened) = steps();
    let inner = server::Server::start(layers(local::new().state(state).compression(all_codings()))).await;
    Server { inner, steps, happened }
}

/// Text that repeats nothing.
fn digits(length: usize) -> String {
    let numbers = (0..).map(|number: u32| number.wrapping_mul(number).wrapping_mul(0x9E37_79B9) >> 20);
    numbers.filter_map(|number| char::from_digit(number % 10, 10)).take(length).collect()
}

fn event(text: &str) -> String {
    format!("event: datastar-patch-signals\ndata: signals {{\"text\":\"{text}\"}}\n\n")
}

#[tokio::test]
async fn each_event_can_be_decoded_when_it_arrives() {
    for (name, _) in CODINGS {
        each_event_can_be_decoded(name, serve().await).await;
        each_event_can_be_decoded(name, serve_layered().await).await;
    }
}

async fn each_event_can_be_decoded(name: &'static str, server: Server) {
    let mut connection = Connection::ask(server.inner.address, "/events", name).await;
    assert!(connection.head.contains(&format!("content-encoding: {name}\r\n")), "{}", connection.head);
    assert!(connection.head.contains("transfer-encoding: chunked\r\n"), "{}", connection.head);
    let mut expected = String::new();
    let mut lengths = Vec::new();
    for number in 0..20 {
        // It is not sent before the one ahead of it has arrived.
        let text = format!("{number} {}", digits(4_000));
        server.steps.send(Step::Say(text.clone())).unwrap();
        expected += &event(&text);
        let before = connection.body.len();
        while connection.decoded().text != expected {
            assert_eq!(connection.chunk().await, Some(true), "{name}");
        }
        assert!(!connection.decoded().is_complete);
        lengths.push(connection.body.len() - before);
    }
    // What was sent before is not sent again, but for the first event.
    assert!(lengths[2] * 5 < lengths[0], "{name}: {lengths:?}");
    drop(server.steps);
    while connection.chunk().await.expect("an end of the response") {}
    assert_eq!(connection.decoded(), Decoded { text: expected, is_complete: true }, "{name}");
}

#[tokio::test]
async fn what_was_sent_before_the_stop_arrives_and_does_not_look_whole() {
    for (name, _) in CODINGS {
        ended_by_stop(name, serve().await).await;
        ended_by_stop(name, serve_layered().await).await;
    }
}

async fn ended_by_stop(name: &'static str, mut server: Server) {
    let mut connection = Connection::ask(server.inner.address, "/events", name).await;
    server.steps.send(Step::Say("last".to_owned())).unwrap();
    assert_eq!(connection.chunk().await, Some(true));
    server.inner.begin_to_stop();
    while connection.chunk().await.is_some_and(|is_more| is_more) {}
    let Decoded { text, is_complete } = connection.decoded();
    let retry = text.strip_prefix(&*event("last")).unwrap();
    assert!(retry.starts_with("retry: ") && retry.ends_with("\n\n") && !is_complete, "{name}: {text}");
    server.inner.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_whole() {
    for (name, _) in CODINGS {
        let server = serve().await;
        let mut connection = Connection::ask(server.inner.address, "/events", name).await;
        drop(server.steps);
        while connection.chunk().await.expect("an end of the response") {}
        assert_eq!(connection.decoded(), Decoded { text: String::new(), is_complete: true }, "{name}");
    }
}

#[tokio::test]
async fn a_stream_that_fails_has_no_end() {
    for (name, _) in CODINGS {
        let server = serve().await;
        let mut connection = Connection::ask(server.inner.address, "/events", name).await;
        server.steps.send(Step::Say("last".to_owned())).unwrap();
        while connection.decoded().text != event("last") {
            assert_eq!(connection.chunk().await, Some(true));
        }
        server.steps.send(Step::Fail).unwrap();
        while connection.chunk().await.is_some_and(|is_more| is_more) {}
        assert_eq!(connection.chunk().await, None, "{name}");
        assert_eq!(connection.decoded(), Decoded { text: event("last"), is_complete: false }, "{name}");
    }
}

#[tokio::test]
async fn an_event_of_many_pieces_arrives_whole() {
    for (name, _) in CODINGS {
        let server = serve().await;
        let mut connection = Connection::ask(server.inner.address, "/events", name).await;
        // More than any buffer on the way.
        let text = digits(600_000);
        server.steps.send(Step::Say(text.clone())).unwrap();
        drop(server.steps);
        while connection.chunk().await.expect("an end of the response") {}
        assert_eq!(connection.decoded(), Decoded { text: event(&text), is_complete: true }, "{name}");
    }
}

#[tokio::test]
async fn each_event_can_be_decoded_when_it_arrives_over_http_2() {
    for (name, _) in CODINGS {
        let mut server = serve().await;
        let socket = server.inner.connect().await;
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket));
        let (mut sender, connection) = handshake.await.unwrap();
        tokio::spawn(connection);
        let uri = format!("http://{}/events", server.inner.address);
        let request = Request::get(uri).header("accept-encoding", name).body(Empty::<Bytes>::new()).unwrap();
        let response = sender.send_request(request.clone()).await.unwrap();
        assert_eq!(
            (response.version(), response.headers()["content-encoding"].as_bytes()),
            (Version::HTTP_2, name.as_bytes())
        );
        let (mut body, mut received, mut expected) = (response.into_body(), Vec::new(), String::new());
        for number in 0..20 {
            // It is not sent before the one ahead of it has arrived.
            let text = format!("{number} {}", digits(4_000));
            server.steps.send(Step::Say(text.clone())).unwrap();
            expected += &event(&text);
            while decode(name, &received).text != expected {
                let frame = body.frame().await.expect("more of the stream").unwrap();
                received.extend(frame.into_data().unwrap());
            }
        }
        drop(server.steps);
        received.extend(body.collect().await.unwrap().to_bytes());
        assert_eq!(decode(name, &received), Decoded { text: expected, is_complete: true }, "{name}");
        for expected in ["stream dropped", "session dropped", "cleaned up"] {
            assert_eq!(server.happened.recv().await, Some(expected), "{name}");
        }
    }
}

// Ends.

/// What has happened by now.
fn so_far(happened: &mut mpsc::UnboundedReceiver<&'static str>) -> Vec<&'static str> {
    std::iter::from_fn(|| happened.try_recv().ok()).collect()
}

#[tokio::test]
async fn clean_ups_run_after_the_last_byte() {
    for (name, _) in CODINGS {
        let (state, sender, mut happened) = steps();
        let service = local::new().state(state).compression(all_codings()).into_service().unwrap();
        let request = Request::get("/events").header("accept-encoding", name).body(Body::empty()).unwrap();
        let mut response = service.clone().oneshot(request).await.unwrap();
        sender.send(Step::Say("last".to_owned())).unwrap();
        let mut body = Vec::new();
        while decode(name, &body).text != event("last") {
            body.extend(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap());
        }
        assert_eq!(so_far(&mut happened), [""; 0], "{name}");
        drop(sender);
        while !decode(name, &body).is_complete {
            body.extend(response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap());
        }
        // It waits for all that has begun: a clean-up that came too early would be done.
        service.stop().await;
        assert_eq!(so_far(&mut happened), ["stream dropped", "session dropped"], "{name}");
        drop(response);
        assert_eq!(happened.recv().await, Some("cleaned up"), "{name}");
    }
}

#[tokio::test]
async fn a_query_is_dropped_when_its_client_leaves() {
    for (name, _) in CODINGS {
        let mut server = serve().await;
        let mut socket = server.inner.connect().await;
        let request = format!("GET /wait HTTP/1.1\r\nhost: x\r\naccept-encoding: {name}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(server.happened.recv().await, Some("page begun"), "{name}");
        drop(socket);
        assert_eq!(server.happened.recv().await, Some("page dropped"), "{name}");
    }
}

#[tokio::test]
async fn a_stream_is_dropped_and_cleaned_up_when_its_client_leaves() {
    for (name, _) in CODINGS {
        let mut server = serve().await;
        let mut connection = Connection::ask(server.inner.address, "/events", name).await;
        server.steps.send(Step::Say("first".to_owned())).unwrap();
        while connection.decoded().text != event("first") {
            assert_eq!(connection.chunk().await, Some(true));
        }
        assert_eq!(so_far(&mut server.happened), [""; 0], "{name}");
        drop(connection);
        for expected in ["stream dropped", "session dropped", "cleaned up"] {
            assert_eq!(server.happened.recv().await, Some(expected), "{name}");
        }
    }
}
