//! Runs whose lease has ended because their process has: they have failed, as others do.

use super::command::{CommandFilter, CommandState, ListedCommand};
use super::figures;
use super::queue::Queue;
use super::run::{after_failure, log_failure};
use super::store::{Run, Settlement};
use crate::error::StoreError;
use crate::handler::DurableEndpoint;

/// How many commands are listed in one step.
const PAGE: usize = 100;

/// The error of such a run.
const LOST: &str = "the process ended, or lost the command";

/// Ends the runs of these handlers whose leases have ended. Their commands wait for the next attempt as after an error: so one that takes its
/// process with it each time waits longer each time.
pub(super) async fn settle_lost(
    queue: &Queue,
    handlers: &[&'static DurableEndpoint],
) -> Result<(), StoreError> {
    let now = queue.clock.now();
    let state = Some(CommandState::Running);
    let mut which = CommandFilter { state, due_at: Some(now), ..CommandFilter::default() };
    loop {
        let lost = queue.store.list(&which, PAGE).await?;
        for command in &lost {
            // Other programs have the handlers of the others, and of newer versions.
            let has = |handler: &&&DurableEndpoint| {
                handler.info.name == command.name && command.version <= handler.info.version
            };
            if let Some(handler) = handlers.iter().find(has) {
                settle(queue, handler, now, command).await?;
            }
        }
        let Some(last) = lost.last().filter(|_| lost.len() == PAGE) else { return Ok(()) };
        which.after = Some(last.id);
    }
}

async fn settle(
    queue: &Queue,
    handler: &DurableEndpoint,
    now: i64,
    command: &ListedCommand,
) -> Result<(), StoreError> {
    let (info, attempt) = (&handler.info, command.attempts);
    let run = Run { id: command.id, claim: command.claims };
    let error = error_after(command.error.as_deref());
    let settlement = after_failure(info, attempt, info.attempts, command.due, &error);
    // Where several processes have seen it, one of them ends it.
    if queue.store.settle(run, now, &settlement).await? {
        log_failure(info, run, attempt, now, &settlement);
        let is_dead = matches!(settlement, Settlement::Dead { .. });
        figures::count_run(info.name, if is_dead { "dead" } else { "lost" });
    }
    Ok(())
}

/// What is stored as the error, which keeps that of an earlier attempt.
fn error_after(earlier: Option<&str>) -> String {
    match earlier {
        Some(error) if error.starts_with(LOST) => error.to_owned(),
        Some(error) => format!("{LOST}; an error before that: {error}"),
        None => LOST.to_owned(),
    }
}
