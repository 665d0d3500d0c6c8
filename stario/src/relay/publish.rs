//! Publishing: to the subscriptions of this process, then to the history, and to other processes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use smallvec::SmallVec;

use super::Relay;
use super::history::History;
use super::mailbox::{Dropped, Message};
use super::pattern::check_subject;
use super::position::Position;
use super::table::lock;
use super::transport::PublishError;
use crate::error_text::Chain;

impl<T: Clone> Relay<T> {
    /// Delivers `value` to all subscriptions to `subject`, and returns without waiting for any of them.
    ///
    /// An invalid subject (with an empty segment or a `*`) reaches nobody; that is logged as an error, and so is a value that is not sent
    /// to other processes. [`try_publish`](Self::try_publish) returns it.
    pub fn publish(&self, subject: impl AsRef<str>, value: T) {
        match self.try_publish(subject, value) {
            Ok(()) => {}
            Err(PublishError::Subject(invalid)) => {
                tracing::error!(error = %invalid, "a value is published to nobody");
            }
            // There may be many of them, until a connection is there again.
            Err(PublishError::Full) if !self.unsent().is_power_of_two() => {}
            Err(error) => {
                tracing::error!(error = %Chain(&error), unsent = self.unsent(), "a value is not sent to other processes");
            }
        }
    }

    /// Publishes as [`publish`](Self::publish) does, and says why a value does not reach other processes. It still reaches the subscriptions of
    /// this one, unless its subject is invalid; those of other processes have a gap.
    ///
    /// # Errors
    ///
    /// When the subject is invalid. Of a relay [over a transport](Self::over) also when the value cannot be written, is too
    /// large for the transport, or too much waits to be sent.
    ///
    /// ```
    /// use stario::Relay;
    ///
    /// let relay = Relay::new();
    /// assert!(relay.try_publish("room.7", "hello").is_ok());
    /// assert!(relay.try_publish("room.*", "hello").is_err());
    /// ```
    pub fn try_publish(&self, subject: impl AsRef<str>, value: T) -> Result<(), PublishError> {
        let subject = subject.as_ref();
        check_subject(subject).map_err(PublishError::Subject)?;
        let value = self.shared.sharing.share(value);
        if let Some(history) = self.shared.history.get() {
            return self.publish_and_keep(history, subject.into(), value);
        }
        let readers = lock(&self.shared.table).find(subject);
        if readers.is_empty() {
            return Ok(());
        }
        let size = self.shared.size(subject, &value, 0);
        let message =
            Arc::new(Message { subject: subject.into(), value, size, position: Position::default() });
        for mailbox in readers.iter() {
            // Values are dropped and tasks are woken without a lock: destructors and wakers are code of others, which
            // may publish, subscribe and unsubscribe.
            let (dropped, reader) = lock(mailbox).deliver(Arc::clone(&message));
            if !dropped.is_empty() {
                self.shared.dropped.fetch_add(dropped.len() as u64, Ordering::Relaxed);
            }
            drop(dropped);
            if let Some(reader) = reader {
                reader.wake();
            }
        }
        Ok(())
    }

    /// Delivers a value, keeps it in the history, and sends it to other processes.
    fn publish_and_keep(
        &self,
        history: &Mutex<History<T>>,
        subject: Arc<str>,
        value: T,
    ) -> Result<(), PublishError> {
        let remote = self.shared.remote.as_ref().map(|remote| (remote, remote.encode(&value)));
        let encoded = remote.as_ref().and_then(|(_, payload)| payload.as_ref().ok());
        let size = self.shared.size(&subject, &value, encoded.map_or(0, bytes::Bytes::len));
        // Mailboxes and messages are dropped, and tasks are woken, when the lock is released: destructors and wakers are
        // code of others, which may use the relay.
        let readers;
        let message;
        let mut dropped = Dropped::new();
        let mut wakers = SmallVec::<[Waker; 4]>::new();
        let mut sent = Ok(());
        let evicted = {
            let mut history = lock(history);
            message = history.number(subject, value, size);
            readers = lock(&self.shared.table).find(&message.subject);
            for mailbox in readers.iter() {
                let (lost, reader) = lock(mailbox).deliver(Arc::clone(&message));
                dropped.extend(lost);
                wakers.extend(reader);
            }
            if let Some((remote, payload)) = remote {
                sent = remote.send(&message, payload);
            }
            history.append(Arc::clone(&message))
        };
        self.shared.dropped.fetch_add(dropped.len() as u64, Ordering::Relaxed);
        wakers.into_iter().for_each(Waker::wake);
        drop((dropped, evicted, readers));
        sent
    }
}
