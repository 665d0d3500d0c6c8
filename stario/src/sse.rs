//! Server-sent events on the wire: a stream of events becomes a response whose frames hold whole events.
//!
//! The line format is that of the HTML standard, section "Server-sent events"; what the lines say is
//! Datastar's and stands in `datastar`.

use std::any::Any;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use http_body::SizeHint;
use tokio::time::Instant;

use crate::body::{Body, BodyError, Cut, Frames, Pieces, Stopped};
use crate::compress::{SharedEvent, SharedParts};
use crate::datastar::{Burst, Event, FRAME_BYTES, StreamItem};
use crate::response::{self, IntoResponse, Response};
use crate::stop::{StopSignal, StopWatch, Timer};
use crate::stream_places::StreamPlace;
use crate::wake_flag::WakeFlag;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// Asks nginx, and proxies that follow it, to pass each event on at once.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The head of an event stream: 200, because Datastar's client ignores the body of any other status.
pub(crate) fn head() -> Response {
    let mut response = response::with_type(EVENT_STREAM, Body::empty());
    response::set(response.headers_mut(), CACHE_CONTROL, "no-cache");
    response::set(response.headers_mut(), ACCEL_BUFFERING, "no");
    response
}

/// A stream of this one event. An invalid one is answered 500, and logged.
impl IntoResponse for Event {
    fn into_response(self) -> Response {
        let is_uncompressed = self.shared().is_some_and(SharedEvent::is_uncompressed);
        match self.into_bytes() {
            Ok(bytes) => {
                let mut response = head().map(|_| bytes.into());
                if is_uncompressed {
                    response::set(response.headers_mut(), CACHE_CONTROL, "no-cache, no-transform");
                }
                response
            }
            Err(invalid) => response::failure(invalid.into()),
        }
    }
}

/// One or more whole events that are sent together, and how many they are. Comments do not count.
#[derive(Debug, Default)]
pub struct Frame {
    pub(crate) bytes: Bytes,
    /// Which parts of it are events that other streams send, too.
    pub(crate) shared: SharedParts,
    pub(crate) events: u64,
    /// Whether the source waits already for what comes behind it, and has to be polled again only when it is woken.
    pub(crate) is_last_for_now: bool,
}

/// Where an event stream takes its frames from.
pub(crate) trait EventSource: Send {
    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>>;

    /// Whether all that was sent so far are whole events, so that a comment may follow.
    fn is_between_events(&self) -> bool {
        true
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }

    fn is_end(&self) -> bool {
        false
    }
}

/// Counts the events of a stream, and notes that the server's stop ended it.
pub(crate) trait StreamObserver: Send + Sync {
    /// So many more events are sent.
    fn sent(&self, events: u64);

    /// The stream ends because the server stops.
    fn stopped(&self);
}

/// The settings of an event stream.
pub(crate) struct StreamSettings {
    /// Ends the stream between two frames when it is given.
    pub(crate) stop: Option<StopSignal>,
    /// Whether the client may send the request again after the stop, which a command's client must not. Then the stream ends
    /// without the mark of a whole response. Datastar's client takes that for a lost connection and connects again, which it
    /// does not do after a whole response.
    pub(crate) is_resumable: bool,
    /// A comment is sent after each such time without an event.
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) observer: Arc<dyn StreamObserver>,
    /// Counts the stream against the limit of open streams until it is dropped.
    pub(crate) place: StreamPlace,
}

pin_project_lite::pin_project! {
    /// The body of an event stream: frames of a source, until the server stops, with comments in between.
    pub(crate) struct EventStream<S> {
        #[pin]
        source: S,
        stop: Option<StopWatch>,
        is_resumable: bool,
        phase: StreamPhase,
        pings: Option<Pings>,
        observer: Arc<dyn StreamObserver>,
        place: StreamPlace,
        wakes: WakeFlag,
        waits: Waits,
    }
}

