//! The worker of a process: claims the commands that are due, and runs them. One task for each server, if the app has a durable
//! handler.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::clock::milliseconds;
use super::command::{CommandFilter, CommandId, CommandState, NewCommand, StoredCommand};
use super::figures;
use super::lost::settle_lost;
use super::queue::Queue;
use super::run::{SCHEDULED, SETTLE_TIMEOUT_AT_STOP, run, settle};
use super::store::{Claim, Run, Settlement};
use super::values::ValuesWriter;
use crate::app::Assembled;
use crate::error::StoreError;
use crate::handler::DurableEndpoint;
use crate::panic::{catch_panic, panic_message};
use crate::request_id::RequestId;
use crate::shared::Shared;
use crate::tasks::TaskTracker;

/// How often the worker looks for commands that have become due, or that other processes have stored and of which the store got no notice.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The longest pause after the store has failed.
const MOST_PAUSE: Duration = Duration::from_secs(5);

/// How often finished commands are pruned.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

/// Starts the worker of an app that has durable handlers.
pub(crate) fn start(app: &Arc<Assembled>) {
    let Some(queue) = &app.shared().durable else { return };
    if !app.durable().is_empty() && !queue.has_worker.swap(true, Ordering::Relaxed) {
        for durable in app.durable() {
            figures::know(durable.info.name);
        }
        app.shared().work.spawn_to_end(Arc::clone(app).work());
    }
}

/// Runs everything that is due, one after the other, until nothing is. Returns whether anything ran.
///
/// # Errors
///
/// That of the store.
pub(crate) async fn run_due(app: &Assembled) -> Result<bool, StoreError> {
    let Some(queue) = &app.shared().durable else { return Ok(false) };
    settle_lost(queue, app.durable()).await?;
    let mut has_run = false;
    let mut stored_until = i64::MIN;
    loop {
        stored_until = app.store_scheduled(queue, stored_until).await?;
        let claimed = Instant::now();
        let Some(stored) = app.claim(queue, 1).await?.pop() else { break };
        has_run = true;
        if let Some(durable) = app.handler_of(&stored) {
            run(app.shared(), queue, durable, stored, claimed).await;
        }
    }
    prune(queue).await?;
    Ok(has_run)
}

