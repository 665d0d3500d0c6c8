//! Many open streams on real sockets: what they hold in memory while their clients do not read, and how soon
//! they end when the server stops. Linux says what a process holds.
#![cfg(target_os = "linux")]

#[path = "support/mod.rs"]
mod support;

use std::time::Instant;

use stario::Limits;
use stario::prelude::*;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;

use support::probe::Probe;
use support::{open_files, server};

stario::app!();

const STREAMS: usize = 2_000;
const EVENTS: usize = 1_000;
/// No failure hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// Memory is measured of the whole process.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[app::query("/live")]
async fn live(relay: State<Relay<Event>>, probe: State<Probe>) -> impl Stream<Item = Event> {
    // Room for all events of the test.
    let mut updates = relay.subscribe("news.*").capacity_bytes(16 << 20);
    probe.log("open");
    stream! {
        while let Some((_, event)) = updates.next().await {
            yield event;
        }
    }
}

/// The same, by a `Writer`.
#[app::query("/written")]
async fn written(relay: State<Relay<Event>>, probe: State<Probe>, w: Writer) -> Result {
    let mut updates = w.alive(relay.subscribe("news.*"));
    w.open_events()?;
    probe.log("open");
    while let Some((_, event)) = updates.next().await {
        w.patch(event).await?;
    }
    Ok(())
}

struct Server {
    inner: server::Server,
    relay: Relay<Event>,
}

impl Server {
    fn start() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Accepted connections inherit it: what a client does not read must not fill the system's memory.
        socket.set_send_buffer_size(8 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener: TcpListener = socket.listen(2048).unwrap();
        let relay = Relay::new();
        // What ends is ended by the stop and not by a deadline, and who never reads is never given up.
        let long = Duration::from_secs(3600);
        let limits = Limits::default().connections(2 * STREAMS).head_timeout(long).write_timeout(long);
        let app = app::new().state(relay.clone()).limits(limits.stop_timeout(long));
        Self { inner: server::Server::start_on(listener, app), relay }
    }

    /// Opens a stream, and reads nothing of it.
    async fn open(&mut self, path: &str) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        let mut client = socket.connect(self.inner.address).await.unwrap();
        client.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        self.inner.log.expect("open").await;
        client
    }
}

/// The ids of the next events, as they arrive.
async fn ids(client: TcpStream, count: usize) -> Vec<usize> {
    let mut lines = BufReader::new(client).lines();
    let mut ids = Vec::new();
    while ids.len() < count {
        let line = lines.next_line().await.unwrap().expect("a stream that goes on");
        ids.extend(line.strip_prefix("id: ").map(|id| id.parse::<usize>().unwrap()));
    }
    ids
}

/// The memory of this process, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_never_read_cost_little_and_others_miss_nothing() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let streams = open_files::both_ends(STREAMS);
    let mut server = Server::start();
    let mut stalled = Vec::new();
    for _ in 0..streams {
        stalled.push(server.open("/live").await);
    }
    let mut readers = JoinSet::new();
    for _ in 0..10 {
        readers.spawn(ids(server.open("/live").await, EVENTS));
    }
    assert_eq!(server.relay.subscribers("news.1"), streams + 10);

    let before = resident();
    let padding = "x".repeat(8 * 1024);
    let started = Instant::now();
    for id in 0..EVENTS {
        server
            .relay
            .publish("news.1", Event::new(event::patch(html! { <p id="news">{&padding}</p> }).id(id)));
    }
    let published = started.elapsed();
    while let Some(received) = timeout(PATIENCE, readers.join_next()).await.unwrap() {
        assert!(received.unwrap().into_iter().eq(0..EVENTS));
    }
    let grown = resident().saturating_sub(before) / 1024;
    println!("{EVENTS} events to {streams} stalled streams: published in {published:?}, {grown} MiB more");
    // The events are there once, 8 MiB of them; each stream has a queue of 8 KiB, and what its connection
    // holds besides the events that it shares. Copies of what the connections hold would be 128 MiB.
    assert!(grown < 64, "{grown} MiB");
    assert_eq!(server.relay.dropped(), 0);

    drop(stalled);
    server.inner.begin_to_stop();
    timeout(PATIENCE, server.inner.ended()).await.unwrap().0.unwrap();
    assert_eq!(server.relay.subscribers("news.1"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_every_stream() {
    stop_all("/live").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_every_handler_that_writes_while_alive() {
    stop_all("/written").await;
}

async fn stop_all(path: &str) {
    let _alone = ONE_AT_A_TIME.lock().await;
    let streams = open_files::both_ends(STREAMS);
    let mut server = Server::start();
    let mut clients = JoinSet::new();
    for _ in 0..streams {
        let mut client = server.open(path).await;
        // A handler that ends before its head is sent would have no stream to end.
        client.readable().await.unwrap();
        clients.spawn(async move {
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            let received = String::from_utf8(received).unwrap();
            assert!(server::is_ended_by_stop(&received), "{received}");
        });
    }
    let started = Instant::now();
    server.inner.begin_to_stop();
    while let Some(ended) = timeout(PATIENCE, clients.join_next()).await.unwrap() {
        ended.unwrap();
    }
    let ended = started.elapsed();
    timeout(PATIENCE, server.inner.ended()).await.unwrap().0.unwrap();
    println!("{streams} streams ended within {ended:?}, the server within {:?}", started.elapsed());
    assert_eq!(server.relay.subscribers("news.1"), 0);
}