/// How an event stream ends at the server's stop:
///
/// ```text
/// Open --stop, or a source that the stop has ended--> Stopped: the retry time is sent --> Ended: the body fails
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
enum StreamPhase {
    Open,
    Stopped,
    Ended,
}

/// Which parts of an event stream need no poll until a wake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Nothing,
    /// The stop and the source.
    Source,
    /// The pings, too.
    All,
}

impl<S: EventSource> EventStream<S> {
    pub(crate) fn new(source: S, settings: StreamSettings) -> Self {
        let StreamSettings { stop, is_resumable, ping_interval, observer, place } = settings;
        let stop = stop.map(|stop| stop.watch());
        let pings = ping_interval.and_then(Pings::every);
        let (wakes, waits) = (WakeFlag::new(), Waits::Nothing);
        Self { source, stop, is_resumable, phase: StreamPhase::Open, pings, observer, place, wakes, waits }
    }

    /// The next step of a stream that the stop has ended.
    #[cold]
    fn poll_stopped(self: Pin<&mut Self>) -> Poll<Option<Result<Pieces, BodyError>>> {
        let this = self.project();
        if *this.phase == StreamPhase::Open {
            this.observer.stopped();
            *this.phase = StreamPhase::Stopped;
        }
        if !*this.is_resumable {
            return Poll::Ready(None);
        }
        // The line would end an event that is not whole, and would not fit into a length that was declared.
        let takes_line = this.source.is_between_events() && this.source.size_hint().exact().is_none();
        if *this.phase == StreamPhase::Stopped && takes_line {
            *this.phase = StreamPhase::Ended;
            return Poll::Ready(Some(Ok(retry_after_stop().into())));
        }
        Poll::Ready(Some(Err(Stopped.into())))
    }
}

/// The shortest time after which a browser connects again when the server stops, and by how much a random part may lengthen it,
/// both in milliseconds. The random part keeps the browsers from connecting all at once.
const STOP_RETRY: (u64, u64) = (250, 1500);

/// Tells the client when to connect again.
fn retry_after_stop() -> Bytes {
    let (least, range) = STOP_RETRY;
    // Each `RandomState` has other keys.
    let jitter = RandomState::new().hash_one(least) % (range + 1);
    format!("retry: {}\n\n", least + jitter).into()
}

impl<S: EventSource> Frames for EventStream<S> {
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Pieces, BodyError>>> {
        if self.phase != StreamPhase::Open {
            return self.poll_stopped();
        }
        // `wakes` wakes the task that `still_waits` was called by, which is the same.
        let mut this = self.as_mut().project();
        let ctx = &mut Context::from_waker(this.wakes.waker());
        if *this.waits == Waits::Nothing {
            if this.stop.as_mut().is_some_and(|stop| stop.poll_stopped(ctx).is_ready()) {
                return self.poll_stopped();
            }
            if let Poll::Ready(next) = this.source.as_mut().poll_next(ctx) {
                if let Some(pings) = this.pings {
                    pings.note_event();
                }
                let frame = match next {
                    Some(Err(error)) if error.is::<Stopped>() => return self.poll_stopped(),
                    Some(frame) => frame,
                    // The stop was given after it was polled above, and the handler has ended its stream because of it.
                    None if this.stop.as_mut().is_some_and(|stop| stop.poll_stopped(ctx).is_ready()) => {
                        return self.poll_stopped();
                    }
                    None => return Poll::Ready(None),
                };
                return Poll::Ready(Some(frame.map(|frame| {
                    if frame.is_last_for_now {
                        let is_armed = this.pings.as_ref().is_none_or(|pings| pings.timer.is_armed());
                        *this.waits = if is_armed { Waits::All } else { Waits::Source };
                    }
                    this.observer.sent(frame.events);
                    Pieces { bytes: frame.bytes, shared: frame.shared, is_ping: false }
                })));
            }
        }
        *this.waits = Waits::All;
        match this.pings {
            Some(pings) if this.source.is_between_events() => pings.poll(ctx).map(|ping| {
                *this.waits = Waits::Source;
                Some(Ok(Pieces { bytes: ping, shared: SharedParts::default(), is_ping: true }))
            }),
            _ => Poll::Pending,
        }
    }

