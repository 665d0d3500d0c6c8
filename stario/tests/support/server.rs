//! A server on a free port, and the bytes that its clients send and read.

use std::net::SocketAddr;

use stario::App;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::patiently;
use super::probe::{Log, Probe, probe};

/// A server that runs until it is stopped or dropped. Its handlers have the probe as state.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) probe: Probe,
    pub(crate) log: Log,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<stario::Result>,
}

impl Server {
    pub(crate) async fn start(app: App) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), app)
    }

    /// Starts the app that `set_up` makes with the probe.
    pub(crate) async fn start_with(set_up: impl FnOnce(&Probe) -> App) -> Self {
        Self::start_both(TcpListener::bind("127.0.0.1:0").await.unwrap(), set_up)
    }

    pub(crate) fn start_on(listener: TcpListener, app: App) -> Self {
        Self::start_both(listener, |_| app)
    }

    fn start_both(listener: TcpListener, set_up: impl FnOnce(&Probe) -> App) -> Self {
        let (probe, log) = probe();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let app = set_up(&probe).state(probe.clone());
        let task = tokio::spawn(app.serve_on(listener, async { drop(stopped.await) }));
        Self { address, probe, log, stop: Some(stop), task }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `bytes` on a new connection.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> TcpStream {
        let mut socket = self.connect().await;
        socket.write_all(bytes.as_ref()).await.unwrap();
        socket
    }

    /// Tells the server to stop, and does not wait for its end.
    pub(crate) fn begin_to_stop(&mut self) {
        drop(self.stop.take());
    }

    /// Tells the server to stop, and returns how it ended.
    pub(crate) async fn stop(mut self) -> stario::Result {
        self.begin_to_stop();
        patiently(self.task).await.unwrap()
    }

    /// Tells the server to stop, and returns how it ended, with the events that the test has not read. There is
    /// no deadline: the test's clock may stand still.
    pub(crate) async fn ended(mut self) -> (Result<(), String>, Vec<String>) {
        self.begin_to_stop();
        let ended = self.task.await.unwrap().map_err(|error| error.to_string());
        (ended, self.log.so_far())
    }
}

/// A request of HTTP/1.1 without a body; each of `fields` ends with a line's end.
pub(crate) fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{fields}\r\n")
}

/// Everything that comes until the server closes the connection, or resets it.
pub(crate) async fn rest_bytes(socket: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    // A reset is an end too.
    let _ = patiently(socket.read_to_end(&mut rest)).await;
    rest
}

/// The same, which must be text.
pub(crate) async fn rest(socket: &mut TcpStream) -> String {
    String::from_utf8(rest_bytes(socket).await).unwrap()
}

/// Whether an event stream of HTTP/1.1 ended because the server stops: it says when to connect again, and the last chunk,
/// which marks a whole response, is missing.
pub(crate) fn is_ended_by_stop(answer: &str) -> bool {
    let retry = answer.strip_suffix("\n\n\r\n").and_then(|text| text.rsplit_once("\r\nretry: "));
    retry.is_some_and(|(_, time)| time.parse::<u64>().is_ok_and(|time| (250..=1750).contains(&time)))
}

/// One response without a body, or with one whose length it says.
pub(crate) async fn answer(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
        let mut chunk = [0; 1024];
        let count = patiently(socket.read(&mut chunk)).await.unwrap();
        assert!(count > 0, "the connection ended in {text}");
        answer.extend_from_slice(&chunk[..count]);
    }
}

/// One frame of HTTP/2 (RFC 9113, 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Reads frames until one of this kind comes, and returns its stream and its payload.
pub(crate) async fn next_frame(socket: &mut TcpStream, kind: u8) -> (u32, Vec<u8>) {
    loop {
        let mut start = [0; 9];
        patiently(socket.read_exact(&mut start)).await.unwrap();
        let mut payload = vec![0; usize::from(start[1]) << 8 | usize::from(start[2])];
        patiently(socket.read_exact(&mut payload)).await.unwrap();
        if start[3] == kind {
            return (u32::from_be_bytes([start[5], start[6], start[7], start[8]]), payload);
        }
    }
}
