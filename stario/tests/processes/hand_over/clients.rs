//! Clients of a server that another process replaces: some send one request after another on connections that they keep, others
//! follow an event stream. As browsers and proxies do, they repeat a request on a connection that was closed before
//! the first byte of an answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What the clients have seen.
#[derive(Default)]
pub(crate) struct Seen {
    /// How many requests each process has answered; its number is the answer.
    pub(crate) answered: BTreeMap<String, usize>,
    /// How many requests were repeated: on a connection that had carried another, and on one that had not.
    pub(crate) repeated: usize,
    pub(crate) repeated_first: usize,
    /// What a client would show as a failure.
    pub(crate) failed: Vec<String>,
    /// The longest time from a request to its answer, repetitions included.
    pub(crate) slowest: Duration,
    /// How many gaps the streams had under whose subject nothing is published, beside the one at the first visit.
    pub(crate) quiet_gaps: usize,
}

/// A stream that was opened again.
#[derive(Debug)]
pub(crate) struct Return {
    /// The time from the end of the stream to its next event.
    pub(crate) waited: Duration,
    /// How many gaps the new stream had before and right behind its first value.
    pub(crate) gaps: usize,
}

/// Clients that go on until this is dropped.
pub(crate) struct Clients {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    returns: mpsc::UnboundedReceiver<Return>,
    opened: mpsc::UnboundedReceiver<()>,
    senders: (mpsc::UnboundedSender<()>, mpsc::UnboundedSender<Return>),
    tasks: JoinSet<()>,
}

impl Clients {
    /// `askers` clients that ask for `/`, and `followers` that follow the news.
    pub(crate) fn start(address: SocketAddr, askers: usize, followers: usize) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (return_sender, returns) = mpsc::unbounded_channel();
        let (open_sender, opened) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for _ in 0..askers {
            tasks.spawn(ask("GET", address, Arc::clone(&seen)));
        }
        for _ in 0..followers {
            tasks.spawn(follow(address, Arc::clone(&seen), open_sender.clone(), return_sender.clone()));
        }
        Self { address, seen, returns, opened, senders: (open_sender, return_sender), tasks }
    }

    /// Starts clients that send commands.
    #[allow(dead_code, reason = "not each program uses it")]
    pub(crate) fn post(&mut self, askers: usize) {
        for _ in 0..askers {
            self.tasks.spawn(ask("POST", self.address, Arc::clone(&self.seen)));
        }
    }

    /// Starts more followers, of a subject under which nothing is published.
    #[allow(dead_code, reason = "not each program uses it")]
    pub(crate) fn follow_quietly(&mut self, followers: usize) {
        for _ in 0..followers {
            let (opened, returns) = self.senders.clone();
            self.tasks.spawn(follow_quietly(self.address, Arc::clone(&self.seen), opened, returns));
        }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no panic")
    }

    /// Waits until a follower has had its first value.
    pub(crate) async fn opened(&mut self) {
        self.opened.recv().await.expect("a follower");
    }

    /// Waits for a stream that was opened again.
    pub(crate) async fn returned(&mut self) -> Return {
        self.returns.recv().await.expect("a follower")
    }
}

/// Why a request has no answer.
enum Unanswered {
    /// The connection was closed before the first byte.
    Early,
    Cut(String),
}

async fn ask(method: &'static str, address: SocketAddr, seen: Arc<Mutex<Seen>>) {
    let mut kept: Option<TcpStream> = None;
    loop {
        let asked = Instant::now();
        let answer = loop {
            let is_first = kept.is_none();
            let mut socket = match kept.take() {
                Some(socket) => socket,
                None => match TcpStream::connect(address).await {
                    Ok(socket) => socket,
                    Err(error) => break Err(format!("cannot connect: {error}")),
                },
            };
            match exchange(method, &mut socket).await {
                Ok((answer, is_kept)) => {
                    kept = is_kept.then_some(socket);
                    break Ok(answer);
                }
                Err(Unanswered::Early) => {
                    let mut seen = seen.lock().expect("no panic");
                    let repeated = if is_first { &mut seen.repeated_first } else { &mut seen.repeated };
                    *repeated += 1;
                }
                Err(Unanswered::Cut(reason)) => break Err(reason),
            }
        };
        {
            let mut seen = seen.lock().expect("no panic");
            seen.slowest = seen.slowest.max(asked.elapsed());
            match answer {
                Ok(process) => *seen.answered.entry(process).or_default() += 1,
                Err(reason) => seen.failed.push(reason),
            }
        }
        // Connections are new and old ones at every moment.
        if asked.elapsed().subsec_nanos().is_multiple_of(8) {
            kept = None;
        }
    }
}

