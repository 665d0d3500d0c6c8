//! The body of a request or a response: an enum, so that the common cases cost no allocation and no
//! dynamic call.

mod file;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use stario_html::Html;

use crate::connection::Connection;
use crate::error::panic_message;
use crate::extract::RequestId;
use crate::inject::Cleanups;
use crate::sse::Pings;
use crate::stall::StallTimer;
use crate::stop::{StopSignal, StopWatch};
use crate::telemetry::{Report, events_in};
use crate::writer::{Line, Reader};

pub(crate) use file::{FileBody, Piece};

/// What can go wrong while a body is read or produced.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

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
    kind: Kind,
    /// Dropped with the body, which is when its last byte is sent or the client has left.
    behind: Option<Behind>,
    /// Told what is sent, and that it is over, which is when the body is dropped.
    report: Option<Box<Report>>,
    /// The handler whose response this is.
    handler: Option<&'static &'static str>,
}

/// What a body holds until it is sent.
#[expect(dead_code, reason = "it is there to be dropped")]
enum Behind {
    Cleanups(Cleanups),
    /// Its own clean-ups come from a handler that may still run.
    Line(Arc<Line>),
}

enum Kind {
    /// Empty once it is sent.
    Full(Bytes),
    Incoming(Box<Incoming>),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>),
    Events(Box<Events>),
    Other(Box<Other>),
    File(Box<FileBody>),
    Written(Reader),
    /// What went wrong with it, until that is passed on.
    Failed(Option<BodyError>),
}

/// What a client sends, as long as it goes on sending.
struct Incoming {
    body: hyper::body::Incoming,
    stall: StallTimer,
    has_ended: bool,
    /// Told when the body is dropped before its end.
    connection: Connection,
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.has_ended && !http_body::Body::is_end_stream(&self.body) {
            self.connection.note_unread_body();
        }
    }
}

/// The client stopped sending, or was too slow.
#[derive(Debug)]
pub(crate) struct Stalled;

/// Server-sent events: endless as a rule, so they end when the server stops.
struct Events {
    frames: Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>,
    stop: Option<StopWatch>,
    pings: Option<Pings>,
    /// How many were sent, if anyone wants to know.
    count: Option<Arc<AtomicU64>>,
}

impl Events {
    fn poll_next(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let stopped = self.stop.as_mut().is_some_and(|stop| stop.poll_stopped(ctx).is_ready());
        if stopped {
            return Poll::Ready(None);
        }
        let next = self.frames.as_mut().poll_next(ctx);
        if let (Poll::Ready(Some(Ok(frame))), Some(count)) = (&next, &self.count) {
            count.fetch_add(events_in(frame), Ordering::Relaxed);
        }
        match &mut self.pings {
            Some(pings) if next.is_ready() => pings.note_event(),
            Some(pings) => return pings.poll(ctx).map(|ping| Some(Ok(ping))),
            None => {}
        }
        next
    }
}

/// A body of somebody else's type. A panic in it cuts it, as an error does.
struct Other {
    body: Pin<Box<dyn http_body::Body<Data = Bytes, Error = BodyError> + Send>>,
    /// The request that it answers, for the log.
    id: Option<RequestId>,
}

impl Body {
    /// Makes a body without any bytes.
    pub fn empty() -> Self {
        Kind::Full(Bytes::new()).into()
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
        let body = Box::pin(http_body_util::BodyExt::map_err(body, Into::into));
        Kind::Other(Box::new(Other { body, id: None })).into()
    }

    /// Makes a body that is sent chunk by chunk, as the stream yields them. An error cuts the connection off,
    /// because the head is already sent.
    pub fn stream<S, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BodyError> + 'static,
    {
        Kind::Stream(Box::pin(MapError { stream })).into()
    }

    pub(crate) fn events(frames: impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static) -> Self {
        Kind::Events(Box::new(Events { frames: Box::pin(frames), stop: None, pings: None, count: None }))
            .into()
    }

    pub(crate) fn file(file: FileBody) -> Self {
        Kind::File(Box::new(file)).into()
    }

    /// The file that this body is of.
    pub(crate) fn as_file(&mut self) -> Option<&mut FileBody> {
        match &mut self.kind {
            Kind::File(file) => Some(file),
            _ => None,
        }
    }

    /// What a handler writes by its `Writer`.
    pub(crate) fn written(reader: Reader) -> Self {
        Kind::Written(reader).into()
    }

    /// Whether its bytes are written while it is sent.
    pub(crate) fn is_written(&self) -> bool {
        matches!(self.kind, Kind::Written(_))
    }

