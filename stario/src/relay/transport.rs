//! Between a relay and those of other processes: what a transport does, and what it is given.

use std::fmt;
use std::sync::{Arc, Weak};

use bytes::Bytes;

use super::pattern::InvalidPattern;
use super::payload::PayloadError;
use super::position::{Position, Stamp};

/// Carries what a relay publishes to the relays of other processes, and what those publish to it. For
/// [`Relay::over`](super::Relay::over); the crate `stario-nats` has one.
///
/// A transport may lose packets and carry some twice: the relay finds that by their numbers. What it carries of one publisher must arrive
/// in the order in which it was sent; a packet that comes later than one behind it counts as lost.
///
/// It can also give a relay that starts what the others have kept: [`Inbox::import`]. One that does not is complete, too, and loses nothing without a
/// gap. A process that has started later is different then:
///
/// | a page comes to it | it receives |
/// |---|---|
/// | and has all that others had published when this process heard of them | what came since, each value once, and no gap |
/// | and lacks some of that | a gap |
/// | before this process has heard of a publisher that the page's position names | a gap |
///
/// So as long as a page has no gap, it receives each value once. But a position that a process gives before it has heard of a publisher, to a
/// first visit or behind a gap, says nothing of that publisher. If its page comes then to a process whose history has all values of
/// this publisher, it receives them all without a gap, also those that the page shows already. So a transport delivers the
/// [announcements](Inbox::announced) of the others before it says that a relay is [connected](Inbox::connected), and an app serves no pages
/// before that. With [`Inbox::import`] this is needed, too.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::mpsc::{Receiver, Sender, channel};
///
/// use stario::Relay;
/// use stario::relay::{Inbox, Packet, PublishError, Transport};
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
///
/// /// Puts packets into a channel, which another thread or task empties.
/// struct Outgoing {
///     packets: Sender<Packet>,
///     inboxes: Sender<Inbox>,
/// }
///
/// impl Transport for Outgoing {
///     fn start(&self, inbox: Inbox) {
///         self.inboxes.send(inbox).ok();
///     }
///
///     fn send(&self, packet: Packet) -> Result<(), PublishError> {
///         self.packets.send(packet).map_err(|_| PublishError::Full)
///     }
/// }
///
/// let relay = || {
///     let ((packets, sent), (inboxes, started)) = (channel(), channel());
///     let relay = Relay::<String>::over(Outgoing { packets, inboxes });
///     (relay, sent, started.recv().unwrap())
/// };
/// let ((one, sent, _), (other, _, inbox)) = (relay(), relay());
/// let mut news = other.subscribe("news");
/// one.publish("news", "hello".to_owned());
/// inbox.receive(sent.recv().unwrap());
/// assert_eq!(news.next().await, Some(("news".into(), "hello".to_owned())));
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Begins to deliver what other relays publish to `inbox`. The relay calls it once, when it is made. A transport that is dropped
    /// stops: that happens when the relay and its subscriptions are.
    fn start(&self, inbox: Inbox);

    /// Takes a packet for all other relays, and returns without waiting.
    ///
    /// The relay holds a lock meanwhile, so that packets are sent in the order of their numbers: a transport must not call its inbox here.
    ///
    /// # Errors
    ///
    /// When the packet will not be sent. The others find that its number is missing.
    fn send(&self, packet: Packet) -> Result<(), PublishError>;
}

/// One published value, on its way to other processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The subject under which it was published.
    pub subject: Arc<str>,
    /// Who has published it, and as which of its values.
    pub stamp: Stamp,
    /// The value, as its [`Payload`](super::Payload) writes it.
    pub payload: Bytes,
}

/// A part of what a relay keeps, for one that starts: see [`Inbox::import`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportedMessages {
    /// The newest value of each publisher, whether or not it is kept. Who was heard last stands at the end.
    pub newest: Vec<Stamp>,
    /// Values from the history, the newest first.
    pub packets: Vec<Packet>,
}

