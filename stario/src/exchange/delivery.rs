//! What the body of the response tells the exchange: its size, its events, its end.

use std::sync::atomic::Ordering;

use super::Exchange;
use crate::body::{Delivery, End, Entered};
use crate::sse::StreamObserver;
use crate::telemetry::RequestOutcome;

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
