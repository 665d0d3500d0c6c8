//! What a server grants its clients: deadlines, connections, files, streams; and that others are served
//! meanwhile.

use std::time::Duration;

use stario::prelude::*;
use stario::{BodyStream, Cleanup, Limits, dependency};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app;
#[cfg(unix)]
use crate::support::open_files;
use crate::support::probe::{Probe, probe};
use crate::support::server::{Server, get, is_ended_by_stop, rest, rest_bytes};

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

#[app::command("/echo", app = local)]
async fn echo(body: RawBody<String>) -> String {
    body.0
}

#[app::command("/count", app = local)]
async fn count(mut body: BodyStream) -> stario::Result<usize> {
    let mut length = 0;
    while let Some(chunk) = body.chunk().await {
        length += chunk?.len();
    }
    Ok(length)
}

#[app::query("/large", app = local)]
async fn large() -> String {
    "x".repeat(16 << 20)
}

/// Sends until it is dropped, and logs that.
#[app::query("/flood", app = local)]
async fn flood(probe: State<Probe>) -> impl Stream<Item = Event> {
    let end = probe.at_drop("given up");
    stream! {
        let _end = end;
        loop {
            yield html! { <p id="x">{"x".repeat(1 << 16)}</p> };
        }
    }
}

#[app::query("/stream", app = local)]
async fn stream() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        std::future::pending::<()>().await;
    }
}

/// Other clients are served meanwhile.
async fn is_well(server: &Server) {
    let answer = rest(&mut server.send(get("/", "connection: close\r\n")).await).await;
    assert!(answer.ends_with("\r\n\r\nhome"), "{answer}");
}

