//! One request in the log: a record when its last byte is sent, and a span around it where others listen.
//!
//! The names of the fields are those of OpenTelemetry's conventions for HTTP servers.

use std::net::IpAddr;
use std::ops::Range;
use std::time::Duration;

use http::{Method, StatusCode, request};
use tracing::field::Empty;
use tracing::{Level, Span};

use super::line::{self, Format};
use super::listeners::Listeners;
use super::log;
use super::logged_route::{LiteralRoute, LoggedRoute, PATH, TARGET};
use crate::moment::Moment;
use crate::request_id::{Digits, RequestId};

impl Listeners {
    /// Writes the record of a request. `span` is the request's, for others than the log.
    pub(crate) fn write(self, record: &RequestRecord<'_>, now: Moment, span: Option<&Span>) {
        if let Some(log) = self.log {
            log.write_record(|line| record.push(line, log.format, now));
        }
        if self.takes_records {
            record.emit(span);
        }
    }
}

/// The record of a finished request.
#[derive(Debug)]
pub(crate) struct RequestRecord<'r> {
    /// The request's id.
    pub(crate) digits: &'r Digits,
    pub(crate) method: &'r Method,
    /// Text, as bytes: only what has to be escaped is looked at as text. `None` if the route says it; see [`LoggedRoute::is_of`].
    pub(crate) path: Option<&'r [u8]>,
    pub(crate) client: Option<IpAddr>,
    /// The route that answered, if any did.
    pub(crate) route: Option<&'r LoggedRoute>,
    /// The status of the response, if it began.
    pub(crate) status: Option<StatusCode>,
    /// Why the request was answered with a 4xx, if that is known.
    pub(crate) reason: Option<&'r str>,
    /// How many bytes of the body hyper has taken.
    pub(crate) bytes: u64,
    /// How many events were sent, if the response is an event stream.
    pub(crate) events: Option<u64>,
    pub(crate) outcome: RequestOutcome,
    /// How long it took, in nanoseconds.
    pub(crate) elapsed: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestOutcome {
    /// The whole response was sent.
    Whole,
    /// The body of the response failed or panicked.
    Failed,
    /// The client left before the response began.
    LeftBeforeAnswer,
    /// The client left before it had the whole response, or took too little of it for too long.
    Left,
    /// The client closed an event stream, which is how those end.
    ClientClosed,
    /// An event stream ended because the server stops.
    Stopped,
    /// The server's stop has cut the request, which had not ended in its time.
    Cut,
}

impl RequestOutcome {
    /// What stands between the status and the duration.
    fn words(self) -> &'static str {
        match self {
            RequestOutcome::Whole => "in",
            RequestOutcome::Failed => "failed after",
            RequestOutcome::LeftBeforeAnswer => "was left by its client after",
            RequestOutcome::Left => "left by its client after",
            RequestOutcome::ClientClosed => "closed by its client after",
            RequestOutcome::Stopped => "ended by the server's stop after",
            RequestOutcome::Cut => "cut by the server's stop after",
        }
    }
}

/// The part of a line between the path and the duration in its message.
const IN: &[u8; 8] = b" 000 in ";
const IN_STATUS_AT: Range<usize> = 1..4;

/// The part of a line between path and address.
const CLIENT: &[u8; 20] = b"\",\"client.address\":\"";

/// The part of a line between the address and the size, and where the status stands in it.
const STATUS: &[u8; 60] = b"\",\"http.response.status_code\":000,\"http.response.body.size\":";
const STATUS_AT: Range<usize> = 30..33;

/// The end of a line from the duration on, of a request that took less than ten seconds; and where the digit of the
/// seconds, the decimals and the id stand in it.
const END: &[u8; 93] =
    b",\"http.server.request.duration\":0.000000000,\"request_id\":\"00000000000000000000000000000000\"}\n";
const SECONDS_AT: usize = 32;
const DECIMALS_AT: Range<usize> = 34..43;
const ID_AT: Range<usize> = 58..90;

