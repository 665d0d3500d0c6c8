//! Durable commands in a stream of `JetStream` that keeps one message for each subject.
//!
//! | subject | written | holds |
//! |---|---|---|
//! | `c.<name>.<id>`, with a key `c.<name>.k<hash>` | once, if there is none | the command |
//! | `s.<id>` | at each change, if the one before is still the last | where it stands; a tombstone when it is deleted |
//! | `l.<name>` | so, too | which commands of a name with limits or order are about to be claimed |
//!
//! A command without the second waits since it was stored, so to store one is a single message. Each change is one, too, and succeeds only if
//! nothing has changed since: the sequence of the last message of the subject is sent with it. What may run now, a process finds in its index of the
//! stream (`index.rs`). **The index only chooses, the server decides.**
//!
//! A name with limits or order has a lane: a claim writes there first what it is about to claim, so its claims come one after the other. Who knows
//! the last message of a lane knows all that was written before it, because messages are applied in their order. What a process reserved and did not
//! claim counts until its lease ends; then the first process that finds it writes the state of that command again, so that a late claim fails, and goes on.
//!
//! A deleted command leaves a tombstone, by which other processes learn of it. First its message `c` is deleted, then, after some minutes, the tombstone: by their
//! sequences, so a new command of the same key stays. Of what a killed process has left half deleted, the next `prune` deletes the rest.

use std::fmt;
use std::sync::Arc;

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::Stream;
use futures_util::{StreamExt as _, stream};
use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, CommandState, ListedCommand, NewCommand, Run, Settlement,
    StoredCommand,
};
use stario::{DurableStore, StoreError};

use crate::connection::Nats;
use index::Entry;
use shared::{AT_ONCE, Shared};
use wire::{State, Subjects};

pub use open::{OpenQueue, OpenQueueError};

mod choice;
mod claim;
mod follow;
mod index;
mod open;
mod shared;
mod store;
mod wire;

/// A store of durable commands in a stream of `JetStream`, made by [`Nats::queue`]. Clones are the same store.
///
/// A request is answered with 204 when the NATS server has its command in the memory of its system. The command survives `kill -9` of both
/// processes; **a loss of power can lose the commands of the last minutes**, because the server synchronizes its files later. On a cluster, with
/// [`replicas`](OpenQueue::replicas), that takes a loss of power of most of its machines at once. Where one machine must keep its promise, use SQLite.
///
/// Each process follows the stream, and keeps what is stored of commands in memory but their values: some 300 bytes of each, the finished ones included. While there is
/// no connection, requests wait for one for 2 seconds and are then answered with 503, and runs go on until their leases end.
#[derive(Clone)]
pub struct NatsQueue {
    shared: Arc<Shared>,
    payload_limit: Option<usize>,
}

impl NatsQueue {
    /// The store in this stream, once its index is read.
    async fn new(
        nats: Nats,
        context: Context,
        stream: Stream,
        subjects: Subjects,
        payload_limit: Option<usize>,
    ) -> Result<Self, StoreError> {
        let shared = Shared::new(nats, context, stream, subjects);
        shared.catch_up().await?;
        Ok(Self { shared: Arc::new(shared), payload_limit })
    }
}

fn stored(command: NewCommand, state: State) -> StoredCommand {
    let State { phase, attempts, claims, due, changed, error, by: _ } = state;
    StoredCommand { command: NewCommand { due, ..command }, state: phase, attempts, claims, changed, error }
}

fn is_run(entry: &Entry, run: Run) -> bool {
    entry.state.phase == CommandState::Running && entry.state.claims == run.claim
}

/// Where a run leaves its command; `None` if it is deleted.
fn settled(state: &State, now: i64, settlement: &Settlement) -> Option<State> {
    let state = State { changed: now, ..state.clone() };
    match settlement {
        Settlement::Finished { is_kept: false } => None,
        Settlement::Finished { is_kept: true } => Some(State { phase: CommandState::Finished, ..state }),
        Settlement::Retry { due, error } => {
            Some(State { phase: CommandState::Waiting, due: *due, error: Some(error.clone()), ..state })
        }
        Settlement::Dead { error } => {
            Some(State { phase: CommandState::Dead, error: Some(error.clone()), ..state })
        }
        Settlement::GiveBack => {
            let attempts = state.attempts.saturating_sub(1);
            Some(State { phase: CommandState::Waiting, due: now, attempts, ..state })
        }
    }
}

impl DurableStore for NatsQueue {
    fn payload_limit(&self) -> usize {
        let of_server = self.shared.nats.client().max_payload();
        // The header has the key and the group, and what else is stored beside the values.
        let fitting = of_server - of_server / 32;
        self.payload_limit.map_or(fitting, |limit| limit.min(fitting))
    }

    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        let mut patience = self.shared.patience();
        loop {
            // One that is stored already, because an answer was lost, has its id.
            let outcome = self.shared.store(command).await;
            if outcome.is_ok() || !patience.has_new_connection().await {
                return outcome;
            }
        }
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        if claim.wanted.is_empty() || claim.limit == 0 {
            return Ok(Vec::new());
        }
        let _claiming = self.shared.claiming.lock().await;
        let mut patience = self.shared.patience();
        loop {
            let outcome = self.shared.claim(claim).await;
            if outcome.is_ok() || !patience.has_new_connection().await {
                return outcome;
            }
        }
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        let next =
            |entry: &Entry| is_run(entry, run).then(|| Some(State { due: until, ..entry.state.clone() }));
        Ok(self.shared.change(run.id, next).await?.is_some())
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        let next = |entry: &Entry| is_run(entry, run).then(|| settled(&entry.state, now, settlement));
        let Some(before) = self.shared.change(run.id, next).await? else { return Ok(false) };
        if *settlement == (Settlement::Finished { is_kept: false })
            && let Err(error) = self.shared.delete_command(run.id, before.position).await
        {
            tracing::debug!(id = %run.id, %error, "a finished command is deleted later");
        }
        Ok(true)
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        self.shared.catch_up().await?;
        Ok(self.shared.index().list(which, limit))
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        self.shared.catch_up().await?;
        let Some(Entry { position, state, .. }) = self.shared.index().entry(id).cloned() else {
            return Ok(None);
        };
        let command = self.shared.read_command(id, position).await?;
        Ok(command.map(|command| stored(command, state)))
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        self.shared.catch_up().await?;
        Ok(self.shared.index().count())
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        let waiting = |state: &State| State {
            phase: CommandState::Waiting,
            attempts: 0,
            changed: now,
            due: now,
            ..state.clone()
        };
        let next =
            |entry: &Entry| (entry.state.phase == CommandState::Dead).then(|| Some(waiting(&entry.state)));
        Ok(self.shared.change(id, next).await?.is_some())
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        self.shared.catch_up().await?;
        let ended = self.shared.index().ended(which);
        let pruned = ended.into_iter().map(|id| async move {
            let next = |entry: &Entry| (!entry.is_open() && entry.is_meant(id, which)).then_some(None);
            let Some(before) = self.shared.change(id, next).await? else { return Ok(0) };
            self.shared.delete_command(id, before.position).await?;
            Ok::<u64, StoreError>(1)
        });
        let mut pruned = stream::iter(pruned).buffer_unordered(AT_ONCE);
        let mut count = 0;
        while let Some(one) = pruned.next().await {
            count += one?;
        }
        self.shared.bury().await?;
        Ok(count)
    }

    async fn changed(&self) {
        self.shared.news().await;
    }
}

impl fmt::Debug for NatsQueue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NatsQueue").field("subjects", &self.shared.subjects).finish_non_exhaustive()
    }
}
