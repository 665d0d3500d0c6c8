//! What a relay keeps, for another one that starts, and what that one makes of it.
//!
//! The other one puts it before what it has received itself, from the newest message to the oldest. Each has to join what is there: number 6
//! of a publisher is taken where 7 is the first that is kept, or the newest is 6. So what is kept has no holes, whatever comes twice, late or
//! never; it only reaches less far back.

use std::sync::Arc;

use super::{Connection, History, Publisher};
use crate::relay::heard;
use crate::relay::mailbox::Message;
use crate::relay::position::{Position, Stamp};

/// The most messages that are exported at once.
const MESSAGES: usize = 1000;

impl<T> History<T> {
    /// The position before all messages, if earlier ones may be put before them.
    pub(in crate::relay) fn earliest(&self) -> Option<Position> {
        let has_room = self.messages.len() < self.capacity && self.bytes < self.capacity_bytes;
        (self.takes_earlier && has_room).then(|| self.before_all())
    }

    fn before_all(&self) -> Position {
        self.position_by(|publisher| Some(publisher.stamp(publisher.oldest - 1)), self.forgotten)
    }

    /// The newest numbers of all publishers that were heard, this relay at the end; and messages up to `before`, the newest first: about so many
    /// bytes of them.
    pub(in crate::relay) fn export(
        &self,
        before: &Position,
        bytes: usize,
    ) -> (Vec<Stamp>, Vec<Arc<Message<T>>>) {
        let mut newest = self.heard.newest();
        newest.push(self.newest());
        let is_wanted = |message: &&Arc<Message<T>>| {
            message.stamp().is_some_and(|stamp| {
                self.publisher(stamp.epoch).is_some_and(|publisher| publisher.oldest <= stamp.number)
                    && before.number(stamp.epoch).is_none_or(|number| stamp.number <= number)
            })
        };
        let mut room = bytes;
        let has_room = |message: &&Arc<Message<T>>| {
            let has_room = room > 0;
            room = room.saturating_sub(message.size);
            has_room
        };
        let messages = self.messages.iter().rev().filter(is_wanted).take(MESSAGES).take_while(has_room);
        (newest, messages.cloned().collect())
    }

    /// Takes over what another relay has exported; each message has its own stamp as its position. Returns whether any was taken, and those that
    /// were not, which the caller drops once the lock is released.
    pub(in crate::relay) fn import(
        &mut self,
        newest: &[Stamp],
        messages: Vec<Message<T>>,
    ) -> (bool, Vec<Message<T>>) {
        if !self.takes_earlier {
            return (false, messages);
        }
        self.introduce(newest);
        let before = self.messages.len();
        let refused = messages.into_iter().filter_map(|message| self.prepend(message)).collect();
        (self.messages.len() > before, refused)
    }

    /// Adds the publishers that are not known yet: of many, those that were heard last.
    fn introduce(&mut self, newest: &[Stamp]) {
        let own = self.newest().epoch;
        let unknown: Vec<_> = newest
            .iter()
            .filter(|stamp| stamp.epoch != own && self.heard.number(stamp.epoch).is_none())
            .copied()
            .collect();
        // There is a gap for what these have published when the relay is connected: until then nothing of it has been delivered.
        if unknown.iter().any(|stamp| stamp.number > 0) {
            self.connection = Connection::LostWithHole;
        }
        // Of many, those that were heard last, and none in the place of one that this relay has heard itself.
        let room = heard::PUBLISHERS.saturating_sub(self.heard.len());
        for stamp in &unknown[unknown.len().saturating_sub(room)..] {
            self.heard.announcement(*stamp);
        }
        for Stamp { epoch, number } in unknown.into_iter().rev() {
            if self.publishers.len() >= self.bounds.known {
                break;
            }
            let publisher = Publisher {
                newest: number,
                oldest: number + 1,
                is_imported: number > 0,
                ..Publisher::new(epoch)
            };
            // All others were heard later.
            self.publishers.insert(1, publisher);
        }
    }

    /// Puts a message before all others, if it joins them and there is room; else returns it.
    fn prepend(&mut self, mut message: Message<T>) -> Option<Message<T>> {
        let Some(stamp) = message.stamp().filter(|stamp| stamp.number > 0) else { return Some(message) };
        let before = |it: &Publisher| (it.epoch != stamp.epoch).then(|| it.stamp(it.oldest - 1));
        let mut position = self.position_by(before, self.forgotten);
        let Some(publisher) = self.publishers.iter_mut().find(|it| it.epoch == stamp.epoch) else {
            return Some(message);
        };
        if publisher.oldest - 1 != stamp.number {
            return Some(message);
        }
        if self.messages.len() >= self.capacity || self.bytes + message.size > self.capacity_bytes {
            self.takes_earlier = false;
            return Some(message);
        }
        (publisher.oldest, publisher.is_imported) = (stamp.number, true);
        position.advance(stamp);
        (self.mark)(&mut message.value, &position);
        message.position = position;
        self.bytes += message.size;
        self.messages.push_front(Arc::new(message));
        None
    }
}
