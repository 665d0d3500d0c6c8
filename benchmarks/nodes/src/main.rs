//! Relays of one, two and three nodes over NATS: what is lost, how late values come, and what each costs.
//!
//! ```text
//! cargo run --release -p nodes -- 100000          # values of each run
//! cargo run --release -p nodes -- http 200        # the same with 2,000 streams over HTTP; events of each run
//! ```
//!
//! Starts `nats-server` and, for each node, this program again: its first argument is `node` or `http-node` then. All processes of one machine have the same
//! clock, so a value carries when it was published.

mod clients;
mod http;
mod process;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use process::{Broker, Node, cpu, now, say, wait};
use stario::{Event, Relay, Update};

stario::app!();

/// How long nothing comes at the end.
const SILENCE: Duration = Duration::from_secs(5);

/// How many values a publisher puts out at once, each time its pace allows them.
const BURST: u64 = 10;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("node") => node(&arguments[1..]),
        Some("http") => {
            http::compare(arguments.get(1).map_or(200, |events| events.parse().expect("how many events")))
        }
        Some("http-node") => http::node(&arguments[1..]),
        Some("clients") => clients::run(&arguments[1..]),
        first => compare(first.map_or(100_000, |values| values.parse().expect("how many values"))),
    }
}

// One node.

/// Arguments: the server or `-`, how many values this node publishes, how many it receives, values per second (0: no pace), and how many
/// subscriptions each value reaches.
fn node(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<u64>().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(run_node(&arguments[0], number(1), number(2), number(3), number(4)));
}

async fn run_node(server: &str, publishes: u64, receives: u64, pace: u64, subscriptions: u64) {
    let nats = if server == "-" { None } else { Some(stario_nats::connect(server).await.unwrap()) };
    let relay = match &nats {
        Some(nats) => {
            Relay::<Event>::over(nats.relay("bench").buffer(1 << 20, 1 << 30).receive_buffer(1 << 30))
        }
        None => Relay::new(),
    }
    .history(1_000);
    if let Some(nats) = &nats {
        nats.ready().await;
    }
    let delivered = Arc::new(AtomicU64::new(0));
    let position = relay.position();
    let mut readers = Vec::new();
    for index in 0..subscriptions {
        let mut updates = relay.resume("room.*", &position).capacity(1 << 20).capacity_bytes(1 << 30);
        let delivered = Arc::clone(&delivered);
        readers.push(tokio::spawn(async move {
            let (mut gaps, mut latencies, mut received) = (0_u64, Vec::new(), 0_u64);
            let mut last = Instant::now();
            while received < receives {
                // After a gap not all come: then the end is a silence.
                let Ok(update) = tokio::time::timeout(SILENCE, updates.next()).await else { break };
                match update {
                    Some(Update::Value(_, event)) => {
                        received += 1;
                        last = Instant::now();
                        delivered.fetch_add(1, Ordering::Relaxed);
                        if index == 0 {
                            latencies.push(now().saturating_sub(published_at(&event)));
                        }
                    }
                    Some(Update::Gap) => gaps += 1,
                    None => break,
                }
            }
            (gaps, latencies, last)
        }));
    }
    say("ready");
    // The parent says when all nodes are.
    wait();
    let (before, begin) = (cpu(), Instant::now());
    for value in 0..publishes {
        if pace > 0 && value % BURST == 0 {
            let due = Duration::from_nanos(value * 1_000_000_000 / pace);
            tokio::time::sleep(due.saturating_sub(begin.elapsed())).await;
        } else if pace == 0 && value % 64 == 0 {
            tokio::task::yield_now().await;
        }
        relay.publish(format!("room.{}", value % 100), event(value));
    }
    let (mut gaps, mut latencies, mut end) = (0, Vec::new(), begin);
    for reader in readers {
        let (of_reader, mut its, last) = reader.await.unwrap();
        gaps += of_reader;
        latencies.append(&mut its);
        end = end.max(last);
    }
    let seconds = end.duration_since(begin).as_secs_f64();
    let spent = (cpu() - before) * 1e6;
    latencies.sort_unstable();
    let percentile = |part: usize| latencies.get(latencies.len() * part / 100).copied().unwrap_or_default();
    let delivered = delivered.load(Ordering::Relaxed);
    let latencies = format!("{} {}", percentile(50), percentile(99));
    say(format_args!("{delivered} {gaps} {} {spent} {seconds} {latencies}", relay.unsent()));
    if let Some(nats) = &nats {
        nats.flush().await;
    }
    // The others may still ask for what this node announces.
    wait();
}

