//! The body of a request as the connection delivers it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};

use super::error::{BodyError, Stalled};
use crate::connection::Connection;
use crate::stall::StallTimer;

/// The bytes that a client sends. It fails if the client makes too little progress.
pub(super) struct Incoming {
    body: hyper::body::Incoming,
    stall: StallTimer,
    has_ended: bool,
    /// The connection, which notes it if the body is dropped before its end.
    connection: Connection,
}

impl Incoming {
    pub(super) fn new(body: hyper::body::Incoming, stall: StallTimer, connection: Connection) -> Self {
        Self { body, stall, has_ended: false, connection }
    }

    pub(super) fn poll_frame(
        &mut self,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(ctx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => self.stall.note_progress(frame.data_ref().map_or(0, Bytes::len)),
            Poll::Pending if self.stall.poll_stalled(ctx).is_ready() => {
                return Poll::Ready(Some(Err(Stalled.into())));
            }
            Poll::Ready(None) => self.has_ended = true,
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        polled.map_err(Into::into)
    }

    pub(super) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.has_ended && !self.body.is_end_stream() {
            self.connection.note_unread_body();
        }
    }
}
