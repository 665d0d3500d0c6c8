//! What a relay does with what its transport delivers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Waker;

use super::heard::Verdict;
use super::history::{Connection, History};
use super::mailbox::{Dropped, Message};
use super::position::{Position, Stamp};
use super::table::{RelayState, lock};
use super::transport::{ExportedMessages, Packet, Receiver};

/// What the caller drops, and wakes, when the lock of the history is released: destructors and wakers are code of others.
struct Effects<T> {
    dropped: Dropped<T>,
    evicted: Dropped<T>,
    wakers: Vec<Waker>,
}

impl<T> Effects<T> {
    fn new() -> Self {
        Self { dropped: Dropped::new(), evicted: Dropped::new(), wakers: Vec::new() }
    }

    fn add(&mut self, (dropped, reader): (Dropped<T>, Option<Waker>)) {
        self.dropped.extend(dropped);
        self.wakers.extend(reader);
    }

    fn apply(self, shared: &RelayState<T>) {
        shared.dropped.fetch_add(self.dropped.len() as u64, Ordering::Relaxed);
        self.wakers.into_iter().for_each(Waker::wake);
    }
}

impl<T> RelayState<T> {
    /// Gives every subscription a gap. The caller holds the lock of the history.
    fn make_gaps(&self, effects: &mut Effects<T>) {
        let mailboxes = lock(&self.table).all();
        for mailbox in mailboxes {
            effects.add(lock(&mailbox).note_loss());
        }
    }

    /// Makes a gap where messages are missing, at once or when the connection is there again.
    fn note_hole(&self, history: &mut History<T>, effects: &mut Effects<T>) {
        match history.connection {
            Connection::Connected => self.make_gaps(effects),
            Connection::Lost | Connection::LostWithHole => history.connection = Connection::LostWithHole,
        }
    }

    /// Delivers what another relay has published. The caller holds the lock of the history.
    fn deliver(&self, history: &mut History<T>, message: Arc<Message<T>>, effects: &mut Effects<T>) {
        // What stands behind a hole is not received before the gap, which stands for it, too.
        if history.is_delivering() {
            let readers = lock(&self.table).find(&message.subject);
            for mailbox in readers.iter() {
                effects.add(lock(mailbox).deliver(Arc::clone(&message)));
            }
        }
        effects.evicted.extend(history.append(message));
    }
}

impl<T: Send + Sync + 'static> Receiver for RelayState<T> {
    fn receive(&self, packet: Packet) {
        let (Some(history), Some(remote)) = (self.history.get(), self.remote.as_ref()) else { return };
        let stamp = packet.stamp;
        if lock(history).newest().epoch == stamp.epoch {
            return;
        }
        let encoded = packet.payload.len();
        let read = remote.read(packet);
        let mut effects = Effects::new();
        {
            let mut history = lock(history);
            let verdict = history.heard.message(stamp);
            if verdict == Verdict::Repeated {
                return;
            }
            if verdict == Verdict::Missing || read.is_none() {
                self.note_hole(&mut history, &mut effects);
            }
            match read {
                Some((subject, value)) => {
                    let value = self.sharing.share(value);
                    let size = self.size(&subject, &value, encoded);
                    let message = history.message(stamp, subject, value, size);
                    self.deliver(&mut history, message, &mut effects);
                }
                None => history.leave_out(stamp),
            }
        }
        effects.apply(self);
    }

    fn announced(&self, newest: Stamp) {
        let Some(history) = self.history.get() else { return };
        let mut effects = Effects::new();
        {
            let mut history = lock(history);
            if history.newest().epoch == newest.epoch {
                return;
            }
            let is_missing = history.heard.announcement(newest) == Verdict::Missing;
            if is_missing {
                self.note_hole(&mut history, &mut effects);
            }
            // Of a publisher that the history has forgotten, an old announcement is no news.
            if is_missing || newest.number == 0 || history.knows(newest.epoch) {
                history.leave_out(newest);
            }
        }
        effects.apply(self);
    }

    fn set_connected(&self, is_connected: bool) {
        let Some(history) = self.history.get() else { return };
        let mut effects = Effects::new();
        {
            let mut history = lock(history);
            if is_connected {
                self.make_gaps(&mut effects);
                history.connect();
            } else if history.connection == Connection::Connected {
                history.connection = Connection::Lost;
            }
        }
        effects.apply(self);
    }

    fn newest(&self) -> Option<Stamp> {
        Some(lock(self.history.get()?).newest())
    }

    fn earliest(&self) -> Option<Position> {
        lock(self.history.get()?).earliest()
    }

    fn export(&self, before: &Position, bytes: usize) -> Option<ExportedMessages> {
        let (history, remote) = (self.history.get()?, self.remote.as_ref()?);
        let (newest, messages) = lock(history).export(before, bytes);
        let packets = messages.iter().filter_map(|message| remote.write(message)).collect();
        Some(ExportedMessages { newest, packets })
    }

    fn import(&self, kept: ExportedMessages) -> bool {
        let (Some(history), Some(remote)) = (self.history.get(), self.remote.as_ref()) else { return false };
        let read = |packet: Packet| {
            let (position, encoded) = (Position::from_iter([packet.stamp]), packet.payload.len());
            let (subject, value) = remote.read(packet)?;
            let value = self.sharing.share(value);
            let size = self.size(&subject, &value, encoded);
            Some(Message { subject, value, size, position })
        };
        let messages = kept.packets.into_iter().filter_map(read).collect();
        let (has_grown, refused) = lock(history).import(&kept.newest, messages);
        drop(refused);
        has_grown
    }
}
