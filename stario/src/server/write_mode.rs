//! `WriteMode`: whether hyper hands the parts of a response to the system as they are, or joins them first.
//!
//! A response is a head and a body. To hand both to the system without a copy (`writev`) takes more than to copy a small body behind
//! its head. hyper chooses once for each connection, so a connection begins anew, between two requests, when it turns out that its
//! responses are of the other kind:
//!
//! ```text
//! parts --several small responses in a row--> joined --a large response, or one of unknown size--> parts, for good
//! ```
//!
//! hyper never gives back the memory into which it has joined something. So where it joins, a large frame is handed over
//! in pieces, each when the one before is written.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use bytes::Bytes;

/// The most bytes of a small response: 4 KiB.
const SMALL: u64 = 4 * 1024;

/// The number of small responses in a row after which responses are joined.
const SEVERAL: u8 = 8;

/// Stands for a connection that has sent a large response, and never joins again.
const NEVER: u8 = u8::MAX;

/// The most bytes that are joined at once. With the head before them they fit into the buffer that hyper begins with.
const PIECE: usize = 7 * 1024;

/// How hyper writes on one connection.
#[derive(Debug, Default)]
pub(super) struct WriteMode {
    /// How many small responses there were, up to [`SEVERAL`]; or [`NEVER`].
    small: AtomicU8,
    is_joined: AtomicBool,
}

impl WriteMode {
    pub(super) fn is_joined(&self) -> bool {
        self.is_joined.load(Ordering::Relaxed)
    }

    /// A response begins, of so many bytes if that is known.
    pub(super) fn note_response(&self, size: Option<u64>) {
        let small = self.small.load(Ordering::Relaxed);
        if size.is_none_or(|size| size > SMALL) {
            self.small.store(NEVER, Ordering::Relaxed);
        } else if small < SEVERAL {
            self.small.store(small + 1, Ordering::Relaxed);
        }
    }

    /// Whether the next responses are to be written in the other way.
    pub(super) fn is_due_to_change(&self) -> bool {
        self.is_joined() != (self.small.load(Ordering::Relaxed) == SEVERAL)
    }

    /// Switches to the other mode, when hyper's connection is rebuilt.
    pub(super) fn change(&self) {
        self.is_joined.store(!self.is_joined(), Ordering::Relaxed);
    }
}

/// What is left of a large frame that hyper gets in pieces.
#[derive(Debug)]
pub(super) struct FrameRest {
    bytes: Bytes,
    /// Whether a piece was handed over since the last wait.
    is_handed: bool,
}

impl FrameRest {
    /// What is left when the first piece of `frame` is handed over, if the frame is large.
    #[inline]
    pub(super) fn of(frame: &mut Bytes) -> Option<Self> {
        if frame.len() <= PIECE {
            return None;
        }
        Some(Self::behind_first(frame))
    }

    #[cold]
    fn behind_first(frame: &mut Bytes) -> Self {
        Self { bytes: frame.split_off(PIECE), is_handed: true }
    }

    /// The next piece. `None` where hyper has to write first what it was handed.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        self.is_handed = !self.is_handed;
        self.is_handed.then(|| self.bytes.split_to(PIECE.min(self.bytes.len())))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_joins_after_several_small_responses_until_one_is_not_small() {
        let mode = WriteMode::default();
        for _ in 0..SEVERAL {
            assert!(!mode.is_due_to_change());
            mode.note_response(Some(SMALL));
        }
        assert!(mode.is_due_to_change());
        mode.change();
        mode.note_response(Some(0));
        assert!(mode.is_joined() && !mode.is_due_to_change());
        mode.note_response(None);
        assert!(mode.is_due_to_change());
        mode.change();
        (0..100).for_each(|_| mode.note_response(Some(1)));
        assert!(!mode.is_joined() && !mode.is_due_to_change());
    }

    #[test]
    fn a_large_frame_is_handed_over_in_pieces_with_a_wait_after_each() {
        let whole: Bytes = (0..=u8::MAX).cycle().take(2 * PIECE + 1).collect();
        let mut first = whole.clone();
        let mut rest = FrameRest::of(&mut first).unwrap();
        assert_eq!(first.len(), PIECE);
        let mut joined = first.to_vec();
        while !rest.is_empty() {
            assert_eq!(rest.next(), None);
            joined.extend(rest.next().unwrap());
        }
        assert_eq!(joined, whole);
        assert!(FrameRest::of(&mut whole.slice(..PIECE)).is_none());
    }
}
