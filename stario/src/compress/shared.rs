//! Events that many streams send: each is compressed once for all of them.
//!
//! A relay has a [`Broadcast`], which makes a [`SharedEvent`] of each event that is published. Where streams send it
//! compressed, they find there what others have compressed already: the event alone, and the [`BlockRun`] of those that send the
//! same events.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, Hash, RandomState};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use bytes::Bytes;

use super::ContentCoding;
use super::blocks::Checksum;
use super::encoder;
use super::run::{BlockRun, FIRST_EVENT, RunReader};
use super::settings::Effort;

/// The most runs of one relay. A stream for which there is no room compresses for itself.
const MAX_RUNS_PER_RELAY: usize = 64;

/// The state that the streams of one relay's events share.
pub(crate) struct Broadcast {
    hasher: RandomState,
    next_event: AtomicU64,
    /// A run lasts as long as a stream sends it.
    runs: Mutex<HashMap<RunKey, Weak<BlockRun>>>,
}

/// The key of the streams that send the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct RunKey {
    group: u32,
    coding: ContentCoding,
    effort: Effort,
}

impl Broadcast {
    pub(crate) fn new() -> Arc<Self> {
        let (hasher, next_event) = (RandomState::new(), AtomicU64::new(FIRST_EVENT));
        Arc::new(Self { hasher, next_event, runs: Mutex::default() })
    }

    /// The group of the subscriptions that are alike.
    #[allow(clippy::cast_possible_truncation)] // Half of a hash is one, too. If two are equal, that only costs bytes.
    pub(crate) fn group(&self, subscription: impl Hash) -> u32 {
        self.hasher.hash_one(subscription) as u32
    }

    /// An event that all subscriptions receive.
    #[allow(clippy::unnecessary_wraps)] // Without the feature there is none.
    pub(crate) fn share(self: &Arc<Self>, bytes: Bytes) -> Option<SharedEvent> {
        let id = self.next_event.fetch_add(1, Ordering::Relaxed);
        Some(SharedEvent::new(EventContent::new(id, bytes, Some(Arc::clone(self)))))
    }

    /// A place in the run of a group.
    fn reader(&self, key: RunKey) -> Option<RunReader> {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = runs.get(&key).and_then(Weak::upgrade) {
            return Some(RunReader::new(run));
        }
        if runs.len() >= MAX_RUNS_PER_RELAY {
            runs.retain(|_, run| run.strong_count() > 0);
        }
        if runs.len() >= MAX_RUNS_PER_RELAY {
            return None;
        }
        let run = Arc::new(BlockRun::new(key.coding, key.effort));
        runs.insert(key, Arc::downgrade(&run));
        Some(RunReader::new(run))
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Broadcast").finish_non_exhaustive()
    }
}

/// The subscriptions of one relay that are alike.
pub(super) struct SubscriptionGroup {
    broadcast: Arc<Broadcast>,
    number: u32,
}

/// An event whose bytes many streams may send, or that is never compressed.
#[derive(Clone)]
pub(crate) struct SharedEvent {
    content: Arc<EventContent>,
    sequence: Sequence,
}

/// Where an event stands among those that a subscription has received.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sequence {
    /// Subscriptions of the same group receive the same.
    pub(crate) group: u32,
    /// Counts the values of the subscription, lost ones included. The first has 1.
    pub(crate) number: u32,
}

struct EventContent {
    id: u64,
    bytes: Bytes,
    /// `None` for an event that is never compressed.
    broadcast: Option<Arc<Broadcast>>,
    checksum: OnceLock<Checksum>,
    /// The event alone, compressed for streams that are out of step.
    alone: Mutex<Vec<StandaloneBlock>>,
}

struct StandaloneBlock {
    coding: ContentCoding,
    effort: Effort,
    bytes: Bytes,
}

impl EventContent {
    fn new(id: u64, bytes: Bytes, broadcast: Option<Arc<Broadcast>>) -> Self {
        Self { id, bytes, broadcast, checksum: OnceLock::new(), alone: Mutex::default() }
    }
}

impl SharedEvent {
    fn new(content: EventContent) -> Self {
        Self { content: Arc::new(content), sequence: Sequence::default() }
    }

