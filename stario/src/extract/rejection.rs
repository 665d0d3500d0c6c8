//! Why a handler was not called, and the answer that says so.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT, HeaderMap, HeaderValue, VARY};
use http::{StatusCode, request};

use super::Parameter;
use crate::body::{BodyError, Stalled};
use crate::compress::DecodeError;
use crate::error::{Error, Kind};
use crate::response::Response;

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Why a handler was not called: a status and a sentence.
///
/// | status | the value is |
/// |---|---|
/// | 400 | missing, or not text or JSON at all, or in a body that ends early |
/// | 413 | part of a body that is larger than [`App::body_limit`](crate::App::body_limit) |
/// | 415 | in a body of another content type, or a compressed one that is not read: `accept-encoding` says what is |
/// | 422 | not what the parameter's type accepts, or in a multipart body that is malformed |
///
/// The sentence is sent as plain text. A client that accepts `application/problem+json` or
/// `application/json` gets problem details (RFC 9457) instead: `type` (`about:blank`), `title`, `status`,
/// `detail` (the sentence) and, where known, `parameter` and `source`. An app can answer otherwise with
/// [`App::on_rejection`](crate::App::on_rejection). The sentence never contains what the client sent, unless a
/// type's own `Deserialize` impl repeats it.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/list")]
/// async fn list(page: QueryParam<u8>) -> String {
///     page.to_string()
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.get("/list?page=-1").send();
/// assert_eq!(res.status(), 422);
/// assert_eq!(res.text(), "invalid query parameter `page`: expected a whole number from 0 to 255");
///
/// let res = client.get("/list").header("accept", "application/json").send();
/// assert_eq!(res.header("content-type"), "application/problem+json");
/// assert_eq!(
///     res.json::<serde_json::Value>(),
///     json!({
///         "type": "about:blank", "title": "Bad Request", "status": 400,
///         "detail": "missing query parameter `page`: expected a whole number from 0 to 255",
///         "parameter": "page", "source": "query parameter",
///     })
/// );
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Rejection(Box<Refusal>);

/// The content of a [`Rejection`]. It is boxed, because the future of each parameter has room for a rejection.
#[derive(Debug, Clone)]
struct Refusal {
    status: StatusCode,
    message: Cow<'static, str>,
    subject: Option<Subject>,
    absent: bool,
    /// The codings that a body may have, if the body's coding was refused.
    codings: Option<&'static str>,
    /// The error of a provider, which its type may answer.
    cause: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The value that a rejection is about.
#[derive(Debug, Clone)]
struct Subject {
    parameter: Cow<'static, str>,
    source: &'static str,
}

impl Rejection {
    /// A rejection with your own status and sentence.
    pub fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Self(Box::new(Refusal { status, message, subject: None, absent: false, codings: None, cause: None }))
    }

    /// 400: the request is malformed, or something in it is missing.
    pub fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The status it answers with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The sentence it answers with.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The name under which the value was looked up, such as `page` or `x-num`; `None` if there is none.
    pub fn parameter(&self) -> Option<&str> {
        self.0.subject.as_ref().map(|subject| &*subject.parameter)
    }

    /// Where the value was looked up: `query parameter`, `path parameter`, `header`, `cookie`, `signal`,
    /// `form field`, `file` or `body`; `None` if it is none of these.
    pub fn source(&self) -> Option<&str> {
        self.0.subject.as_ref().map(|subject| subject.source)
    }

    /// Whether there was no value at all, so that a default may replace it.
    pub(super) fn is_absent(&self) -> bool {
        self.0.absent
    }

    /// 400 for a missing value, worded like stario's own: "missing {source} `{name}`: expected {expected}".
    ///
    /// ```
    /// use stario::Rejection;
    ///
    /// let rejection = Rejection::missing("header", "authorization", "a token");
    /// assert_eq!(rejection.message(), "missing header `authorization`: expected a token");
    /// assert_eq!((rejection.status().as_u16(), rejection.source()), (400, Some("header")));
    /// ```
    pub fn missing(
        source: &'static str,
        name: impl Into<Cow<'static, str>>,
        expected: impl fmt::Display,
    ) -> Self {
        let name = name.into();
        let message = format!("missing {source} `{name}`: expected {expected}");
        let mut missing = Self::bad_request(message).about(source, name);
        missing.0.absent = true;
        missing
    }

