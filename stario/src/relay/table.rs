//! The subscriptions of a relay, by their patterns.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use smallvec::SmallVec;

use super::history::History;
use super::mailbox::Mailbox;
use super::pattern::Pattern;
use super::remote::Remote;
use super::sharing::Sharing;

pub(super) struct RelayState<T> {
    pub(super) table: Mutex<Table<T>>,
    /// The last messages, if they are kept. Its lock is taken before that of the table, and that before a mailbox's.
    pub(super) history: OnceLock<Mutex<History<T>>>,
    /// How it is connected to relays of other processes, if it is.
    pub(super) remote: Option<Remote<T>>,
    pub(super) dropped: AtomicU64,
    /// How many bytes a value holds. The second argument is the length of its encoded form; 0 if it is not encoded.
    size: fn(&T, usize) -> usize,
    /// How many bytes a value holds, if the app says it.
    pub(super) measure: OnceLock<fn(&T) -> usize>,
    pub(super) sharing: Sharing<T>,
}

impl<T> RelayState<T> {
    pub(super) fn new(size: fn(&T, usize) -> usize, sharing: Sharing<T>) -> Self {
        let (table, history, dropped) = (Mutex::default(), OnceLock::new(), AtomicU64::new(0));
        Self { table, history, remote: None, dropped, size, measure: OnceLock::new(), sharing }
    }

    /// The bytes that a message counts for, whose value has so many bytes as it is encoded; 0 if it is not.
    pub(super) fn size(&self, subject: &str, value: &T, encoded: usize) -> usize {
        let held = self.measure.get().map_or_else(|| (self.size)(value, encoded), |measure| measure(value));
        held.saturating_add(subject.len())
    }
}

pub(super) struct Table<T> {
    patterns: HashMap<Pattern, Readers<T>>,
    /// How many of the patterns end with `*`: without any, a subject is looked for once.
    wildcards: usize,
    next_id: u64,
}

/// The mailboxes of the subscriptions to one pattern, the oldest first. A publisher reads them without the lock of
/// the table, so they are copied when they change meanwhile.
type Readers<T> = Arc<BTreeMap<u64, Arc<Mutex<Mailbox<T>>>>>;

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { patterns: HashMap::new(), wildcards: 0, next_id: 0 }
    }
}

impl<T> Table<T> {
    /// Adds the mailbox under every pattern, and returns the number by which it is removed.
    pub(super) fn add(&mut self, patterns: &[Pattern], mailbox: &Arc<Mutex<Mailbox<T>>>) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        for pattern in patterns {
            let readers = self.patterns.entry(pattern.clone()).or_insert_with(|| {
                self.wildcards += usize::from(pattern.is_wildcard());
                Readers::default()
            });
            Arc::make_mut(readers).insert(id, Arc::clone(mailbox));
        }
        id
    }

    pub(super) fn remove(&mut self, patterns: &[Pattern], id: u64) {
        for pattern in patterns {
            let Some(readers) = self.patterns.get_mut(pattern.as_str()) else { continue };
            Arc::make_mut(readers).remove(&id);
            if readers.is_empty() {
                self.patterns.remove(pattern.as_str());
                self.wildcards -= usize::from(pattern.is_wildcard());
            }
        }
    }

    /// The mailboxes whose patterns match `subject`. None of them is found twice, because the patterns of one
    /// subscription do not overlap.
    pub(super) fn find(&self, subject: &str) -> Reached<T> {
        let mut found = Reached { all: SmallVec::new() };
        found.all.extend(self.patterns.get(subject).cloned());
        if self.wildcards == 0 {
            return found;
        }
        let mut pattern = subject.to_owned();
        while let Some(dot) = pattern.rfind('.') {
            pattern.truncate(dot + 1);
            pattern.push('*');
            found.all.extend(self.patterns.get(pattern.as_str()).cloned());
            pattern.truncate(dot);
        }
        found.all.extend(self.patterns.get("*").cloned());
        found
    }

    /// The mailboxes of all subscriptions, each once.
    pub(super) fn all(&self) -> Vec<Arc<Mutex<Mailbox<T>>>> {
        let mut all = BTreeMap::new();
        for readers in self.patterns.values() {
            all.extend(readers.iter().map(|(id, mailbox)| (*id, Arc::clone(mailbox))));
        }
        all.into_values().collect()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty() && self.wildcards == 0
    }
}

/// The mailboxes that a subject reaches.
pub(super) struct Reached<T> {
    all: SmallVec<[Readers<T>; 2]>,
}

impl<T> Reached<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mutex<Mailbox<T>>> {
        self.all.iter().flat_map(|readers| readers.values()).map(|mailbox| &**mailbox)
    }
}

/// Locks a mutex, also one whose holder panicked: each change under a lock is one call, so none is half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
