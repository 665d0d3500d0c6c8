//! Clients that leave, and the server's stop.

use std::pin::Pin;
use std::task::{Context, Poll};

use stario::prelude::*;
use stario::{Alive, AppHandle, Body, Bytes};

use super::{Client, Server, local};
use crate::app;
use crate::support::patiently;
use crate::support::probe::{Probe, probe};
use crate::support::server::is_ended_by_stop;

type Log = State<Probe>;

/// The first form: a source.
#[app::query("/source", app = local)]
async fn source(probe: Log, relay: State<Relay<u32>>, w: Writer) -> Result {
    let mut updates = w.alive(relay.subscribe("updates"));
    w.write_headers(StatusCode::OK)?;
    while let Some((subject, count)) = updates.next().await {
        w.write(format!("{subject} {count};")).await?;
    }
    probe.log(format!("after, {} subscribed", relay.subscribers("updates")));
    Ok(())
}

#[app::query("/source-that-ends", app = local)]
async fn source_that_ends(w: Writer) -> Result {
    let mut events = w.alive(stream! { yield 1; yield 2; });
    while let Some(event) = events.next().await {
        w.patch(event).await?;
    }
    w.patch("after").await?;
    Ok(())
}

/// The second form: a loop, whose body waits for something that never comes.
#[app::query("/loop", app = local)]
async fn endless_loop(probe: Log, w: Writer) -> Result {
    let ended: Option<Result> = w
        .while_alive(async {
            loop {
                w.patch(1).await?;
                std::future::pending::<()>().await;
            }
        })
        .await;
    probe.log(format!("after {}", ended.is_none()));
    Ok(())
}

/// A source in a block, which may be left where the body of its loop waits.
#[app::query("/source-in-a-block", app = local)]
async fn source_in_a_block(probe: Log, relay: State<Relay<u32>>, w: Writer) -> Result {
    let ended: Option<Result> = w
        .while_alive(async {
            let mut updates = w.alive(relay.subscribe("updates"));
            w.write_headers(StatusCode::OK)?;
            while let Some((subject, count)) = updates.next().await {
                w.write(format!("{subject} {count};")).await?;
                std::future::pending::<()>().await;
            }
            Ok(())
        })
        .await;
    probe.log(format!("after {}, {} subscribed", ended.is_none(), relay.subscribers("updates")));
    Ok(())
}

/// The third form: one operation.
#[app::query("/operation", app = local)]
async fn operation(probe: Log, w: Writer) -> Result {
    w.write_headers(StatusCode::OK)?;
    let done = w.while_alive(async {}).await;
    let never = w.while_alive(std::future::pending::<()>()).await;
    probe.log(format!("{done:?} {never:?}"));
    Ok(())
}

/// Has not answered when its client leaves.
#[app::query("/before-headers", app = local)]
async fn before_headers(probe: Log, w: Writer) -> Result {
    probe.log("started");
    w.while_alive(std::future::pending::<()>()).await;
    probe.log("after");
    // Nothing of this is an error.
    probe.log_result(w.write_headers(StatusCode::OK));
    probe.log_result(w.write_headers(StatusCode::OK));
    probe.log_result(w.set_header("x", "1"));
    probe.log_result(w.patch(1).await);
    probe.log_result(w.write("x").await);
    probe.log_result(w.html("late"));
    Ok(())
}

#[app::command("/body-that-nobody-reads", app = local)]
async fn body_that_nobody_reads(probe: Log, w: Writer) -> Result {
    before_headers(probe, w).await
}

#[app::command("/stream-that-reads-no-body", app = local)]
async fn stream_that_reads_no_body(probe: Log) -> impl Stream<Item = Event> {
    struct Dropped(Log);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.log("dropped");
        }
    }
    stream! {
        let _dropped = Dropped(probe);
        yield 1;
        std::future::pending::<()>().await;
    }
}

/// Asks nobody, and writes to a client who has left.
#[app::query("/stubborn", app = local)]
async fn stubborn(probe: Log, w: Writer) -> Result {
    w.write("x").await?;
    probe.released().await;
    for _ in 0..100 {
        w.write(vec![0; 100_000]).await?;
    }
    probe.log_result(w.end());
    Ok(())
}