/// Why a value does not reach other processes.
#[derive(Debug)]
#[non_exhaustive]
pub enum PublishError {
    /// It has no valid subject, and reaches nobody.
    Subject(InvalidPattern),
    /// Its subject is longer than the transport can carry.
    SubjectTooLong {
        /// How many bytes it has on the way.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// It cannot be written as bytes.
    Unwritable(PayloadError),
    /// It is larger than the transport can carry.
    TooLarge {
        /// How many bytes it has.
        bytes: usize,
        /// How many it may have.
        limit: usize,
    },
    /// As much as is allowed waits to be sent, because the connection is lost or too slow.
    Full,
}

impl fmt::Display for PublishError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(invalid) => invalid.fmt(formatter),
            Self::SubjectTooLong { bytes, limit } => {
                write!(formatter, "a subject of {bytes} bytes cannot be sent: at most {limit} can")
            }
            Self::Unwritable(_) => formatter.write_str("a value cannot be written for other processes"),
            Self::TooLarge { bytes, limit } => {
                write!(formatter, "a value of {bytes} bytes cannot be sent: at most {limit} can")
            }
            Self::Full => formatter.write_str("too much waits to be sent to other processes"),
        }
    }
}

impl std::error::Error for PublishError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unwritable(error) => Some(&**error),
            _ => None,
        }
    }
}

/// Where a [`Transport`] delivers what it receives for a relay. It does not keep the relay alive.
#[derive(Clone)]
pub struct Inbox(Weak<dyn Receiver>);

/// The relay behind an inbox, whatever its values are.
pub(super) trait Receiver: Send + Sync {
    fn receive(&self, packet: Packet);
    fn announced(&self, newest: Stamp);
    fn set_connected(&self, is_connected: bool);
    fn newest(&self) -> Option<Stamp>;
    fn earliest(&self) -> Option<Position>;
    fn export(&self, before: &Position, bytes: usize) -> Option<ExportedMessages>;
    fn import(&self, kept: ExportedMessages) -> bool;
}

impl Inbox {
    pub(super) fn new(relay: Weak<dyn Receiver>) -> Self {
        Self(relay)
    }

    fn relay(&self) -> Option<Arc<dyn Receiver>> {
        self.0.upgrade()
    }

    /// Delivers what another relay has published. A packet that came before is ignored, and so are the relay's own. Where numbers
    /// of its publisher are missing before it, or its value cannot be read, all subscriptions have a gap.
    pub fn receive(&self, packet: Packet) {
        if let Some(relay) = self.relay() {
            relay.receive(packet);
        }
    }

    /// Tells the relay which value of another publisher is its newest. If the relay has not received it, all subscriptions have a
    /// gap.
    ///
    /// Without it, the loss of the last values of a publisher would go unnoticed. So a transport sends [`newest`](Self::newest) to the
    /// others when its relay has been silent for a while, and when another one connects.
    pub fn announced(&self, newest: Stamp) {
        if let Some(relay) = self.relay() {
            relay.announced(newest);
        }
    }

    /// Tells the relay that values are being lost from now on. Missing numbers make no gap until it is
    /// [connected](Self::connected), because there is one then.
    pub fn disconnected(&self) {
        if let Some(relay) = self.relay() {
            relay.set_connected(false);
        }
    }

    /// Tells the relay that all that is published from now on arrives, as far as the transport can know. All subscriptions have a gap, because what was
    /// published before may be lost.
    pub fn connected(&self) {
        if let Some(relay) = self.relay() {
            relay.set_connected(true);
        }
    }

    /// The newest value that this relay itself has published, for the others; its number is 0 before the first. `None` when the relay is
    /// dropped.
    pub fn newest(&self) -> Option<Stamp> {
        self.relay()?.newest()
    }

    /// The position before all that the relay has in its [history](super::Relay::history), as long as it can [import](Self::import) what was published
    /// before. `None` when its history is full, when it was [connected](Self::connected), and when it is dropped.
    pub fn earliest(&self) -> Option<Position> {
        self.relay()?.earliest()
    }

    /// What the relay knows of all publishers, and the last values in its history up to the position `before`, which is the
    /// [`earliest`](Self::earliest) of the relay that asks: about so many bytes of values, and at most 1,000. `None` when it is dropped.
    pub fn export(&self, before: &Position, bytes: usize) -> Option<ExportedMessages> {
        self.relay()?.export(before, bytes)
    }

    /// Gives a relay that starts what another one has [exported](Self::export), so that pages resume here which were at a process that has
    /// ended. Returns whether the relay has taken any values. Then there may be more, before [`earliest`](Self::earliest).
    ///
    /// A transport does that before it tells the relay that it is [connected](Self::connected), and may deliver what is published meanwhile. What
    /// does not come, or comes twice, leaves no hole: the relay takes the value that joins what it has, and the history reaches
    /// less far back otherwise. A transport without this is complete, too: a page then has a gap where the history of
    /// its process has ended with it.
    pub fn import(&self, kept: ExportedMessages) -> bool {
        self.relay().is_some_and(|relay| relay.import(kept))
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Inbox").field(&self.newest()).finish()
    }
}
