//! The body of a request or a response: an enum, so that the common cases cost no allocation and no
//! dynamic call.
//!
//! A body is made whole. Two things are decided later, where the request is at hand: which range of a file is sent, and
//! the delivery that a response's body reports to.

mod delivery;
mod error;
#[cfg(feature = "files")]
mod file;
mod held;
mod incoming;
mod pieces;
mod progress;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Body as _, Frame, SizeHint};
use stario_html::Html;

use crate::connection::Connection;
use crate::error_text::Chain;
use crate::panic::panic_message;
use crate::stall::StallTimer;

use delivery::Delivered;
pub(crate) use delivery::{Delivery, End, Entered};
pub use error::BodyError;
pub(crate) use error::{Cut, MemoryFull, Stalled, Stopped, TooLong};
#[cfg(feature = "files")]
pub(crate) use file::FileBody;
pub(crate) use held::{BodyMemory, HeldBytes};
use incoming::Incoming;
pub(crate) use pieces::Pieces;
pub(crate) use progress::{Counted, Progress};

/// An HTTP response with stario's [`Body`].
pub type Response = http::Response<Body>;

/// The body of a request or a response.
///
/// ```
/// use http_body::Body as _;
/// use stario::Body;
///
/// assert_eq!(Body::from("hello").size_hint().exact(), Some(5));
/// assert!(Body::empty().is_end_stream());
/// ```
pub struct Body {
    kind: BodyKind,
    /// What the body reports to; set when the response is finished.
    delivery: Option<Delivered>,
}

enum BodyKind {
    /// Empty once it is sent.
    Full(Bytes),
    Incoming(Box<Incoming>),
    Frames(Pin<Box<dyn Frames>>),
    /// A body of another crate's type.
    Foreign(Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send>>),
    /// The error of the body, until it is passed on.
    Failed(Option<BodyError>),
}

/// Bytes that are made while they are sent.
pub(crate) trait Frames: Send {
    /// The next frame, with what is known of its parts.
    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Pieces, BodyError>>>;

    /// Whether a poll would return `Pending` again, because no waker was used since the last one. It is called before each poll.
    fn still_waits(self: Pin<&mut Self>, _: &Context<'_>) -> bool {
        false
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }

    fn is_end(&self) -> bool {
        false
    }

    /// The frames as a value whose type can be asked for.
    #[cfg(feature = "files")]
    fn as_any(self: Pin<&mut Self>) -> Option<&mut dyn Any> {
        None
    }
}

impl Body {
    /// Makes a body without any bytes.
    pub fn empty() -> Self {
        BodyKind::Full(Bytes::new()).into()
    }