/// Writes without a pause, and so waits for its client alone.
#[app::query("/flood", app = local)]
async fn flood(probe: Log, w: Writer) -> Result {
    probe.log("started");
    let flooded: Option<Result> = w
        .while_alive(async {
            loop {
                w.write([0; 1000]).await?;
            }
        })
        .await;
    probe.log(format!("after {}", flooded.is_none()));
    // For ever, were it not for the budget of a task.
    while !probe.try_released() {
        w.write([0; 1000]).await?;
    }
    probe.log("done");
    Ok(())
}

#[app::command("/command", app = local)]
async fn command(probe: Log, alive: Alive) {
    probe.log("started");
    assert!(!alive.has_ended());
    alive.ended().await;
    let mut never = alive.stream(stream! { yield 1; });
    assert!(never.next().await.is_none());
    probe.log(format!("{:?}", alive.run(async {}).await));
}

#[app::detached_command("/detached", app = local)]
async fn detached(probe: Log, alive: Alive, app: AppHandle) {
    probe.log("started");
    probe.released().await;
    probe.log(alive.has_ended().to_string());
    alive.run(std::future::pending::<()>()).await;
    probe.log(app.is_stopping().to_string());
}

#[stario::dependency]
async fn resource(probe: Log, cleanup: stario::Cleanup) -> Resource {
    cleanup.defer(async move { probe.log("cleaned up") });
    Resource
}

#[derive(Clone)]
struct Resource;

#[app::query("/resource", app = local)]
async fn with_resource(probe: Log, _resource: Resource, w: Writer) -> Result {
    w.patch(1).await?;
    w.while_alive(std::future::pending::<()>()).await;
    probe.log("after");
    Ok(())
}

/// Ends before its client has read anything: the last bytes wait for the first.
#[app::query("/resource-that-writes", app = local)]
async fn resource_that_writes(probe: Log, _resource: Resource, w: Writer) -> Result {
    w.write(vec![b'x'; LARGE]).await?;
    w.while_alive(probe.released()).await;
    w.write("end").await?;
    probe.log("returned");
    Ok(())
}

#[app::query("/resource-that-responds", app = local)]
async fn resource_that_responds(probe: Log, _resource: Resource, w: Writer) -> Result {
    struct Pieces(Vec<Vec<u8>>);
    impl Stream for Pieces {
        type Item = Result<Bytes, std::io::Error>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.pop().map(|piece| Ok(piece.into())))
        }
    }
    w.respond(Response::new(Body::stream(Pieces(vec![b"end".to_vec(), vec![b'x'; LARGE]]))))?;
    probe.released().await;
    probe.log("returned");
    Ok(())
}

/// The same, but the response is on its way before the handler ends.
#[app::query("/resource-that-goes-on", app = local)]
async fn resource_that_goes_on(probe: Log, _resource: Resource, w: Writer) -> Result {
    w.text("x".repeat(LARGE))?;
    probe.released().await;
    probe.log("returned");
    Ok(())
}

/// More than the system takes for a client that does not read.
const LARGE: usize = 32 * 1024 * 1024;

#[app::query("/page", app = local)]
async fn page() -> &'static str {
    "page"
}

#[app::command("/quick", app = local)]
async fn quick() -> &'static str {
    "quick"
}

#[tokio::test]
async fn alive_is_a_stream_and_a_block() {
    let server = Server::start().await;
    let answer = server.answer("GET /source-that-ends HTTP/1.1").await;
    let event = |text| format!("event: datastar-patch-elements\ndata: elements {text}\n\n");
    assert_eq!(answer.text(), event("1") + &event("2") + &event("after"));
    let mut server = server;
    let mut client = server.ask("GET /operation HTTP/1.1").await;
    client.until("\r\n\r\n").await;
    drop(client);
    assert_eq!(server.said().await, "Some(()) None");
    server.stop().await;
}

