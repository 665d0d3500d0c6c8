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
use super::log::{self, Log};
use crate::moment::Moment;
use crate::request_id::{Digits, RequestId};

/// Who reads what is logged of a request. It is found once for each request, when that begins.
/// The default is nobody.
#[derive(Debug, Clone, Copy, Default)]
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
    fn want_spans(self) -> bool {
        self.has_others
    }

    /// Writes the record of a request. `span` is the request's, for others than the log.
    pub(crate) fn write(self, record: &RequestRecord<'_>, now: Moment, span: &Span) {
        if let Some(log) = self.log {
            log.write_record(now, |line| record.push(line, log.format));
        }
        if self.takes_records {
            record.emit(span);
        }
    }
}

/// What the log says of a request that is over.
#[derive(Debug)]
pub(crate) struct RequestRecord<'r> {
    /// The request's id.
    pub(crate) digits: &'r Digits,
    pub(crate) method: &'r Method,
    /// Text, as bytes: only what has to be escaped is looked at as text.
    pub(crate) path: &'r [u8],
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

/// A route as the lines of its requests name it: what is alike in all of them is written once, when the app is assembled.
#[derive(Debug, Clone)]
pub(crate) struct LoggedRoute {
    template: &'static str,
    /// What stands in JSON behind the message, up to the method.
    json: Box<[u8]>,
    literal: Option<LiteralRoute>,
}

/// What is alike in the lines of a route whose path and method are always the same.
#[derive(Debug, Clone)]
struct LiteralRoute {
    method: Method,
    /// Method and path, as they stand in the message.
    message: Box<[u8]>,
    /// What stands in JSON behind the message, up to the end of the path.
    json: Box<[u8]>,
}

/// What stands in JSON behind the message and the route, up to the method.
const TARGET: &[u8] = b"\",\"target\":\"stario::request\",\"http.request.method\":\"";

impl LoggedRoute {
    pub(crate) fn new(method: &Method, template: &'static str) -> Self {
        let mut json = b"\",\"http.route\":\"".to_vec();
        line::push_escaped(&mut json, Format::Json, template);
        json.extend_from_slice(TARGET);
        let literal = line::is_plain(template.as_bytes()).then(|| LiteralRoute {
            method: method.clone(),
            message: [method.as_str(), " ", template].concat().into_bytes().into(),
            json: [&json, method.as_str().as_bytes(), PATH, template.as_bytes()].concat().into(),
        });
        Self { template, json: json.into(), literal }
    }
}

/// The part of a line between the method and the path.
const PATH: &[u8; 14] = b"\",\"url.path\":\"";

/// The part of a line between the status and the duration in its message.
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
    /// Writes the message and the fields, and ends the line.
    ///
    /// This is done for every request: parts whose length is known are put together before they are appended,
    /// because each append looks for room.
    fn push(&self, line: &mut Vec<u8>, format: Format) {
        let status = self.status.map(|status| line::digits::<3>(status.as_u16().into()));
        let literal = self.literal_route();
        let start = line.len();
        match literal {
            Some(literal) => line.extend_from_slice(&literal.message),
            None => {
                line.extend_from_slice(self.method.as_str().as_bytes());
                line.push(b' ');
                if line::is_plain(self.path) {
                    line.extend_from_slice(self.path);
                } else {
                    line::push_escaped(line, format, &String::from_utf8_lossy(self.path));
                }
            }
        }
        let request = start..line.len();
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
            match literal {
                Some(literal) => line.extend_from_slice(&literal.json),
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

    /// The route, if it is one whose lines have method and path in common, and the request has these.
    fn literal_route(&self) -> Option<&LiteralRoute> {
        let route = self.route?;
        let literal = route.literal.as_ref()?;
        (self.path == route.template.as_bytes() && *self.method == literal.method).then_some(literal)
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
    fn emit(&self, span: &Span) {
        let (method, path, words) = (self.method, String::from_utf8_lossy(self.path), self.outcome.words());
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

/// The span of one request, for others than the log. It is an error's if anything: whoever logs errors alone
/// still learns which request each belongs to. Nothing is made if nobody listens.
pub(crate) fn span(
    listeners: Listeners,
    head: &request::Parts,
    id: RequestId,
    client: Option<IpAddr>,
) -> Span {
    if !listeners.want_spans() {
        return Span::none();
    }
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
        collecting(format).write_record(Moment::now(), |line| record.push(line, format));
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
            path: b"/plain/ada",
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
                path: "/a\"\u{9b}é".as_bytes(),
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
            let record = RequestRecord {
                digits: &digits,
                method,
                path: path.as_bytes(),
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
            path: b"/",
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