    /// Wraps a body of another type, such as that of a layer or of another framework. It is passed on as it is,
    /// trailers included; a [`Body`] stays what it was.
    ///
    /// ```
    /// use http_body::Body as _;
    /// use stario::Body;
    ///
    /// let body = Body::new(http_body_util::Full::from("hello"));
    /// assert_eq!(body.size_hint().exact(), Some(5));
    /// ```
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let mut body = Some(body);
        if let Some(ours) = (&mut body as &mut dyn Any).downcast_mut::<Option<Body>>() {
            return ours.take().unwrap_or_default();
        }
        let Some(body) = body else { return Body::empty() };
        BodyKind::Foreign(Box::pin(http_body_util::BodyExt::map_err(body, Into::into))).into()
    }

    /// Makes a body that is sent chunk by chunk, as the stream yields them. An error cuts the connection off,
    /// because the head is already sent.
    pub fn stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError> + 'static,
    {
        Body::frames(Chunks { stream })
    }

    pub(crate) fn frames(frames: impl Frames + 'static) -> Self {
        BodyKind::Frames(Box::pin(frames)).into()
    }

    /// The body of a request that a server has received; `None` if it has none. `connection` notes it if the body is dropped before
    /// its end.
    pub(crate) fn incoming(
        body: hyper::body::Incoming,
        stall: StallTimer,
        connection: &Connection,
    ) -> Option<Self> {
        if body.is_end_stream() {
            return None;
        }
        Some(BodyKind::Incoming(Box::new(Incoming::new(body, stall, connection.clone()))).into())
    }

    /// The handler or the mounted service that makes this response, if either does.
    pub(crate) fn handler(&self) -> Option<&'static str> {
        self.delivery.as_ref().and_then(|delivery| delivery.to.handler())
    }

    /// Notes how large this response is, as far as it is made already, for the next of its route.
    pub(crate) fn note_size(&self) {
        let bytes = match &self.kind {
            BodyKind::Full(bytes) => bytes.len(),
            BodyKind::Foreign(body) => {
                body.size_hint().exact().map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
            }
            BodyKind::Incoming(_) | BodyKind::Frames(_) | BodyKind::Failed(_) => 0,
        };
        if let Some(delivery) = &self.delivery {
            delivery.to.note_size(bytes);
        }
    }

    /// Notes that the server's stop has cut this response.
    pub(crate) fn note_cut(&self) {
        if let Some(delivery) = &self.delivery {
            delivery.to.note_cut();
        }
    }

    /// All its bytes, if they are there.
    pub(crate) fn whole(&self) -> Option<&Bytes> {
        match &self.kind {
            BodyKind::Full(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Reports to `delivery` when this body is dropped.
    #[inline(always)]
    pub(crate) fn deliver_for(&mut self, delivery: Arc<dyn Delivery>) {
        if self.delivery.is_some() {
            // A body from behind layers already reports to the exchange of its call. It is wrapped, so that both get a report.
            let inner = std::mem::take(self);
            self.kind = BodyKind::Foreign(Box::pin(inner));
        }
        // The server does not poll an empty body, so it counts as sent.
        let end = if self.is_end_stream() { End::Whole } else { End::Dropped };
        self.delivery = Some(Delivered::new(delivery, end));
    }
}

impl From<BodyKind> for Body {
    fn from(kind: BodyKind) -> Self {
        Self { kind, delivery: None }
    }
}

/// Drops the content while the thread is marked as working for this request, so that what is logged has its id.
impl Drop for Body {
    fn drop(&mut self) {
        if let Some(delivery) = &self.delivery
            && !matches!(self.kind, BodyKind::Full(_))
        {
            let _entered = delivery.to.enter();
            let kind = std::mem::replace(&mut self.kind, BodyKind::Full(Bytes::new()));
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(kind))) {
                tracing::error!(
                    panic = panic_message(&*panic),
                    "a response's body panicked when it was dropped"
                );
            }
        }
    }
}

type Polled<T = Frame<Bytes>> = Poll<Option<Result<T, BodyError>>>;

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    #[inline]
    fn poll_frame(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Polled {
        // hyper polls three times for each event of a stream. This makes the second and the third cost 50 instructions
        // each instead of 700.
        if let BodyKind::Frames(frames) = &mut self.kind
            && frames.as_mut().still_waits(ctx)
        {
            return Poll::Pending;
        }
        let length = |frame: &Frame<Bytes>| frame.data_ref().map_or(0, Bytes::len);
        if let Self { kind: kind @ BodyKind::Full(_), delivery } = &mut *self {
            // Most bodies: nothing of them can panic, or log.
            let polled = kind.poll_frame(ctx);
            if let Some(delivery) = delivery {
                delivery.note(&polled, length, || kind.is_end());
            }
            return polled;
        }
        self.poll_delivered(ctx, BodyKind::poll_frame, length)
    }

    fn is_end_stream(&self) -> bool {
        self.kind.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            BodyKind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            BodyKind::Incoming(incoming) => incoming.size_hint(),
            BodyKind::Foreign(body) => body.size_hint(),
            BodyKind::Frames(frames) => frames.size_hint(),
            BodyKind::Failed(_) => SizeHint::default(),
        }
    }
}

impl Body {
    /// Whether it is made of frames, whose parts `poll_pieces` knows.
    #[cfg_attr(not(feature = "compression"), allow(dead_code))]
    pub(crate) fn has_pieces(&self) -> bool {
        matches!(self.kind, BodyKind::Frames(_))
    }

    /// The next frame, with what is known of its parts.
    #[cfg_attr(not(feature = "compression"), allow(dead_code))]
    pub(crate) fn poll_pieces(&mut self, ctx: &mut Context<'_>) -> Polled<Pieces> {
        self.poll_delivered(ctx, BodyKind::poll_pieces, |pieces| pieces.bytes.len())
    }

    /// As [`Frames::still_waits`].
    #[cfg_attr(not(feature = "compression"), allow(dead_code))]
    pub(crate) fn still_waits(&mut self, ctx: &Context<'_>) -> bool {
        match &mut self.kind {
            BodyKind::Frames(frames) => frames.as_mut().still_waits(ctx),
            _ => false,
        }
    }

