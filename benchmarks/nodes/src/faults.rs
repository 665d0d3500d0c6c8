//! Gaps, as readers see them: when a subscription is full, and when the broker is killed and started again.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use stario::{Event, Relay, Update, Updates};
use stario_nats::{Nats, NotReady};
use tokio::time::{sleep, timeout};

use crate::node::{HISTORY, publish, read};
use crate::numbers::Numbers;
use crate::process::{Broker, Node, command, say, say_all};

const NODES: usize = 3;

/// How many subscriptions each node has.
const READERS: usize = 50;

/// How many values are published while a subscription is not read, which is more than its capacity of 1,024; and how many per second.
const FULL: u64 = 8_000;
const FULL_PACE: u64 = 4_000;

/// How often the broker is killed while nobody publishes, and how many values each node publishes before, meanwhile and after.
const KILLS: u64 = 5;
const BEFORE: u64 = 200;
const MEANWHILE: u64 = 100;

/// How often it is killed while all publish, for how long they do, and how many values per second each publishes.
const LOADED_KILLS: u64 = 3;
const LOADED: u64 = 600;
const PACE: u64 = 200;

/// The deadline of everything that is awaited.
const PATIENCE: Duration = Duration::from_secs(30);

// One node, which does what the parent says.

/// Arguments: the server, and the number of the node.
pub fn node(arguments: &[String]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let nats = stario_nats::connect(&arguments[0]).await.unwrap();
        let relay = Relay::<Event>::over(nats.relay("bench")).history(HISTORY);
        nats.ready().await.unwrap();
        let index = arguments[1].parse().unwrap();
        let mut follower = Follower { index, nats, relay, published: 0, readers: Vec::new(), slow: None };
        say("ready");
        loop {
            let line = tokio::task::spawn_blocking(command).await.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["end"] | [""] => break,
                _ => follower.obey(&words).await,
            }
        }
    });
}

struct Follower {
    index: usize,
    nats: Nats,
    relay: Relay<Event>,
    /// How many values this node has published.
    published: u64,
    readers: Vec<Arc<Mutex<Numbers>>>,
    /// A subscription that is not read.
    slow: Option<Updates<Event>>,
}

impl Follower {
    async fn obey(&mut self, words: &[&str]) {
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        match words[0] {
            "read" => {
                self.readers = (0..READERS).map(|_| follow(&self.relay)).collect();
                self.slow = Some(self.relay.resume("room.*", self.relay.position()));
                say("ok");
            }
            // Others may be obeyed meanwhile.
            "publish" => {
                let (relay, index, count, pace) = (self.relay.clone(), self.index, number(1), number(2));
                let first = self.published;
                self.published += count;
                tokio::spawn(async move {
                    publish(&relay, index, first..first + count, pace).await;
                    say("published");
                });
            }
            "disconnected" => {
                self.until(|node| node.nats.check() == Err(NotReady::Disconnected)).await;
                say("ok");
            }
            "connected" => {
                timeout(PATIENCE, self.nats.ready()).await.expect("the broker is back").unwrap();
                say("ok");
            }
            // Says whether all readers have come to these counts.
            "expect" => {
                let counts: Vec<u64> = (1..words.len()).map(number).collect();
                let has_come = self
                    .until(|node| {
                        node.readers.iter().all(|reader| reader.lock().unwrap().has_come_to(&counts))
                    })
                    .await;
                say(has_come);
            }
            // Waits until all readers have received so many gaps: what is published before that is part of the gap.
            "expect-gaps" => {
                let has_come = self
                    .until(|node| {
                        node.readers.iter().all(|reader| reader.lock().unwrap().gaps() >= number(1))
                    })
                    .await;
                say(has_come);
            }
            // Says how many gaps a reader had at least, and at most.
            "gaps" => {
                let gaps = self.readers.iter().map(|reader| reader.lock().unwrap().gaps());
                say(format_args!("{} {}", gaps.clone().min().unwrap(), gaps.max().unwrap()));
            }
            "problems" => {
                let counts: Vec<u64> = (1..words.len()).map(number).collect();
                let readers = self.readers.iter().enumerate();
                let problems = readers.flat_map(|(index, reader)| {
                    let none = Numbers::new(0, true);
                    let numbers = std::mem::replace(&mut *reader.lock().unwrap(), none);
                    let problems = numbers.problems(&counts).into_iter();
                    problems.map(move |it| format!("reader {index}: {it}"))
                });
                say_all(&problems.collect::<Vec<_>>());
            }
            // Says what the slow reader has received: gaps, values, how many it has dropped, and how many the relay has.
            "read-slow" => {
                let slow = self.slow.as_mut().expect("there is one");
                let (mut gaps, mut values) = (0, 0);
                while let Ok(Some(update)) = timeout(Duration::ZERO, slow.next()).await {
                    match update {
                        Update::Gap => gaps += 1,
                        Update::Value(..) => values += 1,
                    }
                }
                say(format_args!("{gaps} {values} {} {}", slow.dropped(), self.relay.dropped()));
            }
            other => panic!("{other} is no command"),
        }
    }