impl RequestRecord<'_> {
    /// Writes the line, which is logged at `now`.
    ///
    /// This is done for every request: parts whose length is known are put together before they are appended,
    /// because each append looks for room.
    fn push(&self, line: &mut Vec<u8>, format: Format, now: Moment) {
        let status = self.status.map(|status| line::digits::<3>(status.as_u16().into()));
        let prepared = self.literal_route().filter(|_| format == Format::Json);
        let mut request = 0..0;
        match prepared {
            Some(route) => line::begin_prepared(line, &route.beginning, now),
            None => {
                line::begin(line, format, Level::INFO, now);
                request.start = line.len();
                self.push_method_and_path(line, format);
                request.end = line.len();
            }
        }
        match (self.outcome, status) {
            (RequestOutcome::Whole, Some(status)) => {
                let mut part = *IN;
                part[IN_STATUS_AT].copy_from_slice(&status);
                line.extend_from_slice(&part);
            }
            (outcome, status) => {
                if let Some([hundreds, tens, ones]) = status {
                    line.extend_from_slice(&[b' ', hundreds, tens, ones]);
                }
                line.push(b' ');
                line.extend_from_slice(outcome.words().as_bytes());
                line.push(b' ');
            }
        }
        line::push_duration(line, self.elapsed);
        if format == Format::Json {
            match prepared {
                Some(route) => line.extend_from_slice(&route.json),
                None => self.push_request(line, request),
            }
            self.push_fields(line, status);
        } else {
            if let Some(events) = self.events {
                line.extend_from_slice(b" events=");
                line::push_number(line, events);
            }
            if let Some(reason) = self.reason {
                line.extend_from_slice(b" reason=\"");
                line::push_escaped(line, Format::Json, reason);
                line.push(b'"');
            }
            log::end_with_id(line, format, Some(self.digits));
        }
    }

    /// The route, if that says method and path.
    fn literal_route(&self) -> Option<&LiteralRoute> {
        let route = self.route.filter(|_| self.path.is_none())?;
        route.literal.as_ref()
    }

    fn path(&self) -> &[u8] {
        let of_route = self.route.map(|route| route.template.as_bytes());
        self.path.or(of_route).unwrap_or_default()
    }

    /// Writes method and path as they stand in the message.
    fn push_method_and_path(&self, line: &mut Vec<u8>, format: Format) {
        line.extend_from_slice(self.method.as_str().as_bytes());
        line.push(b' ');
        let path = self.path();
        if line::is_plain(path) {
            line.extend_from_slice(path);
        } else {
            line::push_escaped(line, format, &String::from_utf8_lossy(path));
        }
    }

    /// Writes the fields up to the path as JSON. `request` is where method and path stand in the line.
    fn push_request(&self, line: &mut Vec<u8>, request: Range<usize>) {
        let method = self.method.as_str();
        line.extend_from_slice(self.route.map_or(TARGET, |route| &route.json));
        line.extend_from_slice(method.as_bytes());
        line.extend_from_slice(PATH);
        line.extend_from_within(request.start + method.len() + 1..request.end);
    }

    /// Writes the fields behind the path as JSON, and ends the line.
    fn push_fields(&self, line: &mut Vec<u8>, status: Option<[u8; 3]>) {
        if let Some(client) = self.client {
            line::push_address(line, CLIENT, client);
        }
        match status {
            Some(status) => {
                let mut part = *STATUS;
                part[STATUS_AT].copy_from_slice(&status);
                line.extend_from_slice(&part);
                line::push_number(line, self.bytes);
            }
            None => line.push(b'"'),
        }
        if let Some(events) = self.events {
            line.extend_from_slice(b",\"events\":");
            line::push_number(line, events);
        }
        if let Some(reason) = self.reason {
            line.extend_from_slice(b",\"reason\":\"");
            line::push_escaped(line, Format::Json, reason);
            line.push(b'"');
        }
        let mut end = *END;
        let seconds = self.elapsed / 1_000_000_000;
        let [digit, decimals @ ..] = line::digits::<10>(self.elapsed);
        end[SECONDS_AT] = digit;
        end[DECIMALS_AT].copy_from_slice(&decimals);
        end[ID_AT].copy_from_slice(self.digits.as_bytes());
        if seconds < 10 {
            line.extend_from_slice(&end);
        } else {
            line.extend_from_slice(&end[..SECONDS_AT]);
            line::push_number(line, seconds);
            line.extend_from_slice(&end[SECONDS_AT + 1..]);
        }
    }

    /// Hands the record to `tracing`, for others than the log.
    #[cold]
    fn emit(&self, span: Option<&Span>) {
        let span = span.and_then(Span::id);
        let (method, path, words) = (self.method, String::from_utf8_lossy(self.path()), self.outcome.words());
        let elapsed = Duration::from_nanos(self.elapsed);
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
                http.route = self.route.map(|route| route.template),
                http.response.status_code = status.as_u16(),
                http.response.body.size = self.bytes,
                http.server.request.duration = duration,
                events = self.events,
                reason = self.reason,
            },
            "{method} {path} {} {words} {elapsed:.1?}",
            status.as_u16()
        );
    }
}

/// The span of one request, for subscribers and collectors. Its level is ERROR, so that a subscriber that takes only errors still
/// sees the request of each. No span is made if nobody listens.
#[inline(always)]
pub(crate) fn span(
    listeners: Listeners,
    head: &request::Parts,
    id: RequestId,
    client: Option<IpAddr>,
) -> Option<Box<Span>> {
    listeners.want_spans().then(|| Box::new(wanted_span(head, id, client)))
}

fn wanted_span(head: &request::Parts, id: RequestId, client: Option<IpAddr>) -> Span {
    let span = tracing::error_span!(
        target: "stario",
        "request",
        request_id = id.digits().as_str(),
        http.request.method = head.method.as_str(),
        url.path = head.uri.path(),
        client.address = client.map(tracing::field::display),
        http.route = Empty,
        http.response.status_code = Empty,
        otel.name = head.method.as_str(),
        otel.kind = "server",
        otel.status_code = Empty,
    );
    #[cfg(feature = "otlp")]
    super::otlp::continue_trace(&span, &head.headers);
    span
}