    /// An event that is sent as it is in a stream that is compressed.
    #[allow(clippy::unnecessary_wraps)] // Without the feature there is none.
    pub(crate) fn uncompressed(bytes: Bytes) -> Option<Self> {
        Some(Self::new(EventContent::new(0, bytes, None)))
    }

    /// The same with other bytes; `None` if a subscription has received it, because the others have not changed it.
    pub(crate) fn with_bytes(&self, bytes: Bytes) -> Option<Self> {
        match &self.content.broadcast {
            None => Self::uncompressed(bytes),
            Some(_) if self.sequence.number > 0 => None,
            Some(broadcast) => broadcast.share(bytes),
        }
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        &self.content.bytes
    }

    pub(crate) fn is_uncompressed(&self) -> bool {
        self.content.broadcast.is_none()
    }

    /// Notes that a subscription has received it.
    pub(crate) fn set_sequence(&mut self, sequence: Sequence) {
        self.sequence = sequence;
    }

    pub(super) fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// Which event of its relay it is.
    pub(super) fn id(&self) -> u64 {
        self.content.id
    }

    pub(super) fn checksum(&self) -> Checksum {
        *self.content.checksum.get_or_init(|| Checksum::of(&self.content.bytes))
    }

    /// A place in the run of its group, unless the relay has as many runs as it may have.
    pub(super) fn reader(
        &self,
        coding: ContentCoding,
        effort: Effort,
    ) -> Option<(SubscriptionGroup, RunReader)> {
        let (broadcast, number) = (self.content.broadcast.as_ref()?, self.sequence.group);
        let reader = broadcast.reader(RunKey { group: number, coding, effort })?;
        Some((SubscriptionGroup { broadcast: Arc::clone(broadcast), number }, reader))
    }

    /// Whether the subscriptions of the group receive it.
    pub(super) fn is_of(&self, group: &SubscriptionGroup) -> bool {
        let is_of_relay = |broadcast| Arc::ptr_eq(broadcast, &group.broadcast);
        self.sequence.group == group.number && self.content.broadcast.as_ref().is_some_and(is_of_relay)
    }

    /// The event compressed without reference to any other.
    pub(super) fn alone(&self, coding: ContentCoding, effort: Effort) -> io::Result<Bytes> {
        let mut alone = self.content.alone.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = alone.iter().find(|it| it.coding == coding && it.effort == effort) {
            return Ok(found.bytes.clone());
        }
        let bytes = encoder::encode_alone(&self.content.bytes, coding, effort)?;
        alone.push(StandaloneBlock { coding, effort, bytes: bytes.clone() });
        Ok(bytes)
    }
}

impl fmt::Debug for SharedEvent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("SharedEvent").field(&self.content.bytes).finish()
    }
}

/// Which parts of the bytes of a frame are events that other streams send, too. They are in order, and do not overlap.
///
/// An enum and not a list, because each event is moved through all stages of its stream, and most frames have one.
#[derive(Debug, Default)]
pub(crate) enum SharedParts {
    #[default]
    None,
    One(SharedPart),
    Many(Vec<SharedPart>),
}

/// An event within a frame.
#[derive(Debug)]
pub(crate) struct SharedPart {
    /// Where its bytes begin.
    start: u32,
    pub(super) event: SharedEvent,
}

impl SharedPart {
    pub(super) fn start(&self) -> usize {
        self.start as usize
    }
}

impl SharedParts {
    /// Adds an event whose bytes begin at `start`.
    #[allow(clippy::cast_possible_truncation)] // A frame begins its last event within its first 4 KiB.
    pub(crate) fn push(&mut self, start: usize, event: SharedEvent) {
        let part = SharedPart { start: start as u32, event };
        *self = match std::mem::take(self) {
            SharedParts::None => SharedParts::One(part),
            SharedParts::One(first) => SharedParts::Many(vec![first, part]),
            SharedParts::Many(mut parts) => {
                parts.push(part);
                SharedParts::Many(parts)
            }
        };
    }

    pub(super) fn get(&self, index: usize) -> Option<&SharedPart> {
        match self {
            SharedParts::None => None,
            SharedParts::One(part) => (index == 0).then_some(part),
            SharedParts::Many(parts) => parts.get(index),
        }
    }
}
