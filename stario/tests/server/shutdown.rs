//! How a server starts and stops: what happens in which order, what is waited for, and what is cut.

use std::time::Duration;

use stario::prelude::*;
use stario::{App, Cleanup, Limits, dependency};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::app;
use crate::support::probe::{Probe, probe};
use crate::support::server::{Server, answer, frame, is_ended_by_stop, next_frame, rest, rest_bytes};

stario::app!(local);

struct Pool(Probe);

#[dependency(singleton)]
async fn pool(probe: State<Probe>, cleanup: Cleanup) -> Pool {
    let at_end = probe.0.clone();
    cleanup.defer(async move { at_end.log("pool closed") });
    Pool(Probe::clone(&probe))
}

#[app::query("/request", app = local)]
async fn request(pool: &Pool, cleanup: Cleanup) -> &'static str {
    let probe = pool.0.clone();
    let at_end = probe.clone();
    cleanup.defer(async move { at_end.log("request cleaned up") });
    probe.log("request began");
    probe.released().await;
    probe.log("request ended");
    "answer"
}

#[app::detached_command("/detached", app = local)]
async fn detached(pool: &Pool) {
    pool.0.log("detached began");
    pool.0.released().await;
    pool.0.log("detached ended");
}

#[app::command("/command", app = local)]
async fn command(pool: &Pool) -> &'static str {
    pool.0.log("command began");
    pool.0.released().await;
    pool.0.log("command ended");
    "answer"
}

#[app::query("/stream", app = local)]
async fn stream() -> impl Stream<Item = Event> {
    stream! {
        yield 1;
        std::future::pending::<()>().await;
    }
}

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

#[app::command("/unasked", app = local)]
async fn unasked() -> &'static str {
    "done"
}

async fn start(adjust: impl FnOnce(App, &Probe) -> App) -> Server {
    Server::start_with(|probe| adjust(local::new(), probe)).await
}

/// Sends a request without a body, on a connection of its own.
async fn ask(server: &Server, start: &str) -> TcpStream {
    server.send(format!("{start} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")).await
}

#[tokio::test]
async fn a_connection_that_waits_to_be_accepted_at_the_stop_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut waiting = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    waiting.write_all(b"POST /unasked HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    // The stop comes before the server has accepted anything, because this thread is its only one.
    let (probe, _log) = probe();
    local::new().state(probe).serve_on(listener, async {}).await.unwrap();
    let answer = rest(&mut waiting).await;
    assert!(answer.contains("connection: close") && answer.ends_with("done"), "{answer}");
}

#[tokio::test]
async fn everything_ends_in_its_order() {
    let mut server = start(|app, probe| {
        let [a, b, c, d] = [(); 4].map(|()| probe.clone());
        app.on_start(|_| async move {
            a.log("first start");
            Ok(())
        })
        .on_stop(|_| async move { b.log("first stop") })
        .on_start(|_| async move {
            c.log("second start");
            Ok(())
        })
        .on_stop(|_| async move { d.log("second stop") })
    })
    .await;
    server.log.expect("first start").await;
    server.log.expect("second start").await;
    let mut request = ask(&server, "GET /request").await;
    server.log.expect("request began").await;
    let mut detached = ask(&server, "POST /detached").await;
    server.log.expect("detached began").await;
    let mut stream = ask(&server, "GET /stream").await;
    let mut chunk = [0; 1024];
    while !String::from_utf8_lossy(&chunk).contains("elements") {
        assert!(stream.read(&mut chunk).await.unwrap() > 0);
    }
    // Connections that ask nothing: never, not yet, and no more.
    let mut silent = server.connect().await;
    let mut partial = server.connect().await;
    partial.write_all(b"GET / HT").await.unwrap();
    let mut idle = ask(&server, "GET /").await;
    let count = idle.read(&mut chunk).await.unwrap();
    assert!(String::from_utf8_lossy(&chunk[..count]).ends_with("home"));
    let _ = detached.read(&mut chunk).await.unwrap();

    server.begin_to_stop();
    // The stream ends, and those who ask nothing are closed, while others go on.
    assert!(is_ended_by_stop(&rest(&mut stream).await));
    for socket in [&mut silent, &mut partial, &mut idle, &mut detached] {
        assert_eq!(rest(socket).await, "");
    }
    assert!(TcpStream::connect(server.address).await.is_err(), "the port was closed first");
    // The request began to wait first, so it is the one that goes on.
    server.probe.release(1);
    let answer = rest(&mut request).await;
    assert!(answer.contains("connection: close") && answer.ends_with("answer"), "{answer}");
    server.log.expect("request ended").await;
    server.log.expect("request cleaned up").await;
    // No connection is left, and a detached command: what it needs must not be cleaned up before it ends.
    let early = tokio::time::timeout(Duration::from_millis(50), server.log.next()).await;
    assert!(early.is_err(), "{early:?}");
    server.probe.release(1);
    let (ended, log) = server.ended().await;
    assert_eq!(ended, Ok(()));
    assert_eq!(log, ["detached ended", "pool closed", "second stop", "first stop"]);
}

