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

use crate::body::{Body, BodyError};
use crate::datastar::StreamItem;
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
///
/// An error of the stream, or a panic, comes after what was yielded before it.
pub(crate) fn frames<S, K>(stream: S) -> impl Stream<Item = Result<Bytes, BodyError>> + use<S, K>
where
    S: Stream,
    S::Item: StreamItem<K>,
{
    Frames { stream: Some(stream), burst: Burst::default(), end: None, kind: PhantomData }
}

/// Events that were ready together. One by itself is passed on as it is, shared with all who were sent the
/// same; only more than one are copied.
#[derive(Default)]
struct Burst {
    first: Bytes,
    joined: BytesMut,
}

impl Burst {
    fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn add(&mut self, event: Bytes) {
        if self.len() == 0 {
            self.first = event;
            return;
        }
        self.joined.extend_from_slice(&std::mem::take(&mut self.first));
        self.joined.extend_from_slice(&event);
    }

    fn take(&mut self) -> Option<Bytes> {
        let frame = if self.joined.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            self.joined.split().freeze()
        };
        (!frame.is_empty()).then_some(frame)
    }
}

/// Why a stream ended early.
enum End {
    Failed,
    Panicked(Box<dyn Any + Send>),
}

pin_project_lite::pin_project! {
    struct Frames<S, K> {
        #[pin]
        stream: Option<S>,
        burst: Burst,
        // Kept until what was yielded before is sent.
        end: Option<End>,
        kind: PhantomData<fn() -> K>,
    }
}

impl<S, K> Stream for Frames<S, K>
where
    S: Stream,
    S::Item: StreamItem<K>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let mut waits = false;
        while this.burst.len() < FRAME_BYTES && this.end.is_none() {
            let Some(stream) = this.stream.as_mut().as_pin_mut() else { break };
            let item = match catch_unwind(AssertUnwindSafe(|| stream.poll_next(ctx))) {
                Ok(Poll::Ready(Some(item))) => item.into_item().and_then(|event| Ok(event.into_bytes()?)),
                Ok(Poll::Ready(None)) => {
                    this.stream.set(None);
                    break;
                }
                Ok(Poll::Pending) => {
                    waits = true;
                    break;
                }
                Err(panic) => {
                    *this.end = Some(End::Panicked(panic));
                    break;
                }
            };
            match item {
                Ok(event) => this.burst.add(event),
                Err(error) => {
                    tracing::error!(%error, "a stream failed");
                    this.stream.set(None);
                    *this.end = Some(End::Failed);
                }
            }
        }
        if let Some(frame) = this.burst.take() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match this.end.take() {
            Some(End::Panicked(panic)) => resume_unwind(panic),
            Some(End::Failed) => Poll::Ready(Some(Err("the stream failed".into()))),
            None if waits => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}
