//! What waits to be sent to NATS, in a bounded queue that no publisher waits for.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_nats::{HeaderMap, Subject};
use bytes::Bytes;
use stario::relay::{ExportedMessages, Stamp};
use tokio::sync::{Notify, oneshot};

/// What the task that sends takes from the queue.
pub(crate) enum Item {
    /// A published value.
    Value { subject: String, headers: HeaderMap, payload: Bytes },
    /// Announces which value is the newest.
    Announcement(Stamp),
    /// Answers one that asks for announcements.
    Answer(Subject),
    /// Answers one that asks for what the relay keeps.
    History(Subject, ExportedMessages),
    /// Notifies a task that waits until all before it is sent.
    Flush(oneshot::Sender<()>),
}

impl Item {
    /// The bytes that count for the bound; only values do.
    fn bytes(&self) -> Option<usize> {
        match self {
            Self::Value { subject, payload, .. } => Some(subject.len() + payload.len()),
            Self::Announcement(_) | Self::Answer(_) | Self::History(..) | Self::Flush(_) => None,
        }
    }
}

pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the task that sends.
    filled: Notify,
    max_values: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    items: VecDeque<Item>,
    /// How many of them are values, and the bytes of those.
    values: usize,
    bytes: usize,
    /// Whether a value was refused since the task that sends last asked.
    has_refused: bool,
}

impl Queue {
    pub(crate) fn new(max_values: usize, max_bytes: usize) -> Self {
        Self { state: Mutex::default(), filled: Notify::new(), max_values, max_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a value unless there is no room. One value of any size has room if none waits.
    pub(crate) fn push_value(&self, item: Item) -> bool {
        let bytes = item.bytes().unwrap_or_default();
        let has_room = {
            let mut state = self.lock();
            let has_room = state.values < self.max_values
                && (state.values == 0 || state.bytes.saturating_add(bytes) <= self.max_bytes);
            if has_room {
                state.values += 1;
                state.bytes += bytes;
                state.items.push_back(item);
            } else {
                state.has_refused = true;
            }
            has_room
        };
        self.filled.notify_one();
        has_room
    }

    /// Notes that a value is not sent for another reason than room.
    pub(crate) fn refuse(&self) {
        self.lock().has_refused = true;
        self.filled.notify_one();
    }

    /// Adds a message that is not a value, or a part of the history. These are few, and not bounded.
    pub(crate) fn push(&self, item: Item) {
        self.lock().items.push_back(item);
        self.filled.notify_one();
    }

    pub(crate) fn pop(&self) -> Option<Item> {
        let mut state = self.lock();
        let item = state.items.pop_front()?;
        if let Some(bytes) = item.bytes() {
            state.values -= 1;
            state.bytes -= bytes;
        }
        Some(item)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// Whether a value was refused since the last call.
    pub(crate) fn take_refused(&self) -> bool {
        std::mem::take(&mut self.lock().has_refused)
    }

    /// Waits until something was added.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(bytes: usize) -> Item {
        Item::Value { subject: String::new(), headers: HeaderMap::new(), payload: vec![0; bytes].into() }
    }

    #[test]
    fn values_are_bounded_and_nothing_else_is() {
        let queue = Queue::new(3, 10);
        assert!(queue.push_value(value(20)), "one of any size");
        assert!(!queue.push_value(value(0)));
        assert_eq!((queue.take_refused(), queue.take_refused()), (true, false));
        assert!(queue.pop().is_some());
        let pushed = [4, 4, 3, 2, 0].map(|bytes| queue.push_value(value(bytes)));
        assert_eq!(pushed, [true, true, false, true, false]);
        let stamp = Stamp { epoch: 1, number: 1 };
        queue.push(Item::Announcement(stamp));
        assert_eq!(std::iter::from_fn(|| queue.pop()).count(), 4);
        assert!(queue.is_empty() && queue.push_value(value(20)));
    }
}
