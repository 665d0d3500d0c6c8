//! `MemoryQueue`: durable commands in the memory of the process, for tests and development.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::command::{
    CommandCount, CommandFilter, CommandId, CommandState, ListedCommand, NewCommand, StoredCommand,
};
use super::store::{Claim, DurableStore, Run, Settlement, Wanted};
use crate::error::StoreError;

/// Keeps durable commands in the memory of the process. They end with it, so it is for tests and development.
#[derive(Debug, Default)]
pub struct MemoryQueue(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// In the order in which they were stored.
    commands: BTreeMap<u64, StoredCommand>,
    last: u64,
}

impl MemoryQueue {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn by_id(&mut self, id: CommandId) -> Option<(u64, &mut StoredCommand)> {
        let found = self.commands.iter_mut().find(|(_, stored)| stored.command.id == id);
        found.map(|(position, stored)| (*position, stored))
    }

    fn running(&mut self, run: Run) -> Option<(u64, &mut StoredCommand)> {
        let found = self.by_id(run.id);
        found.filter(|(_, stored)| stored.state == CommandState::Running && stored.claims == run.claim)
    }

    /// Whether the command may run now.
    fn is_claimable(&self, position: u64, stored: &StoredCommand, wanted: &Wanted, now: i64) -> bool {
        let command = &stored.command;
        if stored.state != CommandState::Waiting
            || command.name != wanted.name
            || command.version > wanted.version
            || command.due > now
        {
            return false;
        }
        let same_name = || self.commands.iter().filter(|(_, other)| other.command.name == wanted.name);
        let same_group = || same_name().filter(|(_, other)| other.command.group == command.group);
        let is_running = |(_, other): &(&u64, &StoredCommand)| {
            other.state == CommandState::Running && other.command.due > now
        };
        let has_room = |limit: Option<u32>, running: usize| {
            limit.is_none_or(|limit| running < usize::try_from(limit).unwrap_or(usize::MAX))
        };
        let keeps_waiting = |earlier: &u64, other: &StoredCommand| {
            (*earlier < position && is_open(other)) || is_running(&(earlier, other))
        };
        let is_first = || !same_group().any(|(earlier, other)| keeps_waiting(earlier, other));
        has_room(wanted.concurrency, same_name().filter(is_running).count())
            && (command.group.is_none()
                || has_room(wanted.concurrency_of_group, same_group().filter(is_running).count()))
            && (!wanted.is_in_order || command.group.is_none() || is_first())
    }

    /// The next one to run.
    fn next(&self, wanted: &[Wanted], now: i64) -> Option<u64> {
        let claimable = self.commands.iter().filter(|(position, stored)| {
            let wanted = wanted.iter().find(|wanted| wanted.name == stored.command.name);
            wanted.is_some_and(|wanted| self.is_claimable(**position, stored, wanted, now))
        });
        claimable
            .min_by_key(|(position, stored)| (stored.command.due, **position))
            .map(|(position, _)| *position)
    }
}

fn is_open(stored: &StoredCommand) -> bool {
    matches!(stored.state, CommandState::Waiting | CommandState::Running)
}

impl DurableStore for MemoryQueue {
    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        let mut kept = self.lock();
        let is_same = |stored: &&StoredCommand| {
            command.key.is_some() && stored.command.name == command.name && stored.command.key == command.key
        };
        if let Some(present) = kept.commands.values().find(is_same) {
            return Ok(Some(present.clone()));
        }
        kept.last += 1;
        let (position, changed) = (kept.last, command.created);
        let stored = StoredCommand {
            command: command.clone(),
            state: CommandState::Waiting,
            attempts: 0,
            claims: 0,
            changed,
            error: None,
        };
        kept.commands.insert(position, stored);
        Ok(None)
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        let mut kept = self.lock();
        let mut claimed = Vec::new();
        while claimed.len() < claim.limit {
            let Some(position) = kept.next(&claim.wanted, claim.now) else { break };
            let Some(stored) = kept.commands.get_mut(&position) else { break };
            stored.state = CommandState::Running;
            stored.attempts += 1;
            stored.claims += 1;
            stored.changed = claim.now;
            stored.command.due = claim.lease_until;
            claimed.push(stored.clone());
        }
        Ok(claimed)
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        let mut kept = self.lock();
        let Some((_, stored)) = kept.running(run) else { return Ok(false) };
        stored.command.due = until;
        Ok(true)
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        let mut kept = self.lock();
        let Some((position, stored)) = kept.running(run) else { return Ok(false) };
        stored.changed = now;
        match settlement {
            Settlement::Finished { is_kept: true } => stored.state = CommandState::Finished,
            Settlement::Finished { is_kept: false } => {
                kept.commands.remove(&position);
            }
            Settlement::Retry { due, error } => {
                stored.state = CommandState::Waiting;
                stored.command.due = *due;
                stored.error = Some(error.clone());
            }
            Settlement::Dead { error } => {
                stored.state = CommandState::Dead;
                stored.error = Some(error.clone());
            }
            Settlement::GiveBack => {
                stored.state = CommandState::Waiting;
                stored.command.due = now;
                stored.attempts -= 1;
            }
        }
        Ok(true)
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        let kept = self.lock();
        let mut meant: Vec<&StoredCommand> =
            kept.commands.values().filter(|stored| which.matches(stored)).collect();
        meant.sort_by_key(|stored| stored.command.id);
        Ok(meant.into_iter().take(limit).map(ListedCommand::of).collect())
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        Ok(self.lock().by_id(id).map(|(_, stored)| stored.clone()))
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        let mut counts: BTreeMap<(String, CommandState), u64> = BTreeMap::new();
        for stored in self.lock().commands.values() {
            *counts.entry((stored.command.name.clone(), stored.state)).or_default() += 1;
        }
        Ok(counts.into_iter().map(|((name, state), count)| CommandCount { name, state, count }).collect())
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        let mut kept = self.lock();
        let Some((_, stored)) = kept.by_id(id).filter(|(_, stored)| stored.state == CommandState::Dead)
        else {
            return Ok(false);
        };
        stored.state = CommandState::Waiting;
        stored.attempts = 0;
        stored.changed = now;
        stored.command.due = now;
        Ok(true)
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        let mut kept = self.lock();
        let before = kept.commands.len();
        kept.commands.retain(|_, stored| is_open(stored) || !which.matches(stored));
        Ok((before - kept.commands.len()) as u64)
    }
}