/// Browsers do not repeat a request on a connection that has carried no other.
#[tokio::test(start_paused = true)]
async fn a_first_request_that_is_on_its_way_is_answered() {
    let mut server = start(|app, _| app).await;
    let (mut asks, mut silent) = (server.connect().await, server.connect().await);
    // Connections are accepted in the order in which they came.
    let last = rest(&mut server.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await).await;
    assert!(last.ends_with("home"), "{last}");
    server.begin_to_stop();
    let stopped = tokio::time::Instant::now();
    // The server has refused a connection, so it has stopped.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    asks.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = rest(&mut asks).await;
    assert!(answer.ends_with("home"), "{answer}");
    assert_eq!(rest(&mut silent).await, "");
    assert!(stopped.elapsed() < Duration::from_secs(1));
    assert!(server.stop().await.is_ok());
}

/// Some proxies do not repeat a POST on a connection that was closed before the answer.
#[tokio::test(start_paused = true)]
async fn a_request_on_its_way_on_a_kept_connection_is_answered_and_ends_the_connection() {
    let mut server = start(|app, _| app).await;
    let (mut asks, mut silent) = (ask(&server, "GET /").await, ask(&server, "GET /").await);
    for socket in [&mut asks, &mut silent] {
        let kept = answer(socket).await;
        assert!(kept.ends_with("home") && !kept.contains("connection: close"), "{kept}");
    }
    server.begin_to_stop();
    let stopped = tokio::time::Instant::now();
    // The server has refused a connection, so it has stopped.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    asks.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let last = rest(&mut asks).await;
    assert!(last.contains("\r\nconnection: close\r\n") && last.ends_with("home"), "{last}");
    assert_eq!(rest(&mut silent).await, "");
    assert!(stopped.elapsed() < Duration::from_secs(1));
    assert!(server.stop().await.is_ok());
}

/// How long a connection without a request is kept at the stop.
const KEPT: Duration = Duration::from_millis(100);

/// On a busy machine the end of that time and a request are found in the same turn, and tokio may not know of the request yet. A connection that is
/// closed with a request in it is reset, and a proxy that has sent a POST on it answers 502.
#[tokio::test(start_paused = true)]
async fn a_request_that_comes_when_its_connection_is_about_to_be_closed_is_answered() {
    let mut server = start(|app, _| app).await;
    let (mut new, mut silent) = (server.connect().await, server.connect().await);
    let (mut used, mut idle) = (ask(&server, "GET /").await, ask(&server, "GET /").await);
    for socket in [&mut used, &mut idle] {
        assert!(answer(socket).await.ends_with("home"));
    }
    server.begin_to_stop();
    let stopped = tokio::time::Instant::now();
    // It is armed before the timers of the connections, so this test is polled before they are.
    tokio::time::sleep(KEPT).await;
    for socket in [&new, &used] {
        let request = b"POST /unasked HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(socket.try_write(request).unwrap(), request.len());
    }
    for socket in [&mut new, &mut used] {
        let last = rest(socket).await;
        assert!(last.contains("\r\nconnection: close\r\n") && last.ends_with("done"), "{last:?}");
    }
    for socket in [&mut silent, &mut idle] {
        assert_eq!(rest(socket).await, "");
    }
    // It was the last moment.
    let closed = stopped.elapsed();
    assert!(closed < KEPT + Duration::from_millis(5), "{closed:?}");
    assert!(server.stop().await.is_ok());
}

