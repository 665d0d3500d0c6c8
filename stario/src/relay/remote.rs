//! How the values of a relay become packets for its transport, and packets values.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::mailbox::Message;
use super::pattern::check_subject;
use super::payload::{Payload, PayloadError};
use super::transport::{Packet, PublishError, Transport};
use crate::panic::panic_message;

/// The transport of a relay, and how its values travel.
pub(super) struct Remote<T> {
    pub(super) transport: Box<dyn Transport>,
    encode: fn(&T) -> Result<Bytes, PayloadError>,
    decode: fn(Bytes) -> Result<T, PayloadError>,
    /// How many values were not sent.
    unsent: AtomicU64,
    /// How many packets could not be read.
    unreadable: AtomicU64,
}

impl<T: Payload> Remote<T> {
    pub(super) fn new(transport: impl Transport) -> Self {
        Self {
            transport: Box::new(transport),
            encode: T::encode,
            decode: T::decode,
            unsent: AtomicU64::new(0),
            unreadable: AtomicU64::new(0),
        }
    }
}

impl<T> Remote<T> {
    pub(super) fn encode(&self, value: &T) -> Result<Bytes, PublishError> {
        (self.encode)(value).map_err(PublishError::Unwritable)
    }

    /// Sends a message, in the order of the numbers: the caller holds the lock of the history.
    pub(super) fn send(
        &self,
        message: &Message<T>,
        payload: Result<Bytes, PublishError>,
    ) -> Result<(), PublishError> {
        let Some(stamp) = message.stamp() else { return Ok(()) };
        let subject = Arc::clone(&message.subject);
        let sent = payload.and_then(|payload| self.transport.send(Packet { subject, stamp, payload }));
        if sent.is_err() {
            self.unsent.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    /// The packet of a message that was published before; `None` if it cannot be written.
    pub(super) fn write(&self, message: &Message<T>) -> Option<Packet> {
        let (subject, stamp) = (Arc::clone(&message.subject), message.stamp()?);
        // Another process has published it, so it may never have been written here.
        let payload = catch_unwind(AssertUnwindSafe(|| self.encode(&message.value))).ok()?.ok()?;
        Some(Packet { subject, stamp, payload })
    }

    pub(super) fn unsent(&self) -> u64 {
        self.unsent.load(Ordering::Relaxed)
    }

    /// Reads a packet; `None` if that fails.
    pub(super) fn read(&self, packet: Packet) -> Option<(Arc<str>, T)> {
        let value = match check_subject(&packet.subject) {
            // A panic would end the task that receives for all.
            Ok(()) => {
                catch_unwind(AssertUnwindSafe(|| (self.decode)(packet.payload))).unwrap_or_else(|panic| {
                    Err(format!("reading it panicked: {}", panic_message(&*panic)).into())
                })
            }
            Err(invalid) => Err(invalid.into()),
        };
        let error = match value {
            Ok(value) => return Some((packet.subject, value)),
            Err(error) => error,
        };
        let count = self.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        // Another release of the app may send many of them.
        if count.is_power_of_two() {
            tracing::error!(
                %error,
                subject = &*packet.subject,
                publisher = format_args!("{:016x}", packet.stamp.epoch),
                count,
                "a value that another process has published cannot be read"
            );
        }
        None
    }
}
