//! Figures of durable commands: how many are stored, and how runs end.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;

use super::command::{CommandCount, CommandState};
use super::queue::Queue;
use crate::panic::catch_panic;
use crate::telemetry::metrics;

/// How long the store may take to count.
const PATIENCE: Duration = Duration::from_secs(2);

const COUNTED: [CommandState; 3] = [CommandState::Waiting, CommandState::Running, CommandState::Dead];

/// The names of commands that have figures, so that what is none any more is 0.
static NAMES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Gives the commands of this name figures, before there is one.
pub(super) fn know(name: &str) {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
}

/// Counts a run that has ended.
pub(super) fn count_run(name: &'static str, outcome: &'static str) {
    metrics::count_run(name, outcome);
}

/// Asks the store how many commands there are. Where it does not say, the figures are no numbers.
pub(crate) async fn measure(queue: &Queue) {
    let counts = match timeout(PATIENCE, catch_panic(queue.store.count())).await {
        Ok(Ok(Ok(counts))) => Some(counts),
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "durable commands cannot be counted");
            None
        }
        Ok(Err(_)) | Err(_) => None,
    };
    for count in counts.iter().flatten() {
        know(&count.name);
    }
    let names = NAMES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for name in &names {
        for state in COUNTED {
            let count = counts.as_ref().map(|counts| {
                let is_it = |count: &&CommandCount| count.name == *name && count.state == state;
                counts.iter().filter(is_it).map(|count| count.count).sum()
            });
            metrics::set_commands(name, &state.to_string(), count);
        }
    }
}
