//! One request in the log: a record when its last byte is sent, and a span around it where others listen.
//!
//! The names of the fields are those of OpenTelemetry's conventions for HTTP servers.

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http::{Method, Request, StatusCode};
use tracing::field::Empty;
use tracing::{Level, Span};

use super::line::{self, Format};
use super::log::{self, Log};
use crate::extract::RequestId;
use crate::response::Response;

/// Who reads what is logged of a request. It is found once for each request, when that begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listeners {
    /// The log, if that shows requests.
    log: Option<&'static Log>,
    /// Whether a subscriber of others or a collector listens.
    has_others: bool,
    /// Whether they take the records of requests, and not their spans alone.
    takes_records: bool,
}

impl Listeners {
    /// Those that listen to the code that runs now.
    pub(crate) fn find() -> Self {
        match Log::installed() {
            Some(log) => {
                let log_of_requests = log.shows_requests.then_some(log);
                let has_others = log.has_collector;
                Self { log: log_of_requests, has_others, takes_records: has_others && log.shows_requests }
            }
            None => {
                let takes_records = tracing::enabled!(target: "stario::request", Level::INFO);
                Self { log: None, has_others: true, takes_records }
            }
        }
    }

    /// Whether anyone reads the record of a request.
    pub(crate) fn want_records(self) -> bool {
        self.log.is_some() || self.takes_records
    }

    /// Whether anyone but the log listens, which needs no spans.
    pub(crate) fn want_spans(self) -> bool {
        self.has_others
    }

    /// Writes the record of a request. `span` is the request's, for others than the log.
    pub(crate) fn write(self, record: &RequestRecord<'_>, span: &Span) {
        let elapsed = record.started.elapsed();
        if let Some(log) = self.log {
            log.write_line(Level::INFO, |line| record.push(line, log.format, elapsed));
        }
        if self.takes_records {
            record.emit(span, elapsed);
        }
    }
}

/// What the log says of a request that is over.
#[derive(Debug)]
pub(crate) struct RequestRecord<'r> {
    pub(crate) id: RequestId,
    pub(crate) method: &'r str,
    pub(crate) path: &'r str,
    pub(crate) client: Option<IpAddr>,
    /// The path template of the route that answered, if any did.
    pub(crate) route: Option<&'static str>,
    /// The status of the response, if it began.
    pub(crate) status: Option<StatusCode>,
    /// How many bytes of the body were sent.
    pub(crate) bytes: u64,
    /// How many events were sent, if the response is an event stream.
    pub(crate) events: Option<u64>,
    pub(crate) outcome: Outcome,
    pub(crate) started: Instant,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The whole response was sent.
    Whole,
    /// The response failed, or its client left before it had all of it.
    Cut,
    /// The client left before the response began.
    LeftBeforeAnswer,
    /// The client closed an event stream, which is how those end.
    ClientClosed,
    /// An event stream ended because the server stops.
    #[expect(dead_code, reason = "streams do not tell yet why they end")]
    Stopped,
}

impl Outcome {
    /// What stands between the status and the duration.
    fn words(self) -> &'static str {
        match self {
            Outcome::Whole => "in",
            Outcome::Cut => "cut after",
            Outcome::LeftBeforeAnswer => "was left by its client after",
            Outcome::ClientClosed => "closed by its client after",
            Outcome::Stopped => "ended by the server's stop after",
        }
    }
}

/// The part of a line between the address and the size, and where the status stands in it.
const STATUS: &[u8; 59] = b",\"http.response.status_code\":000,\"http.response.body.size\":";
const STATUS_AT: Range<usize> = 29..32;

/// The end of a line behind the whole seconds of the duration, and where its decimals and the id stand in it.
const END: &[u8; 60] = b".000000000,\"request_id\":\"00000000000000000000000000000000\"}\n";
const DECIMALS_AT: Range<usize> = 1..10;
const ID_AT: Range<usize> = 25..57;

