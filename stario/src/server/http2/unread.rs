//! The bytes of responses that a connection of HTTP/2 has made and its client has not taken.
//!
//! HTTP/2 takes a whole page from its body at once, whether the client has opened its window or not, and keeps it until
//! the client takes it. So a client that reads nothing could make a connection hold a page for each of its streams. It
//! cannot, because while a connection holds more than [`LIMIT`], its requests wait before their handler is called:
//!
//! ```text
//! request --> Turn: is more than LIMIT unread? --no--> handler --> frames, counted by `UnreadFrame` --> taken by the client,
//!                    ^            |                                                                 or reset: not counted
//!                    |            | yes: waits until a frame is dropped,                                    |
//!                    |            v or is reset if the client takes nothing for the write timeout           |
//!                    +----------- waiting <---------------------- wakes ------------------------------------+
//! ```
//!
//! Handlers that wait, for a database for example, could all begin before the first has answered. So a request whose route has had
//! large responses begins only if there is room for what it is expected to make beside what others are, or if there is no other.
//! One whose response is small, or not known, waits for no handler, only for the client.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::Notify;

/// While more bytes than this are unread, no further handler of the connection is called: 1 MiB.
const LIMIT: usize = 1 << 20;

/// Shorter frames are not counted: a connection has too few streams for them to matter.
const UNCOUNTED_BYTES: usize = 4 * 1024;

/// The unread bytes of one connection.
#[derive(Debug, Default)]
pub(super) struct UnreadBytes {
    count: AtomicUsize,
    /// How many bytes the responses of the running handlers are expected to have, counting only large ones.
    expected: AtomicUsize,
    /// Wakes the requests that wait, when there may be room for another.
    fallen: Notify,
    /// Whether the connection has ended, so that no turn comes any more.
    is_closed: AtomicBool,
}

impl UnreadBytes {
    fn is_over(&self) -> bool {
        self.count.load(Ordering::SeqCst) > LIMIT
    }

    /// Notes that the connection has ended. Its frames are dropped, which must not give their turn to the requests that wait.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Begins a request that is expected to make so many bytes, if there is room for them. They count until
    /// [`answered`](Self::answered).
    fn begin(&self, expected: usize) -> bool {
        let unread = self.count.load(Ordering::SeqCst);
        if unread > LIMIT || self.is_closed.load(Ordering::SeqCst) {
            return false;
        }
        let fits = |others: usize| {
            let all = others.saturating_add(expected);
            (others == 0 || all.saturating_add(unread) <= LIMIT).then_some(all)
        };
        expected == 0 || self.expected.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fits).is_ok()
    }

    /// A request that was begun is answered, or dropped.
    fn answered(&self, expected: usize) {
        if expected > 0 {
            self.expected.fetch_sub(expected, Ordering::SeqCst);
            self.fallen.notify_waiters();
        }
    }

    /// Waits until there is room, and begins the request.
    async fn begun(self: Arc<Self>, expected: usize) {
        loop {
            let mut fallen = pin!(self.fallen.notified());
            fallen.as_mut().enable();
            if self.begin(expected) {
                return;
            }
            fallen.await;
        }
    }

    /// The same bytes, counted until HTTP/2 has written or dropped them.
    pub(super) fn count(self: &Arc<Self>, frame: Bytes) -> Bytes {
        if frame.len() < UNCOUNTED_BYTES {
            return frame;
        }
        self.count.fetch_add(frame.len(), Ordering::SeqCst);
        Bytes::from_owner(UnreadFrame { bytes: frame, unread: Arc::clone(self) })
    }
}

/// A frame that is counted until it is dropped.
struct UnreadFrame {
    bytes: Bytes,
    unread: Arc<UnreadBytes>,
}

impl AsRef<[u8]> for UnreadFrame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for UnreadFrame {
    fn drop(&mut self) {
        let before = self.unread.count.fetch_sub(self.bytes.len(), Ordering::SeqCst);
        if before > LIMIT && before - self.bytes.len() <= LIMIT {
            self.unread.fallen.notify_waiters();
        }
    }
}

