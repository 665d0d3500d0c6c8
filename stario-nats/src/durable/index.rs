//! What a process knows of the stream: everything but the values of commands, kept so that the next ones to run are found without a
//! search. Messages are applied in the order of the stream.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use stario::durable::{CommandCount, CommandFilter, CommandId, CommandState, ListedCommand};
use tokio::time::Instant;

use super::wire::{CommandHead, Held, LaneHead, State};

/// A message of the stream.
#[derive(Debug)]
pub(super) enum Written {
    /// A command was stored, with so many bytes of values.
    Command(CommandHead, usize),
    /// A command stands elsewhere now; with `None` it is deleted.
    State(CommandId, Option<State>),
    /// Commands of a name are about to be claimed.
    Lane(LaneHead),
}

/// A command that is stored.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The sequence of the message that stored it, so the order of storing.
    pub(super) position: u64,
    pub(super) name: Arc<str>,
    pub(super) group: Option<Arc<str>>,
    pub(super) key: Option<Box<str>>,
    pub(super) version: u32,
    pub(super) payload_bytes: usize,
    pub(super) created: i64,
    pub(super) state: State,
    /// The sequence of the message with its state; 0 if there is none.
    pub(super) revision: u64,
}

/// The place of an open command: when it is due, its position, its id.
pub(super) type Place = (i64, u64, CommandId);

/// The open commands of one name.
#[derive(Debug, Default)]
pub(super) struct OfName {
    pub(super) open: BTreeSet<Place>,
    /// Those of them that no other of their group precedes.
    pub(super) heads: BTreeSet<Place>,
    groups: HashMap<Arc<str>, BTreeMap<u64, Place>>,
    pub(super) running: BTreeSet<CommandId>,
    pub(super) lane: Lane,
}

#[derive(Debug, Default)]
pub(super) struct Lane {
    /// The sequence of its message; 0 if there is none.
    pub(super) revision: u64,
    pub(super) held: Vec<Held>,
}

/// A command that is deleted, whose last messages are still in the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tombstone {
    pub(super) revision: u64,
    /// The message that had stored the command, if it may still be there.
    pub(super) position: Option<u64>,
    seen: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Index {
    entries: BTreeMap<CommandId, Entry>,
    names: HashMap<Arc<str>, OfName>,
    tombstones: BTreeMap<CommandId, Tombstone>,
}

impl Entry {
    pub(super) fn is_open(&self) -> bool {
        matches!(self.state.phase, CommandState::Waiting | CommandState::Running)
    }

    fn place(&self, id: CommandId) -> Place {
        (self.state.due, self.position, id)
    }

    /// As [`CommandFilter::matches`].
    pub(super) fn is_meant(&self, id: CommandId, which: &CommandFilter) -> bool {
        which.name.as_ref().is_none_or(|name| **name == *self.name)
            && which.state.is_none_or(|state| state == self.state.phase)
            && which.changed_before.is_none_or(|before| self.state.changed < before)
            && which.due_at.is_none_or(|time| self.state.due <= time)
            && which.after.is_none_or(|after| id > after)
    }

    fn listed(&self, id: CommandId) -> ListedCommand {
        let State { phase, attempts, claims, due, changed, error, by: _ } = self.state.clone();
        ListedCommand {
            id,
            name: self.name.to_string(),
            version: self.version,
            key: self.key.as_deref().map(str::to_owned),
            group: self.group.as_deref().map(str::to_owned),
            payload_bytes: self.payload_bytes,
            created: self.created,
            due,
            state: phase,
            attempts,
            claims,
            changed,
            error,
        }
    }
}

impl OfName {
    fn add(&mut self, place: Place, group: Option<&Arc<str>>) {
        self.open.insert(place);
        let Some(group) = group else {
            self.heads.insert(place);
            return;
        };
        let members = self.groups.entry(Arc::clone(group)).or_default();
        let before = members.first_key_value().map(|(_, place)| *place);
        members.insert(place.1, place);
        self.move_head(before, group);
    }

