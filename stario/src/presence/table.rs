//! The people of all topics, and how many there may be.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::figures::PeopleFigure;
use super::member::Members;
use super::nodes::Nodes;
use super::outbox::{Id, Outbox};
use super::record::Record;
use super::topic::{Absence, Comparison, Effects, Entry, Origin, Person, Topic};

/// How many people a topic may have, unless the app says otherwise.
const MAX_PER_TOPIC: usize = 10_000;

/// How many people all topics may have together, unless the app says otherwise.
const MAX_TOTAL: usize = 100_000;

/// How far the clock of another node may be ahead for its stamps to count: an hour, in microseconds.
const MOST_AHEAD: u64 = 3_600_000_000;

pub(super) struct Table<T> {
    topics: HashMap<Arc<str>, Topic<T>>,
    /// How many people all topics have together.
    people: usize,
    /// The same, in the figures of the process.
    figure: PeopleFigure,
    pub(super) max_per_topic: usize,
    pub(super) max_total: usize,
    pub(super) grace_period: Duration,
    /// What other nodes are to know, if there are any.
    pub(super) outbox: Option<Outbox>,
    /// What other nodes have said.
    pub(super) nodes: Nodes<T>,
    last_time: u64,
    /// The newest stamp that was given or heard.
    last_stamp: u64,
    next_id: u64,
}

/// There is no room for one more person.
#[derive(Debug, Clone, Copy)]
pub(super) enum Full {
    Topic(usize),
    Total(usize),
}

impl std::fmt::Display for Full {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Full::Topic(most) => write!(formatter, "the topic has {most} people, which is the most"),
            Full::Total(most) => {
                write!(formatter, "all topics together have {most} people, which is the most")
            }
        }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            topics: HashMap::new(),
            people: 0,
            figure: PeopleFigure::new(),
            max_per_topic: MAX_PER_TOPIC,
            max_total: MAX_TOTAL,
            grace_period: Duration::ZERO,
            outbox: None,
            nodes: Nodes::default(),
            last_time: 0,
            last_stamp: 0,
            next_id: 0,
        }
    }
}

impl<T> Table<T> {
    /// A number for a join, an absence or a stream of changes.
    pub(super) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Now, in microseconds since 1970; later than all that were returned before, even if the clock was set back.
    pub(super) fn time(&mut self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        self.last_time = u64::try_from(now).unwrap_or(u64::MAX).max(self.last_time.saturating_add(1));
        self.last_time
    }

    /// The stamp of a value that is given now: later than those of all values that were given or heard before, whatever the clocks of other
    /// nodes say.
    pub(super) fn stamp(&mut self) -> u64 {
        self.last_stamp = self.time().max(self.last_stamp.saturating_add(1));
        self.last_stamp
    }

    /// Notes the stamp of another node's value. Returns the one that counts here.
    pub(super) fn hear_stamp(&mut self, stamp: u64) -> u64 {
        let now = self.time();
        if stamp > now.saturating_add(MOST_AHEAD) {
            // Such a clock must not make a value the newest for good, nor spread.
            return now;
        }
        self.last_stamp = self.last_stamp.max(stamp);
        stamp
    }

    pub(super) fn topic(&mut self, topic: &str) -> Option<&mut Topic<T>> {
        self.topics.get_mut(topic)
    }

    pub(super) fn list(&mut self, topic: &str) -> Members<T> {
        self.topic(topic).map(Topic::list).unwrap_or_default()
    }

    /// What other nodes are to know of a person, if one of this node's joins is the person's.
    pub(super) fn record(&self, (topic, key): &Id) -> Option<Record<T>> {
        let person = self.topics.get(topic)?.people.get(key)?;
        let newest = person.newest_join()?;
        Some(Record {
            topic: Arc::clone(topic),
            key: Arc::clone(key),
            since: person.since(),
            stamp: newest.stamp,
            value: Arc::clone(&newest.value),
        })
    }

    /// Notes that other nodes are to know of a change of this node's joins.
    fn note(&mut self, topic: &Arc<str>, key: &Arc<str>, is_here: bool, effects: &mut Effects<T>) {
        if let Some(outbox) = &mut self.outbox {
            outbox.note(topic, key, is_here);
            effects.has_unsent = true;
        }
    }