    fn still_waits(self: Pin<&mut Self>, ctx: &Context<'_>) -> bool {
        let this = self.project();
        if this.wakes.take(ctx) {
            *this.waits = Waits::Nothing;
        }
        *this.waits == Waits::All
    }

    fn size_hint(&self) -> SizeHint {
        self.source.size_hint()
    }

    fn is_end(&self) -> bool {
        self.source.is_end()
    }
}

/// Sends a comment after each interval without an event, so that proxies do not close the connection.
struct Pings {
    interval: Duration,
    last: Instant,
    // It is set again when it has run out, and not for each event.
    timer: Pin<Box<Timer>>,
}

impl Pings {
    /// Pings after each `interval` without an event. `None` outside of a runtime, which has no timers.
    fn every(interval: Duration) -> Option<Self> {
        tokio::runtime::Handle::try_current().ok()?;
        let now = Instant::now();
        // An interval that is too long for the clock means that there are no comments.
        let first = now.checked_add(interval)?;
        Some(Self { interval, last: now, timer: Box::pin(Timer::new(first)) })
    }

    /// Notes that something was sent.
    fn note_event(&mut self) {
        self.last = Instant::now();
    }

    /// A comment, when nothing was sent for the interval.
    fn poll(&mut self, ctx: &mut Context<'_>) -> Poll<Bytes> {
        loop {
            ready!(self.timer.as_mut().poll_elapsed(ctx));
            let now = Instant::now();
            let is_due = now.duration_since(self.last) >= self.interval;
            if is_due {
                self.last = now;
            }
            self.timer.as_mut().reset(self.last + self.interval);
            if is_due {
                return Poll::Ready(Bytes::from_static(b":\n\n"));
            }
        }
    }
}

/// The events of `stream` as frames, each sent as soon as the stream waits for the next.
///
/// An error of the stream, or a panic, comes after what was yielded before it.
pub(crate) fn frames<S, K>(stream: S) -> impl Stream<Item = Result<Frame, BodyError>> + use<S, K>
where
    S: Stream,
    S::Item: StreamItem<K>,
{
    Joined { stream: Some(stream), burst: Burst::default(), end: None, kind: PhantomData }
}

/// Why a stream ended early.
enum EarlyEnd {
    Failed,
    Panicked(Box<dyn Any + Send>),
}

pin_project_lite::pin_project! {
    struct Joined<S, K> {
        #[pin]
        stream: Option<S>,
        burst: Burst,
        // It is kept until the events that were yielded before are sent.
        end: Option<EarlyEnd>,
        kind: PhantomData<fn() -> K>,
    }
}

