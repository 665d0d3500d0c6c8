//! Event streams: what may be yielded, what stands on the wire, and what a browser that comes back says.

use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use stario::Bytes;
use stario::event::Namespace;
use stario::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::app;
use crate::support::probe::{Probe, probe};
use crate::support::server::Server;

stario::app!(local);

fn client() -> TestClient {
    TestClient::new(local::new().state(probe().0))
}

#[app::query("/kinds", app = local)]
async fn kinds() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <div id="a">"one"</div> };
        yield "text <";
        yield 7;
        yield json!({ "count": 5 });
        yield (Mode::Replace, "#a", html! { <b></b> });
        yield (Mode::Outer, html! { <b id="a"></b> });
        yield event::patch(html! { <circle r="1"/><circle r="2"/> })
            .namespace(Namespace::Svg).mode(Mode::Append).selector("svg");
        yield event::signals(json!({ "a": null })).only_if_missing();
        yield event::script("f()").auto_remove(false);
        yield event::remove("#a").id(1);
        yield event::redirect("/home").retry(Duration::from_secs(2));
        yield event::ping();
        yield Event::new("made before");
    }
}

#[app::query("/removed-and-mapped", app = local)]
async fn removed_and_mapped() -> impl Stream<Item = Event> {
    stream! {
        yield (Mode::Remove, "#counter");
        yield (Mode::Remove, format!("#{} > li", "list"));
        yield std::collections::HashMap::from([("counter", 42)]);
        yield json!({});
    }
}

#[app::query("/navigates-nowhere", app = local)]
async fn navigates_nowhere(w: Writer) -> Result {
    let refused = w.navigate("javascript:alert(1)").await.err().map(|error| error.to_string());
    w.patch(refused.unwrap_or_default()).await?;
    Ok(())
}

const KINDS: &str = r#"event: datastar-patch-elements
data: elements <div id="a">one</div>

event: datastar-patch-elements
data: elements text &lt;

event: datastar-patch-elements
data: elements 7

event: datastar-patch-signals
data: signals {"count":5}

event: datastar-patch-elements
data: selector #a
data: mode replace
data: elements <b></b>

event: datastar-patch-elements
data: elements <b id="a"></b>

event: datastar-patch-elements
data: selector svg
data: mode append
data: namespace svg
data: elements <circle r="1"/>
data: elements <circle r="2"/>

event: datastar-patch-signals
data: onlyIfMissing true
data: signals {"a":null}

event: datastar-patch-elements
data: selector body
data: mode append
data: elements <script>f()</script>

event: datastar-patch-elements
id: 1
data: selector #a
data: mode remove

event: datastar-patch-elements
retry: 2000
data: selector body
data: mode append
data: elements <script data-effect="el.remove()">setTimeout(() => window.location = "/home")</script>

:

event: datastar-patch-elements
data: elements made before

"#;

#[test]
fn a_mode_with_a_selector_removes_and_a_map_is_signals() {
    assert_eq!(
        client().get("/removed-and-mapped").send().text(),
        "event: datastar-patch-elements\ndata: selector #counter\ndata: mode remove\n\n\
         event: datastar-patch-elements\ndata: selector #list > li\ndata: mode remove\n\n\
         event: datastar-patch-signals\ndata: signals {\"counter\":42}\n\n\
         event: datastar-patch-signals\ndata: signals {}\n\n"
    );
}

#[test]
fn a_writer_refuses_to_navigate_to_code() {
    let text = client().get("/navigates-nowhere").send().text().to_owned();
    assert!(text.contains("javascript:alert(1)") && !text.contains("<script"), "{text}");
}

#[test]
fn whatever_is_yielded_becomes_an_event() {
    let res = client().get("/kinds").send();
    assert_eq!((res.status().as_u16(), res.text()), (200, KINDS));
}

#[app::query("/invalid", app = local)]
async fn invalid() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        yield json!([1, 2]);
        yield 2;
    }
}

#[tokio::test]
async fn an_invalid_event_ends_its_stream_after_what_came_before_it() {
    let mut events = client().get("/invalid").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    let cut = tokio::spawn(async move { events.next().await }).await;
    let panic = cut.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "the stream was cut: the stream failed");
}

