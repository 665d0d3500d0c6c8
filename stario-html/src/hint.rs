//! How much a template writes.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Buf, Html};

/// The bytes that should be left at the end, so that the last writes do not grow the buffer.
const ROOM: u32 = 64;

/// How much one template writes, learned from what it wrote before.
#[derive(Debug)]
pub struct Hint(AtomicU32);

impl Hint {
    /// Starts with a guess from the length of the static text and the number of splices.
    #[must_use]
    pub const fn new(guess: u32) -> Self {
        Self(AtomicU32::new(guess))
    }

    /// Makes a buffer that most likely never has to grow.
    #[must_use]
    pub fn buf(&self) -> Buf {
        Buf::with_capacity(self.0.load(Ordering::Relaxed) as usize)
    }

    /// Ends a template and learns from it.
    #[must_use]
    pub fn finish(&self, buf: Buf) -> Html {
        let used = u32::try_from(buf.len()).unwrap_or(u32::MAX);
        let hint = self.0.load(Ordering::Relaxed);
        if used.saturating_add(ROOM) > hint || used < hint / 4 {
            self.learn(used, hint);
        }
        buf.finish()
    }

    /// The hint rises at once and falls slowly, so that a page that is short now and then keeps its room.
    #[cold]
    fn learn(&self, used: u32, hint: u32) {
        let next = if used < hint / 4 { hint - hint / 8 } else { used.saturating_add(used / 8 + 2 * ROOM) };
        self.0.store(next, Ordering::Relaxed);
    }
}
