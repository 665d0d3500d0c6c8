//! What a connection is at, and until when it may be: shared by those who see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::patience::time_for;
use crate::settings::Limits;

/// A connection waits for a request, reads the head of one, or is busy with at least one.
///
/// All parts of a connection run in one task, so no order between the values is needed.
pub(super) struct Activity {
    opened: Instant,
    head_timeout: Duration,
    keep_alive_timeout: Duration,
    write_timeout: Duration,
    /// Requests whose response is not handed over yet.
    requests: AtomicUsize,
    /// Bytes of responses wait for the system to take them.
    is_writing: AtomicBool,
    /// Bytes that were handed over to HTTP/2 and not written since: at most so many wait for the client to
    /// open its window.
    unsent: AtomicUsize,
    /// Bytes that have come meanwhile: as many are echoed to a client that pings, which takes nothing by that.
    said: AtomicUsize,
    /// When the wait began that goes on when it is not busy: milliseconds since `opened`.
    since: AtomicU64,
    /// It waits for the rest of a head, not for the first byte of one.
    is_in_head: AtomicBool,
    has_asked: AtomicBool,
    /// Its streams have no silence between them that could be told from a head.
    is_http2: AtomicBool,
}

impl Activity {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            opened: Instant::now(),
            head_timeout: limits.head_timeout,
            keep_alive_timeout: limits.keep_alive_timeout,
            write_timeout: limits.write_timeout,
            requests: AtomicUsize::new(0),
            is_writing: AtomicBool::new(false),
            unsent: AtomicUsize::new(0),
            said: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            // Who connects means to ask.
            is_in_head: AtomicBool::new(true),
            has_asked: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
        })
    }

    /// A head is read. The request lasts until the value is dropped.
    pub(super) fn request(self: &Arc<Self>, is_http2: bool) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.is_in_head.store(false, Ordering::Relaxed);
        self.has_asked.store(true, Ordering::Relaxed);
        self.is_http2.store(is_http2, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Bytes have come.
    pub(super) fn received(&self, bytes: usize) {
        if self.unsent.load(Ordering::Relaxed) > 0 {
            self.said.fetch_add(bytes, Ordering::Relaxed);
        }
        // Over HTTP/2 most are no head: words about the connection, which ask nothing.
        if !self.is_busy() && !self.is_http2() && !self.is_in_head.swap(true, Ordering::Relaxed) {
            self.wait_from_now();
        }
    }

    /// Bytes of a response were given to HTTP/2, which keeps them until the client opens its window.
    fn handed_over(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes were written, or have to wait.
    pub(super) fn wrote(&self, bytes: usize, is_left: bool) {
        let unsent = self.unsent.load(Ordering::Relaxed);
        if unsent > 0 {
            let said = self.said.load(Ordering::Relaxed);
            self.said.store(said.saturating_sub(bytes), Ordering::Relaxed);
            let taken = bytes.saturating_sub(said);
            self.unsent.store(unsent.saturating_sub(taken), Ordering::Relaxed);
            self.wait_longer(time_for(taken));
        }
        if self.is_writing.load(Ordering::Relaxed) != is_left {
            self.is_writing.store(is_left, Ordering::Relaxed);
            self.wait_from_now();
        }
    }

    pub(super) fn has_asked(&self) -> bool {
        self.has_asked.load(Ordering::Relaxed)
    }

    /// When to close the connection, unless it is busy.
    pub(super) fn end(&self) -> Option<Instant> {
        let time = if self.is_in_head.load(Ordering::Relaxed) {
            self.head_timeout
        } else if self.unsent.load(Ordering::Relaxed) > 0 {
            self.keep_alive_timeout.max(self.write_timeout)
        } else {
            self.keep_alive_timeout
        };
        self.waits_since().map(|since| since + time)
    }

    /// The least time that a wait may take.
    pub(super) fn shortest(&self) -> Duration {
        self.head_timeout.min(self.keep_alive_timeout)
    }

    /// Since when it waits, unless it is busy.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let since = || self.opened + Duration::from_millis(self.since.load(Ordering::Relaxed));
        (!self.is_busy()).then(since)
    }

    fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0 || self.is_writing.load(Ordering::Relaxed)
    }

    fn is_http2(&self) -> bool {
        self.is_http2.load(Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn wait_from_now(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
    }

    fn wait_longer(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let since = self.since.load(Ordering::Relaxed).saturating_add(time).min(self.now());
        self.since.store(since, Ordering::Relaxed);
    }
}

/// A request that is not answered to its end.
pub(super) struct Busy(Arc<Activity>);

impl Busy {
    /// Bytes of its response were given to the protocol.
    pub(super) fn handed_over(&self, bytes: usize) {
        if self.0.is_http2() {
            self.0.handed_over(bytes);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.wait_from_now();
        }
    }
}
