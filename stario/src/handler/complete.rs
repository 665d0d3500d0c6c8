//! The end of a handler's future: what it answers, frame by frame if that is a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::error::Error;
use crate::exchange::Exchange;
use crate::hand_over::HandOver;
use crate::reply::{Answer, FrameStream};
use crate::response::WholeResponse;

/// Ends a handler's future: with what it answers, or when the last frame of its stream is sent.
pub fn complete<'e>(exchange: &'e Exchange, answered: Result<Answer<'e>, Error>) -> Completion<'e> {
    Completion { exchange, answered: Some(answered), frames: None }
}

/// The future of [`complete`]. It is written by hand, because the future of an `async` function would have room for its
/// arguments twice.
pub struct Completion<'e> {
    exchange: &'e Exchange,
    /// `None` after the first poll.
    answered: Option<Result<Answer<'e>, Error>>,
    /// The frames of an event stream, after the first poll.
    frames: Option<FrameStream<'e>>,
}

impl Future for Completion<'_> {
    type Output = Result<WholeResponse, Error>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let hand_over = match (this.answered.take(), &mut this.frames) {
            (Some(Ok(Answer::Events(frames))), _) => {
                this.frames = Some(frames);
                HandOver::Head
            }
            (Some(Ok(Answer::Whole(response))), _) => return Poll::Ready(Ok(response)),
            (Some(Err(error)), _) => return Poll::Ready(Err(error)),
            (None, Some(frames)) => match ready!(frames.as_mut().poll_next(ctx)) {
                Some(frame) => frame.map_or_else(HandOver::Cut, HandOver::Frame),
                None => return Poll::Ready(Ok(WholeResponse::default())),
            },
            (None, None) => return Poll::Pending,
        };
        // The caller takes the result now, and polls again when it is sent, so nobody has to be woken.
        this.exchange.leave(hand_over);
        Poll::Pending
    }
}
