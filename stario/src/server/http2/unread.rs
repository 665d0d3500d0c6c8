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
    /// Wakes the requests that wait, when the count falls below the limit.
    fallen: Notify,
    /// Whether the connection has ended, so that no turn comes any more.
    is_closed: AtomicBool,
}

impl UnreadBytes {
    fn is_over(&self) -> bool {
        self.count.load(Ordering::SeqCst) > LIMIT
    }

    /// The connection has ended. What it held is dropped, and the requests that wait for that are not to be answered.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Waits until the client has taken enough.
    async fn fallen(self: Arc<Self>) {
        loop {
            let mut fallen = pin!(self.fallen.notified());
            fallen.as_mut().enable();
            if !self.is_over() && !self.is_closed.load(Ordering::SeqCst) {
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
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Turn {
    pub(super) fn new(unread: &Arc<UnreadBytes>) -> Self {
        Self { unread: Arc::clone(unread), waiting: None }
    }

    /// Ready when the handler may be called. Pending the first time means that the request waits for its client.
    pub(in super::super) fn poll(&mut self, ctx: &mut Context<'_>) -> Poll<()> {
        if self.waiting.is_none() && !self.unread.is_over() {
            return Poll::Ready(());
        }
        let unread = &self.unread;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(Arc::clone(unread).fallen()));
        ready!(waiting.as_mut().poll(ctx));
        Poll::Ready(())
    }

    pub(in super::super) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
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
        assert!(Turn::new(&unread).poll(&mut ctx).is_ready());
        let mut second = page();
        assert_eq!((second.len(), &second[..1]), (LIMIT / 2 + 1, &b"x"[..]));
        let mut turn = Turn::new(&unread);
        assert!(turn.poll(&mut ctx).is_pending() && turn.is_waiting());
        // A part of a frame holds the whole of it.
        drop(second.split_to(LIMIT / 2));
        assert!(turn.poll(&mut ctx).is_pending());
        drop(second);
        assert!(turn.poll(&mut ctx).is_ready());
        drop(first);
        assert_eq!(unread.count.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn small_frames_are_not_counted() {
        let unread = Arc::<UnreadBytes>::default();
        let frame = unread.count(Bytes::from_static(b"small"));
        assert_eq!((&*frame, unread.count.load(Ordering::SeqCst)), (&b"small"[..], 0));
    }
}
