//! Tabs of browsers: connections that read an event stream, and what they do when it ends.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clients::chunks::Chunks;
use crate::process::now;

/// An open event stream.
struct EventStream {
    socket: TcpStream,
    chunks: Chunks,
    /// Bytes that were received and are not returned yet.
    text: Vec<u8>,
}

impl EventStream {
    /// Opens a stream, and returns it with its first event.
    async fn open(address: &str, path: &str) -> (Self, String) {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 200"), "{path}: {}", String::from_utf8_lossy(&head));
        let mut stream = Self { socket, chunks: Chunks::default(), text: Vec::new() };
        let first = stream.next().await.expect("a first event");
        (stream, first)
    }

    /// The next event; none when the stream has ended.
    async fn next(&mut self) -> Option<String> {
        let mut piece = [0; 4096];
        loop {
            if let Some(end) = self.text.windows(2).position(|end| end == b"\n\n") {
                return Some(String::from_utf8(self.text.drain(..end + 2).collect()).unwrap());
            }
            // An error is an end without a mark of it.
            let count = self.socket.read(&mut piece).await.unwrap_or_default();
            if count == 0 {
                return None;
            }
            self.chunks.take(&piece[..count], |bytes| self.text.extend_from_slice(bytes));
        }
    }
}

/// An open tab.
pub struct Tab {
    pub person: String,
    stream: EventStream,
}

impl Tab {
    pub async fn open(address: &str, person: &str) -> Self {
        let (stream, _) = EventStream::open(address, &format!("/room/{person}")).await;
        Self { person: person.to_owned(), stream }
    }

    /// Waits for the end of the stream, then opens another one at this address when the last event says, as a browser does. Returns when it was
    /// open, too.
    pub async fn move_to(mut self, address: &str) -> (Self, u64) {
        let mut retry = None;
        while let Some(event) = self.stream.next().await {
            let value = event.lines().find_map(|line| line.strip_prefix("retry: "));
            retry = value.map(|value| value.parse().expect("milliseconds"));
        }
        tokio::time::sleep(Duration::from_millis(retry.expect("a time to connect again"))).await;
        (Self::open(address, &self.person).await, now())
    }
}

/// People, as a stream of changes has shown them.
#[derive(Default)]
pub struct Seen {
    pub present: HashSet<String>,
    /// When each person joined, and left, last; how often anybody left.
    pub joined: HashMap<String, u64>,
    pub left: HashMap<String, u64>,
    pub leaves: usize,
}

/// Reads the stream of changes of a node.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<Seen>>);

impl Watch {
    pub async fn open(address: &str) -> Self {
        let (mut stream, first) = EventStream::open(address, "/watch").await;
        let watch = Self::default();
        watch.lock().note(&first);
        let seen = watch.clone();
        tokio::spawn(async move {
            while let Some(event) = stream.next().await {
                seen.lock().note(&event);
            }
        });
        watch
    }

    pub fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    /// Waits until a condition holds. Returns whether it does in time.
    pub async fn until(&self, patience: Duration, condition: impl Fn(&Seen) -> bool) -> bool {
        let end = now() + patience.as_nanos() as u64;
        while !condition(&self.lock()) {
            if now() > end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        true
    }
}

impl Seen {
    fn note(&mut self, event: &str) {
        let now = now();
        for person in keys(event, "data-joined=\"") {
            self.present.insert(person.to_owned());
            self.joined.insert(person.to_owned(), now);
        }
        for person in keys(event, "data-left=\"") {
            self.present.remove(person);
            self.left.insert(person.to_owned(), now);
            self.leaves += 1;
        }
    }
}

/// The keys in an attribute of the event.
fn keys<'a>(event: &'a str, attribute: &str) -> impl Iterator<Item = &'a str> {
    let value = event.split_once(attribute).and_then(|(_, rest)| rest.split_once('"'));
    value.map_or("", |(value, _)| value).split_whitespace()
}
