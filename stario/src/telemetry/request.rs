//! One request in the log: a span around all that is done for it, and a record when its last byte is sent.
//!
//! The names of the fields are those of OpenTelemetry's conventions for HTTP servers.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use http::{Method, Request, StatusCode};
use tracing::Span;
use tracing::field::Empty;

use crate::extract::RequestId;
use crate::response::Response;

/// The span of one request, which is an error's if anything: whoever logs errors alone still learns which
/// request each belongs to. Nothing is made if nobody listens.
pub(crate) fn span<B>(request: &Request<B>, id: RequestId, client: impl FnOnce() -> Option<IpAddr>) -> Span {
    let span = tracing::error_span!(
        target: "stario",
        "request",
        request_id = id.digits().as_str(),
        http.request.method = request.method().as_str(),
        url.path = request.uri().path(),
        client.address = client().map(tracing::field::display),
        http.route = Empty,
        http.response.status_code = Empty,
        otel.name = request.method().as_str(),
        otel.kind = "server",
        otel.status_code = Empty,
    );
    #[cfg(feature = "otlp")]
    super::otlp::continue_trace(&span, request.headers());
    span
}

/// Whether anyone reads reports.
pub(crate) fn is_wanted() -> bool {
    #[cfg(feature = "metrics")]
    if super::metrics::are_kept() {
        return true;
    }
    tracing::enabled!(target: "stario::request", tracing::Level::INFO)
}

/// Says which route answers the request.
#[cfg_attr(not(feature = "otlp"), allow(unused_variables))]
pub(crate) fn routed(span: &Span, method: &Method, template: &str) {
    if !span.is_disabled() {
        span.record("http.route", template);
        #[cfg(feature = "otlp")]
        super::otlp::rename(span, format!("{method} {template}"));
    }
}

/// The route that answered, for the report. Layers cannot tell it: it is left with the response then.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteTemplate(pub(crate) &'static str);

/// How many events of the response were sent, left with it for the report: a layer may make another body of
/// the stream.
#[derive(Debug, Clone)]
struct EventCount(Arc<AtomicU64>);

/// Has the events of a stream counted, if anyone reads reports.
pub(crate) fn count_events(response: &mut Response) {
    if is_wanted()
        && let Some(count) = response.body_mut().count_events()
    {
        response.extensions_mut().insert(EventCount(count));
    }
}

/// What is counted of a response until its last byte is sent or its client has left.
#[derive(Debug)]
pub(crate) struct Report {
    span: Span,
    started: Instant,
    method: Method,
    path: String,
    /// The pattern that matched, if any.
    route: Option<&'static str>,
    status: Option<StatusCode>,
    bytes: u64,
    events: Option<Arc<AtomicU64>>,
    /// Whether the whole body was sent.
    is_whole: bool,
    #[cfg(feature = "metrics")]
    figures: Option<super::metrics::Figures>,
}

impl Report {
    /// Begins the report, if there is anyone to read it.
    pub(crate) fn begin<B>(span: &Span, request: &Request<B>) -> Option<Box<Self>> {
        is_wanted().then(|| {
            Box::new(Self {
                span: span.clone(),
                started: Instant::now(),
                method: request.method().clone(),
                path: request.uri().path().to_owned(),
                route: None,
                status: None,
                bytes: 0,
                events: None,
                is_whole: false,
                #[cfg(feature = "metrics")]
                figures: super::metrics::Figures::begin(request.method()),
            })
        })
    }

    /// The response begins. Its route may be left with it instead.
    pub(crate) fn answered(
        mut self: Box<Self>,
        response: &mut Response,
        route: Option<RouteTemplate>,
    ) -> Box<Self> {
        let status = response.status();
        self.status = Some(status);
        self.events = response.extensions_mut().remove().map(|EventCount(count)| count);
        let route = route.or_else(|| response.extensions_mut().remove());
        self.route = route.map(|RouteTemplate(template)| template);
        #[cfg(feature = "metrics")]
        if let Some(figures) = &mut self.figures {
            figures.answered(status, self.route, self.events.is_some());
        }
        self.span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
        self
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub(crate) fn is_whole(&mut self) {
        self.is_whole = true;
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let elapsed = self.started.elapsed();
        let events = self.events.as_ref().map(|events| events.load(Ordering::Relaxed));
        #[cfg(feature = "metrics")]
        if let Some(figures) = &mut self.figures {
            figures.end(elapsed, events);
        }
        let (method, path, bytes) = (&self.method, &self.path, self.bytes);
        let duration = elapsed.as_secs_f64();
        let Some(status) = self.status else {
            tracing::info!(
                target: "stario::request",
                parent: &self.span,
                { http.server.request.duration = duration },
                "{method} {path} was left by its client after {elapsed:.1?}"
            );
            return;
        };
        let end = if self.is_whole { "in" } else { "cut after" };
        tracing::info!(
            target: "stario::request",
            parent: &self.span,
            {
                http.route = self.route,
                http.response.status_code = status.as_u16(),
                http.response.body.size = bytes,
                http.server.request.duration = duration,
                events,
            },
            "{method} {path} {} {end} {elapsed:.1?}",
            status.as_u16()
        );
    }
}

/// How many events a frame of an event stream holds. No line of an event's payload begins like this.
pub(crate) fn events_in(frame: &[u8]) -> u64 {
    frame.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"event: ")).count() as u64
}
