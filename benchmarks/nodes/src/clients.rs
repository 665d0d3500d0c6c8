//! The browsers: they read the streams of all nodes, in a process of their own, and say when each event arrived.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::{now, say};
use chunks::Chunks;

#[path = "../../broadcast/src/chunks.rs"]
mod chunks;

/// Of so many compressed streams one is decoded; the others are only received.
const DECODED: usize = 20;

/// How long nothing comes at the end of a stream that has missed events.
const SILENCE: Duration = Duration::from_secs(10);

/// Stands before the time at which an event was published.
const MARK: &[u8] = b"data-at=\"";
const DIGITS: usize = 20;

/// Arguments: the coding, how many streams of each node there are, how many events each has, and the addresses of the nodes.
pub fn run(arguments: &[String]) {
    let [coding, streams, events, addresses @ ..] = arguments else { panic!("too few arguments") };
    let (streams, events) = (streams.parse().unwrap(), events.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut opened = Vec::new();
        for address in addresses {
            for index in 0..streams {
                opened.push(Reader::open(address, coding, index % DECODED == 0).await);
            }
        }
        say("open");
        let reading: Vec<_> = opened.into_iter().map(|reader| tokio::spawn(reader.read(events))).collect();
        let (mut latencies, mut expected) = (Vec::new(), 0);
        for reading in reading {
            if let Some(its) = reading.await.unwrap() {
                latencies.extend(its);
                expected += events;
            }
        }
        latencies.sort_unstable();
        let percentile =
            |part: usize| latencies.get(latencies.len() * part / 100).copied().unwrap_or_default();
        say(format_args!("{} {expected} {} {}", latencies.len(), percentile(50), percentile(99)));
    });
}

struct Reader {
    socket: TcpStream,
    chunks: Chunks,
    text: Text,
}

/// How the bytes of a body become text.
enum Text {
    Plain(Vec<u8>),
    Compressed(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
    /// It is not decoded.
    Unread,
}

impl Reader {
    /// Opens a stream, and returns when its head is there: then its subscription has begun.
    async fn open(address: &str, coding: &str, is_decoded: bool) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /live HTTP/1.1\r\nhost: localhost\r\naccept-encoding: {coding}\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let is_compressed = head.contains("content-encoding");
        assert!(head.starts_with("HTTP/1.1 200") && is_compressed == (coding != "identity"), "{head}");
        let text = match (is_compressed, is_decoded) {
            (false, _) => Text::Plain(Vec::new()),
            (true, true) => {
                Text::Compressed(Box::new(zstd::stream::write::Decoder::new(Vec::new()).unwrap()))
            }
            (true, false) => Text::Unread,
        };
        Self { socket, chunks: Chunks::default(), text }
    }

    /// Reads so many events; returns how many nanoseconds each has taken, if it can read them.
    async fn read(mut self, events: usize) -> Option<Vec<u64>> {
        let mut latencies = Vec::new();
        let mut piece = vec![0; 4096];
        while latencies.len() < events {
            let Ok(read) = tokio::time::timeout(SILENCE, self.socket.read(&mut piece)).await else { break };
            let count = read.unwrap();
            assert_ne!(count, 0, "the connection has ended before its stream");
            let text = &mut self.text;
            self.chunks.take(&piece[..count], |bytes| text.push(bytes));
            text.take_times(|published| latencies.push(now().saturating_sub(published)));
        }
        (!matches!(self.text, Text::Unread)).then_some(latencies)
    }
}

impl Text {
    fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Plain(text) => text.extend_from_slice(bytes),
            Self::Compressed(decoder) => {
                use std::io::Write;
                decoder.write_all(bytes).unwrap();
                decoder.flush().unwrap();
            }
            Self::Unread => {}
        }
    }

    /// Finds when each event was published that has arrived since the last call.
    fn take_times(&mut self, mut found: impl FnMut(u64)) {
        let text = match self {
            Self::Plain(text) => text,
            Self::Compressed(decoder) => decoder.get_mut(),
            Self::Unread => return,
        };
        let mut rest = &text[..];
        while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK)
            && let Some(digits) = rest.get(at + MARK.len()..at + MARK.len() + DIGITS)
        {
            found(std::str::from_utf8(digits).unwrap().parse().unwrap());
            rest = &rest[at + MARK.len() + DIGITS..];
        }
        let kept = rest.len();
        text.drain(..text.len() - kept);
    }
}