/// A connection of HTTP/2 that has carried no request has the same time.
#[tokio::test(start_paused = true)]
async fn a_first_request_of_http_2_that_comes_when_its_connection_is_about_to_be_closed_is_answered() {
    let mut server = start(|app, _| app).await;
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat();
    let (mut asks, mut silent) = (server.send(&preface).await, server.send(&preface).await);
    for socket in [&mut asks, &mut silent] {
        // The server's settings, and that it has read the client's.
        assert!(!next_frame(socket, 4).await.1.is_empty());
        assert!(next_frame(socket, 4).await.1.is_empty());
    }
    server.begin_to_stop();
    let stopped = tokio::time::Instant::now();
    // It is armed before the timers of the connections, so this test is polled before they are.
    tokio::time::sleep(KEPT).await;
    // POST http://x/unasked, in HPACK's static table but for the host and the path.
    let head = [&[0x83, 0x86, 0x41, 1, b'x', 0x04, 8][..], b"/unasked"].concat();
    let request = frame(1, 5, 1, &head);
    assert_eq!(asks.try_write(&request).unwrap(), request.len());
    assert_eq!(next_frame(&mut asks, 1).await.0, 1);
    assert_eq!(next_frame(&mut asks, 0).await, (1, b"done".to_vec()));
    rest_bytes(&mut silent).await;
    // It was the last moment.
    let closed = stopped.elapsed();
    assert!(closed < KEPT + Duration::from_millis(5), "{closed:?}");
    drop(asks);
    assert!(server.stop().await.is_ok());
}

/// The first byte may be that of a method, or of what begins HTTP/2.
#[tokio::test(start_paused = true)]
async fn a_byte_of_which_the_protocol_is_not_known_keeps_a_connection_no_longer_than_twice_that_time() {
    let mut server = start(|app, _| app).await;
    let mut part = server.connect().await;
    part.write_all(b"P").await.unwrap();
    // Connections are accepted in the order in which they came.
    assert!(answer(&mut ask(&server, "GET /").await).await.ends_with("home"));
    server.begin_to_stop();
    let stopped = tokio::time::Instant::now();
    assert_eq!(rest(&mut part).await, "");
    let closed = stopped.elapsed();
    assert!(closed < 2 * KEPT + Duration::from_millis(5), "{closed:?}");
    assert!(server.stop().await.is_ok());
}

/// Its last bytes are on their way as those of a whole request are.
#[tokio::test(start_paused = true)]
async fn a_request_of_which_a_part_has_come_at_the_stop_is_answered() {
    let mut server = start(|app, _| app).await;
    let mut part = server.connect().await;
    part.write_all(b"POST /unasked HTTP/1.1\r\nho").await.unwrap();
    // Connections are accepted in the order in which they came.
    assert!(answer(&mut ask(&server, "GET /").await).await.ends_with("home"));
    server.begin_to_stop();
    // The server has refused a connection, so it has stopped.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    part.write_all(b"st: x\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    let last = rest(&mut part).await;
    assert!(last.contains("\r\nconnection: close\r\n") && last.ends_with("done"), "{last:?}");
    assert!(server.stop().await.is_ok());
}

#[tokio::test]
async fn a_start_that_fails_is_undone_in_reverse_and_says_why() {
    let server = start(|app, probe| {
        let [a, b, c, d] = [(); 4].map(|()| probe.clone());
        app.on_start(|_| async move {
            a.log("first start");
            Ok(())
        })
        .on_stop(|_| async move { b.log("first stop") })
        .on_stop(|_| async move { c.log("second stop") })
        .on_start(|_| async { Err(std::io::Error::other("no database").into()) })
        .on_stop(|_| async move { d.log("never") })
        .on_start(|_| async { panic!("never") })
    })
    .await;
    let (ended, log) = server.ended().await;
    assert_eq!(ended, Err("no database".to_owned()));
    assert_eq!(log, ["first start", "second stop", "first stop"]);
}

#[tokio::test]
async fn a_start_that_panics_is_an_error_and_one_that_is_stopped_is_undone() {
    let (ended, _) = start(|app, _| app.on_start(|_| async { panic!("on purpose") })).await.ended().await;
    assert_eq!(ended, Err("a start hook panicked: on purpose".to_owned()));
    let server = start(|app, probe| {
        let undo = probe.clone();
        app.on_stop(|_| async move { undo.log("undone") }).on_start(|_| std::future::pending())
    })
    .await;
    let (ended, log) = server.ended().await;
    assert_eq!((ended, log), (Ok(()), vec!["undone".to_owned()]));
}

fn short(app: App) -> App {
    let short = Duration::from_millis(50);
    let limits = Limits::default().stop_timeout(short).detached_stop_timeout(short).cleanup_timeout(short);
    app.limits(limits)
}

