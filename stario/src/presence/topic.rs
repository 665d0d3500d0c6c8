//! The people of one topic, and who waits for a change of them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;

use smallvec::{SmallVec, smallvec};

use super::member::{Member, Members};
use crate::panic::panic_message;

/// One reason why a person is here. A person stays while there is one.
pub(super) struct Entry<T> {
    pub(super) origin: Origin,
    /// When the value was given, in microseconds since 1970: the newest is shown.
    pub(super) stamp: u64,
    /// Since when its origin knows the person to be here.
    pub(super) since: u64,
    pub(super) value: Arc<T>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// A call of `join` in this process, by its number.
    Join(u64),
    /// What another node says of all its joins of the person.
    Node(Arc<str>),
}

/// What is to be done once the lock of the table is released: comparisons, wakers and destructors are code of others, which may
/// use the presence, or panic.
pub(super) struct Effects<T> {
    pub(super) comparisons: Vec<Comparison<T>>,
    pub(super) wakers: Vec<Waker>,
    pub(super) values: Vec<Arc<T>>,
    pub(super) lists: Vec<Members<T>>,
    /// People without an entry who are given time to come back.
    pub(super) absences: Vec<Absence>,
    /// Whether there is something to write for other nodes.
    pub(super) has_unsent: bool,
}

/// A person whose newest value is to be shown, unless it equals the one that is shown.
pub(super) struct Comparison<T> {
    pub(super) topic: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) shown: Arc<T>,
    pub(super) newest: Arc<T>,
}

impl<T: PartialEq> Comparison<T> {
    /// Whether both values are equal. Those whose comparison panics, which is logged, are not.
    pub(super) fn is_equal(&self) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.shown == self.newest)).unwrap_or_else(|panic| {
            let panic = panic_message(&*panic);
            tracing::error!(
                topic = &*self.topic,
                panic,
                "the comparison of two values of a presence panicked"
            );
            false
        })
    }
}

/// A person without an entry.
pub(super) struct Absence {
    pub(super) topic: Arc<str>,
    pub(super) key: Arc<str>,
    pub(super) id: u64,
}

impl<T> Default for Effects<T> {
    fn default() -> Self {
        Self {
            comparisons: Vec::new(),
            wakers: Vec::new(),
            values: Vec::new(),
            lists: Vec::new(),
            absences: Vec::new(),
            has_unsent: false,
        }
    }
}

pub(super) struct Person<T> {
    shown: Member<T>,
    entries: SmallVec<[Entry<T>; 1]>,
    /// The number of the absence, while there is no entry.
    pub(super) absence: Option<u64>,
}

impl<T> Person<T> {
    pub(super) fn new(key: Arc<str>, entry: Entry<T>) -> Self {
        let shown = Member::new(key, Arc::clone(&entry.value), entry.since);
        Self { shown, entries: smallvec![entry], absence: None }
    }

    pub(super) fn since(&self) -> u64 {
        self.shown.since_stamp()
    }

    /// The newest of the joins of this process.
    pub(super) fn newest_join(&self) -> Option<&Entry<T>> {
        let joins = self.entries.iter().filter(|entry| matches!(entry.origin, Origin::Join(_)));
        joins.max_by_key(|entry| entry.stamp)
    }

    /// Adds an entry, or puts it in the place of the one that its origin has. Returns whether what is shown has changed.
    pub(super) fn set(&mut self, entry: Entry<T>, effects: &mut Effects<T>) -> bool {
        self.absence = None;
        let since = self.shown.since_stamp().min(entry.since);
        let has_changed = since != self.shown.since_stamp();
        if has_changed {
            self.show(Arc::clone(self.shown.shared_value()), since, effects);
        }
        match self.entries.iter_mut().find(|other| other.origin == entry.origin) {
            Some(other) => effects.values.push(std::mem::replace(other, entry).value),
            None => self.entries.push(entry),
        }
        has_changed
    }

    /// Removes the entry of `origin`.
    pub(super) fn remove(&mut self, origin: &Origin, effects: &mut Effects<T>) {
        if let Some(place) = self.entries.iter().position(|entry| entry.origin == *origin) {
            effects.values.push(self.entries.remove(place).value);
        }
    }

    pub(super) fn is_absent(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value that is shown, and the newest one if it is not the same. Who has no entry any more is shown as before.
    fn unshown(&self) -> Option<(&Arc<T>, &Arc<T>)> {
        let (shown, newest) =
            (self.shown.shared_value(), self.entries.iter().max_by_key(|entry| entry.stamp)?);
        (!Arc::ptr_eq(shown, &newest.value)).then_some((shown, &newest.value))
    }

    /// Has the newest value compared with the one that is shown, unless it is the same.
    pub(super) fn compare(&self, topic: &Arc<str>, effects: &mut Effects<T>) {
        if let Some((shown, newest)) = self.unshown() {
            let (topic, key) = (Arc::clone(topic), self.shown.shared_key());
            let (shown, newest) = (Arc::clone(shown), Arc::clone(newest));
            effects.comparisons.push(Comparison { topic, key, shown, newest });
        }
    }

    /// Shows the newest value, if it is the one that was compared and does not equal what is shown. Returns whether it does.
    pub(super) fn settle(
        &mut self,
        comparison: &Comparison<T>,
        is_equal: bool,
        effects: &mut Effects<T>,
    ) -> bool {
        let Some((shown, newest)) = self.unshown() else { return false };
        if !Arc::ptr_eq(shown, &comparison.shown) || !Arc::ptr_eq(newest, &comparison.newest) {
            self.compare(&comparison.topic, effects);
            return false;
        }
        // An equal value is not shown, so that no page renders it again.
        if !is_equal {
            self.show(Arc::clone(&comparison.newest), self.shown.since_stamp(), effects);
        }
        !is_equal
    }

    fn show(&mut self, value: Arc<T>, since: u64, effects: &mut Effects<T>) {
        effects.values.push(Arc::clone(self.shown.shared_value()));
        self.shown = Member::new(self.shown.shared_key(), value, since);
    }

    /// Gives up everything that the person holds.
    pub(super) fn dissolve(self, effects: &mut Effects<T>) {
        effects.values.push(Arc::clone(self.shown.shared_value()));
        effects.values.extend(self.entries.into_iter().map(|entry| entry.value));
    }
}

pub(super) struct Topic<T> {
    pub(super) people: HashMap<Arc<str>, Person<T>>,
    /// Rises with each change of what is shown.
    version: u64,
    /// What is shown in this version, once somebody has asked.
    list: Option<Members<T>>,
    /// How many streams of changes there are.
    pub(super) watchers: usize,
    /// Those of them that wait for a change, by their numbers.
    pub(super) waiting: HashMap<u64, Waker>,
}

impl<T> Default for Topic<T> {
    fn default() -> Self {
        Self { people: HashMap::new(), version: 0, list: None, watchers: 0, waiting: HashMap::new() }
    }
}

impl<T> Topic<T> {
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn list(&mut self) -> Members<T> {
        let people = &self.people;
        self.list
            .get_or_insert_with(|| Members::sorted(people.values().map(|person| person.shown.clone())))
            .clone()
    }

    /// Notes that what is shown has changed.
    pub(super) fn change(&mut self, effects: &mut Effects<T>) {
        self.version += 1;
        effects.lists.extend(self.list.take());
        effects.wakers.extend(self.waiting.drain().map(|(_, waker)| waker));
    }

    pub(super) fn is_unused(&self) -> bool {
        self.people.is_empty() && self.watchers == 0
    }
}