/// Records the route in the span.
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
    if !span.is_disabled() {
        span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::tests::{TEXT, collecting, written};
    use super::*;

    const ELAPSED: u64 = 92_341;

    fn line(format: Format, record: &RequestRecord<'_>) -> String {
        collecting(format).write_record(|line| record.push(line, format, Moment::now()));
        written().concat()
    }

    #[test]
    fn a_record_is_one_line() {
        let id = RequestId::next();
        let digits = id.digits();
        let route = LoggedRoute::new(&Method::GET, "/plain/{name}");
        let plain = || RequestRecord {
            digits: &digits,
            method: &Method::GET,
            path: Some(b"/plain/ada"),
            client: Some(IpAddr::from([127, 0, 0, 1])),
            route: Some(&route),
            status: Some(StatusCode::OK),
            reason: None,
            bytes: 12,
            events: None,
            outcome: RequestOutcome::Whole,
            elapsed: ELAPSED,
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
            RequestRecord { events: Some(3), outcome: RequestOutcome::ClientClosed, ..plain() },
            "GET /plain/ada 200 closed by its client after 92.3µs events=3",
            r#"GET /plain/ada 200 closed by its client after 92.3µs","http.route":"/plain/{name}","target":"stario::request","http.request.method":"GET","url.path":"/plain/ada","client.address":"127.0.0.1","http.response.status_code":200,"http.response.body.size":12,"events":3"#,
        );
        check(
            RequestRecord {
                status: Some(StatusCode::BAD_REQUEST),
                reason: Some("missing signal `a\"\n`"),
                ..plain()
            },
            r#"GET /plain/ada 400 in 92.3µs reason="missing signal `a\"\n`""#,
            r#"GET /plain/ada 400 in 92.3µs","http.route":"/plain/{name}","target":"stario::request","http.request.method":"GET","url.path":"/plain/ada","client.address":"127.0.0.1","http.response.status_code":400,"http.response.body.size":12,"reason":"missing signal `a\"\n`""#,
        );
        check(
            RequestRecord {
                path: Some("/a\"\u{9b}é".as_bytes()),
                client: None,
                route: None,
                status: None,
                outcome: RequestOutcome::LeftBeforeAnswer,
                ..plain()
            },
            r#"GET /a"\u{9b}é was left by its client after 92.3µs"#,
            r#"GET /a\"\u009bé was left by its client after 92.3µs","target":"stario::request","http.request.method":"GET","url.path":"/a\"\u009bé""#,
        );
    }

    /// The line of a route without captures is put together otherwise, and says the same.
    #[test]
    fn what_is_written_once_for_a_route_is_what_its_requests_are() {
        let id = RequestId::next();
        let digits = id.digits();
        let route = LoggedRoute::new(&Method::GET, "/plain");
        for (method, path) in
            [(&Method::GET, "/plain"), (&Method::HEAD, "/plain"), (&Method::GET, "/pl%61in")]
        {
            let head = http::Request::builder().method(method).uri(path).body(()).unwrap().into_parts().0;
            let is_of_route = route.is_of(&head);
            assert_eq!(is_of_route, method == Method::GET && path == "/plain");
            let record = RequestRecord {
                digits: &digits,
                method,
                path: (!is_of_route).then_some(path.as_bytes()),
                client: None,
                route: Some(&route),
                status: Some(StatusCode::OK),
                reason: None,
                bytes: 12,
                events: None,
                outcome: RequestOutcome::Whole,
                elapsed: ELAPSED,
            };
            let line = line(Format::Json, &record);
            let expected = format!(
                r#""message":"{method} {path} 200 in 92.3µs","http.route":"/plain","target":"stario::request","http.request.method":"{method}","url.path":"{path}","http.response.status_code":200,"#
            );
            assert!(line.contains(&expected), "{line}");
        }
    }

    #[test]
    fn a_request_may_take_longer_than_ten_seconds() {
        let id = RequestId::next();
        let mut record = RequestRecord {
            digits: &id.digits(),
            method: &Method::GET,
            path: Some(b"/"),
            client: None,
            route: None,
            status: None,
            reason: None,
            bytes: 0,
            events: None,
            outcome: RequestOutcome::Cut,
            elapsed: ELAPSED,
        };
        for (seconds, expected) in [(9, "9.000000007"), (10, "10.000000007"), (86_400, "86400.000000007")] {
            record.elapsed = seconds * 1_000_000_000 + 7;
            let line = line(Format::Json, &record);
            let duration = format!(r#","http.server.request.duration":{expected},"request_id":"{id}"}}"#);
            assert!(line.ends_with(&duration), "{line}");
        }
    }
}
