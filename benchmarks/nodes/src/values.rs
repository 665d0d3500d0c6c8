//! All nodes of the runs with values: what is lost, how late values come, and what each costs.

use std::time::Duration;

use crate::node::{HISTORY, LARGE, Task};
use crate::process::{Broker, Node};

struct Run {
    name: &'static str,
    nodes: usize,
    publishers: usize,
    /// Values per second of all publishers together; 0 is as fast as they can.
    pace: u64,
    /// Of each node.
    readers: usize,
    has_nats: bool,
    is_large: bool,
    /// Whether readers may have gaps, because the buffers are too small for the pace.
    may_skip: bool,
}

/// Runs all cases. Returns what is wrong.
pub fn compare(values: u64) -> Vec<String> {
    println!("{}", Broker::version());
    println!("{values} values of about 300 bytes in each run; a hundredth where readers are many");
    println!(
        "each reader checks the numbers of each publisher: all, once, in their order; history: {HISTORY} values"
    );
    let (count, bytes) = (LARGE.0, LARGE.1 >> 20);
    println!("| buffers | to be sent | the client library's queue | to be received | of each subscription |");
    println!("|---|---|---:|---:|---|");
    println!("| large | {count} values, {bytes} MiB | {count} | {bytes} MiB | {count} values, {bytes} MiB |");
    println!("| default | 8192 values, 8 MiB | 65536 | 32 MiB | 1024 values, 1 MiB |\n");
    println!(
        "| run | nodes | publish | pace /s | readers each | buffers | received | gaps | unsent | seconds | p50 µs | p99 µs | CPU µs per delivery | broker CPU µs per value |"
    );
    println!("|---|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|");
    let fast = |name, nodes, publishers, readers| Run {
        name,
        nodes,
        publishers,
        pace: 0,
        readers,
        has_nats: name != "in one process",
        is_large: true,
        may_skip: false,
    };
    let paced = |name, nodes, publishers, readers, pace| Run {
        pace,
        is_large: false,
        ..fast(name, nodes, publishers, readers)
    };
    let runs = [
        fast("in one process", 1, 1, 1),
        fast("one node", 1, 1, 1),
        fast("two nodes", 2, 1, 1),
        fast("two nodes", 2, 2, 1),
        fast("three nodes", 3, 1, 1),
        fast("three nodes", 3, 3, 1),
        paced("in one process", 1, 1, 1, 5000),
        paced("two nodes", 2, 2, 1, 5000),
        paced("three nodes", 3, 3, 1, 5000),
        // The buffers are too small for this: what is lost has a gap in its place.
        Run { is_large: false, may_skip: true, ..fast("three nodes, too fast", 3, 3, 1) },
        paced("in one process", 1, 1, 2000, 500),
        paced("two nodes", 2, 2, 1000, 500),
        paced("three nodes", 3, 3, 600, 500),
    ];
    runs.iter().flat_map(|run| measure(run, if run.readers > 1 { values / 100 } else { values })).collect()
}

fn measure(run: &Run, values: u64) -> Vec<String> {
    let broker = run.has_nats.then(Broker::start);
    let server = broker.as_ref().map_or_else(|| "-".to_owned(), Broker::url);
    let each = values / run.publishers as u64;
    let total = each * run.publishers as u64;
    let mut nodes: Vec<Node> = (0..run.nodes)
        .map(|node| {
            let task = Task {
                server: server.clone(),
                node,
                publishers: run.publishers,
                each,
                pace: run.pace / run.publishers as u64,
                readers: run.readers,
                is_large: run.is_large,
                may_skip: run.may_skip,
            };
            let mut node = Node::start(&task.arguments());
            assert_eq!(node.line(), "ready");
            node
        })
        .collect();
    // Until each knows the numbers of all others.
    std::thread::sleep(Duration::from_millis(300));
    let broker_cpu = broker.as_ref().map(Broker::cpu);
    nodes.iter_mut().for_each(Node::go);
    nodes.iter_mut().for_each(|node| assert_eq!(node.line(), "done"));
    let broker_cpu = broker.as_ref().map(Broker::cpu).zip(broker_cpu).map(|(after, before)| after - before);
    // A value that comes twice may come late.
    std::thread::sleep(Duration::from_millis(300));
    nodes.iter_mut().for_each(Node::go);
    let (mut results, mut problems) = (Vec::new(), Vec::new());
    for node in &mut nodes {
        results.push(node.result());
        problems.extend(node.lines().into_iter().map(|problem| format!("{}: {problem}", run.name)));
    }
    nodes.iter_mut().for_each(Node::go);
    let sum = |at: usize| results.iter().map(|result| result[at]).sum::<f64>();
    let most = |at: usize| results.iter().map(|result| result[at]).fold(0.0, f64::max);
    let (received, expected) = (sum(0), total * (run.nodes * run.readers) as u64);
    println!(
        "| {} | {} | {} | {} | {} | {} | {received} of {expected} | {} | {} | {:.2} | {:.0} | {:.0} | {:.2} | {} |",
        run.name,
        run.nodes,
        run.publishers,
        if run.pace == 0 { "no limit".to_owned() } else { run.pace.to_string() },
        run.readers,
        if run.is_large { "large" } else { "default" },
        sum(1),
        sum(2),
        most(4),
        most(5) / 1e3,
        most(6) / 1e3,
        sum(3) / received,
        broker_cpu.map_or("–".to_owned(), |seconds| format!("{:.2}", seconds * 1e6 / total as f64)),
    );
    problems
}