    fn remove(&mut self, place: Place, group: Option<&Arc<str>>) {
        self.open.remove(&place);
        let Some(group) = group else {
            self.heads.remove(&place);
            return;
        };
        let Some(members) = self.groups.get_mut(group) else { return };
        let before = members.first_key_value().map(|(_, place)| *place);
        members.remove(&place.1);
        self.move_head(before, group);
    }

    /// The group had this head, and may have another one now.
    fn move_head(&mut self, before: Option<Place>, group: &Arc<str>) {
        let now =
            self.groups.get(group).and_then(|members| members.first_key_value().map(|(_, place)| *place));
        if let Some(before) = before {
            self.heads.remove(&before);
        }
        match now {
            Some(now) => drop(self.heads.insert(now)),
            None => drop(self.groups.remove(group)),
        }
    }
}

impl Index {
    /// Applies the message with this sequence.
    pub(super) fn apply(&mut self, sequence: u64, written: Written) {
        match written {
            Written::Command(head, payload_bytes) => self.store(sequence, head, payload_bytes),
            Written::State(id, Some(state)) => self.change(sequence, id, state),
            Written::State(id, None) => {
                let position = self.forget(id).map(|entry| entry.position);
                self.bury(id, sequence, position);
            }
            Written::Lane(LaneHead { name, held }) => {
                let name = self.name(&name);
                self.names.entry(name).or_default().lane = Lane { revision: sequence, held };
            }
        }
    }

    /// Whether something may run now because another process than this one has written this.
    pub(super) fn is_news(&self, written: &Written, process: u64) -> bool {
        match written {
            Written::Command(head, _) => head.by != process,
            Written::State(id, state) => {
                let Some(entry) = self.entries.get(id) else { return false };
                let has_ended = state.as_ref().is_none_or(|state| state.phase != CommandState::Running);
                let by = state.as_ref().map_or(entry.state.by, |state| state.by);
                let of_name = self.names.get(&entry.name);
                // Where there are no limits, nothing has waited for it.
                let has_waited = of_name.is_some_and(|name| name.lane.revision > 0 && name.open.len() > 1);
                has_ended && by != process && has_waited
            }
            Written::Lane(_) => false,
        }
    }

    fn store(&mut self, position: u64, head: CommandHead, payload_bytes: usize) {
        if let Some(tombstone) = self.tombstones.get_mut(&head.id) {
            tombstone.position = Some(position);
            return;
        }
        let (id, state) = (head.id, head.first_state());
        self.forget(id);
        let CommandHead { id: _, name, version, key, group, created, due: _, by: _ } = head;
        let name = self.name(&name);
        let entry = Entry {
            position,
            group: group.map(|group| self.group(&name, group)),
            name,
            key: key.map(String::into_boxed_str),
            version,
            payload_bytes,
            created,
            state,
            revision: 0,
        };
        self.insert(id, entry);
    }

    fn change(&mut self, revision: u64, id: CommandId, state: State) {
        match self.forget(id) {
            Some(entry) => self.insert(id, Entry { state, revision, ..entry }),
            // Nothing is left of the command but this.
            None => self.bury(id, revision, None),
        }
    }

    fn bury(&mut self, id: CommandId, revision: u64, position: Option<u64>) {
        self.tombstones.insert(id, Tombstone { revision, position, seen: Instant::now() });
    }

    fn insert(&mut self, id: CommandId, entry: Entry) {
        if entry.is_open() {
            let of_name = self.names.entry(Arc::clone(&entry.name)).or_default();
            of_name.add(entry.place(id), entry.group.as_ref());
            if entry.state.phase == CommandState::Running {
                of_name.running.insert(id);
            }
        }
        self.entries.insert(id, entry);
    }

