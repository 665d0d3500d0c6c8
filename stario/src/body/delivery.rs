//! The trait by which a response's body reports how much of it was sent, and how it ended.

use std::sync::Arc;
use std::task::Poll;

use super::error::BodyError;
use crate::current::{self, Current};

/// The request that a response's body belongs to. The body reports to it how it ended.
pub(crate) trait Delivery: Send + Sync {
    /// Marks the request as the one for which this thread works.
    fn enter(&self) -> Entered<'_>;

    /// The handler or the mounted service that makes the response, if either does.
    fn handler(&self) -> Option<&'static str>;

    /// Notes how many bytes the whole response has.
    fn note_size(&self, bytes: usize);

    /// Notes that the server's stop has cut the response.
    fn note_cut(&self);

    /// The body is dropped, and so many bytes of it were sent.
    fn ended(&self, bytes: u64, end: End);
}

/// While it lives, the thread works for one request: log records carry its id, links its prefix.
pub(crate) struct Entered<'a> {
    _current: current::CurrentGuard,
    /// For subscribers that want spans.
    _span: Option<tracing::span::Entered<'a>>,
}

impl<'a> Entered<'a> {
    pub(crate) fn new(current: Current, span: Option<&'a tracing::Span>) -> Self {
        Self { _current: current::enter(current), _span: span.map(tracing::Span::enter) }
    }
}

/// How far a body came before it was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// hyper has taken its last byte.
    Whole,
    /// It has failed.
    Failed,
    /// It was dropped before its end, usually because the client left.
    Dropped,
}

/// Counts what is sent of a body. It reports when it is dropped, after the body.
pub(super) struct Delivered {
    pub(super) to: Arc<dyn Delivery>,
    bytes: u64,
    end: End,
}

impl Delivered {
    pub(super) fn new(to: Arc<dyn Delivery>, end: End) -> Self {
        Self { to, bytes: 0, end }
    }

    /// The body was polled. `is_end` says of a frame that it was the last.
    #[inline(always)]
    pub(super) fn note<T>(
        &mut self,
        polled: &Poll<Option<Result<T, BodyError>>>,
        length: impl Fn(&T) -> usize,
        is_end: impl FnOnce() -> bool,
    ) {
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.bytes += length(frame) as u64;
                if is_end() {
                    self.end = End::Whole;
                }
            }
            Poll::Ready(None) => self.end = End::Whole,
            Poll::Ready(Some(Err(_))) => self.end = End::Failed,
            Poll::Pending => {}
        }
    }
}

impl Drop for Delivered {
    fn drop(&mut self) {
        self.to.ended(self.bytes, self.end);
    }
}
