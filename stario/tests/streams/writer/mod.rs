//! The `Writer` and `alive`, through a socket.

mod alive;
mod events;
mod headers;
mod misuse;
mod primitives;
mod whole;

use stario::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::patiently;
use crate::support::probe::Probe;
use crate::support::server;

stario::app!(local);

/// A server of all handlers of this module, and the relay that they subscribe to.
pub(crate) struct Server {
    inner: server::Server,
    probe: Probe,
    relay: Relay<u32>,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(|app| app).await
    }

    async fn start_with(set_up: impl FnOnce(stario::App) -> stario::App) -> Self {
        let relay = Relay::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Accepted connections inherit it: how much else the system takes for a client that does not read is
        // up to the system.
        socket2::SockRef::from(&listener).set_send_buffer_size(64 * 1024).unwrap();
        let inner = server::Server::start_on(listener, set_up(local::new().state(relay.clone())));
        Self { probe: inner.probe.clone(), inner, relay }
    }

    /// Sends a request without a body; `head` is its first line and more.
    async fn ask(&self, head: &str) -> Client {
        let mut client = Client { socket: self.inner.connect().await, read: Vec::new() };
        client.ask(head).await;
        client
    }

    /// The next event that a handler logs.
    async fn said(&mut self) -> String {
        self.inner.log.next().await
    }

    /// What the whole response of a connection of its own is.
    async fn answer(&self, head: &str) -> Answer {
        let mut client = self.ask(&format!("{head}\r\nconnection: close")).await;
        Answer::parse(&client.rest().await, head.starts_with("HEAD "))
    }

    fn begin_to_stop(&mut self) {
        self.inner.begin_to_stop();
    }

    async fn stop(self) {
        self.inner.stop().await.unwrap();
    }
}

/// One connection.
pub(crate) struct Client {
    socket: TcpStream,
    read: Vec<u8>,
}

impl Client {
    async fn ask(&mut self, head: &str) {
        self.send(format!("{head}\r\nhost: x\r\n\r\n").as_bytes()).await;
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// Reads until `text` has come, and returns what came up to it.
    async fn until(&mut self, text: &str) -> String {
        loop {
            let found = self.read.windows(text.len()).position(|window| window == text.as_bytes());
            if let Some(start) = found {
                let rest = self.read.split_off(start + text.len());
                let read = std::mem::replace(&mut self.read, rest);
                return String::from_utf8(read).unwrap();
            }
            let mut chunk = [0; 4096];
            let count = patiently(self.socket.read(&mut chunk)).await.unwrap();
            let read = String::from_utf8_lossy(&self.read);
            assert!(count > 0, "the connection ended without {text:?} after {read:?}");
            self.read.extend_from_slice(&chunk[..count]);
        }
    }

    /// All that comes until the server closes the connection, or cuts it.
    async fn rest(&mut self) -> Vec<u8> {
        let mut read = std::mem::take(&mut self.read);
        let _ = patiently(self.socket.read_to_end(&mut read)).await;
        read
    }
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// The length was kept, or the last chunk came.
    is_complete: bool,
}

impl Answer {
    fn parse(bytes: &[u8], is_head: bool) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("the head's end");
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let body = &bytes[end + 4..];
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_owned(), value.to_owned())
        };
        let mut answer =
            Self { status, headers: lines.map(header).collect(), body: Vec::new(), is_complete: true };
        if is_head || matches!(status, 204 | 304) {
            answer.body.extend_from_slice(body);
        } else if answer.header("transfer-encoding") == "chunked" {
            answer.is_complete = read_chunks(body, &mut answer.body);
        } else {
            answer.body.extend_from_slice(body);
            answer.is_complete = answer.header("content-length") == body.len().to_string();
        }
        answer
    }

    fn header(&self, name: &str) -> String {
        self.all(name).join(" + ")
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| &**value).collect()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Whether the last chunk came, and nothing after it.
fn read_chunks(mut bytes: &[u8], body: &mut Vec<u8>) -> bool {
    loop {
        let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") else { return false };
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        bytes = &bytes[end + 2..];
        if size == 0 {
            return bytes == b"\r\n";
        }
        if bytes.len() < size + 2 {
            return false;
        }
        body.extend_from_slice(&bytes[..size]);
        bytes = &bytes[size + 2..];
    }
}