#[tokio::test]
async fn alive_ends_when_the_client_leaves() {
    let mut server = Server::start().await;
    for path in ["/loop", "/source"] {
        let mut client = server.ask(&format!("GET {path} HTTP/1.1")).await;
        client.until("\r\n\r\n").await;
        drop(client);
        assert!(server.said().await.starts_with("after"));
    }
    server.stop().await;
}

impl Client {
    /// Reads to the end: that of events at a stop, or the last chunk of bytes, which nobody asks for again.
    async fn until_ended_by_stop(&mut self, path: &str) {
        let rest = String::from_utf8(self.rest().await).unwrap();
        let is_ended = if path == "/loop" { is_ended_by_stop(&rest) } else { rest.ends_with("0\r\n\r\n") };
        assert!(is_ended, "{path}: {rest}");
    }
}

#[tokio::test]
async fn alive_ends_when_the_server_stops() {
    for path in ["/loop", "/source"] {
        let mut server = Server::start().await;
        let mut client = server.ask(&format!("GET {path} HTTP/1.1")).await;
        client.until("\r\n\r\n").await;
        server.begin_to_stop();
        assert!(server.said().await.starts_with("after"));
        client.until_ended_by_stop(path).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn the_wait_is_given_up_before_the_headers_are_sent() {
    let mut server = Server::start().await;
    let client = server.ask("GET /before-headers HTTP/1.1").await;
    assert_eq!(server.said().await, "started");
    drop(client);
    assert_eq!(server.said().await, "after");
    server.stop().await;
}

#[tokio::test]
async fn the_wait_is_given_up_when_the_connection_is_reset() {
    let mut server = Server::start().await;
    let client = server.ask("GET /before-headers HTTP/1.1").await;
    assert_eq!(server.said().await, "started");
    // Data that it will not read: the system answers with RST.
    client.socket.set_zero_linger().unwrap();
    drop(client);
    assert_eq!(server.said().await, "after");
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_hide_that_the_client_left() {
    let mut server = Server::start().await;
    let mut client = server.ask("POST /body-that-nobody-reads HTTP/1.1\r\ncontent-length: 7").await;
    client.send(b"{\"a\":1}").await;
    assert_eq!(server.said().await, "started");
    drop(client);
    assert_eq!(server.said().await, "after");
    server.stop().await;
    let mut server = Server::start().await;
    let mut client = server.ask("POST /stream-that-reads-no-body HTTP/1.1\r\ncontent-length: 7").await;
    client.send(b"{\"a\":1}").await;
    client.until("elements 1\n\n").await;
    drop(client);
    assert_eq!(server.said().await, "dropped");
    server.stop().await;
}

#[tokio::test]
async fn a_large_or_late_body_that_nobody_reads_does_not_hide_it_either() {
    for (length, is_late) in [(200_000, false), (7, true), (200_000, true)] {
        let mut server = Server::start().await;
        let head = format!("POST /body-that-nobody-reads HTTP/1.1\r\ncontent-length: {length}");
        let mut client = server.ask(&head).await;
        if !is_late {
            client.send(&vec![b'x'; length]).await;
        }
        assert_eq!(server.said().await, "started");
        if is_late {
            client.send(&vec![b'x'; length]).await;
        }
        drop(client);
        assert_eq!(server.said().await, "after");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_close_the_connection() {
    let server = Server::start().await;
    let mut client = server.ask("POST /quick HTTP/1.1\r\ncontent-length: 200000").await;
    client.until("\r\n\r\nquick").await;
    client.send(&vec![b'x'; 200_000]).await;
    client.ask("GET /page HTTP/1.1").await;
    client.until("\r\n\r\npage").await;
    server.stop().await;
}

/// Speaks HTTP/2 as far as it must: sends one GET, and resets it when its handler has begun.
#[tokio::test]
async fn the_wait_is_given_up_when_an_http_2_stream_is_reset() {
    const RST_STREAM_CANCEL: &[u8] = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";
    async fn get(server: &Server, path: &str) -> Client {
        // The static table of RFC 7541: `:method: GET` (2), `:scheme: http` (6), `:path` (4), `:authority` (1).
        let mut block = vec![0x82, 0x86, 0x04, u8::try_from(path.len()).unwrap()];
        block.extend_from_slice(path.as_bytes());
        block.extend_from_slice(b"\x01\x01x");
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
        bytes.extend_from_slice(&[0, 0, u8::try_from(block.len()).unwrap(), 1, 5, 0, 0, 0, 1]);
        bytes.extend_from_slice(&block);
        let socket = server.inner.connect().await;
        let mut client = Client { socket, read: Vec::new() };
        client.send(&bytes).await;
        client
    }
    let mut server = Server::start().await;
    let mut client = get(&server, "/before-headers").await;
    assert_eq!(server.said().await, "started");
    client.send(RST_STREAM_CANCEL).await;
    assert_eq!(server.said().await, "after");
    drop(client);
    let mut client = get(&server, "/loop").await;
    wait_for_bytes(&mut client, b"data: elements 1\n\n").await;
    server.inner.log.so_far();
    client.send(RST_STREAM_CANCEL).await;
    assert_eq!(server.said().await, "after true");
    drop(client);
    server.stop().await;
}

async fn wait_for_bytes(client: &mut Client, bytes: &[u8]) {
    use tokio::io::AsyncReadExt;
    while !client.read.windows(bytes.len()).any(|window| window == bytes) {
        let count = patiently(client.socket.read_buf(&mut client.read)).await.unwrap();
        assert!(count > 0);
    }
}

#[tokio::test]
async fn the_code_after_alive_always_runs_and_so_do_clean_ups() {
    let mut server = Server::start().await;
    let mut client = server.ask("GET /resource HTTP/1.1").await;
    client.until("elements 1\n\n").await;
    drop(client);
    assert_eq!(server.said().await, "after");
    assert_eq!(server.said().await, "cleaned up");
    server.stop().await;
}

#[tokio::test]
async fn clean_ups_wait_for_the_last_byte_and_for_the_handler() {
    for path in ["/resource-that-writes", "/resource-that-responds"] {
        let mut server = Server::start().await;
        let mut client = server.ask(&format!("GET {path} HTTP/1.1\r\nconnection: close")).await;
        client.until("\r\n\r\n").await;
        server.probe.release(1);
        assert_eq!(server.said().await, "returned", "{path}");
        // Time enough for what would run now.
        assert_eq!(server.answer("GET /page HTTP/1.1").await.text(), "page");
        server.probe.log("reads");
        assert!(client.rest().await.len() >= LARGE);
        assert_eq!(server.said().await, "reads", "{path}");
        assert_eq!(server.said().await, "cleaned up", "{path}");
        server.stop().await;
    }
    // The other way round: the response is sent, and the handler is not done.
    let mut server = Server::start().await;
    let mut client = server.ask("GET /resource-that-goes-on HTTP/1.1\r\nconnection: close").await;
    assert!(client.rest().await.len() >= LARGE);
    server.probe.release(1);
    assert_eq!(server.said().await, "returned");
    assert_eq!(server.said().await, "cleaned up");
    server.stop().await;
}

#[tokio::test]
async fn a_layer_changes_nothing_for_who_leaves_and_who_waits() {
    for path in ["/loop", "/source"] {
        let passed_on = tower_http::map_response_body::MapResponseBodyLayer::new(Body::new);
        let limit = tower_http::limit::RequestBodyLimitLayer::new(1000);
        let mut server = Server::start_with(|app| app.layer(passed_on).layer(limit)).await;
        let mut client = server.ask(&format!("GET {path} HTTP/1.1")).await;
        client.until("\r\n\r\n").await;
        drop(client);
        assert!(server.said().await.starts_with("after"));
        let mut client = server.ask(&format!("GET {path} HTTP/1.1")).await;
        client.until("\r\n\r\n").await;
        server.begin_to_stop();
        assert!(server.said().await.starts_with("after"));
        client.until_ended_by_stop(path).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_subscription_is_a_source_and_ends_with_its_client() {
    let mut server = Server::start().await;
    let mut client = server.ask("GET /source HTTP/1.1").await;
    client.until("\r\n\r\n").await;
    server.relay.publish("updates", 1);
    client.until("updates 1;").await;
    server.relay.publish("updates", 2);
    client.until("updates 2;").await;
    drop(client);
    assert_eq!(server.said().await, "after, 0 subscribed");
    server.stop().await;
}

#[tokio::test]
async fn a_loop_is_left_where_its_body_waits() {
    let mut server = Server::start().await;
    let mut client = server.ask("GET /loop HTTP/1.1").await;
    client.until("elements 1\n\n").await;
    drop(client);
    assert_eq!(server.said().await, "after true");
    server.stop().await;
}

#[tokio::test]
async fn a_loop_over_a_source_is_left_where_its_body_waits() {
    for stops in [false, true] {
        let mut server = Server::start().await;
        let mut client = server.ask("GET /source-in-a-block HTTP/1.1").await;
        client.until("\r\n\r\n").await;
        server.relay.publish("updates", 1);
        client.until("updates 1;").await;
        if stops {
            server.begin_to_stop();
        } else {
            drop(client);
        }
        assert_eq!(server.said().await, "after true, 0 subscribed");
        server.stop().await;
    }
}

#[tokio::test]
async fn one_operation_is_protected() {
    let mut server = Server::start().await;
    let mut client = server.ask("GET /operation HTTP/1.1").await;
    client.until("\r\n\r\n").await;
    server.begin_to_stop();
    assert_eq!(server.said().await, "Some(()) None");
    server.stop().await;
}

#[tokio::test]
async fn nothing_is_waited_for_when_the_client_is_slow() {
    let mut server = Server::start().await;
    let client = server.ask("GET /flood HTTP/1.1").await;
    assert_eq!(server.said().await, "started");
    // It writes until the system takes no more of a client that never reads, or is about to.
    drop(client);
    assert_eq!(server.said().await, "after true");
    server.probe.release(1);
    assert_eq!(server.said().await, "done");
    server.stop().await;
}

#[tokio::test]
async fn nothing_fails_when_the_client_has_left() {
    let mut server = Server::start().await;
    let client = server.ask("GET /before-headers HTTP/1.1").await;
    assert_eq!(server.said().await, "started");
    drop(client);
    assert_eq!(server.said().await, "after");
    for _ in 0..6 {
        assert_eq!(server.said().await, "ok");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_handler_with_a_writer_is_not_dropped_when_its_client_leaves() {
    let mut server = Server::start().await;
    let mut client = server.ask("GET /stubborn HTTP/1.1").await;
    client.until("1\r\nx\r\n").await;
    drop(client);
    server.probe.release(1);
    assert_eq!(server.said().await, "ok");
    server.stop().await;
}

#[tokio::test]
async fn a_command_is_told_that_its_client_has_left() {
    let mut server = Server::start().await;
    let client = server.ask("POST /command HTTP/1.1\r\ncontent-length: 0").await;
    assert_eq!(server.said().await, "started");
    drop(client);
    assert_eq!(server.said().await, "None");
    server.stop().await;
}

#[tokio::test]
async fn a_detached_command_is_told_of_the_stop_alone() {
    let mut server = Server::start().await;
    let mut client = server.ask("POST /detached HTTP/1.1\r\ncontent-length: 0").await;
    client.until("\r\n\r\n").await;
    drop(client);
    assert_eq!(server.said().await, "started");
    server.probe.release(1);
    assert_eq!(server.said().await, "false");
    server.begin_to_stop();
    assert_eq!(server.said().await, "true");
    server.stop().await;
}

#[tokio::test]
async fn the_test_client_can_leave_too() {
    let (probe, mut log) = probe();
    let client = TestClient::new(local::new().state(probe).state(Relay::<u32>::new()));
    let mut events = client.get("/loop").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    drop(events);
    log.expect("after true").await;
    let waiting = tokio::spawn(client.get("/before-headers").into_future());
    log.expect("started").await;
    waiting.abort();
    log.expect("after").await;
    let mut events = client.get("/loop").open().await;
    assert_eq!(events.next().await.unwrap().elements(), "1");
    client.stop().await;
    assert!(events.next().await.is_none());
}
