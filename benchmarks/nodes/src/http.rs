//! Nodes that serve event streams over HTTP, and what a delivered event costs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use stario::prelude::*;
use stario::{Compression, ContentCoding, Limits};
use tokio::net::TcpListener;

use crate::app;
use crate::node::event;
use crate::process::{Broker, Node, cpu, raise_open_files, say, wait};

/// How many streams all nodes of a run have together.
const STREAMS: usize = 2000;

/// How many events are published per second.
const PACE: u64 = 10;

/// How many gaps the streams of this process had.
#[derive(Default)]
struct Gaps {
    count: AtomicU64,
}

#[app::query("/live")]
async fn live(
    relay: State<Relay<Event>>,
    gaps: State<Arc<Gaps>>,
    last_event_id: Header<Option<String>>,
) -> impl Stream<Item = Event> {
    let position = last_event_id.0.unwrap_or_else(|| relay.position().to_string());
    let mut updates = relay.resume("room.*", position);
    stream! {
        while let Some(update) = updates.next().await {
            match update {
                Update::Value(_, event) => yield event,
                Update::Gap => drop(gaps.count.fetch_add(1, Ordering::Relaxed)),
            }
        }
    }
}

/// Arguments: the server or `-`, the number of this node, how many events it publishes, and how many nanoseconds are between two of them.
pub fn node(arguments: &[String]) {
    let number = |at: usize| arguments[at].parse::<u64>().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(run_node(&arguments[0], number(1) as usize, number(2), Duration::from_nanos(number(3))));
}

async fn run_node(server: &str, index: usize, publishes: u64, interval: Duration) {
    let nats = if server == "-" { None } else { Some(stario_nats::connect(server).await.unwrap()) };
    let relay = match &nats {
        Some(nats) => Relay::<Event>::over(nats.relay("bench")),
        None => Relay::new(),
    }
    .history(1_000);
    if let Some(nats) = &nats {
        nats.ready().await.unwrap();
    }
    let gaps = Arc::<Gaps>::default();
    let many = 1 << 20;
    let app = app::new()
        .state(relay.clone())
        .state(Arc::clone(&gaps))
        .compression(Compression::new().codings([ContentCoding::Zstd]))
        .limits(Limits::default().connections(many).connections_per_client(many).streams(many));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    say(listener.local_addr().unwrap());
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    // The parent says when all streams are open.
    tokio::task::spawn_blocking(wait).await.unwrap();
    let (before, begin) = (cpu(), Instant::now());
    for number in 0..publishes {
        tokio::time::sleep((interval * number as u32).saturating_sub(begin.elapsed())).await;
        relay.publish(format!("room.{}", number % 100), event(index, number));
    }
    // And when all events have arrived.
    tokio::task::spawn_blocking(wait).await.unwrap();
    say(format_args!("{} {} {}", (cpu() - before) * 1e6, gaps.count.load(Ordering::Relaxed), relay.unsent()));
    // The others may still ask for what this node announces.
    tokio::task::spawn_blocking(wait).await.unwrap();
}

struct Run {
    name: &'static str,
    nodes: usize,
    publishers: usize,
    has_nats: bool,
}

/// Runs all cases. Returns what is wrong.
pub fn compare(events: u64) -> Vec<String> {
    raise_open_files();
    println!(
        "{events} events of about 300 bytes, {PACE} a second, to {STREAMS} streams over HTTP/1.1 together"
    );
    println!(
        "| run | nodes | publish | coding | delivered | gaps | unsent | p50 ms | p99 ms | CPU µs per delivered event | broker CPU µs per event |"
    );
    println!("|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|");
    let run = |name, nodes, publishers, has_nats| Run { name, nodes, publishers, has_nats };
    let mut problems = Vec::new();
    for coding in ["identity", "zstd"] {
        for run in [
            run("without NATS", 1, 1, false),
            run("one node", 1, 1, true),
            run("two nodes", 2, 1, true),
            run("three nodes", 3, 1, true),
            run("three nodes", 3, 3, true),
        ] {
            problems.extend(measure(&run, coding, events));
        }
    }
    problems
}

/// Returns what is wrong.
fn measure(run: &Run, coding: &str, events: u64) -> Vec<String> {
    let broker = run.has_nats.then(Broker::start);
    let server = broker.as_ref().map_or_else(|| "-".to_owned(), Broker::url);
    let publishers = run.publishers as u64;
    let (each, interval) = (events / publishers, 1_000_000_000 * publishers / PACE);
    let total = each * publishers;
    let mut nodes: Vec<Node> = (0..run.nodes)
        .map(|index| {
            let publishes = if index < run.publishers { each } else { 0 };
            let mut arguments = vec!["http-node".to_owned(), server.clone(), index.to_string()];
            arguments.extend([publishes, interval].map(|number| number.to_string()));
            Node::start(&arguments)
        })
        .collect();
    let mut arguments = vec!["clients".to_owned(), coding.to_owned(), (STREAMS / run.nodes).to_string()];
    arguments.extend([publishers, each].map(|number| number.to_string()));
    arguments.extend(nodes.iter_mut().map(Node::line));
    let mut clients = Node::start(&arguments);
    assert_eq!(clients.line(), "open");
    let broker_cpu = broker.as_ref().map(Broker::cpu);
    nodes.iter_mut().for_each(Node::go);
    // How many events were read, and the latencies.
    let (read, mut problems) = (clients.result(), clients.lines());
    nodes.iter_mut().for_each(Node::go);
    let results: Vec<Vec<f64>> = nodes.iter_mut().map(Node::result).collect();
    let broker_cpu = broker.as_ref().map(Broker::cpu).zip(broker_cpu).map(|(after, before)| after - before);
    nodes.iter_mut().for_each(Node::go);
    let sum = |at: usize| results.iter().map(|result| result[at]).sum::<f64>();
    let delivered = (total as usize * (STREAMS / run.nodes) * run.nodes) as f64;
    println!(
        "| {} | {} | {} | {coding} | {} of {} that were read | {} | {} | {:.1} | {:.1} | {:.2} | {} |",
        run.name,
        run.nodes,
        run.publishers,
        read[0],
        read[1],
        sum(1),
        sum(2),
        read[2] / 1e6,
        read[3] / 1e6,
        sum(0) / delivered,
        broker_cpu.map_or("–".to_owned(), |seconds| format!("{:.1}", seconds * 1e6 / total as f64)),
    );
    // The streams keep up at this pace, and the connections hold.
    if sum(1) > 0.0 {
        problems.push(format!("{} gaps", sum(1)));
    }
    problems.into_iter().map(|problem| format!("{}, {coding}: {problem}", run.name)).collect()
}
