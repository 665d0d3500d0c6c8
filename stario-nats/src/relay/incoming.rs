//! What other processes have sent and the relay has not received yet, in a queue that is bounded in bytes.
//!
//! The client library has a queue of its own for each subscription, which counts messages, of whatever size. So a task that does nothing else
//! takes them out of there and puts them here. When there is no room, messages are dropped until half of it is free; their numbers are
//! kept, and the relay makes a gap of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_nats::{Message, Subject};
use stario::relay::{IntoPosition, Packet, Position, Stamp};
use tokio::sync::Notify;

use super::STAMP;
use crate::subject;

/// What a message counts for beside its subject and its payload: what the queue and the message's header hold.
const MESSAGE_BYTES: usize = 128;

/// How many publishers are remembered whose messages were dropped. The relay finds those of others by their numbers.
const MAX_PUBLISHERS: usize = 256;

/// A message of another relay of the same name.
#[derive(Debug)]
pub(super) enum Incoming {
    Value(Packet),
    /// Says which value of a publisher is its newest.
    Newest(Stamp),
    /// Asks for an announcement, and for an answer to this subject.
    Hello(Option<Subject>),
    /// Asks the relay of this name for what it keeps up to a position, at this address.
    Question(u64, Position, Subject),
    /// The end of an answer to that.
    End,
    /// The newest numbers of the publishers whose messages were dropped here.
    Dropped(BTreeMap<u64, u64>),
}

impl Incoming {
    /// Reads a message, whose subject begins with the prefix of the relay; `None` if no relay has sent it.
    pub(super) fn read(message: Message, prefix: &str) -> Option<Self> {
        let subject = message.subject.strip_prefix(prefix)?;
        if subject == subject::HELLO {
            return Some(Self::Hello(message.reply));
        }
        if subject == subject::END {
            return Some(Self::End);
        }
        let stamp: Stamp = message.headers.as_ref()?.get(STAMP)?.as_str().parse().ok()?;
        if subject == subject::NEWEST {
            return Some(Self::Newest(stamp));
        }
        if subject == subject::HISTORY {
            let before = std::str::from_utf8(&message.payload).ok()?.into_position()?;
            return Some(Self::Question(stamp.epoch, before, message.reply?));
        }
        let subject = subject::read(subject)?.into();
        Some(Self::Value(Packet { subject, stamp, payload: message.payload }))
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Value(packet) => MESSAGE_BYTES + packet.subject.len() + packet.payload.len(),
            Self::Newest(_) | Self::Hello(_) | Self::Question(..) | Self::End => MESSAGE_BYTES,
            // As many as there are others between them, at most.
            Self::Dropped(_) => 0,
        }
    }

    /// What is kept of a message that is dropped.
    fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Value(packet) => Some(packet.stamp),
            Self::Newest(stamp) => Some(*stamp),
            Self::Hello(_) | Self::Question(..) | Self::End | Self::Dropped(_) => None,
        }
    }
}

pub(super) struct IncomingQueue {
    state: Mutex<State>,
    /// Wakes the task that receives.
    filled: Notify,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    items: VecDeque<Incoming>,
    bytes: usize,
    /// Whether messages are being dropped.
    is_full: bool,
}

/// What has become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    Kept,
    /// It was dropped, as the first behind one that was kept.
    DroppedFirst,
    Dropped,
}

impl IncomingQueue {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self { state: Mutex::default(), filled: Notify::new(), max_bytes }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message, or drops it if there is no room. One message of any size has room if none waits.
    pub(super) fn push(&self, message: Incoming) -> Pushed {
        let bytes = message.bytes();
        let mut state = self.lock();
        let has_room =
            state.bytes == 0 || (!state.is_full && state.bytes.saturating_add(bytes) <= self.max_bytes);
        let pushed = if has_room {
            state.is_full = false;
            state.bytes += bytes;
            state.items.push_back(message);
            Pushed::Kept
        } else {
            state.drop_newest(&message)
        };
        drop(state);
        self.filled.notify_one();
        pushed
    }

