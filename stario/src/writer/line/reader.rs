//! The reading end of a line: the head of the response, and then its body.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::SizeHint;

use super::{Head, Length, Line, Phase};
use crate::body::{Body, BodyError};
use crate::handler::Panicked;
use crate::response::Response;
use crate::sse::Pings;
use crate::telemetry::events_in;

impl Line {
    /// The head of the response. Whoever has it reads the body, or drops it.
    pub(crate) fn poll_head(self: &Arc<Self>, ctx: &mut Context<'_>) -> Poll<Result<Response, Panicked>> {
        let mut state = self.lock();
        match state.head.take() {
            Some(Head::Whole(mut response)) => {
                drop(state);
                response.body_mut().hold(Arc::clone(self));
                Poll::Ready(Ok(response))
            }
            Some(Head::None) => Poll::Ready(Err(Panicked)),
            Some(Head::Open(response)) => {
                let is_pinged = state.is_pinged;
                drop(state);
                let reader = Reader::new(Arc::clone(self), is_pinged);
                Poll::Ready(Ok(response.map(|_| Body::written(reader))))
            }
            None => {
                state.reader = Some(ctx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Nobody reads any more.
    pub(crate) fn leave(&self) {
        let mut state = self.lock();
        state.has_left = true;
        let unread = (state.head.take(), std::mem::take(&mut state.buffer));
        drop(state);
        drop(unread);
        self.ended.cancel();
        self.room.notify_waiters();
    }
}

/// The body of a response that is written piece by piece. Drop it to leave.
pub(crate) struct Reader {
    line: Arc<Line>,
    is_events: bool,
    pings: Option<Pings>,
    /// Of the events that were sent, if somebody wants to know.
    count: Option<Arc<AtomicU64>>,
}

impl Reader {
    pub(super) fn new(line: Arc<Line>, is_events: bool) -> Self {
        Self { line, is_events, pings: None, count: None }
    }

    /// Whether it began with an event.
    pub(crate) fn is_events(&self) -> bool {
        self.is_events
    }

    pub(crate) fn count_events(&mut self) -> Arc<AtomicU64> {
        Arc::clone(self.count.get_or_insert_default())
    }

    /// Breaks the silence of events by comments.
    pub(crate) fn ping(&mut self, pings: Option<Pings>) {
        self.pings = pings;
    }

    pub(crate) fn poll_next(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let next = self.poll_written(ctx);
        if let (Some(count), Poll::Ready(Some(Ok(frame)))) = (&self.count, &next) {
            count.fetch_add(events_in(frame), Ordering::Relaxed);
        }
        match &mut self.pings {
            Some(pings) if next.is_ready() => pings.note_event(),
            // What is written besides events may end within a line.
            Some(pings) if self.line.lock().is_pinged => return pings.poll(ctx).map(|ping| Some(Ok(ping))),
            _ => {}
        }
        next
    }

    fn poll_written(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut state = self.line.lock();
        if let Some(bytes) = state.buffer.take() {
            if let Some(length) = &mut state.length {
                length.taken += bytes.len() as u64;
            }
            drop(state);
            self.line.room.notify_waiters();
            return Poll::Ready(Some(Ok(bytes)));
        }
        match state.phase {
            Phase::Ended => Poll::Ready(None),
            Phase::Cut => Poll::Ready(Some(Err("the response was cut".into()))),
            Phase::Unsent | Phase::Open { .. } => {
                state.reader = Some(ctx.waker().clone());
                Poll::Pending
            }
        }
    }

    pub(crate) fn is_end(&self) -> bool {
        let state = self.line.lock();
        state.buffer.len() == 0 && matches!(state.phase, Phase::Ended)
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self.line.lock().length {
            Some(Length { declared, taken, .. }) => SizeHint::with_exact(declared - taken),
            None => SizeHint::default(),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.line.leave();
    }
}
