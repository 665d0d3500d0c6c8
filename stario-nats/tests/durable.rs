//! Durable commands in a stream of a real NATS server.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use stario::DurableStore;
use stario::durable::{
    Claim, CommandFilter, CommandId, CommandState, NewCommand, Run, Settlement, StoredCommand, Wanted,
};
use stario::prelude::*;
use stario::testing::check_durable_store;
use stario_nats::NatsQueue;
use stario_nats::async_nats::jetstream::context::{PublishError, PublishErrorKind};
use stario_nats::async_nats::jetstream::message::PublishMessage;
use stario_nats::async_nats::jetstream::publish::PublishAck;
use stario_nats::async_nats::jetstream::stream::Config;
use stario_nats::async_nats::jetstream::{self, Context};

use support::{Broker, Proxy, soon};

mod support;

stario::app!();

/// The header of each write that the broker refuses if another one came before.
const WRITE: &str = "Nats-Expected-Last-Subject-Sequence";

const FINISHED: Settlement = Settlement::Finished { is_kept: true };

/// The store of one process.
async fn open(broker: &Broker) -> NatsQueue {
    broker.connect().await.queue("shop").await.unwrap()
}

async fn jetstream(broker: &Broker) -> Context {
    jetstream::new(broker.connect().await.client().clone())
}

/// Writes what a process of this store would.
async fn write(broker: &Broker, subject: &str, header: &str, last: u64) -> Result<PublishAck, PublishError> {
    let message = PublishMessage::build().header("Stario", header).expected_last_subject_sequence(last);
    jetstream(broker).await.send_publish(subject.to_owned(), message).await?.await
}

async fn messages(broker: &Broker) -> u64 {
    let stream = jetstream(broker).await.get_stream("commands_shop").await.unwrap();
    stream.cached_info().state.messages
}

fn id(number: u32) -> CommandId {
    CommandId::from_bytes(u128::from(number).to_be_bytes())
}

fn command(number: u32) -> NewCommand {
    NewCommand {
        id: id(number),
        name: "a".to_owned(),
        version: 1,
        key: None,
        group: None,
        payload: b"values".to_vec(),
        created: 1_000,
        due: 1_000,
    }
}

fn wanted() -> Wanted {
    Wanted {
        name: "a".to_owned(),
        version: 1,
        concurrency: None,
        concurrency_of_group: None,
        is_in_order: false,
    }
}

/// Claims at `now`, with a lease of 100.
async fn claim(queue: &NatsQueue, wanted: Wanted, now: i64) -> Vec<StoredCommand> {
    let claim = Claim { wanted: vec![wanted], now, lease_until: now + 100, limit: 9 };
    queue.claim(&claim).await.unwrap()
}

