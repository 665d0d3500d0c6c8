//! Counts the received bytes of a request's body, for handlers that show the progress.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::Body;
use super::error::BodyError;

/// How often progress is reported at most.
const INTERVAL: Duration = Duration::from_millis(100);

/// Called with the bytes that have come.
type ProgressReport = dyn Fn(u64) + Send;

/// How much of one request's body has come.
pub(crate) struct Progress {
    received: AtomicU64,
    /// All its bytes, if the client says how many there are.
    total: Option<u64>,
    reports: Mutex<Vec<Box<ProgressReport>>>,
}

impl Progress {
    pub(crate) fn new(total: Option<u64>) -> Arc<Self> {
        Arc::new(Self { received: AtomicU64::new(0), total, reports: Mutex::default() })
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub(crate) fn total(&self) -> Option<u64> {
        self.total
    }

    /// Calls `report` while the body comes, every 100 ms at most, and at its end.
    pub(crate) fn add_report(&self, report: Box<ProgressReport>) {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
    }

    fn report(&self) {
        let received = self.received();
        for report in &*self.reports.lock().unwrap_or_else(PoisonError::into_inner) {
            report(received);
        }
    }
}

/// A body whose progress is reported.
pub(crate) struct Counted {
    body: Body,
    progress: Arc<Progress>,
    reported_at: Option<Instant>,
    has_ended: bool,
}

impl Counted {
    pub(crate) fn new(body: Body, progress: Arc<Progress>) -> Self {
        Self { body, progress, reported_at: None, has_ended: false }
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(ctx));
        if let Some(Ok(frame)) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.progress.received.fetch_add(bytes, Ordering::Relaxed);
        }
        let has_ended = !matches!(polled, Some(Ok(_))) || self.body.is_end_stream();
        let is_due = self.reported_at.is_none_or(|at| at.elapsed() >= INTERVAL);
        if !self.has_ended && (has_ended || is_due) {
            self.reported_at = Some(Instant::now());
            self.has_ended = has_ended;
            self.progress.report();
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
