//! The worker of durable commands: its limits, a store that is slow, fails or panics, and handlers that block. Time is tokio's, and moves by
//! itself.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::Request;
use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, CommandState, ListedCommand, NewCommand, Run, Settlement,
    StoredCommand,
};
use stario::prelude::*;
use stario::{App, AppService, Attempt, DurableStore, MemoryQueue, StoreError};
use tokio::time::{Instant, sleep};
use tower::ServiceExt as _;

use crate::app;
use crate::support::probe::{Log, Probe, probe};
use crate::support::records::listen_here;

stario::app!(local);

/// What the store does before a call.
enum Before {
    Nothing,
    Wait(Duration),
    Fail,
    Panic,
}

type Script = Box<dyn Fn(&'static str, Instant) -> Before + Send + Sync>;

/// A store in memory whose calls go wrong as a test says; it is asked with the name of each call, and when the store was made. What follows a claim that
/// has found something is `claimed`, and what follows the end of a run `settled`.
struct Scripted {
    inner: MemoryQueue,
    made: Instant,
    script: Script,
    probe: Probe,
}

impl Scripted {
    async fn step(&self, call: &'static str) -> Result<(), StoreError> {
        match (self.script)(call, self.made) {
            Before::Nothing => {}
            Before::Wait(time) => sleep(time).await,
            Before::Fail => return Err("the disk is full".into()),
            Before::Panic => panic!("the store panics on purpose"),
        }
        if call == "extend" {
            self.probe.log(call);
        }
        Ok(())
    }
}

impl DurableStore for Scripted {
    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        self.step("enqueue").await?;
        self.inner.enqueue(command).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        self.step("claim").await?;
        let claimed = self.inner.claim(claim).await?;
        if !claimed.is_empty() {
            self.step("claimed").await?;
        }
        Ok(claimed)
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        self.step("extend").await?;
        self.inner.extend(run, until).await
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        self.step("settle").await?;
        let is_settled = self.inner.settle(run, now, settlement).await;
        self.step("settled").await?;
        is_settled
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        self.inner.list(which, limit).await
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        self.inner.get(id).await
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        self.step("count").await?;
        self.inner.count().await
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        self.inner.rerun(id, now).await
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        self.step("prune").await?;
        self.inner.prune(which).await
    }
}

struct Setup {
    service: AppService,
    store: Arc<Scripted>,
    probe: Probe,
    log: Log,
}