#[tokio::test]
async fn what_never_ends_is_cut_and_named_and_its_clean_ups_still_run() {
    let mut server = start(|app, _| short(app)).await;
    let mut request = ask(&server, "GET /request").await;
    server.log.expect("request began").await;
    let _command = ask(&server, "POST /command").await;
    server.log.expect("command began").await;
    let _detached = ask(&server, "POST /detached").await;
    server.log.expect("detached began").await;
    // A command whose client has left goes on in the background.
    let left = ask(&server, "POST /command").await;
    server.log.expect("command began").await;
    drop(left);
    let (ended, log) = server.ended().await;
    assert_eq!(rest(&mut request).await, "");
    let message = ended.unwrap_err();
    assert!(message.starts_with("stopped before the end ("), "{message}");
    for part in [
        "1 of server::shutdown::request",
        "of server::shutdown::command",
        "in the background: ",
        "1 of server::shutdown::detached",
    ] {
        assert!(message.contains(part), "{part} in {message}");
    }
    assert_eq!(log.last().unwrap(), "pool closed");
    assert!(log.contains(&"request cleaned up".to_owned()), "{log:?}");
}

#[app::query("/writing", app = local)]
async fn writing(probe: State<Probe>, w: Writer) -> Result {
    w.patch(1).await?;
    probe.log("writing began");
    std::future::pending().await
}

#[tokio::test]
async fn a_writer_that_ignores_the_stop_has_the_time_of_a_request() {
    let mut server = start(|app, _| {
        let limits = Limits::default().stop_timeout(Duration::from_millis(50));
        app.limits(limits.detached_stop_timeout(Duration::from_secs(3600)))
    })
    .await;
    let _open = ask(&server, "GET /writing").await;
    server.log.expect("writing began").await;
    // The client of this one has left, and it still is no work in the background.
    drop(ask(&server, "GET /writing").await);
    server.log.expect("writing began").await;
    let (ended, _) = server.ended().await;
    assert_eq!(ended, Err("stopped before the end (request: 2 of server::shutdown::writing)".to_owned()));
}

#[tokio::test]
async fn stop_hooks_that_hang_or_panic_do_not_keep_the_others() {
    let server = start(|app, probe| {
        let [a, b] = [(); 2].map(|()| probe.clone());
        short(app)
            .on_stop(|_| async move { a.log("last") })
            .on_stop(|_| async { assert!(std::env::args().count() == 0, "on purpose") })
            .on_stop(|_| std::future::pending::<()>())
            .on_stop(|_| async { Err::<(), _>("on purpose") })
            .on_stop(|_| async move { b.log("first") })
    })
    .await;
    let (ended, log) = server.ended().await;
    assert_eq!(ended, Err("stopped before the end (clean-ups: 1)".to_owned()));
    assert_eq!(log, ["first", "last"]);
}

#[app::query("/chunks", app = local)]
async fn chunks(probe: State<Probe>) -> stario::Response {
    probe.log("chunks began");
    let chunks = stream_of(std::iter::repeat_with(|| Ok::<_, std::io::Error>("x".repeat(1 << 16).into())));
    stario::Response::new(stario::Body::stream(chunks))
}

fn stream_of<I: Iterator + Unpin>(items: I) -> impl Stream<Item = I::Item> {
    futures_util::stream::iter(items)
}

#[tokio::test]
async fn responses_that_are_not_read_are_cut_and_named() {
    let mut server = start(|app, _| short(app)).await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(ask(&server, "GET /chunks").await);
        server.log.expect("chunks began").await;
    }
    for _ in 0..2 {
        // All of it is made, and waits for the system to take it.
        let mut socket = ask(&server, "GET /large").await;
        assert!(socket.read(&mut [0]).await.unwrap() > 0);
        sockets.push(socket);
    }
    // A handler that still writes behind a layer counts once, and one that has ended counts by its response.
    for path in ["GET /layered", "GET /responded"] {
        let mut socket = ask(&server, path).await;
        assert!(socket.read(&mut [0]).await.unwrap() > 0);
        sockets.push(socket);
    }
    let (ended, _) = server.ended().await;
    let message = ended.unwrap_err();
    assert_eq!(
        message,
        "stopped before the end (request: 3 of server::shutdown::chunks, 2 of server::shutdown::large, \
         1 of server::shutdown::layered, 1 of server::shutdown::responded)"
    );
}

#[app::query("/layered", app = local, layer = tower::layer::util::Identity::new())]
async fn layered(w: Writer) -> Result {
    loop {
        w.write("x".repeat(1 << 16)).await?;
    }
}

#[app::query("/responded", app = local)]
async fn responded(w: Writer) -> Result {
    Ok(w.text("x".repeat(8 << 20))?)
}

#[app::query("/large", app = local)]
async fn large() -> String {
    "x".repeat(8 << 20)
}