/// One request and its answer: what it says, and whether the connection lasts.
async fn exchange(method: &str, socket: &mut TcpStream) -> Result<(String, bool), Unanswered> {
    let request = format!("{method} / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    if socket.write_all(request.as_bytes()).await.is_err() {
        return Err(Unanswered::Early);
    }
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            // Proxies write names with capitals.
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or_default();
            if !head.starts_with("http/1.1 200 ") {
                return Err(Unanswered::Cut(text));
            }
            if body.len() >= length {
                return Ok((body.to_owned(), !head.contains("connection: close")));
            }
        }
        match socket.read_buf(&mut bytes).await {
            Ok(1..) => {}
            Ok(0) | Err(_) if bytes.is_empty() => return Err(Unanswered::Early),
            ended => return Err(Unanswered::Cut(format!("{ended:?} behind {text:?}"))),
        }
    }
}

/// What a client does with the lines of a stream: `line` is called with each. Returns the time that the stream has named, when it has ended.
async fn read_stream(
    address: SocketAddr,
    subject: &str,
    last_id: &mut Option<String>,
    mut line: impl FnMut(&str),
) -> Result<Option<u64>, String> {
    let mut socket =
        TcpStream::connect(address).await.map_err(|error| format!("cannot connect a stream: {error}"))?;
    let resume = last_id.as_ref().map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
    let request =
        format!("GET /live/{subject} HTTP/1.1\r\nhost: x\r\naccept-encoding: identity\r\n{resume}\r\n");
    socket
        .write_all(request.as_bytes())
        .await
        .map_err(|error| format!("cannot ask for a stream: {error}"))?;
    let (mut bytes, mut retry) = (Vec::new(), None);
    while let Ok(1..) = socket.read_buf(&mut bytes).await {
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else { continue };
        let lines: Vec<u8> = bytes.drain(..=end).collect();
        for text in String::from_utf8_lossy(&lines).lines() {
            if let Some(id) = text.strip_prefix("id: ") {
                *last_id = Some(id.to_owned());
            } else if let Some(time) = text.strip_prefix("retry: ") {
                retry = time.parse().ok();
            }
            line(text);
        }
    }
    Ok(retry)
}

/// Waits until a stream that has ended is to be opened again.
///
/// # Errors
///
/// When it has not said when, or at another time than a server's stop says.
async fn wait_to_retry(retry: Option<u64>) -> Result<(), String> {
    let retry = retry.ok_or("a stream ended without a time to retry")?;
    if !(250..=1750).contains(&retry) {
        return Err(format!("a stream is to be opened again after {retry} ms"));
    }
    tokio::time::sleep(Duration::from_millis(retry)).await;
    Ok(())
}

/// Notes when a visit of a stream has ended, and waits until the stream is to be opened again: at once if it was closed before its first byte.
///
/// # Errors
///
/// When the stream could not be read, or as of [`wait_to_retry`].
async fn end_visit(
    read: Result<Option<u64>, String>,
    has_begun: bool,
    ended: &mut Option<Instant>,
) -> Result<(), String> {
    let retry = read?;
    if has_begun {
        *ended = Some(Instant::now());
        wait_to_retry(retry).await?;
    }
    Ok(())
}

/// Follows the stream, as Datastar does: when it ends without the mark of a whole response, it is opened again after
/// the time that it named, with the last id.
async fn follow(
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    opened: mpsc::UnboundedSender<()>,
    returns: mpsc::UnboundedSender<Return>,
) {
    let (mut last_id, mut ended) = (None, None);
    let fail = |reason: String| seen.lock().expect("no panic").failed.push(reason);
    loop {
        let (mut begun, mut gaps, mut values) = (None, 0, 0);
        let read = read_stream(address, "news", &mut last_id, |line| {
            if !line.starts_with("data: ") {
                return;
            }
            let begun = *begun.get_or_insert_with(Instant::now);
            if line.contains("gap") {
                gaps += 1;
            } else {
                values += 1;
            }
            if values == 2 {
                match ended {
                    Some(ended) => drop(returns.send(Return { waited: begun - ended, gaps })),
                    None => drop(opened.send(())),
                }
            }
        });
        let read = read.await;
        if let Err(reason) = end_visit(read, begun.is_some(), &mut ended).await {
            return fail(reason);
        }
    }
}

/// Follows a stream that has no event, but the gap at the first visit: it is there when its head is.
#[allow(dead_code, reason = "not each program uses it")]
async fn follow_quietly(
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    opened: mpsc::UnboundedSender<()>,
    returns: mpsc::UnboundedSender<Return>,
) {
    let (mut last_id, mut ended): (_, Option<Instant>) = (None, None);
    let fail = |reason: String| seen.lock().expect("no panic").failed.push(reason);
    loop {
        let mut begun = None;
        let is_first = ended.is_none();
        let read = read_stream(address, "quiet", &mut last_id, |line| {
            let is_gap = line.contains("gap");
            if is_gap && !is_first {
                seen.lock().expect("no panic").quiet_gaps += 1;
            }
            // The page of the first visit has its position with the gap.
            if begun.is_some() || (is_first && !line.starts_with("id: ")) {
                return;
            }
            begun = Some(Instant::now());
            match ended {
                Some(ended) => drop(returns.send(Return { waited: ended.elapsed(), gaps: 0 })),
                None => drop(opened.send(())),
            }
        });
        let read = read.await;
        if let Err(reason) = end_visit(read, begun.is_some(), &mut ended).await {
            return fail(reason);
        }
    }
}