/// The turn of a request, which comes when its connection holds few enough bytes.
pub(in super::super) struct Turn {
    unread: Arc<UnreadBytes>,
    /// How many bytes the response is expected to have, if it is large.
    expected: usize,
    waiting: Waiting,
}

enum Waiting {
    NotYet,
    Until(Pin<Box<dyn Future<Output = ()> + Send>>),
    NoMore,
}

impl Turn {
    pub(super) fn new(unread: &Arc<UnreadBytes>) -> Self {
        Self { unread: Arc::clone(unread), expected: 0, waiting: Waiting::NotYet }
    }

    /// Ready when the handler may be called. `expected` is how many bytes the response is expected to have; that of the first poll
    /// counts.
    pub(in super::super) fn poll(&mut self, expected: usize, ctx: &mut Context<'_>) -> Poll<()> {
        if let Waiting::NotYet = self.waiting {
            self.expected = expected;
            if !self.unread.begin(expected) {
                self.waiting = Waiting::Until(Box::pin(Arc::clone(&self.unread).begun(expected)));
            }
        }
        if let Waiting::Until(begun) = &mut self.waiting {
            ready!(begun.as_mut().poll(ctx));
        }
        self.waiting = Waiting::NoMore;
        Poll::Ready(())
    }

    pub(in super::super) fn has_come(&self) -> bool {
        matches!(self.waiting, Waiting::NoMore)
    }

    /// Whether the turn comes when the client takes more, not when the handlers of other requests have answered.
    pub(in super::super) fn waits_for_client(&self) -> bool {
        self.unread.is_over()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.has_come() {
            self.unread.answered(self.expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_turn_comes_when_enough_is_taken() {
        let unread = Arc::<UnreadBytes>::default();
        let mut ctx = Context::from_waker(Waker::noop());
        let page = || unread.count(Bytes::from(vec![b'x'; LIMIT / 2 + 1]));
        let first = page();
        assert!(Turn::new(&unread).poll(0, &mut ctx).is_ready());
        let mut second = page();
        assert_eq!((second.len(), &second[..1]), (LIMIT / 2 + 1, &b"x"[..]));
        let mut turn = Turn::new(&unread);
        assert!(turn.poll(0, &mut ctx).is_pending() && turn.waits_for_client());
        // A part of a frame holds the whole of it.
        drop(second.split_to(LIMIT / 2));
        assert!(turn.poll(0, &mut ctx).is_pending());
        drop(second);
        assert!(turn.poll(0, &mut ctx).is_ready());
        drop(first);
        assert_eq!(unread.count.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn large_responses_are_made_one_after_the_other() {
        let unread = Arc::<UnreadBytes>::default();
        let mut ctx = Context::from_waker(Waker::noop());
        let turn = |bytes| (bytes, Turn::new(&unread));
        let mut turns = [turn(2 * LIMIT), turn(100_000), turn(0), turn(LIMIT)];
        let mut poll = |(bytes, turn): &mut (usize, Turn)| turn.poll(*bytes, &mut ctx).is_ready();
        assert_eq!(turns.each_mut().map(&mut poll), [true, false, true, false]);
        assert!(!turns[1].1.waits_for_client());
        let [first, mut second, small, mut last] = turns;
        drop(small);
        assert!(!poll(&mut second));
        drop(first);
        assert!(poll(&mut second) && !poll(&mut last));
        // There is room for another beside it.
        assert!(poll(&mut turn(100_000)));
        drop(second);
        assert!(poll(&mut last));
        drop(last);
        assert_eq!(unread.expected.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn small_frames_are_not_counted() {
        let unread = Arc::<UnreadBytes>::default();
        let frame = unread.count(Bytes::from_static(b"small"));
        assert_eq!((&*frame, unread.count.load(Ordering::SeqCst)), (&b"small"[..], 0));
    }
}
