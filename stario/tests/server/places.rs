//! How many connections and streams are open at once, and what those get that are too many.

use std::time::Duration;

use stario::prelude::*;
use stario::{AppHandle, Limits, ProxyHeader};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::app;
use crate::support::patiently;
use crate::support::probe::{Probe, probe};
use crate::support::server::{Server, answer, frame, get, rest, rest_bytes};

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

#[app::command("/echo", app = local)]
async fn echo(body: RawBody<String>) -> String {
    body.0
}

#[app::query("/stream", app = local)]
async fn stream(probe: State<Probe>) -> impl Stream<Item = Event> {
    let end = probe.at_drop("ended");
    stream! {
        let _end = end;
        yield 1;
        std::future::pending::<()>().await;
    }
}

#[app::command("/stream", app = local)]
async fn stream_of_command() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        std::future::pending::<()>().await;
    }
}

#[app::query("/written/events", app = local)]
async fn written_events(w: Writer, probe: State<Probe>) -> Result {
    let _end = probe.at_drop("written");
    w.patch(1).await?;
    w.while_alive(std::future::pending::<()>()).await;
    Ok(())
}

#[app::query("/written/bytes", app = local)]
async fn written_bytes(w: Writer, probe: State<Probe>) -> Result {
    let _end = probe.at_drop("written");
    w.write("bytes").await?;
    w.while_alive(std::future::pending::<()>()).await;
    Ok(())
}

/// Far too long for a test: what ends was ended by a rule of its own.
fn long() -> Limits {
    let long = Duration::from_secs(3600);
    Limits::default().head_timeout(long).body_timeout(long).keep_alive_timeout(long).write_timeout(long)
}

/// A server with a probe that is ready when the test says so.
async fn start(limits: Limits) -> Server {
    start_app(local::new().limits(limits)).await
}

async fn start_app(app: stario::App) -> Server {
    let ready = async |app: AppHandle| {
        let probe = app.state::<Probe>().unwrap();
        probe.log("asked");
        probe.released().await;
        Ok(())
    };
    Server::start(app.liveness("/health/live").readiness("/health/ready", ready)).await
}

/// A connection that has its place, and keeps it.
async fn taken(server: &Server) -> TcpStream {
    let mut socket = server.send(get("/", "")).await;
    assert!(answer(&mut socket).await.starts_with("HTTP/1.1 200 "));
    socket
}

async fn ask(server: &Server, request: &str) -> String {
    rest(&mut server.send(request).await).await
}

/// Asks until a place is free: it is a moment after the client has seen the end of its connection.
async fn until_served(server: &Server) {
    let served =
        async { while !ask(server, &get("/", "connection: close\r\n")).await.ends_with("\r\n\r\nhome") {} };
    patiently(served).await;
}

const REFUSED: &str = "the server has too many connections";

fn is_refused(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n")
        && answer.contains("\r\nretry-after: 1\r\n")
        && answer.contains("\r\nconnection: close\r\n")
        && answer.ends_with(&format!("\r\n\r\n{REFUSED}"))
}

