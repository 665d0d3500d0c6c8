//! A server on a free port, and the bytes that its clients send and read.

use std::net::SocketAddr;

use stario::App;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::patiently;

/// A server that runs until it is stopped or dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<stario::Result>,
}

impl Server {
    pub(crate) async fn start(app: App) -> Self {
        Self::start_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), app)
    }

    pub(crate) fn start_on(listener: TcpListener, app: App) -> Self {
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(app.serve_on(listener, async { drop(stopped.await) }));
        Self { address, stop: Some(stop), task }
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
}

/// A request of HTTP/1.1 without a body; each of `fields` ends with a line's end.
pub(crate) fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n{fields}\r\n")
}

/// Everything that comes until the server closes the connection, or resets it.
pub(crate) async fn rest(socket: &mut TcpStream) -> String {
    let mut rest = Vec::new();
    let _ = patiently(socket.read_to_end(&mut rest)).await;
    String::from_utf8_lossy(&rest).into_owned()
}

/// One frame of HTTP/2 (RFC 9113, 4.1).
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}
