//! `ResponseBody`: the body that hyper polls. It keeps the connection busy, notes whether the client or the server is waited for,
//! and whether it was sent to its end.
//!
//! ```text
//! sending --last frame--> ended
//!    |
//!    +--error--> failing: a frame without bytes is handed over, and the error when that was written --> failed
//! ```

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body::{Body as _, Frame, SizeHint};
use tokio::sync::oneshot;

use super::activity::{ActiveRequest, Activity};
use super::write_mode::FrameRest;
use crate::body::{Body, BodyError};
use crate::response::Response;

/// Responses up to this size fit into the kernel's send buffer, so writing them never takes long: 64 KiB.
const SMALL_RESPONSE: u64 = 64 * 1024;

pin_project_lite::pin_project! {
    /// The body of a response. The connection is busy as long as there is one.
    pub(super) struct ResponseBody {
        #[pin]
        body: Body,
        request: ActiveRequest,
        // In a box, because a response is handed on several times, and hardly any has one.
        held: Option<Box<HeldBack>>,
        has_ended: bool,
    }

    impl PinnedDrop for ResponseBody {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let activity = this.request.activity();
            if !*this.has_ended && activity.app().shared().work.is_cut() {
                activity.note_cut_response();
                this.body.note_cut();
            }
        }
    }
}

impl ResponseBody {
    /// Wraps the body of a response. `has_ended` is what [`begin`](Self::begin) has returned for it.
    pub(super) fn new(body: Body, request: ActiveRequest, has_ended: bool) -> Self {
        Self { body, request, held: None, has_ended }
    }

    /// A response begins. Returns whether its body has ended already.
    #[inline(always)]
    pub(super) fn begin(response: &Response, request: &ActiveRequest) -> bool {
        let activity = request.activity();
        let size = response.body().size_hint().exact();
        activity.write_mode().note_response(size);
        if size.is_none_or(|size| size > SMALL_RESPONSE) {
            activity.begin_large_response(response.body().handler());
            if request.stream().is_none() {
                response.body().note_size();
            }
        }
        if size.is_none() && is_event_stream(response) {
            activity.connection().leave_with_input();
        }
        if let Some(stream) = request.stream() {
            response.body().note_size();
            // A client may grant not a single byte, and hyper does not poll the body for one then.
            stream.wait_for_client(0);
        }
        response.body().is_end_stream()
    }
}

fn is_event_stream(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = BodyError;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut this = self.project();
        if let Some(held) = this.held {
            let rest = match &mut **held {
                HeldBack::Failure(failure) => return failure.poll(ctx).map(|error| error.map(Err)),
                HeldBack::Rest(rest) => rest,
            };
            let piece = ready!(poll_piece(rest, this.request.activity(), ctx));
            if rest.is_empty() {
                *this.held = None;
                *this.has_ended = this.body.is_end_stream();
            }
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match this.body.as_mut().poll_frame(ctx) {
            Poll::Ready(Some(Ok(mut frame))) => {
                if let Some(stream) = this.request.stream() {
                    this.request.note_handed_over(frame.data_ref().map_or(0, Bytes::len));
                    frame = frame.map_data(|bytes| stream.count_unread(bytes));
                } else if this.request.activity().write_mode().is_joined()
                    && let Some(rest) = frame.data_mut().and_then(FrameRest::of)
                {
                    *this.held = Some(Box::new(HeldBack::Rest(rest)));
                }
                *this.has_ended = this.held.is_none() && this.body.is_end_stream();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let (failure, mark) = DelayedFailure::new(error);
                *this.held = Some(Box::new(HeldBack::Failure(failure)));
                // The failure is logged, so the server's stop must not count this response as cut.
                *this.has_ended = true;
                this.request.note_handed_over(0);
                Poll::Ready(Some(Ok(mark)))
            }
            Poll::Ready(None) => {
                *this.has_ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => {
                if let Some(stream) = this.request.stream() {
                    stream.wait_for_server();
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// What hyper gets once it has written what it got before.
enum HeldBack {
    Failure(DelayedFailure),
    /// The rest of a large frame, where hyper joins what it writes.
    Rest(FrameRest),
}

/// The next piece of a frame, once hyper has written the one before.
fn poll_piece(rest: &mut FrameRest, activity: &Activity, ctx: &mut Context<'_>) -> Poll<Bytes> {
    if activity.is_writing() {
        // hyper polls again when the system takes bytes.
        return Poll::Pending;
    }
    match rest.next() {
        Some(piece) => Poll::Ready(piece),
        None => {
            // hyper writes when there is nothing to poll.
            ctx.waker().wake_by_ref();
            Poll::Pending
        }
    }
}

/// An error that cuts a response once all before it is written. HTTP/2 would send the reset first, and drop the
/// rest.
struct DelayedFailure {
    error: Option<BodyError>,
    written: oneshot::Receiver<()>,
}

impl DelayedFailure {
    /// The failure, and a frame without bytes. The connection drops the frame when it has written what is before
    /// it: over HTTP/1, whose bytes are written in the same task, at once.
    fn new(error: BodyError) -> (Self, Frame<Bytes>) {
        /// Kept only for its drop, which closes the channel.
        struct Mark {
            _written: oneshot::Sender<()>,
        }
        impl AsRef<[u8]> for Mark {
            fn as_ref(&self) -> &[u8] {
                &[]
            }
        }
        let (sender, written) = oneshot::channel();
        let mark = Bytes::from_owner(Mark { _written: sender });
        (Self { error: Some(error), written }, Frame::data(mark))
    }

    fn poll(&mut self, ctx: &mut Context<'_>) -> Poll<Option<BodyError>> {
        Pin::new(&mut self.written).poll(ctx).map(|_| self.error.take())
    }
}
