//! The browsers: they read the streams of all nodes, in a process of their own, check the numbers of the events, and say when each arrived.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::node::find;
use crate::numbers::Numbers;
use crate::process::{now, say, say_all};
use chunks::Chunks;

#[path = "../../broadcast/src/chunks.rs"]
pub mod chunks;

/// Of so many compressed streams one is decoded; the others are only received.
const DECODED: usize = 20;

/// How long nothing comes at the end of a stream that has missed events.
const SILENCE: Duration = Duration::from_secs(10);

/// How long is waited behind the last event: what comes twice may come late.
const LATE: Duration = Duration::from_millis(300);

/// Arguments: the coding, how many streams of each node there are, how many nodes publish, how many events each of these publishes, and the addresses
/// of the nodes.
pub fn run(arguments: &[String]) {
    let [coding, streams, publishers, each, addresses @ ..] = arguments else { panic!("too few arguments") };
    let streams = streams.parse().unwrap();
    let counts = vec![each.parse().unwrap(); publishers.parse().unwrap()];
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut opened = Vec::new();
        for address in addresses {
            for index in 0..streams {
                opened.push(Reader::open(address, coding, index % DECODED == 0).await);
            }
        }
        say("open");
        let reading: Vec<_> =
            opened.into_iter().map(|reader| tokio::spawn(reader.read(counts.clone()))).collect();
        let (mut latencies, mut expected, mut problems) = (Vec::new(), 0, Vec::new());
        for (index, reading) in reading.into_iter().enumerate() {
            if let Some((numbers, its)) = reading.await.unwrap() {
                latencies.extend(its);
                expected += counts.iter().sum::<u64>();
                let found = numbers.problems(&counts).into_iter();
                problems.extend(found.map(|problem| format!("stream {index}: {problem}")));
            }
        }
        latencies.sort_unstable();
        let percentile =
            |part: usize| latencies.get(latencies.len() * part / 100).copied().unwrap_or_default();
        say(format_args!("{} {expected} {} {}", latencies.len(), percentile(50), percentile(99)));
        say_all(&problems);
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

    /// Reads the events of publishers that publish so many each. Returns their numbers, and how many nanoseconds each event has taken, if it can read
    /// them.
    async fn read(mut self, counts: Vec<u64>) -> Option<(Numbers, Vec<u64>)> {
        let (mut numbers, mut latencies) = (Numbers::new(counts.len(), false), Vec::new());
        let mut piece = vec![0; 4096];
        loop {
            let pause = if numbers.has_come_to(&counts) { LATE } else { SILENCE };
            let Ok(read) = tokio::time::timeout(pause, self.socket.read(&mut piece)).await else { break };
            let count = read.unwrap();
            assert_ne!(count, 0, "the connection has ended before its stream");
            let text = &mut self.text;
            self.chunks.take(&piece[..count], |bytes| text.push(bytes));
            text.take_events(|(publisher, number, published)| {
                numbers.receive(publisher, number);
                latencies.push(now().saturating_sub(published));
            });
        }
        (!matches!(self.text, Text::Unread)).then_some((numbers, latencies))
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

    /// Finds publisher and number of each event that has arrived since the last call, and when it was published.
    fn take_events(&mut self, mut found: impl FnMut((usize, u64, u64))) {
        let text = match self {
            Self::Plain(text) => text,
            Self::Compressed(decoder) => decoder.get_mut(),
            Self::Unread => return,
        };
        let mut rest = std::str::from_utf8(text).expect("events of this program, in ASCII");
        while let Some((event, behind)) = find(rest) {
            found(event);
            rest = behind;
        }
        let kept = rest.len();
        text.drain(..text.len() - kept);
    }
}