    /// Waits until a condition holds. Returns whether it does in time.
    async fn until(&self, condition: impl Fn(&Self) -> bool) -> bool {
        let begin = Instant::now();
        while !condition(self) {
            if begin.elapsed() > PATIENCE {
                return false;
            }
            sleep(Duration::from_millis(5)).await;
        }
        true
    }
}

/// Begins to read, with the default capacity.
fn follow(relay: &Relay<Event>) -> Arc<Mutex<Numbers>> {
    let numbers = Arc::new(Mutex::new(Numbers::new(NODES, true)));
    let (mut updates, checked) = (relay.resume("room.*", relay.position()), Arc::clone(&numbers));
    tokio::spawn(async move {
        while let Some(update) = updates.next().await {
            let mut numbers = checked.lock().unwrap();
            match update {
                Update::Gap => numbers.gap(),
                Update::Value(_, event) => {
                    let (publisher, number, _) = read(&event);
                    numbers.receive(publisher, number);
                }
            }
        }
    });
    numbers
}

// All nodes.

/// Runs all cases. Returns what is wrong.
pub fn measure() -> Vec<String> {
    println!("\n{NODES} nodes with {READERS} subscriptions each, default buffers, history: {HISTORY} values");
    let mut problems = Vec::new();
    full(&mut problems);
    killed(&mut problems);
    killed_under_load(&mut problems);
    problems
}

struct Nodes {
    broker: Broker,
    nodes: Vec<Node>,
    /// How many values each node has published.
    published: [u64; NODES],
}

impl Nodes {
    fn start() -> Self {
        let broker = Broker::start();
        let nodes = (0..NODES).map(|index| {
            let mut node = Node::start(&["fault-node".to_owned(), broker.url(), index.to_string()]);
            assert_eq!(node.line(), "ready");
            node
        });
        let nodes = nodes.collect();
        let mut all = Self { broker, nodes, published: [0; NODES] };
        // Until each knows the numbers of all others.
        std::thread::sleep(Duration::from_millis(300));
        all.obey("read");
        all
    }

    /// Gives all nodes a command, and waits until they have obeyed.
    fn obey(&mut self, command: &str) {
        self.nodes.iter_mut().for_each(|node| node.command(command));
        self.nodes.iter_mut().for_each(|node| assert_eq!(node.line(), "ok"));
    }

    /// Has the first nodes publish so many values each, at a pace.
    fn begin_to_publish(&mut self, publishers: usize, count: u64, pace: u64) {
        for (node, published) in self.nodes.iter_mut().zip(&mut self.published).take(publishers) {
            node.command(&format!("publish {count} {pace}"));
            *published += count;
        }
    }

    fn wait_for_publishers(&mut self, publishers: usize) {
        self.nodes.iter_mut().take(publishers).for_each(|node| assert_eq!(node.line(), "published"));
    }

    fn publish(&mut self, publishers: usize, count: u64, pace: u64) {
        self.begin_to_publish(publishers, count, pace);
        self.wait_for_publishers(publishers);
    }

    fn with_counts(&self, command: &str) -> String {
        self.published.iter().fold(command.to_owned(), |command, count| format!("{command} {count}"))
    }

    /// Gives all nodes a command that says whether something has come.
    fn expect(&mut self, command: &str, case: &str, problems: &mut Vec<String>) {
        self.nodes.iter_mut().for_each(|node| node.command(command));
        for (index, node) in self.nodes.iter_mut().enumerate() {
            if node.line() != "true" {
                problems.push(format!("{case}: node {index} has waited in vain for: {command}"));
            }
        }
    }

    /// Waits until all readers have the last value of each publisher.
    fn expect_all(&mut self, case: &str, problems: &mut Vec<String>) {
        self.expect(&self.with_counts("expect"), case, problems);
    }

