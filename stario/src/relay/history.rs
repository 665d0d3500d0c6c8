//! The last messages of a relay, so that a subscription can begin in the past.
//!
//! Its lock is held while a message is numbered and delivered, and while a subscription takes what it has missed and is
//! added to the others. So each message is either missed or delivered, never both, and every subscription receives the
//! messages in the order of their numbers. What is dropped or woken meanwhile waits until the lock is released.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use smallvec::SmallVec;

use super::heard::Heard;
use super::mailbox::{Dropped, Message};
use super::pattern::Pattern;
use super::position::{PUBLISHERS, Position, Stamp};
use crate::datastar::Event;

/// How many bytes of messages are kept unless the relay says otherwise: 4 MiB.
const CAPACITY_BYTES: usize = 4 << 20;

pub(super) struct History<T> {
    /// The kept messages, in the order in which they came.
    messages: VecDeque<Arc<Message<T>>>,
    /// The sizes of all kept messages together.
    bytes: usize,
    capacity: usize,
    capacity_bytes: usize,
    /// The publishers: this relay first, then others. The one whose message came last stands at the end.
    publishers: SmallVec<[Publisher; 1]>,
    /// The last numbers of other relays, if it has a transport.
    pub(super) heard: Heard,
    /// Whether what other relays publish arrives.
    pub(super) connection: Connection,
    /// Writes a message's position into its value, if the value is an event.
    mark: fn(&mut T, &Position),
}

/// The connection of a relay to those of other processes, as its transport says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// All arrives: what is missing is a gap.
    Connected,
    /// Messages are being lost: there is a gap when it is connected again.
    Lost,
    /// Some are known to be missing: nothing is received from now on until there is a gap.
    LostWithHole,
}

/// Which messages of one publisher are kept.
struct Publisher {
    epoch: u64,
    /// The number of its last message; 0 before the first.
    newest: u64,
    /// All messages from this number to the newest are kept.
    oldest: u64,
    /// The number of the last message that subscriptions have received, or for which they have a gap.
    delivered: u64,
}

impl Publisher {
    /// One that has published nothing.
    fn new(epoch: u64) -> Self {
        Self { epoch, newest: 0, oldest: 1, delivered: 0 }
    }
}

impl<T: 'static> History<T> {
    /// An empty history, whose publisher has a new random name.
    pub(super) fn new() -> Self {
        let own = Publisher::new(RandomState::new().hash_one(0));
        Self {
            messages: VecDeque::new(),
            bytes: 0,
            capacity: 0,
            capacity_bytes: CAPACITY_BYTES,
            publishers: SmallVec::from_iter([own]),
            heard: Heard::default(),
            connection: Connection::Lost,
            mark: |value, position| set_event_id(value, position),
        }
    }
}

impl<T> History<T> {
    pub(super) fn set_capacity(&mut self, messages: usize) -> Dropped<T> {
        self.capacity = messages;
        self.shrink()
    }

    pub(super) fn set_capacity_bytes(&mut self, bytes: usize) -> Dropped<T> {
        self.capacity_bytes = bytes;
        self.shrink()
    }

    /// Makes the next message of this relay, with its number.
    pub(super) fn number(&mut self, subject: Arc<str>, value: T, size: usize) -> Arc<Message<T>> {
        let Stamp { epoch, number } = self.newest();
        self.message(Stamp { epoch, number: number + 1 }, subject, value, size)
    }

    /// Makes a message with this number.
    pub(super) fn message(
        &mut self,
        stamp: Stamp,
        subject: Arc<str>,
        mut value: T,
        size: usize,
    ) -> Arc<Message<T>> {
        self.publisher_mut(stamp.epoch);
        let delivered = self.publishers.iter().map(|it| Stamp { epoch: it.epoch, number: it.delivered });
        let mut position: Position = delivered.collect();
        position.advance(stamp);
        (self.mark)(&mut value, &position);
        Arc::new(Message { subject, value, size, position })
    }

    /// The last message of this relay itself.
    pub(super) fn newest(&self) -> Stamp {
        let own = &self.publishers[0];
        Stamp { epoch: own.epoch, number: own.newest }
    }

    /// Keeps a message. The caller drops what makes room for it once the lock is released.
    pub(super) fn append(&mut self, message: Arc<Message<T>>) -> Dropped<T> {
        let Some(stamp) = message.stamp() else { return Dropped::new() };
        let is_delivered = self.is_delivering() || stamp.epoch == self.newest().epoch;
        let publisher = self.publisher_mut(stamp.epoch);
        if stamp.number != publisher.newest + 1 {
            // The messages between the last one and this one are missing.
            publisher.oldest = stamp.number;
        }
        publisher.newest = stamp.number;
        if is_delivered {
            publisher.delivered = stamp.number;
        }
        self.bytes += message.size;
        self.messages.push_back(message);
        self.shrink()
    }