impl<S, K> Stream for Joined<S, K>
where
    S: Stream,
    S::Item: StreamItem<K>,
{
    type Item = Result<Frame, BodyError>;

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let mut waits = false;
        while this.burst.len() < FRAME_BYTES && this.end.is_none() {
            let Some(stream) = this.stream.as_mut().as_pin_mut() else { break };
            let item = match catch_unwind(AssertUnwindSafe(|| stream.poll_next(ctx))) {
                Ok(Poll::Ready(Some(item))) => item.into_item(),
                Ok(Poll::Ready(None)) => {
                    this.stream.set(None);
                    break;
                }
                Ok(Poll::Pending) => {
                    waits = true;
                    break;
                }
                Err(panic) => {
                    *this.end = Some(EarlyEnd::Panicked(panic));
                    break;
                }
            };
            match item.and_then(|event| Ok(event.add_to(this.burst)?)) {
                Ok(()) => {}
                Err(error) => {
                    tracing::error!(%error, "a stream failed");
                    this.stream.set(None);
                    *this.end = Some(EarlyEnd::Failed);
                }
            }
        }
        if let Some((bytes, shared, events)) = this.burst.take() {
            return Poll::Ready(Some(Ok(Frame { bytes, shared, events, is_last_for_now: waits })));
        }
        match this.end.take() {
            Some(EarlyEnd::Panicked(panic)) => resume_unwind(panic),
            Some(EarlyEnd::Failed) => Poll::Ready(Some(Err(Cut("the stream failed").into()))),
            None if waits => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use http_body_util::BodyExt;
    use tokio::sync::mpsc;

    use super::*;
    use crate::datastar::{Event, comment};
    use crate::stream_places::StreamPlaces;

    /// A stream of what is sent to it.
    struct Received(mpsc::UnboundedReceiver<Event>);

    impl Stream for Received {
        type Item = Event;

        fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Event>> {
            self.0.poll_recv(ctx)
        }
    }

    impl<S: Stream<Item = Result<Frame, BodyError>> + Send> EventSource for Pin<Box<S>> {
        fn poll_next(
            mut self: Pin<&mut Self>,
            ctx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame, BodyError>>> {
            Stream::poll_next(self.as_mut().as_mut(), ctx)
        }
    }

    struct Unobserved;

    impl StreamObserver for Unobserved {
        fn sent(&self, _: u64) {}

        fn stopped(&self) {}
    }

    fn events(ping_interval: Option<Duration>) -> (mpsc::UnboundedSender<Event>, Body) {
        let (sender, received) = mpsc::unbounded_channel();
        let settings = StreamSettings {
            stop: None,
            is_resumable: true,
            ping_interval,
            observer: Arc::new(Unobserved),
            place: StreamPlaces::new(1).take(true).unwrap(),
        };
        (sender, Body::frames(EventStream::new(Box::pin(frames(Received(received))), settings)))
    }

    async fn next(body: &mut Body) -> Option<Bytes> {
        body.frame().await.map(|frame| frame.unwrap().into_data().unwrap())
    }

    #[tokio::test]
    async fn an_event_by_itself_is_passed_on_without_a_copy() {
        let (sender, mut body) = events(None);
        let event = Event::new(comment("one"));
        sender.send(event.clone()).unwrap();
        assert_eq!(next(&mut body).await.unwrap().as_ptr(), event.clone().into_bytes().unwrap().as_ptr());
        (0..3).for_each(|_| sender.send(event.clone()).unwrap());
        assert_eq!(next(&mut body).await.unwrap(), ": one\n\n: one\n\n: one\n\n");
        drop(sender);
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test]
    async fn a_burst_is_cut_into_frames() {
        let (sender, mut body) = events(None);
        let event = Event::new(comment("x".repeat(1500)));
        (0..4).for_each(|_| sender.send(event.clone()).unwrap());
        drop(sender);
        let mut lengths = VecDeque::new();
        while let Some(frame) = next(&mut body).await {
            lengths.push_back(frame.len());
        }
        // The third passes the limit, the fourth begins another.
        assert_eq!(lengths, [3 * 1504, 1504]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_comment_breaks_each_silence_of_the_interval() {
        let start = Instant::now();
        let (sender, mut body) = events(Some(Duration::from_secs(30)));
        assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
        assert_eq!(start.elapsed().as_secs(), 30);
        tokio::time::sleep(Duration::from_secs(20)).await;
        sender.send(Event::new(comment("event"))).unwrap();
        assert_eq!(next(&mut body).await.unwrap(), ": event\n\n");
        assert_eq!(start.elapsed().as_secs(), 50);
        assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
        assert_eq!(start.elapsed().as_secs(), 80);
        assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
        assert_eq!(start.elapsed().as_secs(), 110);
        drop(sender);
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_interval_a_stream_is_silent() {
        let (_sender, mut body) = events(None);
        let waited = tokio::time::timeout(Duration::from_secs(3600), next(&mut body)).await;
        assert!(waited.is_err());
        let (sender, mut body) = events(Some(Duration::MAX));
        sender.send(Event::new(comment("event"))).unwrap();
        assert_eq!(next(&mut body).await.unwrap(), ": event\n\n");
    }
}
