//! How a process claims commands: it chooses by its index, reads their values, reserves those of names with limits, and writes each claim.

use bytes::Bytes;
use futures_util::future::join_all;
use stario::StoreError;
use stario::durable::{Claim, CommandId, CommandState, NewCommand, Run, StoredCommand};

use super::choice::{self, Choice, Pick};
use super::index::Entry;
use super::shared::{AT_ONCE, Put, ROUNDS, Shared};
use super::wire::{self, Held, LaneHead, State};
use super::{is_run, stored};

impl Shared {
    /// Claims what may run now.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        let mut claimed: Vec<StoredCommand> = Vec::new();
        let mut was_late = false;
        for round in 0..ROUNDS {
            // The header that reserves commands takes 64 KiB, and their values are read at once.
            let limit = (claim.limit - claimed.len()).min(AT_ONCE);
            if limit == 0 {
                break;
            }
            let spread = was_late.then(|| self.process.wrapping_mul(round as u64));
            match self.claim_some(claim, limit, spread).await {
                Ok((some, may_be_more)) => {
                    let is_full = some.len() == limit;
                    claimed.extend(some);
                    if !may_be_more && !is_full {
                        break;
                    }
                    was_late = !is_full;
                }
                // What is claimed runs.
                Err(_) if !claimed.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(claimed)
    }

    /// Claims some of what may run now. Returns the claimed ones, and whether there may be more.
    async fn claim_some(
        &self,
        claim: &Claim,
        limit: usize,
        spread: Option<u64>,
    ) -> Result<(Vec<StoredCommand>, bool), StoreError> {
        self.catch_up().await?;
        let adopted = self.adopt(claim, limit).await?;
        if !adopted.is_empty() {
            return Ok((adopted, true));
        }
        let choice = choice::of_index(&self.index(), self.process, claim, limit, spread);
        let picks = match choice {
            Choice::Run(picks) if picks.is_empty() => return Ok((Vec::new(), false)),
            Choice::Run(picks) => picks,
            Choice::Break(unused) => {
                for id in unused {
                    self.change(id, |entry| entry.is_open().then(|| Some(entry.state.clone()))).await?;
                }
                return Ok((Vec::new(), true));
            }
        };
        // Before anything is changed: a claim that fails here leaves nothing behind.
        let (chosen, mut may_be_more) = self.with_values(picks).await?;
        let reserved = self.reserve(claim, &chosen).await?;
        let (begun, refused): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|(pick, _)| reserved.contains(&pick.id));
        may_be_more |= !refused.is_empty();
        let begun = begun.into_iter().map(|(pick, command)| self.begin(claim, pick, command));
        let (mut claimed, mut failed) = (Vec::new(), None);
        for outcome in join_all(begun).await {
            match outcome {
                Ok(Some(stored)) => claimed.push(stored),
                Ok(None) => may_be_more = true,
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            // What is claimed runs.
            Some(error) if claimed.is_empty() => Err(error),
            failed => Ok((claimed, may_be_more && failed.is_none())),
        }
    }

    /// Reads the values of commands. Returns those that are there, and whether some are not.
    async fn with_values(&self, picks: Vec<Pick>) -> Result<(Vec<(Pick, NewCommand)>, bool), StoreError> {
        let count = picks.len();
        let read = picks.into_iter().map(|pick| async move {
            let command = self.read_command(pick.id, pick.position).await?;
            if command.is_none() {
                // Somebody has deleted the message by hand.
                self.index().forget(pick.id);
            }
            Ok::<_, StoreError>(command.map(|command| (pick, command)))
        });
        let read = join_all(read).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let read: Vec<_> = read.into_iter().flatten().collect();
        let are_some_gone = read.len() < count;
        Ok((read, are_some_gone))
    }

    /// Reserves what is about to be claimed in the lanes of names with limits. Returns what may be claimed.
    async fn reserve(
        &self,
        claim: &Claim,
        chosen: &[(Pick, NewCommand)],
    ) -> Result<Vec<CommandId>, StoreError> {
        let with_lane = |name: &str| {
            let wanted = claim.wanted.iter().find(|wanted| wanted.name == name);
            wanted.is_some_and(choice::has_lane)
        };
        let mut lanes: Vec<(&str, Vec<&Pick>)> = Vec::new();
        let mut reserved = Vec::new();
        for (pick, _) in chosen {
            if !with_lane(&pick.name) {
                reserved.push(pick.id);
                continue;
            }
            match lanes.iter_mut().find(|(name, _)| *name == &*pick.name) {
                Some((_, picks)) => picks.push(pick),
                None => lanes.push((&pick.name, vec![pick])),
            }
        }
        let written = lanes.iter().map(|(name, picks)| self.write_lane(claim, name, picks));
        for ((_, picks), is_written) in lanes.iter().zip(join_all(written).await) {
            if is_written? {
                reserved.extend(picks.iter().map(|pick| pick.id));
            }
        }
        Ok(reserved)
    }

    /// Returns `false` if another claim came before.
    async fn write_lane(&self, claim: &Claim, name: &str, picks: &[&Pick]) -> Result<bool, StoreError> {
        let Some(revision) = picks.first().map(|pick| pick.lane) else { return Ok(false) };
        let mut held = {
            let index = self.index();
            let Some(of_name) = index.of_name(name) else { return Ok(false) };
            // The lane has changed since the commands were chosen, so they may be too many by now.
            if of_name.lane.revision != revision {
                return Ok(false);
            }
            choice::held(&index, of_name, claim.now, self.process)
        };
        let (until, by) = (claim.lease_until, self.process);
        held.extend(picks.iter().map(|pick| Held { id: pick.id, revision: pick.revision, until, by }));
        let headers = wire::write(&LaneHead { name: name.to_owned(), held })?;
        let put = self.put(self.subjects.lane(name), headers, Bytes::new(), revision).await?;
        Ok(matches!(put, Put::Written))
    }

    /// Claims one command; `None` if its state has changed.
    async fn begin(
        &self,
        claim: &Claim,
        pick: Pick,
        command: NewCommand,
    ) -> Result<Option<StoredCommand>, StoreError> {
        let attempts = pick.state.attempts.saturating_add(1);
        let state = State { attempts, ..self.claimed(&pick.state, claim) };
        let is_claimed = self.put_claim(pick.id, &state, pick.revision).await?;
        Ok(is_claimed.then(|| stored(command, state)))
    }

    /// Writes a claim; `false` if the state has changed. One whose answer does not come is noted, and forgotten when one with its number is answered.
    async fn put_claim(&self, id: CommandId, state: &State, revision: u64) -> Result<bool, StoreError> {
        let put = self.put_state(id, Some(state), revision).await;
        let mut claims = self.unanswered();
        match put {
            Ok(Put::Written) => {
                claims.remove(&(id, state.claims));
                Ok(true)
            }
            Ok(Put::Late) => Ok(false),
            Err(error) => {
                claims.insert((id, state.claims), state.due);
                Err(error)
            }
        }
    }

    /// The state of a command that this process claims.
    fn claimed(&self, before: &State, claim: &Claim) -> State {
        State {
            phase: CommandState::Running,
            claims: before.claims.saturating_add(1),
            due: claim.lease_until,
            changed: claim.now,
            by: self.process,
            ..before.clone()
        }
    }

    /// Claims again what this process had claimed without learning of it. Nobody runs it, so it is the same attempt.
    async fn adopt(&self, claim: &Claim, limit: usize) -> Result<Vec<StoredCommand>, StoreError> {
        let unanswered: Vec<Run> = {
            let mut claims = self.unanswered();
            claims.retain(|_, until| *until > claim.now);
            claims.keys().map(|(id, number)| Run { id: *id, claim: *number }).collect()
        };
        let mut adopted = Vec::new();
        for run in unanswered {
            if adopted.len() == limit {
                break;
            }
            let Some(entry) = self.index().entry(run.id).cloned() else { continue };
            let is_wanted = claim.wanted.iter().any(|wanted| *wanted.name == *entry.name);
            if !is_wanted || !is_run(&entry, run) || entry.state.by != self.process {
                continue;
            }
            match self.adopt_one(claim, run, &entry).await {
                Ok(stored) => adopted.extend(stored),
                Err(_) if !adopted.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(adopted)
    }

    async fn adopt_one(
        &self,
        claim: &Claim,
        run: Run,
        entry: &Entry,
    ) -> Result<Option<StoredCommand>, StoreError> {
        let Some(command) = self.read_command(run.id, entry.position).await? else { return Ok(None) };
        let state = self.claimed(&entry.state, claim);
        let is_claimed = self.put_claim(run.id, &state, entry.revision).await?;
        self.unanswered().remove(&(run.id, run.claim));
        Ok(is_claimed.then(|| stored(command, state)))
    }
}
