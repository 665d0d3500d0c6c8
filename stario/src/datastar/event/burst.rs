//! Events that are ready together, and are sent as one frame.

use bytes::{Bytes, BytesMut};

use crate::compress::{SharedEvent, SharedParts};

/// Events that are ready together are joined up to this many bytes. Larger ones are passed on without a copy,
/// so that many slow clients share them; the connection writes the frames that are ready by one call.
pub(crate) const FRAME_BYTES: usize = 4 * 1024;

/// Events that were ready together. One by itself is passed on as it is, shared with all who were sent the
/// same; only more than one are copied.
#[derive(Default)]
pub(crate) struct Burst {
    first: Bytes,
    joined: BytesMut,
    shared: SharedParts,
    events: u64,
}

impl Burst {
    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    /// Adds one event, or a comment.
    pub(crate) fn add_event(&mut self, event: Bytes) {
        self.events += u64::from(event.starts_with(b"event:"));
        self.add(event);
    }

    /// Adds one event that other streams send, too.
    pub(crate) fn add_shared(&mut self, event: SharedEvent) {
        let (start, bytes) = (self.len(), event.bytes().clone());
        self.shared.push(start, event);
        self.add_event(bytes);
    }

    /// Adds bytes of another kind.
    pub(crate) fn add(&mut self, bytes: Bytes) {
        if self.len() == 0 {
            self.first = bytes;
            return;
        }
        self.join(bytes.len()).extend_from_slice(&bytes);
    }

    /// Adds one event in parts. Behind others it is written where it is sent from, and needs no memory of its own.
    pub(super) fn write_event(&mut self, parts: [&str; 3]) {
        if self.len() == 0 {
            return self.add_event(parts.concat().into());
        }
        self.events += 1;
        let joined = self.join(parts.iter().map(|part| part.len()).sum());
        for part in parts {
            joined.extend_from_slice(part.as_bytes());
        }
    }

    /// Copies the first event to where the others follow, of which the next has so many bytes.
    fn join(&mut self, next: usize) -> &mut BytesMut {
        if self.joined.is_empty() {
            let first = std::mem::take(&mut self.first);
            // The last event may be as long as the first ones, and begins within the limit.
            self.joined.reserve(FRAME_BYTES + first.len().max(next));
            self.joined.extend_from_slice(&first);
        }
        &mut self.joined
    }

    /// All of it, which parts of it other streams send, too, and how many events it is.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> Option<(Bytes, SharedParts, u64)> {
        let bytes = if self.joined.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            // A quiet stream keeps no memory of a burst.
            std::mem::take(&mut self.joined).freeze()
        };
        (!bytes.is_empty())
            .then(|| (bytes, std::mem::take(&mut self.shared), std::mem::take(&mut self.events)))
    }
}
