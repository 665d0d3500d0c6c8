//! One run of a stored command: its handler is called, its lease extended meanwhile, and its end stored.
//!
//! ```text
//!   claimed --+-- no attempt is left, or its values cannot be read --> dead
//!             +-- was stored for a time that its schedule does not have any more --> removed
//!             +-- runs --+-- succeeds -------------------------------> finished
//!                        +-- fails, panics --> waits for the next attempt, or dead
//!                        +-- the stop cuts it ----------------------> given back
//!                        +-- its lease is lost ---------------------> dropped, and nothing is stored (`lost.rs`)
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::command::{CommandState, StoredCommand};
use super::figures;
use super::info::DurableInfo;
use super::lease::{self, Heartbeat};
use super::lift;
use super::no_retry::NoRetry;
use super::queue::Queue;
use super::run_facts::RunFacts;
use super::store::{Run, Settlement};
use super::values::StoredValues;
use crate::current::{self, Current};
use crate::error::Error;
use crate::exchange::Exchange;
use crate::handler::DurableEndpoint;
use crate::panic::{catch_panic, panic_message};
use crate::request_id::RequestId;
use crate::scope::Scope;
use crate::shared::Shared;

/// What a dead letter of a schedule has as its key, before the time.
pub(super) const SCHEDULED: &str = "scheduled at ";

/// How much of an error's text is stored.
const MOST_ERROR: usize = 2000;

/// For how many leases the end of a run is kept from a store that fails.
const SETTLE_LEASES: u32 = 10;

/// How long it may take to store the end of a run when background work is cut. What is not given back by then runs again when its lease ends.
pub(super) const SETTLE_TIMEOUT_AT_STOP: Duration = Duration::from_millis(900);

/// How the call of a handler ends.
enum Ended {
    Succeeded,
    Failed(Error),
    Panicked(String),
    /// The stop has cut it.
    Cut,
    /// Another process has the command, or may have it.
    Lost,
}

/// Runs a command that this process began to claim at `claimed`, and stores how it ended.
pub(super) async fn run(
    app: &Arc<Shared>,
    queue: &Queue,
    durable: &'static DurableEndpoint,
    stored: StoredCommand,
    claimed: Instant,
) {
    let (info, attempt) = (&durable.info, stored.attempts);
    let run = Run::of(&stored);
    let values = lift::read(info, stored.command.version, stored.command.payload.clone());
    let request = values.as_ref().ok().and_then(StoredValues::request).unwrap_or_else(RequestId::next);
    let current = Current { request_id: Some(request), links: Some(app.links), is_stopping: false };
    current::within(current, async {
        let dead = |error: &str| {
            let settlement = Settlement::Dead { error: bounded(error) };
            log_failure(info, run, attempt, queue.clock.now(), &settlement);
            settlement
        };
        let settlement = match values {
            Err(error) => dead(&error),
            // An earlier program allowed more.
            Ok(_) if attempt > info.attempts => dead(
                stored
                    .error
                    .as_deref()
                    .unwrap_or("the command has had more attempts than this program allows"),
            ),
            // One that was begun before, or that an operator runs again, is run.
            Ok(_) if stored.claims == 1 && is_of_another_schedule(durable, &stored) => {
                tracing::info!(
                    command = info.name, id = %run.id,
                    "a scheduled command is removed: its schedule has changed since it was stored"
                );
                Settlement::Finished { is_kept: false }
            }
            Ok(values) => {
                let key = stored.command.key.unwrap_or_else(|| run.id.to_string());
                let facts = RunFacts { attempt, attempts: info.attempts, key };
                let ended = match lease::begin(queue, run, claimed).await {
                    Some(lease_end) => {
                        let exchange = Exchange::of_run(app, request, facts);
                        let heartbeat = Heartbeat::begin(Arc::clone(app), run, lease_end).await;
                        called(app, durable, values, exchange, heartbeat).await
                    }
                    None => Ended::Lost,
                };
                let Some(settlement) = settlement(queue, durable, run, attempt, ended) else {
                    return;
                };
                settlement
            }
        };
        if settle(app, queue, run, &settlement).await {
            figures::count_run(info.name, outcome(&settlement));
        }
    })
    .await;
}

/// Whether the command was stored ahead for a time that the schedule does not have any more.
fn is_of_another_schedule(durable: &DurableEndpoint, stored: &StoredCommand) -> bool {
    let time = stored.command.key.as_ref().and_then(|key| key.strip_prefix(SCHEDULED)?.parse().ok());
    time.is_some_and(|time| durable.info.schedule.is_none_or(|schedule| !schedule.has(time)))
}

/// Calls the handler until it ends, or may run no longer.
async fn called(
    app: &Arc<Shared>,
    durable: &'static DurableEndpoint,
    values: StoredValues,
    exchange: Arc<Exchange>,
    lease_lost: Heartbeat,
) -> Ended {
    let scope = Scope::of_run(Arc::clone(&exchange));
    let call = catch_panic((durable.run)(exchange, scope, values));
    tokio::select! {
        biased;
        () = app.work.background_cut() => Ended::Cut,
        ended = call => match ended {
            Ok(Ok(())) => Ended::Succeeded,
            Ok(Err(error)) => Ended::Failed(error),
            Err(panic) => Ended::Panicked(panic_message(&*panic)),
        },
        () = lease_lost => Ended::Lost,
    }
}