#[tokio::test]
async fn one_connection_too_many_is_answered_503_and_probes_by_themselves() {
    let server = start(long().connections(1)).await;
    let first = taken(&server).await;
    for request in [
        get("/", ""),
        get("/nowhere", ""),
        get("/", "connection: keep-alive\r\n"),
        // Its body does not come, or not all of it.
        "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999\r\n\r\n".to_owned(),
        format!("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999\r\n\r\n{}", "x".repeat(100_000)),
    ] {
        let answer = ask(&server, &request).await;
        assert!(is_refused(&answer), "{request}: {answer}");
    }
    let answer = ask(&server, &get("/health/live", "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nalive"), "{answer}");
    // What is no request is answered as ever.
    assert!(ask(&server, "GET / HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    drop(first);
    until_served(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn one_connection_of_http2_too_many_is_answered_503_and_closed() {
    let server = start(long().connections(1)).await;
    let _first = taken(&server).await;
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, &[]));
    // GET http://x/, in HPACK's static table but for the host.
    bytes.extend(frame(1, 5, 1, &[0x82, 0x86, 0x84, 0x41, 1, b'x']));
    let answer = rest_bytes(&mut server.send(bytes).await).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains(REFUSED), "{answer}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_connection_in_reserve_has_a_second_for_its_head() {
    let server = start(long().connections(1)).await;
    let _first = taken(&server).await;
    for silence in ["", "GET / HT", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        // The deadline of other connections is an hour.
        let answer = rest_bytes(&mut server.send(silence).await).await;
        assert!(!String::from_utf8_lossy(&answer).contains("HTTP/"), "{silence}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn beyond_the_reserve_connections_are_closed() {
    let mut server = start(long().connections(1)).await;
    let _first = taken(&server).await;
    let mut reserve = Vec::new();
    for _ in 0..64 {
        reserve.push(server.send(get("/health/ready", "")).await);
        server.log.expect("asked").await;
    }
    assert_eq!(ask(&server, &get("/health/live", "")).await, "");
    server.probe.release(64);
    for socket in &mut reserve {
        let answer = rest(socket).await;
        assert!(answer.ends_with("\r\n\r\nready"), "{answer}");
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_probe_that_does_not_answer_gives_the_reserve_back() {
    let mut server = start(long().connections(1)).await;
    let _first = taken(&server).await;
    let mut stuck = server.send(get("/health/ready", "")).await;
    server.log.expect("asked").await;
    // Without the end of the reserve's time it would wait for the release that does not come.
    assert_eq!(rest(&mut stuck).await, "");
    server.stop().await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn an_address_of_the_probes_answers_probes_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("probes.sock");
    let app = local::new().limits(long().connections(1)).probe_address(format!("unix:{}", path.display()));
    let server = start_app(app).await;
    let _first = taken(&server).await;
    let ask = async |request: String| {
        let mut socket = tokio::net::UnixStream::connect(&path).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        patiently(socket.read_to_string(&mut answer)).await.unwrap();
        answer
    };
    let close = "connection: close\r\n";
    let answer = ask(get("/health/live", close)).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nalive"), "{answer}");
    for path in ["/", "/nowhere", "/health/live/"] {
        let answer = ask(get(path, close)).await;
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nthere are only probes at this address"), "{answer}");
    }
    server.stop().await.unwrap();
    assert!(!path.exists());
}

/// A connection from another address of this machine.
async fn from(server: &Server, address: &str, request: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    let mut socket = socket.connect(server.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

// Other systems have only one address of the machine itself.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_client_has_its_share_of_the_connections() {
    let server = start(long().connections_per_client(1)).await;
    let first = taken(&server).await;
    assert!(is_refused(&ask(&server, &get("/", "")).await));
    let mut other = from(&server, "127.0.0.2", &get("/", "")).await;
    assert!(answer(&mut other).await.ends_with("\r\n\r\nhome"));
    assert!(is_refused(&rest(&mut from(&server, "127.0.0.2", &get("/", "")).await).await));
    drop(first);
    until_served(&server).await;
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_trusted_proxy_has_no_share() {
    let app = local::new().trust_proxies(ProxyHeader::XForwardedFor, ["127.0.0.1"]);
    let server = start_app(app.limits(long().connections_per_client(1))).await;
    let _several = [taken(&server).await, taken(&server).await, taken(&server).await];
    server.stop().await.unwrap();
}

const NO_STREAM: &str = "the server has too many open streams";

#[tokio::test]
async fn one_stream_too_many_is_answered_503_and_requests_as_ever() {
    let mut server = start(long().streams(1)).await;
    let mut first = server.send(get("/stream", "")).await;
    assert!(first.read(&mut [0; 1]).await.unwrap() > 0);
    for path in ["/stream", "/written/events", "/written/bytes"] {
        let answer = ask(&server, &get(path, "connection: close\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{path}: {answer}");
        assert!(answer.contains("\r\nretry-after: 1\r\n"), "{path}: {answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{NO_STREAM}")), "{path}: {answer}");
        // Its handler does not go on.
        server.log.expect(if path == "/stream" { "ended" } else { "written" }).await;
    }
    assert!(ask(&server, &get("/", "connection: close\r\n")).await.ends_with("\r\n\r\nhome"));
    // A command has run by then.
    let mut command = server.send("POST /stream HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await;
    let mut status = [0; 12];
    command.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    drop(first);
    server.log.expect("ended").await;
    // Each stream has its place until it ends.
    for (path, end) in [("/written/events", "written"), ("/written/bytes", "written"), ("/stream", "ended")] {
        let mut stream = patiently(async {
            loop {
                let mut stream = server.send(get(path, "")).await;
                stream.read_exact(&mut status).await.unwrap();
                if status.ends_with(b"200") {
                    break stream;
                }
                server.log.expect(end).await;
            }
        })
        .await;
        assert!(ask(&server, &get("/stream", "connection: close\r\n")).await.ends_with(NO_STREAM));
        server.log.expect("ended").await;
        stream.shutdown().await.unwrap();
        server.log.expect(end).await;
    }
    server.stop().await.unwrap();
}

#[tokio::test]
async fn streams_of_mounted_services_count() {
    let events = || async {
        let body =
            axum::body::Body::from_stream(futures_util::stream::pending::<Result<String, std::io::Error>>());
        ([("content-type", "text/event-stream")], body)
    };
    let mounted = axum::Router::new().route("/events", axum::routing::get(events));
    let server = start_app(local::new().limits(long().streams(1)).mount("/mounted", mounted)).await;
    let mut first = server.send(get("/mounted/events", "")).await;
    assert!(first.read(&mut [0; 1]).await.unwrap() > 0);
    for path in ["/mounted/events", "/stream"] {
        let answer = ask(&server, &get(path, "connection: close\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with(NO_STREAM), "{path}: {answer}");
    }
    server.stop().await.unwrap();
}

#[test]
fn a_probe_address_that_cannot_be_is_a_problem() {
    let problem = |app: stario::App| app.check().unwrap_err().to_string();
    let found = problem(local::new().state(probe().0).liveness("/live").probe_address("here"));
    assert!(
        found.contains(
            "`here` is not an address for probes: write `0.0.0.0:9000`, `[::]:9000` or `unix:/run/probes.sock`"
        ),
        "{found}"
    );
    let found = problem(local::new().state(probe().0).probe_address("127.0.0.1:9000"));
    assert!(
        found.contains(
            "127.0.0.1:9000 is for probes, of which the app has none: give it one with `.liveness(\"/health/live\")`"
        ),
        "{found}"
    );
}