#[app::query("/resume", app = local)]
async fn resume(last_event_id: Header<Option<String>>) -> impl Stream<Item = Event> {
    let seen = last_event_id.0.and_then(|id| id.parse().ok()).unwrap_or(0);
    stream! {
        for number in seen + 1..=4 {
            yield event::patch(html! { <b id="n">{number}</b> }).id(number).retry(Duration::from_millis(50));
        }
    }
}

#[test]
fn a_browser_that_comes_back_names_the_last_event_it_has_seen() {
    let client = client();
    let all = client.get("/resume").send().events();
    assert_eq!(all.len(), 4);
    assert_eq!((all[2].id(), all[2].retry()), (Some("3"), Some(Duration::from_millis(50))));
    let rest = client.get("/resume").header("last-event-id", "3").send().events();
    assert_eq!(rest, all[3..]);
}

#[app::query("/burst", app = local)]
async fn burst(probe: State<Probe>) -> impl Stream<Item = Event> {
    stream! {
        for number in 0..50 {
            yield number;
        }
        probe.released().await;
        yield "after the gate";
    }
}

#[app::query("/silent", app = local)]
async fn silent(probe: State<Probe>) -> impl Stream<Item = Event> {
    stream! {
        probe.released().await;
        yield "after the gate";
    }
}

async fn start(ping_interval: Duration) -> Server {
    Server::start(local::new().ping_interval(ping_interval)).await
}

/// Asks over HTTP/1.1, and reads the head of the answer: its lines, sorted.
async fn ask(server: &Server, path: &str) -> (Vec<String>, Chunks) {
    let mut socket = BufReader::new(server.connect().await);
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        socket.read_line(&mut line).await.unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            head.sort();
            return (head, Chunks(socket));
        }
        if !line.starts_with("date:") && !line.starts_with("x-request-id:") {
            head.push(line);
        }
    }
}

/// A body in chunks, each of which is one write of the server.
struct Chunks(BufReader<TcpStream>);

impl Chunks {
    async fn next(&mut self) -> String {
        let mut length = String::new();
        self.0.read_line(&mut length).await.unwrap();
        let length = usize::from_str_radix(length.trim_end(), 16).unwrap();
        let mut chunk = vec![0; length + 2];
        self.0.read_exact(&mut chunk).await.unwrap();
        chunk.truncate(length);
        String::from_utf8(chunk).unwrap()
    }
}

#[tokio::test]
async fn over_http_1_the_connection_is_said_to_stay_open() {
    let server = start(Duration::ZERO).await;
    let (head, mut chunks) = ask(&server, "/kinds").await;
    let expected = [
        "HTTP/1.1 200 OK",
        "cache-control: no-cache",
        "connection: keep-alive",
        "content-type: text/event-stream",
        "transfer-encoding: chunked",
        "x-accel-buffering: no",
    ];
    assert_eq!(head, expected);
    assert_eq!(chunks.next().await, KINDS);
    assert_eq!(chunks.next().await, "");
}

#[tokio::test]
async fn over_http_2_nothing_is_said_of_the_connection() {
    let server = start(Duration::ZERO).await;
    let socket = TcpStream::connect(server.address).await.unwrap();
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let uri = format!("http://{}/kinds", server.address);
    let request = Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut headers = response.headers().clone();
    for name in ["date", "x-request-id"] {
        assert!(headers.remove(name).is_some(), "{name}");
    }
    let mut names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["cache-control", "content-type", "x-accel-buffering"]);
    assert_eq!(headers["content-type"], "text/event-stream");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(std::str::from_utf8(&body).unwrap(), KINDS);
}

#[tokio::test]
async fn what_is_ready_is_one_write_and_waits_for_nothing() {
    let server = start(Duration::ZERO).await;
    let (_, mut chunks) = ask(&server, "/burst").await;
    // The gate is still closed.
    let first = chunks.next().await;
    assert_eq!(first.matches("\n\n").count(), 50);
    server.probe.release(1);
    assert!(chunks.next().await.contains("after the gate"));
    assert_eq!(chunks.next().await, "");
}

#[tokio::test]
async fn comments_keep_a_silent_stream_open() {
    let server = start(Duration::from_millis(10)).await;
    let (_, mut chunks) = ask(&server, "/silent").await;
    for _ in 0..3 {
        assert_eq!(chunks.next().await, ":\n\n");
    }
    server.probe.release(1);
    loop {
        let chunk = chunks.next().await;
        if chunk.contains("after the gate") {
            break;
        }
        assert_eq!(chunk, ":\n\n");
    }
}
