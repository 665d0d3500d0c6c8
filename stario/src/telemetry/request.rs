//! One request in the log: a span around all that is done for it, and a record when its last byte is sent.
//!
//! The names of the fields are those of OpenTelemetry's conventions for HTTP servers.

use std::net::IpAddr;
use std::time::Instant;

use http::{Method, Request, StatusCode};
use tracing::Span;
use tracing::field::Empty;

use crate::extract::RequestId;

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

/// Whether anything reads the records of requests.
pub(crate) fn wants_requests() -> bool {
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

/// Notes the response's status in the span.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All of the response was sent.
    Whole,
    /// The response was cut before its end.
    Cut,
    /// The client closed an event stream.
    ClientClosed,
    /// The client left before there was a response.
    LeftBeforeAnswer,
}

/// What the log says of one request.
pub(crate) struct RequestRecord<'a> {
    pub(crate) id: RequestId,
    pub(crate) span: &'a Span,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) client: Option<IpAddr>,
    /// The path template that matched, if any.
    pub(crate) route: Option<&'static str>,
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
    /// How many events were sent, if the response is an event stream.
    pub(crate) events: Option<u64>,
    pub(crate) outcome: Outcome,
    pub(crate) started: Instant,
}

/// Writes the record of one request.
pub(crate) fn write_request(record: &RequestRecord<'_>) {
    let elapsed = record.started.elapsed();
    let (method, path, span) = (record.method, record.path, record.span);
    let duration = elapsed.as_secs_f64();
    let Some(status) = record.status else {
        tracing::info!(
            target: "stario::request",
            parent: span,
            { http.server.request.duration = duration },
            "{method} {path} was left by its client after {elapsed:.1?}"
        );
        return;
    };
    let end = if record.outcome == Outcome::Whole { "in" } else { "cut after" };
    tracing::info!(
        target: "stario::request",
        parent: span,
        {
            http.route = record.route,
            http.response.status_code = status,
            http.response.body.size = record.bytes,
            http.server.request.duration = duration,
            events = record.events,
        },
        "{method} {path} {status} {end} {elapsed:.1?}",
    );
}
