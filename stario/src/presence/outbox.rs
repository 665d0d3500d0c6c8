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
    /// Makes a stop wait while anything is to be written.
    token: Option<TaskToken>,
}

impl Outbox {
    /// Notes that a person's record is to be written, or deleted.
    pub(super) fn note(&mut self, topic: &Arc<str>, key: &Arc<str>, is_here: bool) {
        let id = (Arc::clone(topic), Arc::clone(key));
        if is_here || self.stored.contains(&id) {
            self.changed.insert(id);
            self.token.get_or_insert_with(|| UNSENT.token());
        } else {
            self.changed.remove(&id);
        }
    }

    /// Notes that all records are to be written or deleted again.
    pub(super) fn note_all(&mut self) {
        self.changed.extend(self.stored.iter().cloned());
    }

    /// The next person whose record is to be written.
    pub(super) fn next(&mut self) -> Option<Id> {
        let id = self.changed.iter().next().cloned()?;
        self.changed.remove(&id);
        Some(id)
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

    /// Lets a stop go on, if nothing is to be written.
    pub(super) fn release(&mut self) {
        if self.changed.is_empty() {
            self.token = None;
        }
    }
}
