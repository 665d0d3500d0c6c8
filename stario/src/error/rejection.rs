//! Why a handler was not called, and the answer that says so.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, HeaderName, HeaderValue, RETRY_AFTER};

use crate::body::MemoryFull;
use crate::parameter::Parameter;

/// Why a handler was not called: a status and a sentence.
///
/// | status | the value is |
/// |---|---|
/// | 400 | missing, or not text or JSON at all, or in a body that ends early |
/// | 413 | part of a body that is larger than [`App::body_limit`](crate::App::body_limit), of signals larger than [`App::signals_limit`](crate::App::signals_limit), of JSON with more names and values than [`App::values_limit`](crate::App::values_limit), or of a form or query with more than 1000 fields |
/// | 415 | in a body of another content type, or a compressed one that is not read: `accept-encoding` says what is |
/// | 422 | not what the parameter's type accepts, in JSON that is nested more than 127 levels deep, or in a multipart body that is malformed |
/// | 429 | of a client that asks too often: [`App::rate_limit`](crate::App::rate_limit) |
/// | 503 | in a body for which there is no memory now: [`Limits::body_memory`](crate::Limits::body_memory) |
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
    /// A header of the answer.
    header: Option<(HeaderName, HeaderValue)>,
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
        Self(Box::new(Refusal { status, message, subject: None, absent: false, header: None, cause: None }))
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
    pub(crate) fn is_absent(&self) -> bool {
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
    pub(crate) fn malformed(
        source: &'static str,
        name: impl Into<Cow<'static, str>>,
        what: impl fmt::Display,
    ) -> Self {
        let name = name.into();
        Self::bad_request(format!("{source} `{name}` is {what}")).about(source, name)
    }

    /// 400 for a missing field of a struct. serde does not say what the field's type expects.
    pub(crate) fn missing_field(source: &'static str, name: Cow<'static, str>) -> Self {
        Self::bad_request(format!("missing {source} `{name}`")).about(source, name)
    }

    /// 422 for a value that does not fit, with a clause: "invalid {source} `{name}`: {what}".
    pub(crate) fn misfit(
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
    pub(crate) fn unsupported_media_type(parameter: &Parameter, expected: impl fmt::Display) -> Self {
        let name = parameter.name();
        let message = format!("unsupported content type of body `{name}`: expected {expected}");
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).about("body", name)
    }

    /// 415 for a body in a coding that is not read. The answer lists `codings`, which are (RFC 9110, section 15.5.16).
    pub(crate) fn unsupported_coding(message: &'static str, codings: &'static str) -> Self {
        let codings = HeaderValue::from_static(codings);
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).with_header(ACCEPT_ENCODING, codings)
    }

    /// 503 for what the server has no room for now. The answer asks the client to wait for a second.
    pub(crate) fn overloaded(message: impl Into<Cow<'static, str>>) -> Self {
        let wait = HeaderValue::from_static("1");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message).with_header(RETRY_AFTER, wait)
    }

    /// The same with a header of the answer.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// A header of the answer, beside those that it has anyway.
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        self.0.header.clone()
    }

    /// 413 for a body that is larger than its limit.
    pub(crate) fn too_large(limit: usize) -> Self {
        Self::too_much(format!("the request's body is larger than {limit} bytes"))
    }

    /// 413 for more than a limit allows, with a sentence that names both.
    pub(crate) fn too_much(message: String) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// The rejection for an error of a provider that has a cause.
    pub(super) fn caused(
        status: StatusCode,
        message: String,
        cause: Box<dyn StdError + Send + Sync>,
    ) -> Self {
        let mut failed = Self::new(status, message);
        failed.0.cause = Some(Arc::from(cause));
        failed
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
}

impl From<MemoryFull> for Rejection {
    fn from(full: MemoryFull) -> Self {
        Self::overloaded(full.to_string())
    }
}

/// Writes the sentence.
impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}