/// An event that says when it was published.
fn event(value: u64) -> Event {
    let element = format!("<li id=\"value-{value}\" data-at=\"{:020}\">{:x<200}</li>", now(), "");
    Event::new(stario::event::patch(stario::Raw(element)))
}

fn published_at(event: &Event) -> u64 {
    let text = format!("{event:?}");
    let at = text.find("data-at=").expect("it says when it was published") + "data-at=\\\"".len();
    text[at..at + 20].parse().expect("nanoseconds")
}

// All nodes.

struct Run {
    name: &'static str,
    nodes: usize,
    publishers: usize,
    /// Values per second of all publishers together; 0 is as fast as they can.
    pace: u64,
    subscriptions: u64,
    has_nats: bool,
}

fn compare(values: u64) {
    println!("{values} values of about 300 bytes in each run");
    println!(
        "| run | nodes | publish | pace /s | subscriptions each | delivered | gaps | unsent | seconds | p50 µs | p99 µs | CPU µs per delivery | broker CPU µs per value |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
    let run = |name, nodes, publishers, pace, subscriptions, has_nats| Run {
        name,
        nodes,
        publishers,
        pace,
        subscriptions,
        has_nats,
    };
    for run in [
        run("in one process", 1, 1, 0, 1, false),
        run("one node", 1, 1, 0, 1, true),
        run("two nodes", 2, 1, 0, 1, true),
        run("three nodes", 3, 1, 0, 1, true),
        run("three nodes", 3, 3, 0, 1, true),
        run("in one process", 1, 1, 5000, 1, false),
        run("two nodes", 2, 1, 5000, 1, true),
        run("three nodes", 3, 1, 5000, 1, true),
        run("three nodes", 3, 3, 5000, 1, true),
        run("in one process", 1, 1, 500, 2000, false),
        run("two nodes", 2, 1, 500, 1000, true),
    ] {
        // Each value reaches many: fewer of them take as long.
        let values = if run.subscriptions > 1 { values / 100 } else { values };
        measure(&run, values);
    }
}

fn measure(run: &Run, values: u64) {
    let broker = run.has_nats.then(Broker::start);
    let server = broker.as_ref().map_or_else(|| "-".to_owned(), Broker::url);
    let each = values / run.publishers as u64;
    let total = each * run.publishers as u64;
    let mut nodes: Vec<Node> = (0..run.nodes)
        .map(|index| {
            let publishes = if index < run.publishers { each } else { 0 };
            let mut node = Node::start(&[
                "node".to_owned(),
                server.clone(),
                publishes.to_string(),
                total.to_string(),
                (run.pace / run.publishers as u64).to_string(),
                run.subscriptions.to_string(),
            ]);
            assert_eq!(node.line(), "ready");
            node
        })
        .collect();
    // Until each knows the numbers of all others.
    std::thread::sleep(Duration::from_millis(300));
    let broker_cpu = broker.as_ref().map(Broker::cpu);
    nodes.iter_mut().for_each(Node::go);
    let results: Vec<Vec<f64>> = nodes.iter_mut().map(Node::result).collect();
    let broker_cpu = broker.as_ref().map(Broker::cpu).zip(broker_cpu).map(|(after, before)| after - before);
    nodes.iter_mut().for_each(Node::go);
    let sum = |at: usize| results.iter().map(|result| result[at]).sum::<f64>();
    let most = |at: usize| results.iter().map(|result| result[at]).fold(0.0, f64::max);
    let delivered = sum(0);
    let expected = total * run.nodes as u64 * run.subscriptions;
    assert!(
        delivered as u64 == expected || sum(1) > 0.0,
        "{delivered} of {expected} were delivered, and no gap says so"
    );
    println!(
        "| {} | {} | {} | {} | {} | {delivered} of {expected} | {} | {} | {:.2} | {:.0} | {:.0} | {:.2} | {} |",
        run.name,
        run.nodes,
        run.publishers,
        if run.pace == 0 { "no limit".to_owned() } else { run.pace.to_string() },
        run.subscriptions,
        sum(1),
        sum(2),
        most(4),
        most(5) / 1e3,
        most(6) / 1e3,
        sum(3) / delivered,
        broker_cpu.map_or("–".to_owned(), |seconds| format!("{:.2}", seconds * 1e6 / total as f64)),
    );
}
