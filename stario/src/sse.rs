//! Server-sent events on the wire: a stream of events becomes a response whose frames hold whole events.
//!
//! The line format is that of the HTML standard, section "Server-sent events"; what the lines say is
//! Datastar's and stands in `datastar`.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};

use crate::body::Body;
use crate::datastar::{Event, IntoEvent};
use crate::response::{self, Response};

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Asks nginx, and proxies that follow it, to pass each event on at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Events that are ready together share a frame up to this many bytes: one write for a burst.
const FRAME_BYTES: usize = 16 * 1024;

/// The head of an event stream: 200, because Datastar's client ignores the body of any other status.
pub(crate) fn head() -> Response {
    let mut response = response::with_type(EVENT_STREAM, Body::empty());
    response::set(response.headers_mut(), CACHE_CONTROL, "no-cache");
    response::set(response.headers_mut(), ACCEL_BUFFERING, "no");
    response
}

/// The events of `stream` as frames, each sent as soon as the stream waits for the next.
pub(crate) fn frames<S, K>(stream: S) -> impl Stream<Item = Bytes> + use<S, K>
where
    S: Stream,
    S::Item: IntoEvent<K>,
{
    Frames { stream: Some(stream), buffer: BytesMut::new(), panic: None, kind: PhantomData }
}

pin_project_lite::pin_project! {
    struct Frames<S, K> {
        #[pin]
        stream: Option<S>,
        buffer: BytesMut,
        // A panic of the stream, kept until what it yielded before is sent.
        panic: Option<Box<dyn Any + Send>>,
        kind: PhantomData<fn() -> K>,
    }
}

impl<S, K> Stream for Frames<S, K>
where
    S: Stream,
    S::Item: IntoEvent<K>,
{
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut this = self.project();
        if let Some(panic) = this.panic.take() {
            resume_unwind(panic);
        }
        let mut waits = false;
        while this.buffer.len() < FRAME_BYTES {
            let Some(stream) = this.stream.as_mut().as_pin_mut() else { break };
            match catch_unwind(AssertUnwindSafe(|| stream.poll_next(ctx))) {
                Ok(Poll::Ready(Some(item))) => Event::encode(&item.into_event(), this.buffer),
                Ok(Poll::Ready(None)) => this.stream.set(None),
                Ok(Poll::Pending) => {
                    waits = true;
                    break;
                }
                Err(panic) if this.buffer.is_empty() => resume_unwind(panic),
                Err(panic) => {
                    *this.panic = Some(panic);
                    break;
                }
            }
        }
        if !this.buffer.is_empty() {
            Poll::Ready(Some(this.buffer.split().freeze()))
        } else if waits {
            Poll::Pending
        } else {
            Poll::Ready(None)
        }
    }
}
