//! `Completion`: the last part of the future of a handler that answers with an event stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::hand_over::HandOver;
use crate::reply::FrameStream;
use crate::response::WholeResponse;

/// Yields the head and then each frame of an event stream. Ends a handler's future when the last frame is sent.
pub fn complete<'e>(exchange: &'e Exchange, frames: FrameStream<'e>) -> Completion<'e> {
    Completion { exchange, frames, has_head: false }
}

/// The future of [`complete`]. It is written by hand, because the future of an `async` function would have room for its
/// arguments twice.
pub struct Completion<'e> {
    exchange: &'e Exchange,
    frames: FrameStream<'e>,
    /// Whether the head is handed over.
    has_head: bool,
}

impl Future for Completion<'_> {
    type Output = Result<WholeResponse, Error>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { exchange, frames, has_head } = &mut *self;
        let hand_over = if std::mem::replace(has_head, true) {
            match ready!(frames.as_mut().poll_next(ctx)) {
                Some(frame) => frame.map_or_else(HandOver::Cut, HandOver::Frame),
                None => return Poll::Ready(Ok(WholeResponse::default())),
            }
        } else {
            HandOver::Head
        };
        // The caller takes the result at once and polls again when it is sent, so no waker is needed.
        exchange.leave(hand_over);
        Poll::Pending
    }
}
