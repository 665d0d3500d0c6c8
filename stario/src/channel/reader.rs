//! The reading end of a channel: the head of the response, and then its body.
//!
//! ```text
//! poll_head:   no head yet ----------------> waits for the channel's wake
//!              the whole response ---------> the response
//!              the head of a body ---------> the head, and a ChannelReader
//!              there will be no response --> NoResponse
//!
//! poll_frame:  bytes are buffered ---------> one frame; then writers that wait for room are notified
//!              none, Unsent or Open -------> waits for the channel's wake
//!              none, Ended ----------------> the end
//!              none, Cut or Stopped -------> an error, so that the response does not look complete
//! ```
//!
//! The state is locked while it is read. Whatever is dropped, woken or notified is so after the lock is released.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body::SizeHint;

use super::{Channel, ChannelPhase, ChannelState, Head, Length};
use crate::body::{BodyError, Cut, Frames, Pieces, Stopped};
use crate::hand_over::NoResponse;
use crate::response::Response;
use crate::sse::{EventSource, Frame};

/// The head of a response, as a handler's `Writer` has sent it.
pub(crate) enum WrittenResponse {
    /// The whole response.
    Whole(Response),
    /// The head of a body that the reader reads; of events, or of bytes.
    Events(Response, ChannelReader),
    Bytes(Response, ChannelReader),
}

impl Channel {
    /// The head of the response, with the reader of its body. When the reader is dropped, the client counts as having left.
    pub(crate) fn poll_head(
        self: &Arc<Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<WrittenResponse, NoResponse>> {
        let head = self.update(|state| {
            let head = state.head.take();
            if head.is_none() {
                state.wait(ctx);
            }
            head
        });
        match head {
            Some(Head::Whole(response)) => Poll::Ready(Ok(WrittenResponse::Whole(response))),
            Some(Head::None) => Poll::Ready(Err(NoResponse)),
            Some(Head::Open { response, has_events }) => {
                let reader = ChannelReader::new(Arc::clone(self));
                Poll::Ready(Ok(if has_events {
                    WrittenResponse::Events(response, reader)
                } else {
                    WrittenResponse::Bytes(response, reader)
                }))
            }
            None => Poll::Pending,
        }
    }

    /// Notes that the client reads no more.
    pub(crate) fn leave(&self) {
        let unread = self.lock().leave();
        drop(unread);
        self.ended.cancel();
        self.room.notify_waiters();
    }
}

impl ChannelState {
    /// Notes that the client reads no more. What it has not read is dropped by the caller, once the lock is released.
    pub(super) fn leave(&mut self) -> impl Sized + use<> {
        self.has_left = true;
        (self.head.take(), std::mem::take(&mut self.buffer), self.reader.take())
    }

    /// The next frame. If there is one, the caller notifies the writers that wait for room, once the lock is released.
    pub(super) fn poll_frame(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        if let Some((bytes, shared, events)) = self.buffer.take() {
            if let Some(length) = &mut self.length {
                length.taken += bytes.len() as u64;
            }
            return Poll::Ready(Some(Ok(Frame { bytes, shared, events, is_last_for_now: false })));
        }
        match self.phase {
            ChannelPhase::Ended => Poll::Ready(None),
            ChannelPhase::Cut => Poll::Ready(Some(Err(Cut("the response was cut").into()))),
            ChannelPhase::Stopped => Poll::Ready(Some(Err(Stopped.into()))),
            ChannelPhase::Unsent | ChannelPhase::Open { .. } => {
                self.wait(ctx);
                Poll::Pending
            }
        }
    }
}

/// The body of a response that is written piece by piece. When it is dropped, the client counts as having left.
pub(crate) struct ChannelReader {
    channel: Arc<Channel>,
}

impl ChannelReader {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        Self { channel }
    }

    pub(super) fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame, BodyError>>> {
        let polled = self.channel.update(|state| state.poll_frame(ctx));
        if let Poll::Ready(Some(Ok(_))) = polled {
            self.channel.room.notify_waiters();
        }
        polled
    }

    fn remaining(&self) -> SizeHint {
        match self.channel.lock().length {
            Some(Length { declared, taken, .. }) => SizeHint::with_exact(declared - taken),
            None => SizeHint::default(),
        }
    }

    fn has_ended(&self) -> bool {
        let state = self.channel.lock();
        state.buffer.len() == 0 && matches!(state.phase, ChannelPhase::Ended)
    }
}

/// Written events.
impl EventSource for ChannelReader {
    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        self.poll_frame(ctx)
    }

    fn is_between_events(&self) -> bool {
        // Bytes that were written between events may end within a line.
        self.channel.lock().is_between_events
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining()
    }

    fn is_end(&self) -> bool {
        self.has_ended()
    }
}

/// Written bytes.
impl Frames for ChannelReader {
    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Pieces, BodyError>>> {
        self.poll_frame(ctx).map(|next| next.map(|frame| frame.map(|frame| frame.bytes.into())))
    }

    fn size_hint(&self) -> SizeHint {
        self.remaining()
    }

    fn is_end(&self) -> bool {
        self.has_ended()
    }
}

impl Drop for ChannelReader {
    fn drop(&mut self) {
        self.channel.leave();
    }
}
