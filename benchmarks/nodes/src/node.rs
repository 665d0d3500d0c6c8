//! One node of a run with values: a relay that publishes, and readers that check what they receive.

use std::ops::Range;
use std::time::{Duration, Instant};

use stario::relay::Payload;
use stario::{Event, Relay, Update, Updates};
use stario_nats::Nats;
use stario_nats::async_nats::ConnectOptions;
use tokio::time::timeout;

use crate::numbers::Numbers;
use crate::process::{cpu, now, say, say_all, wait};

/// How long nothing comes at the end, if values are missing.
const SILENCE: Duration = Duration::from_secs(5);

/// How many values a publisher puts out at once, each time its pace allows them.
const BURST: u64 = 10;

/// How many values the history keeps.
pub const HISTORY: usize = 1_000;

/// The large buffers: of values that wait to be sent, in the client library's queue, and of a subscription; and of bytes for these and for what
/// waits to be received.
pub const LARGE: (usize, usize) = (1 << 20, 1 << 30);

/// The work of a node.
pub struct Task {
    /// The URL of the server, or `-`.
    pub server: String,
    /// Its own number.
    pub node: usize,
    /// The nodes with the lowest numbers publish, each so many values.
    pub publishers: usize,
    pub each: u64,
    /// Values per second of this node; 0 is as fast as it can.
    pub pace: u64,
    /// How many subscriptions each value reaches.
    pub readers: usize,
    /// Whether buffers are so large that nothing is dropped; else they are the defaults.
    pub is_large: bool,
    /// Whether readers may have gaps.
    pub may_skip: bool,
}

impl Task {
    pub fn arguments(&self) -> Vec<String> {
        let Self { server, node, publishers, each, pace, readers, is_large, may_skip } = self;
        let mut arguments = vec!["node".to_owned(), server.clone()];
        arguments.extend([*node, *publishers, *readers].map(|number| number.to_string()));
        arguments.extend([*each, *pace].map(|number| number.to_string()));
        arguments.extend([*is_large, *may_skip].map(|flag| flag.to_string()));
        arguments
    }

    fn read(arguments: &[String]) -> Self {
        let size = |at: usize| arguments[at].parse::<usize>().unwrap();
        let number = |at: usize| arguments[at].parse::<u64>().unwrap();
        let flag = |at: usize| arguments[at].parse::<bool>().unwrap();
        Self {
            server: arguments[0].clone(),
            node: size(1),
            publishers: size(2),
            readers: size(3),
            each: number(4),
            pace: number(5),
            is_large: flag(6),
            may_skip: flag(7),
        }
    }
}

pub fn run(arguments: &[String]) {
    let task = Task::read(arguments);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(run_task(task));
}

async fn run_task(task: Task) {
    let options = match task.is_large {
        true => ConnectOptions::new().subscription_capacity(LARGE.0),
        false => ConnectOptions::new(),
    };
    let nats = match &*task.server {
        "-" => None,
        server => Some(Nats::with_options(server, options).await.unwrap()),
    };
    let relay = match &nats {
        Some(nats) if task.is_large => {
            Relay::<Event>::over(nats.relay("bench").buffer(LARGE.0, LARGE.1).receive_buffer(LARGE.1))
        }
        Some(nats) => Relay::over(nats.relay("bench")),
        None => Relay::new(),
    }
    .history(HISTORY);
    if let Some(nats) = &nats {
        nats.ready().await.unwrap();
    }
    let position = relay.position();
    let counts = vec![task.each; task.publishers];
    let readers: Vec<_> = (0..task.readers)
        .map(|index| {
            let mut updates = relay.resume("room.*", &position);
            if task.is_large {
                updates = updates.capacity(LARGE.0).capacity_bytes(LARGE.1);
            }
            let numbers = Numbers::new(task.publishers, task.may_skip);
            let reader = Reader { updates, numbers, latencies: Vec::new(), last: Instant::now() };
            tokio::spawn(reader.read(counts.clone(), index == 0))
        })
        .collect();
    say("ready");
    // The parent says when all nodes are.
    wait();
    let (before, begin) = (cpu(), Instant::now());
    if task.node < task.publishers {
        publish(&relay, task.node, 0..task.each, task.pace).await;
    }
    let (mut ended, mut latencies, mut end) = (Vec::new(), Vec::new(), begin);
    for reader in readers {
        let mut reader = reader.await.unwrap();
        latencies.append(&mut reader.latencies);
        end = end.max(reader.last);
        ended.push(reader);
    }
    let (spent, seconds) = ((cpu() - before) * 1e6, end.duration_since(begin).as_secs_f64());
    latencies.sort_unstable();
    let percentile = |part: usize| latencies.get(latencies.len() * part / 100).copied().unwrap_or_default();
    if let Some(nats) = &nats {
        nats.flush().await;
    }
    say("done");
    // When all nodes are, nothing more may come.
    wait();
    let (mut received, mut gaps, mut problems) = (0, 0, Vec::new());
    for (index, mut reader) in ended.into_iter().enumerate() {
        reader.take_rest().await;
        received += reader.numbers.received();
        gaps += reader.numbers.gaps();
        let found = reader.numbers.problems(&counts);
        problems.extend(found.into_iter().map(|it| format!("reader {index} of node {}: {it}", task.node)));
    }
    let (unsent, p50, p99) = (relay.unsent(), percentile(50), percentile(99));
    if unsent > 0 && !task.may_skip {
        problems.push(format!("{unsent} values of node {} were not sent", task.node));
    }
    say(format_args!("{received} {gaps} {unsent} {spent} {seconds} {p50} {p99}"));
    say_all(&problems);
    // The others may still ask for what this node announces.
    wait();
}

