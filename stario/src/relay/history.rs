//! The last messages of a relay, so that a subscription can begin in the past.
//!
//! Its lock is held while a message is numbered and delivered, and while a subscription takes the last of what it has missed and is
//! added to the others. So each message is either missed or delivered, never both, and every subscription receives the messages in the order of
//! their numbers. What is dropped or woken meanwhile waits until the lock is released. A subscription that has missed much looks for it before,
//! without the lock (`history/missed.rs`).

mod kept;
mod missed;
mod transfer;

use std::any::Any;
use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use smallvec::SmallVec;

use kept::KeptMessages;
pub(super) use missed::Search;

use super::heard::{self, Heard};
use super::mailbox::{Dropped, Message};
use super::position::{self, Position, Stamp, StampChecksum};
use crate::datastar::Event;

/// How many bytes of messages are kept unless the relay says otherwise: 4 MiB.
const CAPACITY_BYTES: usize = 4 << 20;

/// How many messages are looked at with the lock for a subscription that begins. After a search without the lock, all that have come meanwhile
/// are looked at, too; and all messages, if some were imported meanwhile.
const AT_ONCE: usize = 256;

/// How many publishers are known, and how many messages are looked at. A position has stamps of fewer, and a checksum of the others.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// The most publishers that a position has stamps of.
    places: usize,
    /// The most publishers of which the history knows what it has. Beyond, one is forgotten.
    known: usize,
    /// How many messages are looked at with the lock for a subscription that begins.
    at_once: usize,
}

impl Bounds {
    const DEFAULT: Self = Self { places: position::PUBLISHERS, known: heard::PUBLISHERS, at_once: AT_ONCE };
}

pub(super) struct History<T> {
    /// The kept messages, in the order in which they came.
    messages: KeptMessages<T>,
    /// The sizes of all kept messages together.
    bytes: usize,
    capacity: usize,
    capacity_bytes: usize,
    /// The publishers: this relay first, then others. The one whose message or announcement came last stands at the end.
    publishers: SmallVec<[Publisher; 1]>,
    bounds: Bounds,
    /// The newest messages of publishers that are forgotten.
    forgotten: StampChecksum,
    /// Of these publishers, the last messages that subscriptions have received, or for which they have a gap.
    forgotten_delivered: StampChecksum,
    /// The last numbers of other relays, if it has a transport.
    pub(super) heard: Heard,
    /// Whether what other relays publish arrives.
    pub(super) connection: Connection,
    /// Whether what others have kept may be put before the messages: not once it was connected, or messages are missing.
    takes_earlier: bool,
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
    /// Whether it is known, or known so far back, only from what another relay has kept.
    is_imported: bool,
}

impl Publisher {
    /// One that has published nothing.
    fn new(epoch: u64) -> Self {
        Self { epoch, newest: 0, oldest: 1, delivered: 0, is_imported: false }
    }

    fn has_messages(&self) -> bool {
        self.oldest <= self.newest
    }

    fn stamp(&self, number: u64) -> Stamp {
        Stamp { epoch: self.epoch, number }
    }
}