    /// The fewest and the most gaps that a reader had.
    fn gaps(&mut self) -> (u64, u64) {
        let gaps = self.nodes.iter_mut().map(|node| {
            node.command("gaps");
            let gaps = node.result();
            (gaps[0] as u64, gaps[1] as u64)
        });
        gaps.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))).unwrap()
    }

    /// Adds to `problems` each number that a reader has not received, or twice, or in the wrong order.
    fn check_numbers(&mut self, case: &str, problems: &mut Vec<String>) {
        let command = self.with_counts("problems");
        for (index, node) in self.nodes.iter_mut().enumerate() {
            node.command(&command);
            problems.extend(node.lines().into_iter().map(|it| format!("{case}: node {index}: {it}")));
        }
    }
}

/// A subscription of each node is not read, and has a gap for all that it has lost.
fn full(problems: &mut Vec<String>) {
    let case = "a subscription that is full";
    let mut nodes = Nodes::start();
    nodes.publish(1, FULL, FULL_PACE);
    nodes.expect_all(case, problems);
    for (index, node) in nodes.nodes.iter_mut().enumerate() {
        node.command("read-slow");
        let seen = node.result();
        if seen != [1.0, 0.0, FULL as f64, FULL as f64] {
            problems.push(format!(
                "{case}: that of node {index} has {} gaps, {} values and {} dropped ones, its relay {}; not 1, 0 and {FULL}",
                seen[0], seen[1], seen[2], seen[3]
            ));
        }
    }
    // It goes on behind the gap.
    nodes.publish(1, 10, 0);
    nodes.expect_all(case, problems);
    for (index, node) in nodes.nodes.iter_mut().enumerate() {
        node.command("read-slow");
        let seen = node.result();
        if seen[..2] != [0.0, 10.0] {
            problems
                .push(format!("{case}: that of node {index} has {} values of 10 behind its gap", seen[1]));
        }
    }
    let (least, most) = nodes.gaps();
    if most > 0 {
        problems.push(format!("{case}: others have {least} to {most} gaps, although they keep up"));
    }
    nodes.check_numbers(case, problems);
    println!(
        "{case}: {FULL} values, one gap that counts all of them; {least} to {most} gaps of those that are read"
    );
}

/// The broker is killed while nothing is on the way: each subscription has exactly one gap.
fn killed(problems: &mut Vec<String>) {
    let case = "a broker that is killed and started again";
    let mut nodes = Nodes::start();
    let mut longest = Duration::ZERO;
    for kill in 1..=KILLS {
        nodes.publish(NODES, BEFORE, PACE);
        nodes.expect_all(case, problems);
        nodes.broker.kill();
        nodes.obey("disconnected");
        nodes.publish(NODES, MEANWHILE, 0);
        nodes.broker.restart();
        let restarted = Instant::now();
        nodes.obey("connected");
        longest = longest.max(restarted.elapsed());
        nodes.expect(&format!("expect-gaps {kill}"), case, problems);
        nodes.publish(NODES, 1, 0);
        nodes.expect_all(case, problems);
        let (least, most) = nodes.gaps();
        if (least, most) != (kill, kill) {
            problems.push(format!("{case}: {least} to {most} gaps of each subscription after {kill} times"));
            break;
        }
    }
    nodes.check_numbers(case, problems);
    println!(
        "{case}, {KILLS} times: one gap of each subscription each time; all nodes connected at most {:.2} s after it was there",
        longest.as_secs_f64()
    );
}

/// The broker is killed while all nodes publish: nothing is lost without a gap.
fn killed_under_load(problems: &mut Vec<String>) {
    let case = "a broker that is killed while all publish";
    let mut nodes = Nodes::start();
    let mut before = (0, 0);
    for _ in 0..LOADED_KILLS {
        nodes.begin_to_publish(NODES, LOADED, PACE);
        std::thread::sleep(Duration::from_millis(500));
        nodes.broker.kill();
        std::thread::sleep(Duration::from_millis(500));
        nodes.broker.restart();
        nodes.wait_for_publishers(NODES);
        nodes.obey("connected");
        nodes.expect(&format!("expect-gaps {}", before.0 + 1), case, problems);
        nodes.publish(NODES, 1, 0);
        nodes.expect_all(case, problems);
        let (least, most) = nodes.gaps();
        println!(
            "{case}, {PACE} values per second each: {} to {} gaps of each subscription",
            least - before.0,
            most - before.1
        );
        before = (least, most);
    }
    nodes.check_numbers(case, problems);
}