/// Publishes these numbers, so many per second, or as fast as possible if that is 0.
pub async fn publish(relay: &Relay<Event>, node: usize, numbers: Range<u64>, pace: u64) {
    let begin = Instant::now();
    for (count, number) in (0..).zip(numbers) {
        if pace > 0 && count % BURST == 0 {
            let due = Duration::from_nanos(count * 1_000_000_000 / pace);
            tokio::time::sleep(due.saturating_sub(begin.elapsed())).await;
        } else if pace == 0 && count % 64 == 0 {
            tokio::task::yield_now().await;
        }
        relay.publish(format!("room.{}", number % 100), event(node, number));
    }
}

struct Reader {
    updates: Updates<Event>,
    numbers: Numbers,
    latencies: Vec<u64>,
    /// When the last value came.
    last: Instant,
}

impl Reader {
    /// Receives until each publisher's last number has come, or nothing comes.
    async fn read(mut self, counts: Vec<u64>, is_measured: bool) -> Self {
        while !self.numbers.has_come_to(&counts) {
            let Ok(update) = timeout(SILENCE, self.updates.next()).await else { break };
            let published = self.take(update.expect("a valid pattern"));
            if let Some(published) = published {
                self.last = Instant::now();
                if is_measured {
                    self.latencies.push(now().saturating_sub(published));
                }
            }
        }
        self
    }

    /// Receives what waits.
    async fn take_rest(&mut self) {
        while let Ok(Some(update)) = timeout(Duration::ZERO, self.updates.next()).await {
            self.take(update);
        }
    }

    /// Notes an update. Returns when it was published, if it is a value.
    fn take(&mut self, update: Update<Event>) -> Option<u64> {
        let Update::Value(_, event) = update else {
            self.numbers.gap();
            return None;
        };
        let (publisher, number, published) = read(&event);
        self.numbers.receive(publisher, number);
        Some(published)
    }
}

/// An event that says which number it is of which publisher, and when it was published.
pub fn event(publisher: usize, number: u64) -> Event {
    let at = now();
    let element = format!("<li id=\"value-{publisher}-{number}\" data-at=\"{at:020}\">{:x<200}</li>", "");
    Event::new(stario::event::patch(stario::Raw(element)))
}

/// The publisher of an event, its number, and when it was published.
pub fn read(event: &Event) -> (usize, u64, u64) {
    let bytes = event.encode().expect("a valid event");
    let text = std::str::from_utf8(&bytes).expect("text");
    find(text).expect("an event of this program").0
}

/// The same of the first event in a text, and the rest of the text; `None` if the text has no whole one.
pub fn find(text: &str) -> Option<((usize, u64, u64), &str)> {
    let (_, text) = text.split_once("id=\"value-")?;
    let (id, text) = text.split_once("\" data-at=\"")?;
    let (at, rest) = text.split_at_checked(20)?;
    let (publisher, number) = id.split_once('-').expect("publisher and number");
    let number = number.parse().expect("a number");
    Some(((publisher.parse().expect("a publisher"), number, at.parse().expect("nanoseconds")), rest))
}
