//! Event streams as responses, made whole from what the exchange knows: of handlers, and of mounted services.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{StatusCode, Version, request};
use http_body::{Body as _, SizeHint};

use crate::body::{Body, BodyError, Frames, Pieces};
use crate::channel::ChannelReader;
use crate::exchange::Exchange;
use crate::response::{self, Response};
use crate::sse::{EventSource, EventStream, Frame, StreamObserver, StreamSettings};
use crate::stop::StopSignal;
use crate::stream_places::StreamPlace;

/// The response of a handler's stream; `stop` ends it between two frames.
pub(super) fn stream(
    exchange: &Arc<Exchange>,
    head: Response,
    source: impl EventSource + 'static,
    stop: Option<StopSignal>,
    place: StreamPlace,
) -> Response {
    let ping_interval = exchange.settings().ping_interval();
    let observer = Arc::clone(exchange) as Arc<dyn StreamObserver>;
    let settings = StreamSettings { stop, is_resumable: exchange.is_query(), ping_interval, observer, place };
    respond(exchange, head, |_| EventStream::new(source, settings))
}

/// The bytes that a handler writes, step by step.
pub(super) fn written(head: Response, reader: ChannelReader, place: StreamPlace) -> Response {
    head.map(|_| Body::frames(Written { reader, _place: place }))
}

/// The answer to a request for a stream when as many are open as may be. `head` is the request's, if it is kept.
pub(super) fn too_many_streams(exchange: &Exchange, head: Option<&request::Parts>) -> Response {
    const MESSAGE: &str = "the server has too many open streams";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = match head {
        Some(head) => exchange.settings().answers().status(status, MESSAGE, head, exchange.id()),
        None => response::text(status, MESSAGE),
    };
    response::set(response.headers_mut(), RETRY_AFTER, "1");
    response
}

/// The response of a mounted service. If it is an event stream, it ends when the server stops, and its events count.
///
/// It gets no pings, because its frames may end within an event.
pub(crate) fn mounted(exchange: &Arc<Exchange>, response: Response) -> Response {
    let content_type = response.headers().get(CONTENT_TYPE);
    if content_type.is_none_or(|value| !value.as_bytes().starts_with(b"text/event-stream")) {
        return response;
    }
    let Some(place) = exchange.place_for_stream() else { return too_many_streams(exchange, None) };
    let stop = Some(exchange.app().stop.clone());
    let observer = Arc::clone(exchange) as Arc<dyn StreamObserver>;
    let is_resumable = exchange.is_query();
    let settings = StreamSettings { stop, is_resumable, ping_interval: None, observer, place };
    respond(exchange, response, |body| EventStream::new(Mounted { body, is_between_events: true }, settings))
}

fn respond<S: EventSource + 'static>(
    exchange: &Exchange,
    mut response: Response,
    make: impl FnOnce(Body) -> EventStream<S>,
) -> Response {
    exchange.begin_stream();
    if exchange.version() == Version::HTTP_11 {
        // Datastar's SDK reference wants this header, and only HTTP/1.1 knows it.
        response.headers_mut().entry(CONNECTION).or_insert(HeaderValue::from_static("keep-alive"));
    }
    response.map(|body| Body::frames(make(body)))
}

/// What a handler writes, with its place among the streams that may be open.
struct Written {
    reader: ChannelReader,
    _place: StreamPlace,
}

impl Frames for Written {
    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Pieces, BodyError>>> {
        Frames::poll_next(Pin::new(&mut self.reader), ctx)
    }

    fn size_hint(&self) -> SizeHint {
        Frames::size_hint(&self.reader)
    }

    fn is_end(&self) -> bool {
        Frames::is_end(&self.reader)
    }
}

/// The data of a body that another service made, without its trailers.
struct Mounted {
    body: Body,
    /// Whether the last frame has ended with an event.
    is_between_events: bool,
}

impl EventSource for Mounted {
    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        loop {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(ctx)) {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            if let Ok(bytes) = frame.into_data() {
                self.is_between_events = bytes.ends_with(b"\n\n");
                // No line of an event's payload begins like this.
                let lines = bytes.split(|byte| *byte == b'\n');
                let events = lines.filter(|line| line.starts_with(b"event: ")).count() as u64;
                return Poll::Ready(Some(Ok(Frame { bytes, events, ..Frame::default() })));
            }
        }
    }

    fn is_between_events(&self) -> bool {
        self.is_between_events
    }
}