impl RequestRecord<'_> {
    /// Writes the message and the fields, and ends the line.
    ///
    /// This is done for every request: parts whose length is known are put together before they are appended,
    /// because each append looks for room.
    fn push(&self, line: &mut Vec<u8>, format: Format, elapsed: Duration) {
        let status = self.status.map(|status| line::digits::<3>(status.as_u16().into()));
        line.extend_from_slice(self.method.as_bytes());
        line.push(b' ');
        let path = line.len();
        line::push_escaped(line, format, self.path);
        let path = path..line.len();
        if let Some([hundreds, tens, ones]) = status {
            line.extend_from_slice(&[b' ', hundreds, tens, ones]);
        }
        match self.outcome {
            Outcome::Whole => line.extend_from_slice(b" in "),
            outcome => {
                line.push(b' ');
                line.extend_from_slice(outcome.words().as_bytes());
                line.push(b' ');
            }
        }
        line::push_duration(line, elapsed);
        if format == Format::Json {
            self.push_fields(line, path, status, elapsed);
        } else {
            if let Some(events) = self.events {
                line.extend_from_slice(b" events=");
                line::push_number(line, events);
            }
            log::end_with_id(line, format, Some(self.id));
        }
    }

    /// Writes the fields as JSON, and ends the line. `path` is where the path stands in the line.
    fn push_fields(
        &self,
        line: &mut Vec<u8>,
        path: Range<usize>,
        status: Option<[u8; 3]>,
        elapsed: Duration,
    ) {
        if let Some(route) = self.route {
            line.extend_from_slice(b"\",\"http.route\":\"");
            line::push_escaped(line, Format::Json, route);
        }
        line.extend_from_slice(b"\",\"target\":\"stario::request\",\"http.request.method\":\"");
        line.extend_from_slice(self.method.as_bytes());
        line.extend_from_slice(b"\",\"url.path\":\"");
        line.extend_from_within(path);
        if let Some(client) = self.client {
            line.extend_from_slice(b"\",\"client.address\":\"");
            line::push_address(line, client);
        }
        line.push(b'"');
        if let Some(status) = status {
            let mut part = *STATUS;
            part[STATUS_AT].copy_from_slice(&status);
            line.extend_from_slice(&part);
            line::push_number(line, self.bytes);
        }
        if let Some(events) = self.events {
            line.extend_from_slice(b",\"events\":");
            line::push_number(line, events);
        }
        line.extend_from_slice(b",\"http.server.request.duration\":");
        line::push_number(line, elapsed.as_secs());
        let mut end = *END;
        end[DECIMALS_AT].copy_from_slice(&line::digits::<9>(elapsed.subsec_nanos().into()));
        end[ID_AT].copy_from_slice(self.id.digits().as_bytes());
        line.extend_from_slice(&end);
    }

    /// Hands the record to `tracing`, for others than the log.
    #[cold]
    fn emit(&self, span: &Span, elapsed: Duration) {
        let (method, path, words) = (self.method, self.path, self.outcome.words());
        let duration = elapsed.as_secs_f64();
        let Some(status) = self.status else {
            tracing::info!(
                target: "stario::request",
                parent: span,
                { http.server.request.duration = duration },
                "{method} {path} {words} {elapsed:.1?}"
            );
            return;
        };
        tracing::info!(
            target: "stario::request",
            parent: span,
            {
                http.route = self.route,
                http.response.status_code = status.as_u16(),
                http.response.body.size = self.bytes,
                http.server.request.duration = duration,
                events = self.events,
            },
            "{method} {path} {} {words} {elapsed:.1?}",
            status.as_u16()
        );
    }
}