/// What is stored of the end of a call; nothing if another process has the command.
fn settlement(
    queue: &Queue,
    durable: &DurableEndpoint,
    run: Run,
    attempt: u32,
    ended: Ended,
) -> Option<Settlement> {
    let (info, id) = (&durable.info, run.id);
    let (error, may_repeat) = match ended {
        Ended::Succeeded => {
            tracing::debug!(command = info.name, %id, attempt, "a durable command has ended");
            return Some(Settlement::Finished { is_kept: !queue.retention.is_zero() });
        }
        Ended::Cut => {
            tracing::info!(command = info.name, %id, attempt, "a durable command is given back: the server stops");
            return Some(Settlement::GiveBack);
        }
        Ended::Lost => {
            tracing::warn!(command = info.name, %id, attempt, "a durable command is dropped: its lease was lost");
            return None;
        }
        Ended::Failed(error) => {
            let text = error.to_string();
            (text, !NoRetry::is_in(error))
        }
        Ended::Panicked(panic) => (format!("the handler panicked: {panic}"), true),
    };
    let now = queue.clock.now();
    let limit = if may_repeat { info.attempts } else { 0 };
    let settlement = after_failure(info, attempt, limit, now, &error);
    log_failure(info, run, attempt, now, &settlement);
    Some(settlement)
}

/// What follows an attempt that failed at `failed_at`: the next one after a pause, or the end if it was the last of `limit`.
pub(super) fn after_failure(
    info: &DurableInfo,
    attempt: u32,
    limit: u32,
    failed_at: i64,
    error: &str,
) -> Settlement {
    let error = bounded(error);
    if attempt >= limit {
        return Settlement::Dead { error };
    }
    Settlement::Retry { due: failed_at.saturating_add(info.backoff_after(attempt)), error }
}

/// Says in the log what follows a failed attempt.
pub(super) fn log_failure(info: &DurableInfo, run: Run, attempt: u32, now: i64, settlement: &Settlement) {
    let (command, id) = (info.name, run.id);
    match settlement {
        Settlement::Retry { due, error } => {
            let pause = due.saturating_sub(now).max(0).unsigned_abs();
            let again_in_seconds = Duration::from_millis(pause).as_secs_f64();
            tracing::warn!(
                command, %id, attempt, of = info.attempts, again_in_seconds, error,
                "a durable command failed, and will run again"
            );
        }
        Settlement::Dead { error } => {
            tracing::error!(command, %id, attempt, error, "a durable command is a dead letter: it will not run again");
        }
        Settlement::Finished { .. } | Settlement::GiveBack => {}
    }
}

/// The name of an end in the figures.
fn outcome(settlement: &Settlement) -> &'static str {
    match settlement {
        Settlement::Finished { .. } => "finished",
        Settlement::Retry { .. } => "failed",
        Settlement::Dead { .. } => "dead",
        Settlement::GiveBack => "given back",
    }
}

/// What is stored of an error's text. Not every database stores a NUL.
fn bounded(error: &str) -> String {
    error
        .chars()
        .take(MOST_ERROR)
        .map(|char| if char == '\0' { char::REPLACEMENT_CHARACTER } else { char })
        .collect()
}

/// Stores how a run ended. A store that fails is asked again for some leases: where it fails for all processes, none of them has claimed
/// the command meanwhile. When background work is cut, the process ends soon, and so does this. Returns whether it is stored.
pub(super) async fn settle(app: &Shared, queue: &Queue, run: Run, settlement: &Settlement) -> bool {
    let settled = async {
        let mut pause = Duration::from_millis(50);
        let mut was_tried = false;
        loop {
            match queue.store.settle(run, queue.clock.now(), settlement).await {
                Ok(false) if was_tried => return is_stored(queue, run, settlement).await,
                Ok(is_settled) => return is_settled,
                Err(error) => {
                    tracing::warn!(id = %run.id, %error, "the end of a durable command is not stored yet");
                    was_tried = true;
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    };
    let process_ends = async {
        app.work.background_cut().await;
        sleep(SETTLE_TIMEOUT_AT_STOP).await;
    };
    let is_settled = tokio::select! {
        biased;
        settled = timeout(queue.lease * SETTLE_LEASES, settled) => settled == Ok(true),
        () = process_ends => false,
    };
    if !is_settled {
        tracing::error!(id = %run.id, "the end of a durable command is not stored: it may run again");
    }
    is_settled
}

/// Whether the store has this end of a run, though its answer was lost.
async fn is_stored(queue: &Queue, run: Run, settlement: &Settlement) -> bool {
    let state = match settlement {
        Settlement::Finished { .. } => CommandState::Finished,
        Settlement::Retry { .. } | Settlement::GiveBack => CommandState::Waiting,
        Settlement::Dead { .. } => CommandState::Dead,
    };
    match queue.store.get(run.id).await {
        Ok(Some(stored)) => stored.claims == run.claim && stored.state == state,
        Ok(None) => state == CommandState::Finished,
        Err(_) => false,
    }
}
