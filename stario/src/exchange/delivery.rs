//! What the body of the response reports to the exchange: its size, its events, its end; and the record that is written then.

#[cfg(feature = "metrics")]
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
#[cfg(feature = "metrics")]
use std::time::Duration;

use http::StatusCode;

use super::Exchange;
use crate::body::{Delivery, End, Entered};
use crate::moment::Moment;
use crate::short_text::ShortText;
use crate::sse::StreamObserver;
use crate::telemetry::{RequestOutcome, RequestRecord};

impl Delivery for Exchange {
    fn enter(&self) -> Entered<'_> {
        Exchange::enter(self)
    }

    fn handler(&self) -> Option<&'static str> {
        self.route().map(|route| route.target.endpoint.handler).or_else(|| self.service())
    }

    fn note_size(&self, bytes: usize) {
        if let Some(route) = self.route() {
            route.target.large_response.note(bytes);
        }
    }

    fn note_cut(&self) {
        Exchange::note_cut(self);
    }

    fn ended(&self, bytes: u64, end: End) {
        if self.is_behind_layers() {
            return;
        }
        let (is_stream, is_stopped) =
            (self.record.is_stream.load(Ordering::Relaxed), self.record.is_stopped.load(Ordering::Relaxed));
        let outcome = match end {
            End::Whole | End::Failed if is_stopped => RequestOutcome::Stopped,
            End::Whole => RequestOutcome::Whole,
            // The stop drops the body, or the handler that writes it, in which case the body fails.
            End::Failed | End::Dropped if self.app().work.is_cut() => RequestOutcome::Cut,
            End::Failed => RequestOutcome::Failed,
            End::Dropped if is_stream => RequestOutcome::ClientClosed,
            End::Dropped => RequestOutcome::Left,
        };
        self.conclude(bytes, outcome);
    }
}

impl StreamObserver for Exchange {
    fn sent(&self, events: u64) {
        self.outer().record.events.fetch_add(events, Ordering::Relaxed);
    }

    fn stopped(&self) {
        self.outer().record.is_stopped.store(true, Ordering::Relaxed);
    }
}

impl Exchange {
    /// The request has ended: writes its record, if anyone reads that.
    #[inline]
    pub(super) fn conclude(&self, bytes: u64, outcome: RequestOutcome) {
        if let Some(started) = self.record.started {
            self.report(started, bytes, outcome);
        }
    }

    /// Writes the record of a request that began at `started`.
    fn report(&self, started: Moment, bytes: u64, outcome: RequestOutcome) {
        let record = &self.record;
        let now = Moment::now();
        let elapsed = now.nanos_since(started);
        let is_stream = record.is_stream.load(Ordering::Relaxed);
        let events = is_stream.then(|| record.events.load(Ordering::Relaxed));
        #[cfg(feature = "metrics")]
        if let Some(figures) = &mut *record.figures.lock().unwrap_or_else(PoisonError::into_inner) {
            figures.end(Duration::from_nanos(elapsed), events);
        }
        let status = StatusCode::from_u16(record.status.load(Ordering::Relaxed)).ok();
        self.connection.note_time(now);
        let request = RequestRecord {
            digits: &self.digits,
            method: &record.method,
            path: record.path.as_ref().map(ShortText::as_bytes),
            client: record.client,
            route: self.route().map(|route| &route.target.logged),
            status,
            reason: self.rare.get().and_then(|rare| rare.reason.get()).map(|reason| &**reason),
            bytes,
            events,
            outcome,
            elapsed,
        };
        record.listeners.write(&request, now, self.span());
    }
}
