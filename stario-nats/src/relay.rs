//! The transport of a relay over NATS: its settings, its two tasks, and what its messages are.
//!
//! ```text
//!   Relay::publish -> NatsRelay::send -> Queue -> `send.rs` -> NATS
//!   NATS -> IncomingQueue -> `receive.rs` -> Inbox -> subscriptions
//! ```

mod history;
mod incoming;
mod receive;
mod send;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::HeaderMap;
use async_nats::header::HeaderName;
use stario::relay::{Inbox, Packet, PublishError, Stamp, Transport};
use tokio::task::AbortHandle;

use crate::connection::{Nats, RelayStatus};
use crate::figures::Figures;
use crate::queue::{Item, Queue};
use crate::subject;

/// How many values wait to be sent unless the relay says otherwise.
const MAX_VALUES: usize = 8192;

/// How many bytes of values wait to be sent unless the relay says otherwise: 8 MiB.
const MAX_BYTES: usize = 8 << 20;

/// How many bytes of messages of other processes wait to be received unless the relay says otherwise: 32 MiB.
const MAX_INCOMING_BYTES: usize = 32 << 20;

/// Carries the stamp of a value: who has published it, and its number.
const STAMP: HeaderName = HeaderName::from_static("Stario-Stamp");

/// The most bytes of the header of a message: its first line, and the stamp.
const HEADER_BYTES: usize = 96;

/// Connects a relay to those of other processes: for [`Relay::over`](stario::Relay::over), made by [`Nats::relay`].
///
/// ```no_run
/// use stario::{Event, Relay};
///
/// # async fn example() -> stario::Result {
/// let nats = stario_nats::connect("nats://localhost:4222").await?;
/// let relay = Relay::<Event>::over(nats.relay("shop")).history(1_000);
/// relay.publish("list", Event::new("hello"));
/// # Ok(())
/// # }
/// ```
///
/// | | |
/// |---|---|
/// | while there is no connection | at most 8,192 values and 8 MiB of them wait, or what [`buffer`](Self::buffer) says; more are dropped, which is an error of [`try_publish`](stario::Relay::try_publish) |
/// | a value that is larger than the server's `max_payload`, 1 MiB by default | is an error of `try_publish` |
/// | the connection was lost | all subscriptions have a gap when it is there again, and the server has confirmed that it delivers |
/// | the last values of a process were lost | it says once a second which value is its newest while it publishes nothing, so others have a gap at most about a second later |
/// | other processes send faster than this one receives | at most 32 MiB of values wait, or what [`receive_buffer`](Self::receive_buffer) says; more are dropped, and all subscriptions have a gap in their place |
/// | the client library drops messages because the process is too slow to take them | the same |
/// | the process starts | it asks the others for what they keep ([history](stario::Relay::history)), as long as its own has room, for at most 3 seconds; then it is [ready](Nats::ready) |
#[must_use = "a transport is for `Relay::over`"]
pub struct NatsRelay {
    nats: Nats,
    name: String,
    prefix: Arc<str>,
    max_values: usize,
    max_bytes: usize,
    max_incoming_bytes: usize,
    running: Mutex<Option<Running>>,
    figures: Figures,
}

/// The tasks of a relay, which end with it.
struct Running {
    status: Arc<RelayStatus>,
    tasks: [AbortHandle; 2],
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl NatsRelay {
    pub(crate) fn new(nats: Nats, name: String) -> Self {
        let (prefix, figures) = (subject::prefix(&name).into(), Figures::new(&name));
        let (max_values, max_bytes) = (MAX_VALUES, MAX_BYTES);
        Self {
            nats,
            name,
            prefix,
            max_values,
            max_bytes,
            max_incoming_bytes: MAX_INCOMING_BYTES,
            running: Mutex::default(),
            figures,
        }
    }

    /// Sets how many values, and how many bytes of them, wait at most while there is no connection, or NATS takes them too slowly; 8,192 and
    /// 8 MiB unless set.
    pub fn buffer(mut self, values: usize, bytes: usize) -> Self {
        (self.max_values, self.max_bytes) = (values, bytes);
        self
    }

    /// Sets how many bytes of other processes' values wait at most until this one receives them; 32 MiB unless set. A value counts for 128
    /// bytes more than its subject and its content.
    ///
    /// A task takes messages out of the client library's own queue as soon as it runs. While no worker of the runtime does, that queue holds
    /// them: at most 65,536, or what [`ConnectOptions::subscription_capacity`](async_nats::ConnectOptions::subscription_capacity) says.
    pub fn receive_buffer(mut self, bytes: usize) -> Self {
        self.max_incoming_bytes = bytes;
        self
    }

    fn status(&self) -> Option<Arc<RelayStatus>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(|running| Arc::clone(&running.status))
    }

    /// The message of a value.
    fn item(&self, packet: Packet) -> Result<Item, PublishError> {
        let mut full = String::with_capacity(self.prefix.len() + packet.subject.len());
        full.push_str(&self.prefix);
        subject::write(&packet.subject, &mut full);
        if full.len() > subject::MAX_BYTES {
            return Err(PublishError::SubjectTooLong { bytes: full.len(), limit: subject::MAX_BYTES });
        }
        let limit = self.nats.client().max_payload().saturating_sub(HEADER_BYTES);
        if packet.payload.len() > limit {
            return Err(PublishError::TooLarge { bytes: packet.payload.len(), limit });
        }
        Ok(Item::Value { subject: full, headers: headers(packet.stamp), payload: packet.payload })
    }
}

/// The header of a message with this stamp.
fn headers(stamp: Stamp) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(STAMP, stamp.to_string());
    headers
}

impl Transport for NatsRelay {
    fn start(&self, inbox: Inbox) {
        let status = Arc::new(RelayStatus {
            name: self.name.clone(),
            confirmed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            queue: Queue::new(self.max_values, self.max_bytes),
        });
        self.nats.add(&status);
        let context = || Context {
            nats: self.nats.clone(),
            prefix: Arc::clone(&self.prefix),
            status: Arc::clone(&status),
            inbox: inbox.clone(),
            figures: self.figures.clone(),
            max_incoming_bytes: self.max_incoming_bytes,
        };
        let runtime = self.nats.runtime();
        let tasks = [
            runtime.spawn(send::run(context())).abort_handle(),
            runtime.spawn(receive::run(context())).abort_handle(),
        ];
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = Some(Running { status, tasks });
    }

    fn send(&self, packet: Packet) -> Result<(), PublishError> {
        let Some(status) = self.status() else { return Err(PublishError::Full) };
        let item = self.item(packet).inspect_err(|_| status.queue.refuse());
        let sent = item
            .and_then(|item| if status.queue.push_value(item) { Ok(()) } else { Err(PublishError::Full) });
        if sent.is_err() {
            self.figures.unsent();
        }
        sent
    }
}

impl fmt::Debug for NatsRelay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NatsRelay").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What both tasks of a relay use.
struct Context {
    nats: Nats,
    prefix: Arc<str>,
    status: Arc<RelayStatus>,
    inbox: Inbox,
    figures: Figures,
    max_incoming_bytes: usize,
}