impl<T: 'static> History<T> {
    /// An empty history, whose publisher has a new random name.
    pub(super) fn new() -> Self {
        let own = Publisher::new(RandomState::new().hash_one(0));
        Self {
            messages: KeptMessages::new(),
            bytes: 0,
            capacity: 0,
            capacity_bytes: CAPACITY_BYTES,
            publishers: SmallVec::from_iter([own]),
            bounds: Bounds::DEFAULT,
            forgotten: StampChecksum::default(),
            forgotten_delivered: StampChecksum::default(),
            heard: Heard::default(),
            connection: Connection::Lost,
            takes_earlier: true,
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
        // What was imported is not in the position before all subscriptions have a gap.
        let delivered =
            |it: &Publisher| (!it.is_imported || it.delivered > 0).then(|| it.stamp(it.delivered));
        let mut position = self.position_by(delivered, self.forgotten_delivered);
        position.advance(stamp);
        (self.mark)(&mut value, &position);
        Arc::new(Message { subject, value, size, position })
    }

    /// The last message of this relay itself.
    pub(super) fn newest(&self) -> Stamp {
        let own = &self.publishers[0];
        own.stamp(own.newest)
    }

    /// Keeps a message. The caller drops what makes room for it once the lock is released.
    pub(super) fn append(&mut self, message: Arc<Message<T>>) -> Dropped<T> {
        let Some(stamp) = message.stamp() else { return Dropped::new() };
        let is_delivered = self.is_delivering() || stamp.epoch == self.newest().epoch;
        let publisher = self.publisher_mut(stamp.epoch);
        let (has_hole, had_messages) = (stamp.number != publisher.newest + 1, publisher.has_messages());
        if has_hole {
            // The messages between the last one and this one are missing.
            publisher.oldest = stamp.number;
        }
        publisher.newest = stamp.number;
        if is_delivered {
            publisher.delivered = stamp.number;
        }
        self.takes_earlier &= !(has_hole && had_messages);
        self.bytes += message.size;
        self.messages.push_back(message);
        self.shrink()
    }

    /// Notes that a publisher has published the messages up to this one, and that those which are not here are missing.
    pub(super) fn leave_out(&mut self, newest: Stamp) {
        if newest.number == 0 && !self.knows(newest.epoch) {
            // It takes nobody's place: a process that starts again and again has many names.
            if self.publishers.len() < self.bounds.known {
                self.publishers.insert(1, Publisher::new(newest.epoch));
            }
            return;
        }
        let is_delivering = self.is_delivering();
        let publisher = self.publisher_mut(newest.epoch);
        if publisher.newest >= newest.number {
            return;
        }
        let had_messages = publisher.has_messages();
        publisher.newest = newest.number;
        publisher.oldest = newest.number + 1;
        if is_delivering {
            publisher.delivered = newest.number;
        }
        self.takes_earlier &= !had_messages;
    }

    /// Whether subscriptions receive what other relays publish, or have a gap in its place.
    pub(super) fn is_delivering(&self) -> bool {
        self.connection != Connection::LostWithHole
    }

    /// Notes that what other relays publish arrives from now on, and that all subscriptions have a gap for what was before.
    pub(super) fn connect(&mut self) {
        self.connection = Connection::Connected;
        self.takes_earlier = false;
        self.forgotten_delivered = self.forgotten;
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

    /// Whether a publisher was heard, and is not forgotten.
    pub(super) fn knows(&self, epoch: u64) -> bool {
        self.publisher(epoch).is_some()
    }

    fn publisher_mut(&mut self, epoch: u64) -> &mut Publisher {
        let last = match self.publishers.iter().position(|publisher| publisher.epoch == epoch) {
            Some(0) => return &mut self.publishers[0],
            Some(at) => self.publishers.remove(at),
            None => {
                self.make_room();
                Publisher::new(epoch)
            }
        };
        self.publishers.push(last);
        let at = self.publishers.len() - 1;
        &mut self.publishers[at]
    }

    /// Forgets a publisher, if there is no room for another one.
    fn make_room(&mut self) {
        if self.publishers.len() >= self.bounds.known {
            let forgotten = self.publishers.remove(1);
            self.forgotten.add(forgotten.stamp(forgotten.newest));
            self.forgotten_delivered.add(forgotten.stamp(forgotten.delivered));
        }
    }

    /// The position behind all messages.
    pub(super) fn position(&self) -> Position {
        self.position_by(|publisher| Some(publisher.stamp(publisher.newest)), self.forgotten)
    }

    /// The position with a stamp of this relay, and of those others that came last. `others` is the checksum of those that are forgotten.
    fn position_by(
        &self,
        stamp: impl Fn(&Publisher) -> Option<Stamp>,
        mut others: StampChecksum,
    ) -> Position {
        let left_out = self.publishers.len().saturating_sub(self.bounds.places);
        let (own, foreign) = self.publishers.split_at(1);
        let (left_out, placed) = foreign.split_at(left_out);
        left_out.iter().filter_map(&stamp).for_each(|stamp| others.add(stamp));
        Position::new(own.iter().chain(placed).filter_map(stamp), others)
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
mod moves;
#[cfg(test)]
mod tests;