    /// The next frame, which is reported to the delivery.
    #[inline(never)]
    fn poll_delivered<T>(
        &mut self,
        ctx: &mut Context<'_>,
        poll: fn(&mut BodyKind, &mut Context<'_>) -> Polled<T>,
        length: fn(&T) -> usize,
    ) -> Polled<T> {
        let Self { kind, delivery } = self;
        let Some(delivery) = delivery else { return poll(kind, ctx) };
        let polled = match kind {
            BodyKind::Failed(_) => poll(kind, ctx),
            _ => {
                let _entered = delivery.to.enter();
                kind.poll_guarded(ctx, poll)
            }
        };
        delivery.note(&polled, length, || kind.is_end());
        polled
    }
}

impl BodyKind {
    fn is_end(&self) -> bool {
        match self {
            BodyKind::Full(bytes) => bytes.is_empty(),
            BodyKind::Incoming(incoming) => incoming.is_end_stream(),
            BodyKind::Foreign(body) => body.is_end_stream(),
            BodyKind::Frames(frames) => frames.is_end(),
            BodyKind::Failed(_) => false,
        }
    }

    #[inline(always)]
    fn poll_frame(&mut self, ctx: &mut Context<'_>) -> Polled {
        let next = match self {
            BodyKind::Full(bytes) if bytes.is_empty() => return Poll::Ready(None),
            BodyKind::Full(bytes) => return Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            BodyKind::Incoming(incoming) => return incoming.poll_frame(ctx),
            BodyKind::Foreign(body) => return body.as_mut().poll_frame(ctx),
            BodyKind::Failed(error) => return Poll::Ready(error.take().map(Err)),
            BodyKind::Frames(frames) => frames.as_mut().poll_next(ctx),
        };
        next.map(|next| next.map(|pieces| pieces.map(|pieces| Frame::data(pieces.bytes))))
    }

    fn poll_pieces(&mut self, ctx: &mut Context<'_>) -> Polled<Pieces> {
        match self {
            BodyKind::Frames(frames) => frames.as_mut().poll_next(ctx),
            BodyKind::Failed(error) => Poll::Ready(error.take().map(Err)),
            BodyKind::Full(_) | BodyKind::Incoming(_) | BodyKind::Foreign(_) => Poll::Ready(None),
        }
    }

    /// The next frame of a response. A panic cuts the response, as an error does; both are logged.
    fn poll_guarded<T>(
        &mut self,
        ctx: &mut Context<'_>,
        poll: fn(&mut Self, &mut Context<'_>) -> Polled<T>,
    ) -> Polled<T> {
        // A body that panicked is replaced and never polled again, so no broken invariant is seen.
        let error = match catch_unwind(AssertUnwindSafe(|| poll(self, ctx))) {
            Ok(Poll::Ready(Some(Err(error)))) => {
                if !error.is::<Cut>() && !error.is::<Stopped>() {
                    tracing::error!(error = %Chain(&*error), "a response's body failed");
                }
                error
            }
            Ok(polled) => return polled,
            Err(panic) => {
                tracing::error!(panic = panic_message(&*panic), "a response's body panicked");
                Cut("the body panicked").into()
            }
        };
        // It fails at the next poll: a connection that is cut drops what it has not written, and it writes when
        // there is nothing to poll.
        *self = BodyKind::Failed(Some(error));
        ctx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match &self.kind {
            BodyKind::Full(bytes) => return formatter.debug_tuple("Body").field(&bytes.len()).finish(),
            BodyKind::Incoming(_) => "incoming",
            BodyKind::Frames(_) => "frames",
            BodyKind::Foreign(_) => "foreign",
            BodyKind::Failed(_) => "failed",
        };
        formatter.debug_tuple("Body").field(&kind).finish()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        BodyKind::Full(bytes).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<Html> for Body {
    fn from(html: Html) -> Self {
        match html.into_cow() {
            std::borrow::Cow::Borrowed(text) => text.into(),
            std::borrow::Cow::Owned(text) => text.into(),
        }
    }
}

pin_project_lite::pin_project! {
    /// A user's stream of chunks, whose errors are boxed.
    struct Chunks<S> { #[pin] stream: S }
}

impl<S, E> Frames for Chunks<S>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: Into<BodyError>,
{
    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Pieces, BodyError>>> {
        let next = self.project().stream.poll_next(ctx);
        next.map(|next| next.map(|chunk| chunk.map(Pieces::from).map_err(Into::into)))
    }
}