/// Far too long for a test: what ends was ended by the deadline that the test has shortened.
fn long() -> Limits {
    let long = Duration::from_secs(3600);
    Limits::default().head_timeout(long).body_timeout(long).keep_alive_timeout(long).write_timeout(long)
}

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_head_that_does_not_come_closes_the_connection() {
    let server = Server::start(local::new().limits(long().head_timeout(SHORT))).await;
    for silence in
        ["", "GET / HT", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\nhost: x\r\n"]
    {
        let answer = rest_bytes(&mut server.send(silence).await).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("HTTP/"), "{silence}: {answer}");
    }
    // Of a second request on the same connection, too; and a drip is no progress.
    let mut socket = server.send(get("/", "")).await;
    let mut chunk = [0; 1024];
    assert!(socket.read(&mut chunk).await.unwrap() > 0);
    let (mut reader, mut writer) = socket.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"G").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    while reader.read(&mut chunk).await.is_ok_and(|count| count > 0) {}
    drip.await.unwrap();
    is_well(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_is_closed() {
    let server = Server::start(local::new().limits(long().keep_alive_timeout(SHORT))).await;
    let answer = rest(&mut server.send(get("/", "")).await).await;
    assert!(answer.ends_with("home"), "{answer}");
    is_well(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_that_is_silent_is_not_idle() {
    let limits = Limits::default().head_timeout(SHORT).keep_alive_timeout(SHORT).write_timeout(SHORT);
    let server = Server::start(local::new().limits(limits)).await;
    let mut stream = server.send(get("/stream", "")).await;
    // Ten idle connections that come and go are ten times the deadline.
    for _ in 0..10 {
        rest(&mut server.send(get("/", "")).await).await;
    }
    server.stop().await.unwrap();
    assert!(is_ended_by_stop(&rest(&mut stream).await));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408() {
    let server = Server::start(local::new().limits(long().body_timeout(SHORT))).await;
    for path in ["/echo", "/count"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n");
        for body in ["content-length: 10\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
            let answer = rest(&mut server.send(&format!("{head}{body}")).await).await;
            assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{path} {answer}");
            assert!(answer.ends_with("the request's body did not come in time"), "{answer}");
        }
    }
    // A drip is no progress.
    let socket = server.send("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n").await;
    let (mut reader, mut writer) = socket.into_split();
    let drip = tokio::spawn(async move {
        while writer.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut answer = Vec::new();
    let _ = reader.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"));
    is_well(&server).await;
    // What still drips in is read over until the stop, or for half a minute.
    server.stop().await.unwrap();
    drip.await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_read_is_closed_and_cleaned_up() {
    let mut server = Server::start(local::new().limits(long().write_timeout(SHORT))).await;
    let mut socket = server.send(get("/flood", "")).await;
    server.log.expect("given up").await;
    is_well(&server).await;
    // What has come until then may be read, and no end of the response.
    assert!(!rest(&mut socket).await.ends_with("0\r\n\r\n"));
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_its_answer() {
    let limits = long().head_timeout(SHORT).keep_alive_timeout(SHORT);
    let server = Server::start(local::new().limits(limits)).await;
    let mut socket = server.send(get("/large", "connection: close\r\n")).await;
    // The response is handed over long before it is read; being idle begins when it is.
    for _ in 0..5 {
        rest(&mut server.connect().await).await;
    }
    assert!(rest(&mut socket).await.len() > 16 << 20);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_least_head_can_be_set() {
    let server = Server::start(local::new().limits(Limits::default().head_bytes(1).head_fields(5))).await;
    let large = get("/", &format!("a: {}\r\n", "b".repeat(9000)));
    assert!(rest(&mut server.send(&large).await).await.starts_with("HTTP/1.1 431 "));
    let many = get("/", &"a: b\r\n".repeat(5));
    assert!(rest(&mut server.send(&many).await).await.starts_with("HTTP/1.1 431 "));
    is_well(&server).await;
    server.stop().await.unwrap();
}

/// What stands for no limit in other places must not stop the clock here; and 0 stands for none at all.
#[tokio::test]
async fn whatever_the_limits_are_the_server_serves() {
    let most = Duration::MAX;
    let far = Limits::default().head_timeout(most).body_timeout(most).keep_alive_timeout(most);
    let far = far.write_timeout(most).stop_timeout(most).detached_stop_timeout(most).cleanup_timeout(most);
    let far = far.connections(usize::MAX).http2_streams(u32::MAX).backlog(u32::MAX);
    let near = Limits::default().connections(0).http2_streams(0).backlog(0).head_bytes(0);
    for limits in [far.head_bytes(usize::MAX).head_fields(usize::MAX), near] {
        let server = Server::start(local::new().limits(limits)).await;
        is_well(&server).await;
        server.stop().await.unwrap();
    }
}

const SMALL: usize = 4;

#[app::command("/small", app = local, body_limit = SMALL)]
async fn small(body: RawBody<String>) -> String {
    body.0
}

#[app::command("/wide", app = local, body_limit = SMALL * 4)]
async fn wide(body: BodyStream) -> Response {
    Response::new(body.into())
}

#[tokio::test]
async fn a_route_s_limit_of_the_body_comes_before_the_app_s() {
    let client = TestClient::new(local::new().state(probe().0).body_limit(8));
    for (path, limit) in [("/echo", 8), ("/small", 4), ("/wide", 16)] {
        assert_eq!(client.post(path).body("x".repeat(limit)).await.status(), 200, "{path}");
        let res = client.post(path).body("x".repeat(limit + 1)).await;
        assert_eq!(res.status(), 413, "{path}");
        assert_eq!(res.text(), format!("the request's body is larger than {limit} bytes"));
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_slow_heads_keep_nobody_from_being_served() {
    let size = open_files::both_ends(5000);
    // With the deadline far away, all of them are there at once.
    let server = Server::start(local::new().limits(long().connections(size + 10))).await;
    let mut crowd = Vec::new();
    for _ in 0..size {
        crowd.push(server.send("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await);
        if crowd.len().is_multiple_of(100) {
            is_well(&server).await;
        }
    }
    is_well(&server).await;
    for socket in &crowd {
        let read = socket.try_read(&mut [0]);
        assert!(read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    }
    server.stop().await.unwrap();
    // They have asked nothing, so nothing keeps them.
    for socket in &mut crowd {
        assert_eq!(rest(socket).await, "");
    }
}

// Panics, wherever code of an app runs.

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in a drop");
    }
}

#[dependency]
async fn bomb() -> Bomb {
    Bomb
}

#[dependency]
async fn broken() -> u128 {
    panic!("in a provider");
}

#[dependency(singleton)]
async fn broken_singleton() -> i128 {
    panic!("in a singleton");
}

struct Rendered;

impl Render for Rendered {
    fn render(&self, _: &mut stario::html::Buf) {
        panic!("in rendering");
    }
}

#[app::query("/panic/handler", app = local)]
async fn in_handler() {
    panic!("in a handler");
}

#[app::query("/panic/provider", app = local)]
async fn in_provider(broken: &u128) -> String {
    broken.to_string()
}

#[app::query("/panic/singleton", app = local)]
async fn in_singleton(broken: &i128) -> String {
    broken.to_string()
}

#[app::query("/panic/render", app = local)]
async fn in_render() -> Html {
    html! { <p>{Rendered}</p> }
}

#[app::query("/panic/cleanup", app = local)]
async fn in_cleanup(cleanup: Cleanup) {
    cleanup.defer(async { assert_eq!(1, 2, "in a clean-up") });
}

#[app::query("/panic/drop", app = local)]
async fn in_drop(_bomb: &Bomb) {}

#[app::query("/panic/stream", app = local)]
async fn in_stream() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        panic!("in a stream");
    }
}

/// Before anything of it is sent.
#[app::query("/panic/first", app = local)]
async fn in_first() -> impl Stream<Item = Event> {
    stream! {
        assert!(std::env::args().count() == 0, "in a stream");
        yield 1;
    }
}

struct Displayed;

impl std::fmt::Display for Displayed {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("in a value");
    }
}

#[app::query("/panic/display", app = local)]
async fn in_display() -> Html {
    let text = format!("{Displayed}");
    html! { <p>{text}</p> }
}

#[app::query("/panic/writer", app = local)]
async fn in_writer(_writer: Writer) {
    panic!("in a writer's handler");
}

#[app::query("/panic/writer/later", app = local)]
async fn in_writer_later(writer: Writer) -> Result {
    writer.patch(html! { <p id="x"></p> }).await?;
    panic!("in a writer's handler");
}

/// Panics when it is copied.
struct Mine;

impl Clone for Mine {
    fn clone(&self) -> Self {
        panic!("in a clone");
    }
}

#[app::query("/panic/relay", app = local)]
async fn in_relay() -> impl Stream<Item = Event> {
    let relay: Relay<Mine> = Relay::new();
    // Of two, the first takes a copy.
    let (mut updates, others) = (relay.subscribe("mine"), relay.subscribe("mine"));
    relay.publish("mine", Mine);
    stream! {
        let _others = &others;
        while updates.next().await.is_some() {
            yield 1;
        }
    }
}

/// A layer's service, and one that is mounted.
#[derive(Clone)]
struct Panicking;

impl tower::Service<stario::http::Request<stario::Body>> for Panicking {
    type Response = Response;
    type Error = std::convert::Infallible;
    type Future = std::future::Ready<Result<Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: stario::http::Request<stario::Body>) -> Self::Future {
        panic!("in a service");
    }
}

#[app::query("/panic/layer", app = local)]
async fn in_layer() {}

#[derive(Debug)]
struct Odd;

impl std::fmt::Display for Odd {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("odd")
    }
}

impl std::error::Error for Odd {}

#[app::query("/panic/answer", app = local)]
async fn in_error_handler() -> Result<()> {
    Err(Odd.into())
}

#[app::query("/panic/rejection", app = local)]
async fn in_rejection(_x: QueryParam<u32>) {}

#[app::detached_command("/panic/detached", app = local)]
async fn in_detached() {
    panic!("in a detached command");
}

#[tokio::test]
async fn a_panic_ends_its_own_request_and_nothing_else() {
    let server = Server::start({
        local::new()
            .on_error(|_: &Odd, _| -> Response { panic!("in an error handler") })
            .on_rejection(|_, _| -> Response { panic!("in a rejection handler") })
            .on_status(404, |_, _| -> Response { panic!("in a status page") })
            .readiness("/panic/ready", |_| async { panic!("in a check") })
            .layer_at("/panic/layer", tower::layer::layer_fn(|_| Panicking))
            .mount("/panic/mounted", Panicking)
    })
    .await;
    for (start, expected) in [
        ("GET /panic/handler", "500"),
        ("GET /panic/provider", "500"),
        ("GET /panic/singleton", "500"),
        ("GET /panic/singleton", "500"),
        ("GET /panic/render", "500"),
        ("GET /panic/cleanup", "204"),
        ("GET /panic/stream", "200"),
        ("GET /panic/first", "200"),
        ("GET /panic/display", "500"),
        ("GET /panic/writer", "500"),
        ("GET /panic/writer/later", "200"),
        ("GET /panic/layer", "500"),
        ("GET /panic/mounted", "500"),
        ("GET /panic/relay", "200"),
        ("GET /panic/answer", "500"),
        ("GET /panic/rejection", "500"),
        ("GET /panic/nowhere", "500"),
        ("GET /panic/ready", "503"),
        ("POST /panic/detached", "204"),
    ] {
        let request =
            format!("{start} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        let answer = rest(&mut server.send(&request).await).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected} ")), "{start}: {answer}");
        assert!(!answer.contains("in a"), "{start}: {answer}");
        assert!(!answer.ends_with("0\r\n\r\n"), "{start}: {answer}");
        is_well(&server).await;
    }
    // A value that panics when it is dropped may cost its own connection.
    let answer = rest(&mut server.send(get("/panic/drop", "connection: close\r\n")).await).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 "), "{answer}");
    is_well(&server).await;
    server.stop().await.unwrap();
}