    /// Notes that a publisher has published the messages up to this one, and that those which are not here are missing.
    pub(super) fn leave_out(&mut self, newest: Stamp) {
        if self.publisher(newest.epoch).is_some_and(|known| known.newest >= newest.number) {
            return;
        }
        let is_delivering = self.is_delivering();
        let publisher = self.publisher_mut(newest.epoch);
        publisher.newest = newest.number;
        publisher.oldest = newest.number + 1;
        if is_delivering {
            publisher.delivered = newest.number;
        }
    }

    /// Whether subscriptions receive what other relays publish, or have a gap in its place.
    pub(super) fn is_delivering(&self) -> bool {
        self.connection != Connection::LostWithHole
    }

    /// Notes that what other relays publish arrives from now on, and that all subscriptions have a gap for what was before.
    pub(super) fn connect(&mut self) {
        self.connection = Connection::Connected;
        for publisher in &mut self.publishers {
            publisher.delivered = publisher.newest;
        }
    }

    fn shrink(&mut self) -> Dropped<T> {
        let mut dropped = Dropped::new();
        while self.messages.len() > self.capacity || self.bytes > self.capacity_bytes {
            let Some(message) = self.messages.pop_front() else { break };
            self.bytes -= message.size;
            if let Some(stamp) = message.stamp()
                && let Some(publisher) = self.publishers.iter_mut().find(|it| it.epoch == stamp.epoch)
            {
                publisher.oldest = publisher.oldest.max(stamp.number + 1);
            }
            dropped.push(message);
        }
        dropped
    }

    fn publisher(&self, epoch: u64) -> Option<&Publisher> {
        self.publishers.iter().find(|publisher| publisher.epoch == epoch)
    }

    fn publisher_mut(&mut self, epoch: u64) -> &mut Publisher {
        let last = match self.publishers.iter().position(|publisher| publisher.epoch == epoch) {
            Some(0) => return &mut self.publishers[0],
            Some(at) => self.publishers.remove(at),
            None => {
                if self.publishers.len() == PUBLISHERS {
                    self.publishers.remove(1);
                }
                Publisher::new(epoch)
            }
        };
        self.publishers.push(last);
        let at = self.publishers.len() - 1;
        &mut self.publishers[at]
    }

    /// The messages behind `position` that fit a pattern, the oldest first; `None` if some may be missing.
    pub(super) fn since(
        &self,
        position: &Position,
        patterns: &[Pattern],
    ) -> Option<VecDeque<Arc<Message<T>>>> {
        let is_known =
            |stamp: &Stamp| self.publisher(stamp.epoch).is_some_and(|it| stamp.number <= it.newest);
        if !position.stamps().iter().all(is_known) {
            return None;
        }
        let mut missed = 0;
        for publisher in &self.publishers {
            let number = position.number(publisher.epoch).unwrap_or(0);
            if number + 1 < publisher.oldest {
                return None;
            }
            missed += publisher.newest - number;
        }
        let is_behind = |message: &&Arc<Message<T>>| {
            message.stamp().is_some_and(|stamp| {
                self.publisher(stamp.epoch).is_some()
                    && stamp.number > position.number(stamp.epoch).unwrap_or(0)
            })
        };
        let fits = |message: &&Arc<Message<T>>| patterns.iter().any(|pattern| pattern.fits(&message.subject));
        let missed = usize::try_from(missed).unwrap_or(usize::MAX);
        // From the end, because a client that comes back has usually missed the last few of many.
        let mut messages: VecDeque<_> =
            self.messages.iter().rev().filter(is_behind).take(missed).filter(fits).cloned().collect();
        messages.make_contiguous().reverse();
        Some(messages)
    }

    /// The position behind all messages.
    pub(super) fn position(&self) -> Position {
        self.publishers.iter().map(|it| Stamp { epoch: it.epoch, number: it.newest }).collect()
    }
}

/// Gives an event its id; other values are left as they are.
pub(super) fn set_event_id<T: 'static>(value: &mut T, id: impl Display) {
    let any: &mut dyn Any = value;
    if let Some(event) = any.downcast_mut::<Event>() {
        event.set_last_id(&id.to_string());
    }
}

#[cfg(test)]
mod interleaved;
#[cfg(test)]
mod tests;
