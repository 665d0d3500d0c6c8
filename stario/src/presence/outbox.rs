//! What a node has still to write to the store.

use std::collections::HashSet;
use std::sync::Arc;

use crate::tasks::{TaskToken, UNSENT};

/// A person of this node: topic and key.
pub(super) type Id = (Arc<str>, Arc<str>);

/// The people of whom the store does not know yet what there is to know. It has at most the people who are here, and those of whom the store has a record.
#[derive(Default)]
pub(super) struct Outbox {
    changed: HashSet<Id>,
    /// Those of whom the store may have a record.
    stored: HashSet<Id>,
    /// Those of them who have left because the server stops, and whose records stay until it is known whether they came back.
    expected: HashSet<Id>,
    /// Whether a farewell is to be written, because the server stops.
    has_farewell: bool,
    /// Makes a stop wait while anything is to be written.
    token: Option<TaskToken>,
}

impl Outbox {
    /// Notes that a person's record is to be written, or deleted.
    pub(super) fn note(&mut self, topic: &Arc<str>, key: &Arc<str>, is_here: bool) {
        let id = (Arc::clone(topic), Arc::clone(key));
        if is_here || self.stored.contains(&id) {
            self.expected.remove(&id);
            self.changed.insert(id);
            self.token.get_or_insert_with(|| UNSENT.token());
        } else {
            self.changed.remove(&id);
        }
    }

    /// Notes that all records are to be written or deleted again.
    pub(super) fn note_all(&mut self) {
        self.changed.extend(self.stored.difference(&self.expected).cloned());
    }

    /// Notes that the record of a person who has left is to stay for a moment, because the server stops.
    pub(super) fn expect_back(&mut self, topic: &Arc<str>, key: &Arc<str>) {
        let id = (Arc::clone(topic), Arc::clone(key));
        if self.stored.contains(&id) {
            self.changed.remove(&id);
            self.has_farewell |= self.expected.is_empty();
            self.expected.insert(id);
        }
    }

    /// Whether a farewell is still to be written.
    pub(super) fn has_farewell(&self) -> bool {
        self.has_farewell
    }

    /// Notes that the farewell is to be written again, if anybody is expected back.
    pub(super) fn repeat_farewell(&mut self) {
        self.has_farewell |= !self.expected.is_empty();
    }

    /// Notes that it was written.
    pub(super) fn farewell_said(&mut self) {
        self.has_farewell = false;
    }

    /// Notes that the moment has passed, and the node is still there: the records of those who have left are to be deleted.
    pub(super) fn forget_expected(&mut self) {
        self.has_farewell = false;
        self.changed.extend(self.expected.drain());
    }

    /// The next people whose records are to be written, at most so many.
    pub(super) fn next(&mut self, count: usize) -> Vec<Id> {
        let next: Vec<_> = self.changed.iter().take(count).cloned().collect();
        for id in &next {
            self.changed.remove(id);
        }
        next
    }

    /// Notes that a record is about to be written: from now on the store may have it.
    pub(super) fn begin_to_put(&mut self, id: &Id) {
        self.stored.insert(id.clone());
    }

    pub(super) fn is_stored(&self, id: &Id) -> bool {
        self.stored.contains(id)
    }

    /// Notes that the store has no record of the person any more.
    pub(super) fn deleted(&mut self, id: &Id) {
        self.stored.remove(id);
    }

    /// Lets a stop continue, if nothing is to be written.
    pub(super) fn release(&mut self) {
        if self.changed.is_empty() && !self.has_farewell {
            self.token = None;
        }
    }
}