    /// Adds an entry of a person, or replaces the one that its origin has.
    ///
    /// # Errors
    ///
    /// When the person is not here yet, and there is no room.
    pub(super) fn enter(
        &mut self,
        topic: &Arc<str>,
        key: &Arc<str>,
        entry: Entry<T>,
        effects: &mut Effects<T>,
    ) -> Result<(), Full> {
        let is_join = matches!(entry.origin, Origin::Join(_));
        let known = self.topics.get_mut(topic);
        if let Some(known) = known
            && let Some(person) = known.people.get_mut(key)
        {
            let has_changed = person.set(entry, effects);
            person.compare(topic, effects);
            if has_changed {
                known.change(effects);
            }
        } else {
            if let Err(full) = self.check_room(topic) {
                effects.values.push(entry.value);
                return Err(full);
            }
            let topic = self.topics.entry(Arc::clone(topic)).or_default();
            topic.people.insert(Arc::clone(key), Person::new(Arc::clone(key), entry));
            topic.change(effects);
            self.people += 1;
            self.figure.add();
        }
        if is_join {
            self.note(topic, key, true, effects);
        }
        Ok(())
    }

    /// Checks that there is room for one more person.
    ///
    /// # Errors
    ///
    /// Which limit leaves none.
    fn check_room(&self, topic: &str) -> Result<(), Full> {
        let count = self.topics.get(topic).map_or(0, |topic| topic.people.len());
        if count >= self.max_per_topic {
            Err(Full::Topic(self.max_per_topic))
        } else if self.people >= self.max_total {
            Err(Full::Total(self.max_total))
        } else {
            Ok(())
        }
    }

    /// Removes an entry of a person, who leaves with the last one: now, or when the grace period is over.
    pub(super) fn exit(
        &mut self,
        topic: &Arc<str>,
        key: &Arc<str>,
        origin: &Origin,
        effects: &mut Effects<T>,
    ) {
        let id = self.next_id();
        let Some(found) = self.topics.get_mut(topic) else { return };
        let Some(person) = found.people.get_mut(key) else { return };
        person.remove(origin, effects);
        let has_join = person.newest_join().is_some();
        if !person.is_absent() {
            person.compare(topic, effects);
        } else if person.absence.is_none() {
            person.absence = Some(id);
            let absence = Absence { topic: Arc::clone(topic), key: Arc::clone(key), id };
            if self.grace_period.is_zero() {
                self.end_absence(&absence, effects);
            } else {
                effects.absences.push(absence);
            }
        }
        if matches!(origin, Origin::Join(_)) {
            self.note(topic, key, has_join, effects);
        }
    }

    /// Leaves the record of a person who has just left as it is, and has the others list it for a moment.
    pub(super) fn expect_back(&mut self, topic: &Arc<str>, key: &Arc<str>) {
        if let Some(outbox) = &mut self.outbox {
            outbox.expect_back(topic, key);
        }
    }

    /// Takes the result of a comparison. What has changed meanwhile is to be compared again.
    pub(super) fn settle(&mut self, comparison: &Comparison<T>, is_equal: bool, effects: &mut Effects<T>) {
        let Some(topic) = self.topics.get_mut(&comparison.topic) else { return };
        let Some(person) = topic.people.get_mut(&comparison.key) else { return };
        if person.settle(comparison, is_equal, effects) {
            topic.change(effects);
        }
    }

    /// Removes a person who has not come back since the absence began.
    pub(super) fn end_absence(&mut self, absence: &Absence, effects: &mut Effects<T>) {
        let Some(topic) = self.topics.get_mut(&absence.topic) else { return };
        let Some(person) = topic.people.get(&absence.key) else { return };
        if person.absence != Some(absence.id) {
            return;
        }
        if let Some(person) = topic.people.remove(&absence.key) {
            person.dissolve(effects);
            topic.change(effects);
            self.people -= 1;
            self.figure.remove();
        }
        self.drop_unused(&absence.topic, effects);
    }

    /// Adds a stream of changes.
    pub(super) fn add_watcher(&mut self, topic: &Arc<str>) {
        self.topics.entry(Arc::clone(topic)).or_default().watchers += 1;
    }

    /// Removes a stream of changes. Returns its waker, which is dropped once the lock is released.
    pub(super) fn remove_watcher(
        &mut self,
        topic: &Arc<str>,
        id: u64,
        effects: &mut Effects<T>,
    ) -> Option<Waker> {
        let found = self.topics.get_mut(topic)?;
        found.watchers -= 1;
        let waker = found.waiting.remove(&id);
        self.drop_unused(topic, effects);
        waker
    }

    fn drop_unused(&mut self, topic: &str, effects: &mut Effects<T>) {
        if self.topics.get(topic).is_some_and(Topic::is_unused)
            && let Some(mut topic) = self.topics.remove(topic)
        {
            topic.change(effects);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.people == 0
    }
}