impl Assembled {
    async fn work(self: Arc<Self>) {
        let shared = Arc::clone(self.shared());
        let Some(queue) = &shared.durable else { return };
        let (runs, pruning) = (TaskTracker::default(), TaskTracker::default());
        let mut pause = POLL_INTERVAL;
        let (mut stored_until, mut looked, mut pruned) = (i64::MIN, None::<Instant>, None::<Instant>);
        // What has been claimed by then is given back.
        let process_ends = async {
            shared.work.background_cut().await;
            sleep(SETTLE_TIMEOUT_AT_STOP).await;
        };
        let mut process_ends = pin!(process_ends);
        tokio::select! {
            biased;
            () = shared.stop.stopped() => return,
            _ = catch_panic(self.warn_of_unknown(queue)) => {}
        }
        while !shared.stop.is_stopped() {
            if pruning.is_empty() && pruned.is_none_or(|pruned| pruned.elapsed() >= PRUNE_INTERVAL) {
                begin_to_prune(&shared, &pruning);
                pruned = Some(Instant::now());
            }
            let turn = async {
                stored_until = self.store_scheduled(queue, stored_until).await?;
                if looked.is_none_or(|looked| looked.elapsed() >= POLL_INTERVAL) {
                    settle_lost(queue, self.durable()).await?;
                    looked = Some(Instant::now());
                }
                let free = queue.limit.saturating_sub(runs.len());
                if free == 0 || shared.stop.is_stopped() {
                    return Ok(());
                }
                let claimed = Instant::now();
                for stored in self.claim(queue, free).await? {
                    self.begin(queue, &runs, stored, claimed).await;
                }
                Ok::<(), StoreError>(())
            };
            // A store that panics must not end the worker.
            let turn = tokio::select! {
                biased;
                turn = catch_panic(turn) => turn,
                () = &mut process_ends => return,
            };
            match turn.unwrap_or_else(|panic| Err(panic_message(&*panic).into())) {
                Ok(()) => pause = POLL_INTERVAL,
                Err(error) => {
                    tracing::error!(%error, "the store of durable commands failed, and is asked again");
                    pause = (pause * 2).min(MOST_PAUSE);
                    // A process whose run has ended meanwhile stores that end first: it pauses no longer than this between two tries.
                    looked = Some(Instant::now() + MOST_PAUSE);
                }
            }
            tokio::select! {
                biased;
                () = shared.stop.stopped() => {}
                // A store that fails is not asked by each request.
                () = queue.wake.notified(), if pause == POLL_INTERVAL => {}
                () = queue.store.changed(), if pause == POLL_INTERVAL => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Begins to run a claimed command in a task of its own.
    async fn begin(
        self: &Arc<Self>,
        queue: &Queue,
        runs: &TaskTracker,
        stored: StoredCommand,
        claimed: Instant,
    ) {
        let shared = Arc::clone(self.shared());
        if shared.stop.is_stopped() {
            settle(&shared, queue, Run::of(&stored), &Settlement::GiveBack).await;
            return;
        }
        let Some(durable) = self.handler_of(&stored) else { return };
        let token = runs.token();
        let work = Arc::clone(&shared);
        work.work.spawn_to_end(async move {
            let Some(queue) = &shared.durable else { return };
            run(&shared, queue, durable, stored, claimed).await;
            drop(token);
            queue.wake.notify_one();
        });
    }

    fn handler_of(&self, stored: &StoredCommand) -> Option<&'static DurableEndpoint> {
        self.durable().iter().copied().find(|durable| durable.info.name == stored.command.name)
    }

    async fn claim(&self, queue: &Queue, limit: usize) -> Result<Vec<StoredCommand>, StoreError> {
        let now = queue.clock.now();
        let wanted = self.durable().iter().map(|durable| durable.info.wanted()).collect();
        let lease_until = now.saturating_add(milliseconds(queue.lease));
        queue.store.claim(&Claim { wanted, now, lease_until, limit }).await
    }

    /// Stores the next run of each schedule ahead, so that one that passes while no process runs is made up for. All processes store it
    /// under one key. Returns the time until which there is nothing more to store.
    async fn store_scheduled(&self, queue: &Queue, stored_until: i64) -> Result<i64, StoreError> {
        let now = queue.clock.now();
        if now < stored_until {
            return Ok(stored_until);
        }
        let mut until = i64::MAX;
        for durable in self.durable() {
            let Some(due) = durable.info.schedule.and_then(|schedule| schedule.next(now)) else { continue };
            until = until.min(due);
            let values =
                ValuesWriter::new(durable.info.name).into_payload(RequestId::next(), usize::MAX).await;
            let payload = values.map_err(|rejection| rejection.to_string())?;
            let command = NewCommand {
                id: CommandId::new(now).ok_or("no randomness for the id of a durable command")?,
                name: durable.info.name.to_owned(),
                version: durable.info.version,
                key: Some(format!("{SCHEDULED}{due}")),
                group: durable.info.is_one_group.then(String::new),
                payload,
                created: now,
                due,
            };
            queue.store.enqueue(&command).await?;
        }
        Ok(until)
    }

    /// Says in the log what is stored for handlers that this program does not have.
    async fn warn_of_unknown(&self, queue: &Queue) {
        let Ok(counts) = queue.store.count().await else { return };
        let is_open = |state| matches!(state, CommandState::Waiting | CommandState::Running);
        let is_known = |name: &str| self.durable().iter().any(|durable| durable.info.name == name);
        for count in counts.iter().filter(|count| is_open(count.state) && !is_known(&count.name)) {
            tracing::warn!(
                command = count.name, count = count.count, state = %count.state,
                "durable commands are stored for which this program has no handler"
            );
        }
    }
}

/// Prunes in a task of its own, which the server's stop ends: it may be much, and commands that are due do not wait for it.
fn begin_to_prune(shared: &Arc<Shared>, pruning: &TaskTracker) {
    let (shared, work, token) = (Arc::clone(shared), Arc::clone(shared), pruning.token());
    work.work.spawn(async move {
        let Some(queue) = &shared.durable else { return };
        tokio::select! {
            biased;
            () = shared.stop.stopped() => {}
            pruned = prune(queue) => if let Err(error) = pruned {
                tracing::error!(%error, "finished durable commands cannot be pruned");
            }
        }
        drop(token);
    });
}

async fn prune(queue: &Queue) -> Result<(), StoreError> {
    let changed_before = Some(queue.clock.now().saturating_sub(milliseconds(queue.retention)));
    let state = Some(CommandState::Finished);
    queue.store.prune(&CommandFilter { state, changed_before, ..CommandFilter::default() }).await?;
    Ok(())
}