async fn all(queue: &NatsQueue) -> Vec<(CommandId, CommandState)> {
    let listed = queue.list(&CommandFilter::default(), 1_000).await.unwrap();
    listed.iter().map(|listed| (listed.id, listed.state)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_keeps_its_promises() {
    let broker = Broker::start();
    let nats = broker.connect().await;
    let mut count = 0;
    check_durable_store(async || {
        count += 1;
        nats.queue(format!("shop-{count}")).await.unwrap()
    })
    .await;
}

/// Calls every other time another process than the time before.
struct Alternating([NatsQueue; 2], AtomicU8);

impl Alternating {
    fn next(&self) -> &NatsQueue {
        &self.0[usize::from(self.1.fetch_add(1, Ordering::Relaxed) % 2)]
    }
}

impl DurableStore for Alternating {
    fn payload_limit(&self) -> usize {
        self.next().payload_limit()
    }

    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, stario::StoreError> {
        self.next().enqueue(command).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, stario::StoreError> {
        self.next().claim(claim).await
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, stario::StoreError> {
        self.next().extend(run, until).await
    }

    async fn settle(&self, run: Run, now: i64, end: &Settlement) -> Result<bool, stario::StoreError> {
        self.next().settle(run, now, end).await
    }

    async fn list(
        &self,
        which: &CommandFilter,
        limit: usize,
    ) -> Result<Vec<stario::durable::ListedCommand>, stario::StoreError> {
        self.next().list(which, limit).await
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, stario::StoreError> {
        self.next().get(id).await
    }

    async fn count(&self) -> Result<Vec<stario::durable::CommandCount>, stario::StoreError> {
        self.next().count().await
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, stario::StoreError> {
        self.next().rerun(id, now).await
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, stario::StoreError> {
        self.next().prune(which).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_see_what_others_were_told_is_done() {
    let broker = Broker::start();
    let (one, two) = (broker.connect().await, broker.connect().await);
    let mut count = 0;
    check_durable_store(async || {
        count += 1;
        let name = format!("shop-{count}");
        let stores = [one.queue(&name).await.unwrap(), two.queue(&name).await.unwrap()];
        Alternating(stores, AtomicU8::new(0))
    })
    .await;
}

#[tokio::test]
async fn a_process_is_told_of_what_others_do_and_not_of_what_it_does() {
    let broker = Broker::start();
    let (queue, other) = (open(&broker).await, open(&broker).await);
    // When it has listed, it knows all that was done before.
    let is_told = async || {
        all(&queue).await;
        queue.changed().now_or_never().is_some()
    };
    queue.enqueue(&command(1)).await.unwrap();
    assert!(!is_told().await);
    other.enqueue(&command(2)).await.unwrap();
    assert!(is_told().await);
    assert!(!is_told().await, "it is told once");
    let limited = Wanted { concurrency: Some(1), ..wanted() };
    let running = claim(&other, limited.clone(), 2_000).await;
    assert!(!is_told().await);
    assert!(other.settle(Run::of(&running[0]), 2_000, &FINISHED).await.unwrap());
    assert!(is_told().await, "there is room for another");
    let running = claim(&queue, limited, 2_000).await;
    assert!(queue.settle(Run::of(&running[0]), 2_000, &FINISHED).await.unwrap());
    assert!(!is_told().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_claim_at_once_and_limits_and_order_hold() {
    const COMMANDS: u32 = 120;
    let broker = Broker::start();
    let queues = [open(&broker).await, open(&broker).await];
    for number in 0..COMMANDS {
        let group = Some(format!("group {}", number % 5));
        assert_eq!(queues[0].enqueue(&NewCommand { group, ..command(number) }).await.unwrap(), None);
    }
    let running = Arc::new(std::sync::Mutex::new(BTreeSet::<u32>::new()));
    let done = Arc::new(std::sync::Mutex::new(Vec::<u32>::new()));
    let workers = (0..6).map(|number| {
        let (queue, running, done) = (queues[number % 2].clone(), Arc::clone(&running), Arc::clone(&done));
        tokio::spawn(async move {
            let limits = Wanted { concurrency: Some(3), is_in_order: true, ..wanted() };
            while done.lock().unwrap().len() < COMMANDS as usize {
                for stored in claim(&queue, limits.clone(), 2_000).await {
                    let bytes = stored.command.id.to_bytes();
                    let number = u32::from_be_bytes(bytes[12..].try_into().unwrap());
                    {
                        let mut running = running.lock().unwrap();
                        assert!(running.iter().all(|other| other % 5 != number % 5), "{running:?} {number}");
                        assert!(running.insert(number) && running.len() <= 3, "{running:?}");
                    }
                    tokio::task::yield_now().await;
                    running.lock().unwrap().remove(&number);
                    done.lock().unwrap().push(number);
                    assert!(queue.settle(Run::of(&stored), 2_000, &FINISHED).await.unwrap());
                }
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        soon(worker).await.unwrap();
    }
    let done = done.lock().unwrap();
    assert_eq!(done.len(), COMMANDS as usize, "each has run once");
    for group in 0..5 {
        let of_group: Vec<_> = done.iter().filter(|number| *number % 5 == group).collect();
        assert!(of_group.is_sorted(), "{of_group:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_enqueue_and_claim_at_once_and_nothing_is_lost_or_claimed_twice() {
    const COMMANDS: u32 = 300;
    let broker = Broker::start();
    let queues = [open(&broker).await, open(&broker).await];
    let enqueue: Vec<_> = (0..COMMANDS)
        .map(|number| {
            let queue = queues[number as usize % 2].clone();
            tokio::spawn(async move { queue.enqueue(&command(number)).await.unwrap() })
        })
        .collect();
    let claimed = Arc::new(std::sync::Mutex::new(Vec::new()));
    let workers: Vec<_> = (0..4)
        .map(|number| {
            let (queue, claimed) = (queues[number % 2].clone(), Arc::clone(&claimed));
            tokio::spawn(async move {
                while claimed.lock().unwrap().len() < COMMANDS as usize {
                    let some = claim(&queue, wanted(), 2_000).await;
                    claimed.lock().unwrap().extend(some.iter().map(|stored| stored.command.id));
                }
            })
        })
        .collect();
    for stored in enqueue {
        assert_eq!(soon(stored).await.unwrap(), None);
    }
    for worker in workers {
        soon(worker).await.unwrap();
    }
    let claimed = claimed.lock().unwrap();
    assert_eq!(claimed.iter().collect::<BTreeSet<_>>().len(), COMMANDS as usize);
    assert_eq!(claimed.len(), COMMANDS as usize, "none is claimed twice");
}

#[app::detached_command("/add/{number}", durable = "add")]
async fn add(number: PathParam<u32>, seen: State<std::sync::Mutex<Vec<u32>>>) {
    seen.lock().unwrap().push(*number);
}

async fn client(broker: &Broker) -> TestClient {
    TestClient::new(app::new().state(std::sync::Mutex::new(Vec::<u32>::new())).durable(open(broker).await))
}

#[tokio::test]
async fn a_command_outlives_its_process() {
    let broker = Broker::start();
    let first = client(&broker).await;
    assert_eq!(first.post("/add/7").await.status(), 204);
    drop(first);
    client(&broker).await.drain().await;
    let counts = open(&broker).await.count().await.unwrap();
    assert_eq!((counts.len(), counts[0].state, counts[0].count), (1, CommandState::Finished, 1));
}

#[tokio::test]
async fn while_the_server_is_away_nothing_is_acknowledged_and_what_was_is_there_after() {
    let mut broker = Broker::start();
    let queue = open(&broker).await;
    for number in 0..20 {
        queue.enqueue(&command(number)).await.unwrap();
    }
    let running = claim(&queue, wanted(), 2_000).await;
    let [first, second, ..] = &*running else { panic!("nothing is claimed") };
    assert!(queue.settle(Run::of(first), 2_000, &FINISHED).await.unwrap());
    let client = client(&broker).await;
    broker.kill();
    let refused = async { while client.post("/add/7").await.status() != 503 {} };
    soon(refused).await;
    assert!(queue.settle(Run::of(second), 2_000, &FINISHED).await.is_err());
    broker.restart();
    let settled = async {
        loop {
            if let Ok(is_settled) = queue.settle(Run::of(second), 2_000, &FINISHED).await {
                return is_settled;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(soon(settled).await, "its run is still that of this process");
    let stored = all(&queue).await.into_iter().filter(|(id, _)| *id < self::id(20)).collect::<Vec<_>>();
    let count = |state| stored.iter().filter(|(_, found)| *found == state).count();
    assert_eq!(
        [count(CommandState::Finished), count(CommandState::Running), count(CommandState::Waiting)],
        [2, 7, 11]
    );
    // A command whose enqueue failed at the client may be stored all the same, and run meanwhile.
    let of_name_a = CommandFilter { name: Some("a".to_owned()), ..CommandFilter::default() };
    let other = open(&broker).await.list(&of_name_a, 1_000).await.unwrap();
    assert_eq!(other, queue.list(&of_name_a, 1_000).await.unwrap(), "another process reads the same");
}

#[tokio::test]
async fn what_was_deleted_stays_deleted_when_the_server_is_killed() {
    let mut broker = Broker::start();
    let queue = open(&broker).await;
    for number in 0..30 {
        queue.enqueue(&command(number)).await.unwrap();
    }
    let is_kept = |number: usize| number.is_multiple_of(2);
    let claims = Claim { wanted: vec![wanted()], now: 2_000, lease_until: 9_000, limit: 25 };
    for (number, stored) in queue.claim(&claims).await.unwrap().iter().enumerate() {
        let end = Settlement::Finished { is_kept: is_kept(number) };
        assert!(queue.settle(Run::of(stored), 2_000, &end).await.unwrap());
    }
    assert_eq!(queue.prune(&CommandFilter::default()).await.unwrap(), 13);
    broker.kill();
    broker.restart();
    let stored = all(&open(&broker).await).await;
    assert_eq!(stored, (25..30).map(|number| (id(number), CommandState::Waiting)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_lost_answer_of_the_server_loses_no_attempt_and_no_end() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let queue = stario_nats::connect(proxy.url()).await.unwrap().queue("shop").await.unwrap();
    let beside = open(&broker).await;
    for number in 0..3 {
        queue.enqueue(&command(number)).await.unwrap();
    }
    let all_of = |state| CommandFilter { state: Some(state), ..CommandFilter::default() };
    let has = async |state, count| {
        while beside.list(&all_of(state), 9).await.unwrap().len() < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let claims = Claim { wanted: vec![wanted()], now: 2_000, lease_until: 9_000, limit: 9 };
    proxy.withhold_answers_to(WRITE);
    let cut = async {
        soon(has(CommandState::Running, 3)).await;
        proxy.cut();
    };
    // A call that may be repeated waits for another connection for 2 seconds.
    let claim = soon(async {
        loop {
            if let Ok(claimed) = queue.claim(&claims).await {
                return claimed;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    let (claimed, ()) = tokio::join!(claim, cut);
    let numbers: Vec<_> = claimed.iter().map(|stored| (stored.attempts, stored.claims)).collect();
    assert_eq!(numbers, [(1, 2); 3], "they are this process's, though it was not told");

    let run = Run::of(&claimed[0]);
    proxy.withhold_answers_to(WRITE);
    let cut = async {
        soon(has(CommandState::Finished, 1)).await;
        proxy.cut();
    };
    let (settled, ()) = tokio::join!(queue.settle(run, 2_000, &FINISHED), cut);
    assert!(settled.is_err(), "{settled:?}");
    let again = async {
        loop {
            match queue.settle(run, 2_000, &FINISHED).await {
                Ok(settled) => return settled,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    assert!(!soon(again).await, "it has ended already");
    let stored = queue.get(run.id).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.claims), (CommandState::Finished, run.claim));
}

#[tokio::test]
async fn a_limit_holds_where_another_process_has_claimed_since_this_one_chose() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let queue = stario_nats::connect(proxy.url()).await.unwrap().queue("shop").await.unwrap();
    let other = open(&broker).await;
    queue.enqueue(&command(1)).await.unwrap();
    let limited = Wanted { concurrency: Some(1), ..wanted() };
    // It has chosen when it reads the values.
    proxy.hold_before("DIRECT.GET");
    let claiming = tokio::spawn({
        let (queue, limited) = (queue.clone(), limited.clone());
        async move { claim(&queue, limited, 2_000).await }
    });
    proxy.is_holding().await;
    // The clock of another process is behind, so it stores one that is due earlier, and claims it.
    other.enqueue(&NewCommand { due: 999, ..command(2) }).await.unwrap();
    soon(queue.changed()).await;
    let claimed = claim(&other, limited, 2_000).await;
    assert_eq!(claimed.iter().map(|stored| stored.command.id).collect::<Vec<_>>(), [id(2)]);
    // When it is told of the next one, it knows of the claim.
    other.enqueue(&command(3)).await.unwrap();
    soon(queue.changed()).await;
    proxy.release();
    assert_eq!(soon(claiming).await.unwrap(), [], "one runs already");
}

#[tokio::test]
async fn a_long_group_and_many_commands_under_a_limit_fit_into_headers() {
    const COMMANDS: u32 = 800;
    let broker = Broker::start();
    let queue = open(&broker).await;
    let long = "ü".repeat(40_000);
    for (number, end) in [(0, "a"), (1, "b"), (2, "a")] {
        let group = Some(format!("{long}{end}"));
        queue.enqueue(&NewCommand { group, ..command(number) }).await.unwrap();
    }
    let in_order = Wanted { is_in_order: true, ..wanted() };
    let claimed = claim(&queue, in_order, 2_000).await;
    assert_eq!(claimed.iter().map(|stored| stored.command.id).collect::<Vec<_>>(), [id(0), id(1)]);
    for number in 3..COMMANDS {
        queue.enqueue(&command(number)).await.unwrap();
    }
    let limited = Wanted { concurrency: Some(COMMANDS), ..wanted() };
    let claims = Claim { wanted: vec![limited], now: 2_000, lease_until: 9_000, limit: COMMANDS as usize };
    assert_eq!(queue.claim(&claims).await.unwrap().len(), COMMANDS as usize - 2);
}

#[tokio::test]
async fn a_claim_that_never_arrived_is_made_again_and_runs_once() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let queue = stario_nats::connect(proxy.url()).await.unwrap().queue("shop").await.unwrap();
    for number in 0..3 {
        queue.enqueue(&command(number)).await.unwrap();
    }
    proxy.cut_before("Nats-Expected-Last-Subject-Sequence: 0");
    let claimed = soon(claim(&queue, wanted(), 2_000)).await;
    let numbers: Vec<_> = claimed.iter().map(|stored| (stored.attempts, stored.claims)).collect();
    assert!(proxy.has_cut());
    assert_eq!(numbers, [(1, 1); 3]);
    assert_eq!(claim(&queue, wanted(), 2_001).await, [], "nothing is claimed twice");
    // So is a command that is stored.
    proxy.cut_before("Nats-Expected-Last-Subject-Sequence: 0");
    assert_eq!(soon(queue.enqueue(&command(3))).await.unwrap(), None);
    assert!(proxy.has_cut());
    assert_eq!(all(&queue).await.len(), 4);
}

#[tokio::test]
async fn a_reservation_whose_answer_was_lost_holds_no_place() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let queue = stario_nats::connect(proxy.url()).await.unwrap().queue("shop").await.unwrap();
    queue.enqueue(&command(1)).await.unwrap();
    queue.enqueue(&command(2)).await.unwrap();
    let stream = jetstream(&broker).await.get_stream("commands_shop").await.unwrap();
    proxy.withhold_answers_to(WRITE);
    let cut = async {
        let reserved = async {
            while stream.get_last_raw_message_by_subject("commands_shop.l.a").await.is_err() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        soon(reserved).await;
        proxy.cut();
    };
    let limited = Wanted { concurrency: Some(1), ..wanted() };
    let (claimed, ()) = tokio::join!(claim(&queue, limited.clone(), 2_000), cut);
    let numbers: Vec<_> = claimed.iter().map(|stored| (stored.command.id, stored.attempts)).collect();
    assert_eq!(numbers, [(id(1), 1)]);
    assert_eq!(claim(&queue, limited, 2_000).await, []);
}

#[tokio::test]
async fn a_process_that_dies_between_reserving_and_claiming_holds_its_place_for_a_lease() {
    let broker = Broker::start();
    let queue = open(&broker).await;
    for number in 0..3 {
        queue.enqueue(&command(number)).await.unwrap();
    }
    let limited = || Wanted { concurrency: Some(1), ..wanted() };
    // What such a process leaves. It may be frozen, and claim when it goes on.
    let held = format!(r#"{{"name":"a","held":[{{"id":"{}","revision":0,"until":2000,"by":0}}]}}"#, id(2));
    write(&broker, "commands_shop.l.a", &held, 0).await.unwrap();
    assert_eq!(claim(&queue, limited(), 1_999).await, []);
    let claimed = claim(&queue, limited(), 2_000).await;
    assert_eq!(claimed.iter().map(|stored| stored.command.id).collect::<Vec<_>>(), [id(0)]);
    let late = write(&broker, &format!("commands_shop.s.{}", id(2)), "{}", 0).await;
    assert_eq!(late.unwrap_err().kind(), PublishErrorKind::WrongLastSequence);
    assert!(queue.settle(Run::of(&claimed[0]), 2_000, &FINISHED).await.unwrap());
    assert_eq!(claim(&queue, limited(), 2_000).await.len(), 1);
    assert_eq!(claim(&queue, limited(), 2_000).await, []);
}

#[tokio::test]
async fn what_is_deleted_leaves_nothing_and_its_key_is_free() {
    let broker = Broker::start();
    let (queue, other) = (open(&broker).await, open(&broker).await);
    let with_key = |number| NewCommand { key: Some("k".to_owned()), ..command(number) };
    for number in 0..3 {
        queue.enqueue(&with_key(number)).await.unwrap();
        let claimed = claim(&other, wanted(), 2_000).await;
        assert!(other.settle(Run::of(&claimed[0]), 2_000, &FINISHED).await.unwrap());
        assert!(queue.enqueue(&with_key(10)).await.unwrap().is_some());
        assert_eq!(queue.prune(&CommandFilter::default()).await.unwrap(), 1);
        assert_eq!(all(&other).await, []);
    }
    assert_eq!(messages(&broker).await, 3, "one tombstone of each");
    queue.enqueue(&with_key(4)).await.unwrap();
    // Both have seen the tombstones.
    assert_eq!((all(&queue).await.len(), all(&other).await.len()), (1, 1));
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(301)).await;
    tokio::time::resume();
    let pruned = Box::pin(async {
        loop {
            // The time that passed may have ended a request.
            match queue.prune(&CommandFilter::default()).await {
                Ok(_) if messages(&broker).await == 1 => break,
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    });
    soon(pruned).await;
    assert_eq!(other.prune(&CommandFilter::default()).await.unwrap(), 0);
    assert_eq!(all(&open(&broker).await).await, [(id(4), CommandState::Waiting)]);
    assert_eq!(claim(&other, wanted(), 2_000).await.len(), 1);
}

#[tokio::test]
async fn what_a_killed_process_left_half_deleted_does_not_run_and_is_deleted_by_another() {
    let broker = Broker::start();
    let queue = open(&broker).await;
    queue.enqueue(&NewCommand { key: Some("k".to_owned()), ..command(1) }).await.unwrap();
    queue.enqueue(&command(2)).await.unwrap();
    let tombstone = r#"{"state":null,"attempts":0,"claims":0,"due":0,"changed":0,"error":null,"by":0}"#;
    for number in [1, 2] {
        write(&broker, &format!("commands_shop.s.{}", id(number)), tombstone, 0).await.unwrap();
    }
    for queue in [&queue, &open(&broker).await] {
        assert_eq!(claim(queue, wanted(), 2_000).await, []);
        assert_eq!(all(queue).await, []);
    }
    let again = NewCommand { key: Some("k".to_owned()), ..command(3) };
    assert_eq!(queue.enqueue(&again).await.unwrap(), None, "its key is free");
    assert_eq!(messages(&broker).await, 4);
    assert_eq!(queue.prune(&CommandFilter::default()).await.unwrap(), 0);
    assert_eq!(messages(&broker).await, 3, "the new command, and two tombstones");
    assert_eq!(claim(&queue, wanted(), 2_000).await.len(), 1);
}

#[tokio::test]
async fn the_bound_of_values_is_that_of_the_server() {
    let broker = Broker::with_config("max_payload: 65536");
    let nats = broker.connect().await;
    let queue = nats.queue("shop").await.unwrap();
    assert_eq!(queue.payload_limit(), 63_488);
    assert_eq!(nats.queue("shop").payload_limit(10).await.unwrap().payload_limit(), 10);
    assert_eq!(nats.queue("shop").payload_limit(1 << 20).await.unwrap().payload_limit(), 63_488);
    let longest = NewCommand { payload: vec![7; 63_488 + 34], ..command(1) };
    queue.enqueue(&longest).await.unwrap();
    assert_eq!(queue.get(id(1)).await.unwrap().unwrap().command, longest);
    let error = queue.enqueue(&NewCommand { payload: vec![7; 65_536], ..command(2) }).await.unwrap_err();
    assert!(error.to_string().contains("max payload"), "{error}");
}

#[tokio::test]
async fn the_permissions_of_the_docs_are_enough() {
    let broker = Broker::with_config(
        r#"authorization { users: [{
            user: shop
            password: secret
            permissions: { publish: ["commands_shop.>", "$JS.API.>", "$JS.FC.>"], subscribe: ["_INBOX.>"] }
        }] }"#,
    );
    let url = broker.url().replace("nats://", "nats://shop:secret@");
    let open = async || stario_nats::connect(&url).await.unwrap().queue("shop").await.unwrap();
    let (queue, other) = (open().await, open().await);
    for number in 0..300 {
        queue.enqueue(&NewCommand { payload: vec![7; 10_000], ..command(number) }).await.unwrap();
    }
    let limited = Wanted { concurrency: Some(9), ..wanted() };
    let running = claim(&other, limited, 2_000).await;
    assert_eq!(running.len(), 9);
    let end = Settlement::Finished { is_kept: false };
    assert!(queue.settle(Run::of(&running[0]), 2_000, &end).await.unwrap());
    assert_eq!(all(&open().await).await.len(), 299);
}

#[tokio::test]
async fn a_stream_that_would_forget_commands_is_refused() {
    let broker = Broker::start();
    let config = Config {
        name: "commands_shop".to_owned(),
        subjects: vec!["commands_shop.>".to_owned()],
        max_messages_per_subject: 1,
        allow_direct: true,
        max_age: Duration::from_secs(3_600),
        ..Config::default()
    };
    jetstream(&broker).await.create_stream(config).await.unwrap();
    let error = broker.connect().await.queue("shop").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stream `commands_shop` of JetStream cannot hold durable commands: it drops messages by their age, so it \
         would forget commands that wait"
    );
    let error = broker.connect().await.queue("no.name").await.unwrap_err();
    assert!(error.to_string().starts_with("the stream `commands_no.name` of JetStream cannot be opened"));
}