    /// Takes the next message, once there is one. Nothing is lost when the future is dropped.
    pub(super) async fn next(&self) -> Incoming {
        loop {
            if let Some(message) = self.pop() {
                return message;
            }
            self.filled.notified().await;
        }
    }

    fn pop(&self) -> Option<Incoming> {
        let mut state = self.lock();
        let message = state.items.pop_front()?;
        state.bytes -= message.bytes();
        if state.bytes <= self.max_bytes / 2 {
            state.is_full = false;
        }
        Some(message)
    }
}

impl State {
    /// Keeps the number of a message, and nothing else of it.
    fn drop_newest(&mut self, message: &Incoming) -> Pushed {
        let pushed = if self.is_full { Pushed::Dropped } else { Pushed::DroppedFirst };
        self.is_full = true;
        let Some(Stamp { epoch, number }) = message.stamp() else { return pushed };
        if !matches!(self.items.back(), Some(Incoming::Dropped(_))) {
            self.items.push_back(Incoming::Dropped(BTreeMap::new()));
        }
        if let Some(Incoming::Dropped(newest)) = self.items.back_mut()
            && (newest.len() < MAX_PUBLISHERS || newest.contains_key(&epoch))
        {
            let newest = newest.entry(epoch).or_default();
            *newest = number.max(*newest);
        }
        pushed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(epoch: u64, number: u64, bytes: usize) -> Incoming {
        let payload = vec![0; bytes].into();
        Incoming::Value(Packet { subject: "".into(), stamp: Stamp { epoch, number }, payload })
    }

    /// What waits: values by their numbers, and the numbers of dropped ones.
    fn rest(queue: &IncomingQueue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop())
            .map(|message| match message {
                Incoming::Value(packet) => format!("{}.{}", packet.stamp.epoch, packet.stamp.number),
                other => format!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_waits_is_bounded_in_bytes_and_what_is_dropped_keeps_its_number() {
        let queue = IncomingQueue::new(10 * MESSAGE_BYTES);
        for number in 1..=10 {
            assert_eq!(queue.push(value(1, number, 0)), Pushed::Kept);
        }
        assert_eq!(queue.push(value(1, 11, 0)), Pushed::DroppedFirst);
        assert_eq!(queue.push(value(2, 1, 0)), Pushed::Dropped);
        assert_eq!(queue.push(value(1, 12, 0)), Pushed::Dropped);
        // It is full until half of it is free.
        for _ in 0..4 {
            queue.pop();
            assert_eq!(queue.push(value(1, 13, 0)), Pushed::Dropped);
        }
        queue.pop();
        assert_eq!(queue.push(value(1, 14, 0)), Pushed::Kept);
        let expected = ["1.6", "1.7", "1.8", "1.9", "1.10", "Dropped({1: 13, 2: 1})", "1.14"];
        assert_eq!(rest(&queue), expected);
    }

    #[test]
    fn one_message_of_any_size_has_room_and_nothing_behind_it() {
        let queue = IncomingQueue::new(1000);
        assert_eq!(queue.push(value(1, 1, 5000)), Pushed::Kept);
        assert_eq!(queue.push(Incoming::Hello(None)), Pushed::DroppedFirst);
        assert_eq!(queue.push(Incoming::Newest(Stamp { epoch: 1, number: 7 })), Pushed::Dropped);
        assert_eq!(rest(&queue), ["1.1", "Dropped({1: 7})"]);
        assert_eq!(queue.push(value(1, 8, 0)), Pushed::Kept);
    }

    #[test]
    fn the_numbers_of_dropped_messages_are_bounded() {
        let queue = IncomingQueue::new(0);
        queue.push(value(0, 1, 0));
        for epoch in 0..10_000 {
            queue.push(value(epoch, 2, 0));
        }
        queue.pop();
        let Some(Incoming::Dropped(newest)) = queue.pop() else { panic!("the numbers are kept") };
        assert_eq!(newest.len(), MAX_PUBLISHERS);
    }
}
