//! What a connection is at, and until when it may be: shared by those who see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::app::Limits;

/// A connection waits for a request, reads the head of one, or is busy with at least one.
///
/// All parts of a connection run in one task, so no order between the values is needed.
pub(super) struct Activity {
    opened: Instant,
    head_timeout: Duration,
    keep_alive_timeout: Duration,
    /// Requests whose response is not handed over yet.
    requests: AtomicUsize,
    /// Bytes of responses wait for the client to take them.
    is_writing: AtomicBool,
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
            requests: AtomicUsize::new(0),
            is_writing: AtomicBool::new(false),
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
    pub(super) fn received(&self) {
        // Over HTTP/2 it may be the client's word that it has taken some of a response.
        if !self.is_busy() && (self.is_http2() || !self.is_in_head.swap(true, Ordering::Relaxed)) {
            self.wait_from_now();
        }
    }

    /// Bytes were written, or have to wait.
    pub(super) fn wrote(&self, is_left: bool) {
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
        let is_in_head = self.is_in_head.load(Ordering::Relaxed);
        let time = if is_in_head { self.head_timeout } else { self.keep_alive_timeout };
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

    fn wait_from_now(&self) {
        let since = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(since, Ordering::Relaxed);
    }
}

/// A request that is not answered to its end.
pub(super) struct Busy(Arc<Activity>);

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.0.wait_from_now();
        }
    }
}
