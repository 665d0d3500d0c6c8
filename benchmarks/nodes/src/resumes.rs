//! Publishing while many streams resume at once, as when the process beside this one has ended. In one process, without HTTP, so that nothing
//! but the relay slows the streams down.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use stario::relay::Position;
use stario::{Event, Relay, Update, Updates};

use crate::node::event;

/// How many values are in the history when the streams resume, and of how many rooms.
const KEPT: u64 = 10_000;
const ROOMS: u64 = 100;

/// More values than are published meanwhile.
const MORE: usize = 100_000;

/// How many values streams have missed where the history is full: more than are published meanwhile, or what they have missed is dropped before they have it.
const MISSED_OF_FULL: u64 = 5_000;

/// How long nobody resumes, before.
const QUIET: Duration = Duration::from_millis(500);

/// All streams resume again and again, at least for so long: few calls of `publish` say nothing of the slowest.
const ROUNDS: Duration = Duration::from_secs(1);

/// How long is waited between two values.
const INTERVAL: Duration = Duration::from_millis(1);

/// How long a publisher may be held up, but for one time in a hundred: on a busy machine, the one that it waits for may wait for a processor.
const MOST: Duration = Duration::from_millis(2);

/// The same where streams have missed so much that they look for it in a snapshot, without the lock that publishers need. With the lock it is at least
/// 0.3 ms.
const MOST_BESIDE_SNAPSHOTS: Duration = Duration::from_micros(200);

/// How many missed values the relay looks for at once, with the lock.
const AT_ONCE: u64 = 256;

/// Runs all cases with so many streams. Returns what is wrong.
pub fn measure(streams: usize) -> Vec<String> {
    println!(
        "{streams} streams resume at once, a history of {KEPT} values of {ROOMS} rooms; a value is published each millisecond; times without those in which the publisher waited for a processor"
    );
    println!(
        "| streams | missed | replayed to each | all have resumed after, ms | publish before: p50, longest, µs | publish meanwhile: p50, p99, longest, µs |"
    );
    println!("|---|---:|---:|---:|---:|---:|");
    let mut problems = Vec::new();
    for run in [
        Run { name: "of one room", is_of_all: false, missed: 100, is_full: false },
        Run { name: "of one room", is_of_all: false, missed: KEPT, is_full: false },
        Run { name: "of all rooms", is_of_all: true, missed: KEPT, is_full: false },
        Run { name: "of one room, full history", is_of_all: false, missed: MISSED_OF_FULL, is_full: true },
    ] {
        problems.extend(measure_run(streams, &run));
    }
    problems
}

struct Run {
    name: &'static str,
    /// Whether each stream receives the values of all rooms.
    is_of_all: bool,
    missed: u64,
    /// Whether the history has no more room: then each value that is published drops the oldest one, also while streams look through a snapshot.
    is_full: bool,
}

impl Run {
    /// How many values each stream must receive.
    fn replayed(&self) -> u64 {
        if self.is_of_all { self.missed } else { self.missed / ROOMS }
    }
}