    /// Removes a command.
    pub(super) fn forget(&mut self, id: CommandId) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        if entry.is_open()
            && let Some(of_name) = self.names.get_mut(&entry.name)
        {
            of_name.remove(entry.place(id), entry.group.as_ref());
            of_name.running.remove(&id);
        }
        Some(entry)
    }

    /// One copy of each name.
    fn name(&self, name: &str) -> Arc<str> {
        self.names.get_key_value(name).map_or_else(|| Arc::from(name), |(name, _)| Arc::clone(name))
    }

    /// One copy of the group of commands that are open.
    fn group(&self, name: &str, group: String) -> Arc<str> {
        let known = self.names.get(name).and_then(|of_name| of_name.groups.get_key_value(&*group));
        known.map_or_else(|| Arc::from(group), |(group, _)| Arc::clone(group))
    }

    pub(super) fn entry(&self, id: CommandId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    pub(super) fn of_name(&self, name: &str) -> Option<&OfName> {
        self.names.get(name)
    }

    pub(super) fn is_deleted(&self, id: CommandId) -> bool {
        self.tombstones.contains_key(&id)
    }

    pub(super) fn list(&self, which: &CommandFilter, limit: usize) -> Vec<ListedCommand> {
        let listed = |(id, entry): (&CommandId, &Entry)| entry.listed(*id);
        let is_meant = |(id, entry): &(&CommandId, &Entry)| entry.is_meant(**id, which);
        if which.state == Some(CommandState::Running) {
            // Each process asks for these every second.
            let running: BTreeSet<&CommandId> =
                self.names.values().flat_map(|of_name| &of_name.running).collect();
            let running = running.into_iter().filter_map(|id| self.entries.get_key_value(id));
            return running.filter(is_meant).take(limit).map(listed).collect();
        }
        let after = which.after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries.range((after, Bound::Unbounded)).filter(is_meant).take(limit).map(listed).collect()
    }

    pub(super) fn count(&self) -> Vec<CommandCount> {
        let mut counts: BTreeMap<(&str, CommandState), u64> = BTreeMap::new();
        for entry in self.entries.values() {
            *counts.entry((&entry.name, entry.state.phase)).or_default() += 1;
        }
        let count = |((name, state), count): ((&str, CommandState), u64)| CommandCount {
            name: name.to_owned(),
            state,
            count,
        };
        counts.into_iter().map(count).collect()
    }

    /// The ids of commands that are meant and have ended.
    pub(super) fn ended(&self, which: &CommandFilter) -> Vec<CommandId> {
        let ended = self.entries.iter().filter(|(id, entry)| !entry.is_open() && entry.is_meant(**id, which));
        ended.map(|(id, _)| *id).collect()
    }

    /// Tombstones that are as old as this, and those whose command is not deleted yet.
    pub(super) fn buried(&self, age: Duration) -> Vec<(CommandId, Tombstone)> {
        let is_meant =
            |tombstone: &Tombstone| tombstone.position.is_some() || tombstone.seen.elapsed() >= age;
        let meant = self.tombstones.iter().filter(|(_, tombstone)| is_meant(tombstone));
        meant.map(|(id, tombstone)| (*id, *tombstone)).collect()
    }

    /// The message that had stored the command is deleted.
    pub(super) fn note_command_deleted(&mut self, id: CommandId, position: u64) {
        if let Some(tombstone) = self.tombstones.get_mut(&id)
            && tombstone.position == Some(position)
        {
            tombstone.position = None;
        }
    }

    /// Nothing is left in the stream of this command.
    pub(super) fn note_gone(&mut self, id: CommandId, revision: u64) {
        if self.tombstones.get(&id).is_some_and(|tombstone| tombstone.revision == revision) {
            self.tombstones.remove(&id);
        }
    }

    /// Takes over since when another index has known tombstones.
    pub(super) fn keep_ages(&mut self, older: &Self) {
        for (id, tombstone) in &mut self.tombstones {
            if let Some(known) = older.tombstones.get(id)
                && known.revision == tombstone.revision
            {
                tombstone.seen = known.seen;
            }
        }
    }
}
