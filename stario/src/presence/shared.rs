//! What all clones of a presence share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::outbox::Outbox;
use super::table::{Full, Table};
use super::topic::{Absence, Effects, Entry, Origin};

/// How many bytes a topic or a key may have.
const MAX_NAME_BYTES: usize = 256;

pub(super) struct Shared<T> {
    table: Mutex<Table<T>>,
    /// Given when there is something to write for other nodes.
    unsent: Arc<Notify>,
    /// Given when this is dropped.
    ended: DropGuard,
}

impl<T> Shared<T> {
    pub(super) fn new(has_outbox: bool) -> Self {
        let mut table = Table::default();
        table.outbox = has_outbox.then(Outbox::default);
        Self {
            table: Mutex::new(table),
            unsent: Arc::default(),
            ended: CancellationToken::new().drop_guard(),
        }
    }

    pub(super) fn unsent(&self) -> Arc<Notify> {
        Arc::clone(&self.unsent)
    }

    /// A token that is cancelled when this is dropped.
    pub(super) fn ended(&self) -> CancellationToken {
        self.ended.token().clone()
    }

    /// The table, also after a panic: each change of it is one call, so none is half done.
    pub(super) fn table(&self) -> MutexGuard<'_, Table<T>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: PartialEq + Send + Sync + 'static> Shared<T> {
    /// Changes the table, then does what follows from that without its lock.
    pub(super) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut Table<T>, &mut Effects<T>) -> R) -> R {
        let mut effects = Effects::default();
        let mut table = self.table();
        let result = change(&mut table, &mut effects);
        let grace_period = table.grace_period;
        drop(table);
        while let Some(comparison) = effects.comparisons.pop() {
            let is_equal = comparison.is_equal();
            self.table().settle(&comparison, is_equal, &mut effects);
        }
        for absence in effects.absences.drain(..) {
            let waiting = Waiting { shared: Arc::downgrade(self), absence };
            // Outside of a runtime there is no timer, and who leaves is gone at once.
            if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    tokio::time::sleep(grace_period).await;
                    drop(waiting);
                });
            }
        }
        if effects.has_unsent {
            self.unsent.notify_one();
        }
        effects.wakers.into_iter().for_each(std::task::Waker::wake);
        result
    }

    /// Adds a join. Returns its number, or `None` if there is no room.
    pub(super) fn join(self: &Arc<Self>, topic: &Arc<str>, key: &Arc<str>, value: T) -> Option<u64> {
        let value = Arc::new(value);
        let joined = self.change(|table, effects| {
            let id = table.next_id();
            enter(table, id, topic, key, value, effects).map(|()| id)
        });
        joined.inspect_err(|full| tracing::warn!(%topic, reason = %full, "a person is not listed")).ok()
    }

    /// Gives a join a newer value.
    pub(super) fn update(self: &Arc<Self>, id: u64, topic: &Arc<str>, key: &Arc<str>, value: T) {
        let value = Arc::new(value);
        // The person is here, so there is room.
        let _ = self.change(|table, effects| enter(table, id, topic, key, value, effects));
    }

    /// Ends a join. The store keeps the record of a person who `will_return`, probably to one of them.
    pub(super) fn leave(self: &Arc<Self>, id: u64, topic: &Arc<str>, key: &Arc<str>, will_return: bool) {
        self.change(|table, effects| {
            table.exit(topic, key, &Origin::Join(id), effects);
            if will_return {
                table.expect_back(topic, key);
            }
        });
    }
}

fn enter<T>(
    table: &mut Table<T>,
    id: u64,
    topic: &Arc<str>,
    key: &Arc<str>,
    value: Arc<T>,
    effects: &mut Effects<T>,
) -> Result<(), Full> {
    let (stamp, since) = (table.stamp(), table.time());
    table.enter(topic, key, Entry { origin: Origin::Join(id), stamp, since, value }, effects)
}

/// The absence of a person, which ends when this is dropped: after the grace period, or when the runtime ends.
struct Waiting<T: PartialEq + Send + Sync + 'static> {
    shared: Weak<Shared<T>>,
    absence: Absence,
}

impl<T: PartialEq + Send + Sync + 'static> Drop for Waiting<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.change(|table, effects| table.end_absence(&self.absence, effects));
        }
    }
}

/// Checks a topic or a key.
///
/// # Errors
///
/// Why it is not valid.
pub(super) fn check_name(name: &str) -> Result<(), &'static str> {
    match name.len() {
        0 => Err("it is empty"),
        1..=MAX_NAME_BYTES => Ok(()),
        _ => Err("it has more than 256 bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_topic_that_nobody_uses() {
        let shared = Arc::new(Shared::new(false));
        let (room, ada) = (Arc::from("room"), Arc::from("ada"));
        let join = shared.join(&room, &ada, 1).unwrap();
        let watcher = shared.table().next_id();
        shared.table().add_watcher(&room);
        shared.leave(join, &room, &ada, false);
        assert!(!shared.table().is_empty());
        let waker = shared.change(|table, effects| table.remove_watcher(&room, watcher, effects));
        assert!(waker.is_none() && shared.table().is_empty());
    }
}