/// An app whose worker runs.
async fn setup(script: impl Fn(&'static str, Instant) -> Before + Send + Sync + 'static) -> Setup {
    started(local::new(), script).await
}

async fn started(
    app: App,
    script: impl Fn(&'static str, Instant) -> Before + Send + Sync + 'static,
) -> Setup {
    let (probe, log) = probe();
    let (inner, made, script) = (MemoryQueue::new(), Instant::now(), Box::new(script));
    let store = Arc::new(Scripted { inner, made, script, probe: probe.clone() });
    let service = app.state(probe.clone()).durable(Arc::clone(&store)).into_service().unwrap();
    service.start().await.unwrap();
    Setup { service, store, probe, log }
}

impl Setup {
    async fn post(&self, path: &str) -> u16 {
        let request = Request::post(path).header("host", "a").body(stario::Body::empty()).unwrap();
        self.service.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    /// The one command, when it has ended.
    async fn ended(&self) -> ListedCommand {
        loop {
            let mut stored = self.store.inner.list(&CommandFilter::default(), 2).await.unwrap();
            let is_open = |state| matches!(state, CommandState::Waiting | CommandState::Running);
            match stored.pop() {
                Some(stored) if !is_open(stored.state) => return stored,
                _ => sleep(Duration::from_secs(1)).await,
            }
            assert!(self.store.made.elapsed() < Duration::from_secs(3600), "the command has not ended");
        }
    }
}

#[app::detached_command("/wait/{seconds}", app = local, durable = "wait")]
async fn wait(seconds: PathParam<u64>, attempt: Attempt, probe: State<Probe>) {
    let _dropped = probe.at_drop("ends");
    probe.log(format!("begins, attempt {attempt}"));
    sleep(Duration::from_secs(*seconds)).await;
    probe.log("has waited");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_a_slow_claim_has_used_up_is_extended_before_the_command_begins() {
    let claims = AtomicU32::new(0);
    let mut setup = setup(move |call, _| match call {
        "claim" if claims.fetch_add(1, Ordering::SeqCst) == 1 => Before::Wait(Duration::from_secs(29)),
        _ => Before::Nothing,
    })
    .await;
    // The first claim finds nothing.
    sleep(Duration::from_millis(100)).await;
    assert_eq!(setup.post("/wait/0").await, 204);
    assert_eq!(setup.ended().await.attempts, 1);
    assert_eq!(setup.log.so_far(), ["extend", "begins, attempt 1", "has waited", "ends"]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_outlives_a_store_that_panics_or_fails() {
    let claims = AtomicU32::new(0);
    let setup = setup(move |call, _| match (call, claims.load(Ordering::SeqCst)) {
        ("claim", count) => {
            claims.fetch_add(1, Ordering::SeqCst);
            [Before::Panic, Before::Fail].into_iter().nth(count as usize).unwrap_or(Before::Nothing)
        }
        _ => Before::Nothing,
    })
    .await;
    assert_eq!(setup.post("/wait/0").await, 204);
    assert_eq!(setup.ended().await.state, CommandState::Finished);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_for_a_minute_learns_the_end_of_a_command_then() {
    let mut setup = setup(|call, made| match call {
        "settle" | "claim" if (1..61).contains(&made.elapsed().as_secs()) => Before::Fail,
        _ => Before::Nothing,
    })
    .await;
    assert_eq!(setup.post("/wait/5").await, 204);
    let ended = setup.ended().await;
    assert_eq!((ended.state, ended.attempts), (CommandState::Finished, 1));
    let log = setup.log.so_far();
    assert_eq!(log.iter().filter(|event| *event == "has waited").count(), 1, "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn commands_do_not_wait_until_finished_ones_are_pruned() {
    let setup = setup(|call, _| match call {
        "prune" => Before::Wait(Duration::from_secs(1000)),
        _ => Before::Nothing,
    })
    .await;
    assert_eq!(setup.post("/wait/0").await, 204);
    assert_eq!(setup.ended().await.state, CommandState::Finished);
    assert!(setup.store.made.elapsed() < Duration::from_secs(10));
    // Nor does a stop.
    setup.service.stop().await;
    assert!(setup.store.made.elapsed() < Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn an_end_whose_answer_is_lost_is_known_to_be_stored() {
    let (_guard, mut records) = listen_here();
    let answers = AtomicU32::new(0);
    let setup = setup(move |call, _| match call {
        "settled" if answers.fetch_add(1, Ordering::SeqCst) == 0 => Before::Fail,
        _ => Before::Nothing,
    })
    .await;
    assert_eq!(setup.post("/wait/5").await, 204);
    assert_eq!(setup.ended().await.state, CommandState::Finished);
    sleep(Duration::from_secs(1)).await;
    let mut said = Vec::new();
    while let Ok(record) = records.try_recv() {
        said.extend(record.get("message").filter(|message| message.contains("is not stored")).cloned());
    }
    assert_eq!(said, ["the end of a durable command is not stored yet"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_claimed_when_background_work_is_cut_is_given_back() {
    let limits = stario::Limits::default().detached_stop_timeout(Duration::from_secs(10));
    let setup = started(local::new().limits(limits), |call, _| match call {
        "claimed" => Before::Wait(Duration::from_millis(10_500)),
        _ => Before::Nothing,
    })
    .await;
    assert_eq!(setup.post("/wait/0").await, 204);
    let stored = async || setup.store.inner.list(&CommandFilter::default(), 2).await.unwrap().remove(0);
    while stored().await.state == CommandState::Waiting {
        tokio::task::yield_now().await;
    }
    let begun = Instant::now();
    setup.service.stop().await;
    assert_eq!(begun.elapsed().as_millis(), 10_500);
    let stored = stored().await;
    assert_eq!((stored.state, stored.attempts, stored.claims), (CommandState::Waiting, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_lease_survives_a_store_that_fails_for_less_than_its_time() {
    let mut setup = setup(|call, made| match call {
        "extend" if (5..39).contains(&made.elapsed().as_secs()) => Before::Fail,
        _ => Before::Nothing,
    })
    .await;
    // Its lease is extended at 10 s, which fails, until it would end at 30 s.
    assert_eq!(setup.post("/wait/60").await, 204);
    setup.log.expect("begins, attempt 1").await;
    setup.log.expect("ends").await;
    assert_eq!(setup.store.made.elapsed().as_secs(), 30, "it is dropped when its lease ends");

    let mut setup = self::setup(|call, made| match call {
        "extend" if (5..29).contains(&made.elapsed().as_secs()) => Before::Fail,
        _ => Before::Nothing,
    })
    .await;
    assert_eq!(setup.post("/wait/60").await, 204);
    assert_eq!(setup.ended().await.attempts, 1);
    let log = setup.log.so_far();
    assert!(log.contains(&"has waited".to_owned()), "{log:?}");
}

#[app::detached_command("/limited", app = local, durable = "limited", concurrency = "2, 1 by account")]
async fn limited(account: QueryParam<char>, number: QueryParam<u8>, probe: State<Probe>) {
    probe.log(format!("{account}{number} begins"));
    probe.released().await;
    probe.log(format!("{account}{number} ends"));
}

#[tokio::test(start_paused = true)]
async fn limits_of_a_handler_and_of_one_value_hold() {
    let mut setup = setup(|_, _| Before::Nothing).await;
    for (account, number) in [('a', 1), ('a', 2), ('b', 1), ('c', 1), ('a', 3)] {
        assert_eq!(setup.post(&format!("/limited?account={account}&number={number}")).await, 204);
    }
    let (mut running, mut ended) = (BTreeSet::new(), 0);
    while ended < 5 {
        sleep(Duration::from_secs(5)).await;
        for event in setup.log.so_far() {
            // The store logs `extend`.
            let Some((command, what)) = event.split_once(' ') else { continue };
            if what == "ends" {
                running.remove(command);
                ended += 1;
            } else {
                running.insert(command.to_owned());
            }
            // At most two at once, and never two of one account.
            let accounts: BTreeSet<&str> = running.iter().map(|command| &command[..1]).collect();
            assert!(running.len() <= 2 && accounts.len() == running.len(), "{running:?}");
        }
        // Where there is room, and a command that may run, it runs.
        assert!(running.len() == 2 || ended > 1, "{running:?}");
        setup.probe.release(1);
    }
}

#[app::detached_command("/block", app = local, durable = "block")]
async fn block(probe: State<Probe>) {
    // No `await` stands here until the lease is extended.
    while !probe.try_released() {
        std::thread::yield_now();
    }
    probe.log("has blocked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_handler_that_blocks_its_thread_keeps_its_lease() {
    let app = local::new().durable_lease(Duration::from_secs(1));
    let mut setup = started(app, |_, _| Before::Nothing).await;
    assert_eq!(setup.post("/block").await, 204);
    for _ in 0..2 {
        setup.log.expect("extend").await;
    }
    // More than one: a process that stood still for longer than the lease runs it twice, and a thread that goes on blocking would keep the
    // runtime from its end.
    setup.probe.release(5);
    while setup.log.next().await != "has blocked" {}
}