fn measure_run(streams: usize, run: &Run) -> Vec<String> {
    let Run { name, missed, .. } = *run;
    let capacity = if run.is_full { KEPT as usize } else { KEPT as usize + MORE };
    let relay = Relay::<Event>::new().history(capacity).history_bytes(1 << 30);
    let mut position = relay.position();
    for number in 0..KEPT {
        if number == KEPT - missed {
            position = relay.position();
        }
        relay.publish(format!("room.{}", number % ROOMS), event(0, number));
    }
    let (begun, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let publisher = {
        let (relay, begun, ended) = (relay.clone(), Arc::clone(&begun), Arc::clone(&ended));
        std::thread::spawn(move || publish(&relay, &begun, &ended))
    };
    std::thread::sleep(QUIET);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    begun.store(true, Ordering::Relaxed);
    let (begin, mut rounds, mut replayed) = (Instant::now(), 0, BTreeMap::new());
    while begin.elapsed() < ROUNDS {
        rounds += 1;
        let open = runtime.block_on(resume_all(&relay, streams, run.is_of_all, &position));
        for (_, count) in &open {
            *replayed.entry(*count).or_insert(0) += 1;
        }
    }
    let took = begin.elapsed() / rounds;
    ended.store(true, Ordering::Relaxed);
    let (mut before, mut meanwhile) = publisher.join().unwrap();
    let [before, meanwhile] = [&mut before, &mut meanwhile].map(|times| {
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
        [at(50), at(99), at(100)]
    });
    let (least, most) = (*replayed.first_key_value().unwrap().0, *replayed.last_key_value().unwrap().0);
    println!(
        "| {name} | {missed} | {least} to {most} | {:.1} | {:.0}, {:.0} | {:.0}, {:.0}, {:.0} |",
        took.as_secs_f64() * 1e3,
        before[0],
        before[2],
        meanwhile[0],
        meanwhile[1],
        meanwhile[2]
    );
    let (mut problems, expected) = (Vec::new(), run.replayed());
    let limit = if missed > AT_ONCE { MOST_BESIDE_SNAPSHOTS } else { MOST };
    if meanwhile[1] >= limit.as_secs_f64() * 1e6 {
        problems.push(format!("one call of `publish` in a hundred took {:.0} µs", meanwhile[1]));
    }
    // On a slow machine, streams come too late for a full history.
    if most != expected || least != expected && !run.is_full {
        problems.push(format!("{least} to {most} values were replayed, not {expected}"));
    }
    problems.into_iter().map(|problem| format!("streams {name} that missed {missed}: {problem}")).collect()
}

/// Has so many streams resume at once. Returns them, and how many values each has received.
async fn resume_all(
    relay: &Relay<Event>,
    streams: usize,
    is_of_all: bool,
    position: &Position,
) -> Vec<(Updates<Event>, u64)> {
    let resuming: Vec<_> = (0..streams)
        .map(|index| {
            let (relay, position) = (relay.clone(), position.clone());
            let room = format!("room.{}", index as u64 % ROOMS);
            let pattern = if is_of_all { "room.*".to_owned() } else { room };
            tokio::spawn(async move { resume(&relay, &pattern, &position) })
        })
        .collect();
    let mut open = Vec::new();
    for resuming in resuming {
        open.push(resuming.await.unwrap());
    }
    open
}

/// Publishes until it is ended. Returns how long each call took, before the streams began to resume and since.
fn publish(relay: &Relay<Event>, begun: &AtomicBool, ended: &AtomicBool) -> (Vec<Duration>, Vec<Duration>) {
    let (mut before, mut meanwhile) = (Vec::new(), Vec::new());
    for number in KEPT.. {
        let event = event(0, number);
        let has_begun = begun.load(Ordering::Relaxed);
        let waited = waited_for_processor();
        let begin = Instant::now();
        // No stream reads this room, so that what is measured is the relay and not the streams that are woken.
        relay.publish("nobody", event);
        let (took, waited) = (begin.elapsed(), waited_for_processor() - waited);
        let took = took.saturating_sub(waited);
        if has_begun {
            meanwhile.push(took)
        } else {
            before.push(took)
        }
        if ended.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(INTERVAL);
    }
    (before, meanwhile)
}

/// How long this thread could have run while all processors did other work: that is the machine's, not the relay's.
fn waited_for_processor() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').nth(1).unwrap().parse().unwrap())
}

/// Resumes, and returns how many values are replayed: none if there is a gap instead.
fn resume(relay: &Relay<Event>, pattern: &str, position: &Position) -> (Updates<Event>, u64) {
    let mut updates = relay.resume(pattern, position).capacity(1 << 20).capacity_bytes(1 << 30);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut replayed = 0;
    while let std::task::Poll::Ready(Some(update)) = std::pin::pin!(updates.next()).poll(&mut context) {
        replayed += u64::from(matches!(update, Update::Value(..)));
    }
    (updates, replayed)
}