    /// 422 for a value that does not fit: "invalid {source} `{name}`: expected {expected}".
    pub fn invalid(
        source: &'static str,
        name: impl Into<Cow<'static, str>>,
        expected: impl fmt::Display,
    ) -> Self {
        let name = name.into();
        let message = format!("invalid {source} `{name}`: expected {expected}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message).about(source, name)
    }

    /// 400 for a value that cannot be read at all: "{source} `{name}` is {what}".
    pub(super) fn malformed(
        source: &'static str,
        name: impl Into<Cow<'static, str>>,
        what: impl fmt::Display,
    ) -> Self {
        let name = name.into();
        Self::bad_request(format!("{source} `{name}` is {what}")).about(source, name)
    }

    /// 400 for a missing field of a struct. serde does not say what the field's type expects.
    pub(super) fn missing_field(source: &'static str, name: Cow<'static, str>) -> Self {
        Self::bad_request(format!("missing {source} `{name}`")).about(source, name)
    }

    /// 422 for a value that does not fit, with a clause: "invalid {source} `{name}`: {what}".
    pub(super) fn misfit(
        source: &'static str,
        name: impl Into<Cow<'static, str>>,
        what: impl fmt::Display,
    ) -> Self {
        let name = name.into();
        if matches!(&*name, "" | "?") {
            return Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("invalid {source}: {what}"));
        }
        let message = format!("invalid {source} `{name}`: {what}");
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message).about(source, name)
    }

    /// 415 for a body of another content type.
    pub(super) fn unsupported_media_type(parameter: &Parameter, expected: impl fmt::Display) -> Self {
        let name = parameter.name();
        let message = format!("unsupported content type of body `{name}`: expected {expected}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).about("body", name)
    }

    /// 415 for a body in a coding that is not read. The answer lists `codings`, which are (RFC 9110, section 15.5.16).
    pub(crate) fn unsupported_coding(message: &'static str, codings: &'static str) -> Self {
        let mut unsupported = Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
        unsupported.0.codings = Some(codings);
        unsupported
    }

    /// The value of the answer's `accept-encoding`.
    pub(crate) fn codings(&self) -> Option<&'static str> {
        self.0.codings
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the request's body is larger than {limit} bytes"))
    }

    /// For a body that cannot be read to its end: 408 if the client was too slow, 400 if it stopped sending, 400 or 413 if
    /// the body cannot be decompressed.
    pub(crate) fn unfinished_body(error: &BodyError) -> Self {
        if error.is::<Stalled>() {
            return Self::new(StatusCode::REQUEST_TIMEOUT, Stalled.to_string());
        }
        match error.downcast_ref::<DecodeError>() {
            Some(error) => Self::new(error.status(), error.to_string()),
            None => Self::ended_early(),
        }
    }

    /// 400 for a body that the client stopped sending.
    fn ended_early() -> Self {
        Self::bad_request("the request's body ended early")
    }

    /// The rejection for the error of a provider.
    pub(crate) fn from_error(error: Error) -> Self {
        let (status, message) = (error.status(), error.message());
        match error.into_kind() {
            Kind::Rejection(rejection) => rejection,
            Kind::Answer { .. } => Self::new(status, message),
            Kind::Cause(cause) => {
                let mut failed = Self::new(status, message);
                failed.0.cause = Some(Arc::from(cause));
                failed
            }
        }
    }

    /// The error of a provider, which its type may answer.
    pub(crate) fn cause(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }

    /// 500 with the cause in the log only.
    pub(crate) fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a parameter could not be resolved");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
    }

    fn about(mut self, source: &'static str, parameter: impl Into<Cow<'static, str>>) -> Self {
        self.0.subject = Some(Subject { parameter: parameter.into(), source });
        self
    }

    /// The answer that the client asked for: problem details, or plain text.
    pub(crate) fn into_response(self, request: &request::Parts) -> Response {
        let mut response = if accepts_json(&request.headers) { self.problem() } else { self.text() };
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
        response
    }

    fn text(self) -> Response {
        crate::response::text(self.0.status, self.0.message)
    }

    fn problem(&self) -> Response {
        let mut problem = serde_json::json!({
            "type": "about:blank",
            "title": self.0.status.canonical_reason().unwrap_or_default(),
            "status": self.0.status.as_u16(),
            "detail": self.0.message,
        });
        if let Some(Subject { parameter, source }) = &self.0.subject {
            problem["parameter"] = serde_json::json!(parameter);
            problem["source"] = serde_json::json!(source);
        }
        let mut response = crate::response::with_type(PROBLEM, problem.to_string());
        *response.status_mut() = self.0.status;
        response
    }
}

/// Writes the sentence.
impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

/// Whether `accept` names one of the JSON types, with a weight that is not 0 and not below that of plain
/// text. `*/*` names none: a browser's `fetch` sends it, and reads text as well.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut json = 0.0_f32;
    let mut text = 0.0_f32;
    let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    for range in ranges.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if is("application/json") || is("application/problem+json") {
            json = json.max(weight);
        } else if is("text/plain") {
            text = text.max(weight);
        }
    }
    json > 0.0 && json >= text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_details_are_sent_to_clients_that_accept_json() {
        let check = |accept: &str, expected: bool| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepts_json(&headers), expected, "{accept}");
        };
        assert!(!accepts_json(&HeaderMap::new()));
        check("application/json", true);
        check("Application/Problem+JSON; q=0.5", true);
        check("text/html, application/json;q=0.9, */*;q=0.8", true);
        check("text/plain;q=0.5, application/json", true);
        check("text/plain, application/json;q=0.5", false);
        check("application/json;q=0", false);
        check("application/json;q=x", false);
        check("*/*", false);
        check("text/event-stream, text/html", false);
        check(",;q=,;;", false);
    }
}