/// The span of one request, for others than the log. It is an error's if anything: whoever logs errors alone
/// still learns which request each belongs to. Nothing is made if nobody listens.
pub(crate) fn span<B>(request: &Request<B>, id: RequestId, client: Option<IpAddr>) -> Span {
    let span = tracing::error_span!(
        target: "stario",
        "request",
        request_id = id.digits().as_str(),
        http.request.method = request.method().as_str(),
        url.path = request.uri().path(),
        client.address = client.map(tracing::field::display),
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
    Listeners::find().want_records()
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
    listeners: Listeners,
    span: Span,
    id: RequestId,
    client: Option<IpAddr>,
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
    /// Whether the body has failed.
    has_failed: bool,
    #[cfg(feature = "metrics")]
    figures: Option<super::metrics::Figures>,
}

impl Report {
    /// Begins the report, if there is anyone to read it.
    pub(crate) fn begin<B>(
        listeners: Listeners,
        span: &Span,
        request: &Request<B>,
        id: RequestId,
        client: Option<IpAddr>,
    ) -> Option<Box<Self>> {
        #[cfg(feature = "metrics")]
        let is_wanted = listeners.want_records() || super::metrics::are_kept();
        #[cfg(not(feature = "metrics"))]
        let is_wanted = listeners.want_records();
        is_wanted.then(|| {
            Box::new(Self {
                listeners,
                span: span.clone(),
                id,
                client,
                started: Instant::now(),
                method: request.method().clone(),
                path: request.uri().path().to_owned(),
                route: None,
                status: None,
                bytes: 0,
                events: None,
                is_whole: false,
                has_failed: false,
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

    /// The body has failed, and is cut.
    pub(crate) fn has_failed(&mut self) {
        self.has_failed = true;
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let events = self.events.as_ref().map(|events| events.load(Ordering::Relaxed));
        #[cfg(feature = "metrics")]
        if let Some(figures) = &mut self.figures {
            figures.end(self.started.elapsed(), events);
        }
        let outcome = match self.status {
            None => Outcome::LeftBeforeAnswer,
            Some(_) if self.is_whole => Outcome::Whole,
            Some(_) if events.is_some() && !self.has_failed => Outcome::ClientClosed,
            Some(_) => Outcome::Cut,
        };
        let record = RequestRecord {
            id: self.id,
            method: self.method.as_str(),
            path: &self.path,
            client: self.client,
            route: self.route,
            status: self.status,
            bytes: self.bytes,
            events,
            outcome,
            started: self.started,
        };
        self.listeners.write(&record, &self.span);
    }
}

/// How many events a frame of an event stream holds. No line of an event's payload begins like this.
pub(crate) fn events_in(frame: &[u8]) -> u64 {
    frame.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"event: ")).count() as u64
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::{TEXT, collecting, written};
    use super::*;

    /// The line of a record of 92.341 µs.
    fn line(format: Format, record: &RequestRecord<'_>) -> String {
        let log = collecting(format);
        log.write_line(Level::INFO, |line| record.push(line, format, Duration::from_nanos(92_341)));
        written().concat()
    }

    #[test]
    fn a_record_is_one_line() {
        let id = RequestId::next();
        let plain = || RequestRecord {
            id,
            method: "GET",
            path: "/plain/ada",
            client: Some(IpAddr::from([127, 0, 0, 1])),
            route: Some("/plain/{name}"),
            status: Some(StatusCode::OK),
            bytes: 12,
            events: None,
            outcome: Outcome::Whole,
            started: Instant::now(),
        };
        let check = |record: RequestRecord<'_>, text: &str, json: &str| {
            assert_eq!(line(TEXT, &record), format!("0  INFO {text} request_id={id}"));
            let json = format!(
                r#"{{"timestamp":"0","level":"INFO","message":"{json},"http.server.request.duration":0.000092341,"request_id":"{id}"}}"#
            );
            assert_eq!(line(Format::Json, &record), json);
            serde_json::from_str::<serde_json::Value>(&json).unwrap();
        };
        check(
            plain(),
            "GET /plain/ada 200 in 92.3µs",
            r#"GET /plain/ada 200 in 92.3µs","http.route":"/plain/{name}","target":"stario::request","http.request.method":"GET","url.path":"/plain/ada","client.address":"127.0.0.1","http.response.status_code":200,"http.response.body.size":12"#,
        );
        check(
            RequestRecord { events: Some(3), outcome: Outcome::ClientClosed, ..plain() },
            "GET /plain/ada 200 closed by its client after 92.3µs events=3",
            r#"GET /plain/ada 200 closed by its client after 92.3µs","http.route":"/plain/{name}","target":"stario::request","http.request.method":"GET","url.path":"/plain/ada","client.address":"127.0.0.1","http.response.status_code":200,"http.response.body.size":12,"events":3"#,
        );
        check(
            RequestRecord {
                path: "/a\"\u{9b}é",
                client: None,
                route: None,
                status: None,
                outcome: Outcome::LeftBeforeAnswer,
                ..plain()
            },
            r#"GET /a"\u{9b}é was left by its client after 92.3µs"#,
            r#"GET /a\"\u009bé was left by its client after 92.3µs","target":"stario::request","http.request.method":"GET","url.path":"/a\"\u009bé""#,
        );
    }
}