    /// The body of a request that a server has received. `connection` is told if it is dropped before its end.
    pub(crate) fn incoming(body: hyper::body::Incoming, stall: StallTimer, connection: &Connection) -> Self {
        if http_body::Body::is_end_stream(&body) {
            return Self::empty();
        }
        let incoming = Incoming { body, stall, has_ended: false, connection: connection.clone() };
        Kind::Incoming(Box::new(incoming)).into()
    }

    /// All its bytes, if they are there.
    pub(crate) fn whole(&self) -> Option<&Bytes> {
        match &self.kind {
            Kind::Full(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Puts another body in the place of this one, made of it or not. The clean-ups stay.
    pub(crate) fn replace(&mut self, make: impl FnOnce(Body) -> Body) {
        let replaced = std::mem::replace(&mut self.kind, Kind::Full(Bytes::new()));
        self.kind = make(replaced.into()).kind;
    }

    /// Cleans up behind this body.
    pub(crate) fn clean_up_after(&mut self, cleanups: Cleanups) {
        self.behind = Some(Behind::Cleanups(cleanups));
    }

    /// Holds the line that this body came by, and so what it cleans up.
    pub(crate) fn hold(&mut self, line: Arc<Line>) {
        self.behind = Some(Behind::Line(line));
    }

    /// The clean-ups, to be done behind another body.
    pub(crate) fn take_cleanups(&mut self) -> Option<Cleanups> {
        match self.behind.take() {
            Some(Behind::Cleanups(cleanups)) => Some(cleanups),
            other => {
                self.behind = other;
                None
            }
        }
    }

    /// Ends this body, if it is an event stream, when `stop` is cancelled.
    pub(crate) fn end_events_on(&mut self, stop: &StopSignal) {
        if let Kind::Events(events) = &mut self.kind {
            events.stop.get_or_insert_with(|| stop.watch());
        }
    }

    /// Sends a comment after each `interval` without an event, if this is an event stream.
    pub(crate) fn ping_events(&mut self, interval: Option<Duration>) {
        match &mut self.kind {
            Kind::Events(events) => events.pings = interval.and_then(Pings::every),
            Kind::Written(reader) if reader.is_events() => reader.ping(interval.and_then(Pings::every)),
            _ => {}
        }
    }

    /// Whether this is an event stream.
    pub(crate) fn is_events(&self) -> bool {
        match &self.kind {
            Kind::Events(_) => true,
            Kind::Written(reader) => reader.is_events(),
            _ => false,
        }
    }

    /// Counts the events of this body, if it is an event stream.
    pub(crate) fn count_events(&mut self) -> Option<Arc<AtomicU64>> {
        match &mut self.kind {
            Kind::Events(events) => Some(Arc::clone(events.count.get_or_insert_default())),
            Kind::Written(reader) if reader.is_events() => Some(reader.count_events()),
            _ => None,
        }
    }

    /// Has `report` told what is sent of this body.
    pub(crate) fn report_to(&mut self, mut report: Box<Report>) {
        if http_body::Body::is_end_stream(self) {
            // Nobody asks for what is not there.
            report.is_whole();
        }
        self.report = Some(report);
    }

    /// Names the handler whose response this is, for a server that cuts it when it stops.
    pub(crate) fn answered_by(&mut self, handler: &'static &'static str) {
        self.handler = Some(handler);
    }

    /// The handler whose response this is, where it is known.
    pub(crate) fn handler(&self) -> Option<&'static str> {
        self.handler.copied()
    }

    /// Makes an event stream of a body that others call one.
    pub(crate) fn into_events(self) -> Self {
        match self.kind {
            Kind::Events(_) => self,
            _ => Body::events(Data(self)),
        }
    }

    /// Names the request that this answers, for what is logged when it fails.
    pub(crate) fn belongs_to(&mut self, id: RequestId) {
        if let Kind::Other(other) = &mut self.kind {
            other.id = Some(id);
        }
    }
}

impl From<Kind> for Body {
    fn from(kind: Kind) -> Self {
        Self { kind, behind: None, report: None, handler: None }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.kind.poll_frame(ctx);
        if let Poll::Ready(Some(Err(_))) = polled {
            return self.pause(polled, ctx);
        }
        if self.report.is_some() {
            self.tell(&polled);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Incoming(incoming) => incoming.body.is_end_stream(),
            Kind::Other(other) => other.body.is_end_stream(),
            Kind::Written(reader) => reader.is_end(),
            Kind::Stream(_) | Kind::Events(_) | Kind::Failed(_) => false,
            Kind::File(file) => file.remaining() == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Incoming(incoming) => incoming.body.size_hint(),
            Kind::Other(other) => other.body.size_hint(),
            Kind::Written(reader) => reader.size_hint(),
            Kind::Stream(_) | Kind::Events(_) | Kind::Failed(_) => SizeHint::default(),
            Kind::File(file) => SizeHint::with_exact(file.remaining()),
        }
    }
}

impl Incoming {
    fn poll_frame(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = http_body::Body::poll_frame(Pin::new(&mut self.body), ctx);
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
}

impl std::error::Error for Stalled {}

impl std::fmt::Display for Stalled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the request's body did not come in time")
    }
}

type Polled = Poll<Option<Result<Frame<Bytes>, BodyError>>>;

impl Body {
    /// Waits once before it fails: a connection that is cut drops what it has not written, and it writes when
    /// there is nothing to poll.
    #[cold]
    fn pause(&mut self, polled: Polled, ctx: &mut Context<'_>) -> Polled {
        let has_paused = matches!(self.kind, Kind::Failed(_));
        if has_paused {
            return polled;
        }
        if let Poll::Ready(Some(Err(error))) = polled {
            self.kind = Kind::Failed(Some(error));
        }
        ctx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Passes on to the report what was sent.
    #[cold]
    fn tell(&mut self, polled: &Polled) {
        let is_end = http_body::Body::is_end_stream(self);
        let Some(report) = &mut self.report else { return };
        match polled {
            Poll::Ready(Some(Ok(frame))) => {
                report.sent(frame.data_ref().map_or(0, Bytes::len));
                if is_end {
                    report.is_whole();
                }
            }
            Poll::Ready(None) => report.is_whole(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
    }
}

impl Kind {
    fn poll_frame(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Kind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Incoming(incoming) => incoming.poll_frame(ctx),
            Kind::Stream(stream) => {
                stream.as_mut().poll_next(ctx).map(|next| next.map(|bytes| bytes.map(Frame::data)))
            }
            Kind::Written(reader) => {
                reader.poll_next(ctx).map(|next| next.map(|bytes| bytes.map(Frame::data)))
            }
            Kind::Events(events) => {
                events.poll_next(ctx).map(|next| next.map(|bytes| bytes.map(Frame::data)))
            }
            Kind::Other(other) => other.poll_frame(ctx),
            Kind::File(file) => {
                let next = file.poll_next(ctx);
                next.map(|next| next.map(|bytes| bytes.map(Frame::data).map_err(Into::into)))
            }
            Kind::Failed(error) => Poll::Ready(error.take().map(Err)),
        }
    }
}

impl Other {
    fn poll_frame(&mut self, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        // A body that panicked is replaced and never polled again, so no broken invariant is seen.
        match catch_unwind(AssertUnwindSafe(|| self.body.as_mut().poll_frame(ctx))) {
            Ok(polled) => polled,
            Err(panic) => {
                let request_id = self.id.map(tracing::field::display);
                tracing::error!(request_id, panic = panic_message(&*panic), "a body panicked");
                self.body = Box::pin(http_body_util::BodyExt::map_err(Body::empty(), Into::into));
                Poll::Ready(Some(Err("the body panicked".into())))
            }
        }
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
            Kind::Full(bytes) => return formatter.debug_tuple("Body").field(&bytes.len()).finish(),
            Kind::Incoming(_) => "incoming",
            Kind::Stream(_) => "stream",
            Kind::Events(_) => "events",
            Kind::Other(_) => "other",
            Kind::File(_) => "file",
            Kind::Written(_) => "written",
            Kind::Failed(_) => "failed",
        };
        formatter.debug_tuple("Body").field(&kind).finish()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Kind::Full(bytes).into()
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

/// The data of a body, without its trailers.
struct Data(Body);

impl Stream for Data {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let frame = match std::task::ready!(http_body::Body::poll_frame(Pin::new(&mut self.0), ctx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            if let Ok(data) = frame.into_data() {
                return Poll::Ready(Some(Ok(data)));
            }
        }
    }
}

pin_project_lite::pin_project! {
    /// A stream whose errors are boxed.
    struct MapError<S> { #[pin] stream: S }
}

impl<S, E> Stream for MapError<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BodyError>,
{
    type Item = Result<Bytes, BodyError>;

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().stream.poll_next(ctx).map(|next| next.map(|item| item.map_err(Into::into)))
    }
}
