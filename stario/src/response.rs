//! Responses as values: what a handler can return to choose status, headers and body itself.

mod attachment;
mod caching;
mod entity_tag;
#[cfg(feature = "files")]
mod file;
#[cfg_attr(not(feature = "files"), path = "response/fixed/absent.rs")]
mod fixed;
mod json;
mod location;
mod part;
mod redirect;
mod set_cookie;
mod text;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, HeaderName, StatusCode};
use stario_html::Render;

use crate::body::Body;
use crate::error::{Error, ErrorKind, reason};
use crate::error_text::Chain;

pub use crate::body::Response;
pub use attachment::Attachment;
pub use caching::Caching;
pub(crate) use caching::{declare as declare_cache, finish as finish_caching, keep_for_one_client};
#[cfg(feature = "files")]
pub use file::File;
#[cfg(feature = "files")]
pub(crate) use file::finish as finish_file;
pub(crate) use fixed::HashedContent;
pub use json::Json;
pub use location::{Location, UnsafeLocation};
pub use part::ResponsePart;
pub(crate) use part::{is_redirect, redirects_to};
pub use redirect::Redirect;
pub use set_cookie::SetCookie;
pub use text::Text;

/// Without files there is nothing to finish.
#[cfg(not(feature = "files"))]
pub(crate) fn finish_file(_: &mut Response, _: &http::request::Parts) {}

pub(crate) static HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
pub(crate) static TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
pub(crate) static JSON: HeaderValue = HeaderValue::from_static("application/json");
static BINARY: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// A whole response on its way from the handler to where it is finished.
///
/// Most handlers choose nothing but the body and its type. Such a response gets its head where it is finished, in the
/// memory that held the headers of the request: a new map of headers takes two allocations.
#[doc(hidden)]
pub enum WholeResponse {
    /// 200, and no header but the type of the body.
    Content(&'static HeaderValue, Body),
    /// In a box, because it is large and is handed on several times.
    Response(Box<Response>),
}

impl WholeResponse {
    /// Writes the response into `response`. `give_memory` may give the empty map of its headers memory that is there already.
    #[inline(always)]
    pub(crate) fn finish(self, response: &mut Option<Response>, give_memory: impl FnOnce(&mut HeaderMap)) {
        match self {
            Self::Content(content_type, body) => {
                let response = response.insert(Response::new(body));
                give_memory(response.headers_mut());
                response.headers_mut().append(CONTENT_TYPE, content_type.clone());
            }
            Self::Response(whole) => *response = Some(*whole),
        }
    }

    pub(crate) fn into_response(self) -> Response {
        match self {
            Self::Content(content_type, body) => with_type(content_type.clone(), body),
            Self::Response(response) => *response,
        }
    }
}

impl Default for WholeResponse {
    fn default() -> Self {
        Self::Response(Box::default())
    }
}

impl From<Response> for WholeResponse {
    fn from(response: Response) -> Self {
        Self::Response(Box::new(response))
    }
}

/// A value that is a whole response.
///
/// | value | response |
/// |---|---|
/// | anything that renders: an element, text (escaped), a number | 200, HTML |
/// | [`Json`], [`Text`] | 200, JSON or plain text |
/// | `serde_json::Value`, maps | 200, their JSON as the text of an HTML page, escaped; [`Json`] sends JSON |
/// | [`File`](crate::File) | the file, or the part of it that was asked for |
/// | [`Redirect`] | 307, or the status it was given |
/// | [`Event`](crate::Event), and what the functions of [`event`](crate::event) build | 200, a stream of that one event |
/// | [`Bytes`], and `Vec<u8>` and other lists of bytes, which are copied | 200, `application/octet-stream` |
/// | [`Body`] | 200, without a content type |
/// | `StatusCode` | that status, no body |
/// | `()` | 204 |
/// | `http::Response<T>` where `T` converts into [`Body`] | itself |
/// | a tuple of parts and one of these | it with the parts, see [`ResponsePart`] |
///
/// Implement it for your own types to return them from handlers; types that implement
/// [`Render`](crate::Render) need no impl. `K` tells the conversions apart and is always inferred.
///
/// ```
/// use stario::prelude::*;
///
/// struct Teapot;
///
/// impl IntoResponse for Teapot {
///     fn into_response(self) -> Response {
///         (StatusCode::IM_A_TEAPOT, html! { <p>"short and stout"</p> }).into_response()
///     }
/// }
///
/// # stario::app!();
/// #[app::query("/coffee")]
/// async fn coffee() -> Teapot {
///     Teapot
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/coffee").send();
/// assert_eq!((res.status().as_u16(), res.text()), (418, "<p>short and stout</p>"));
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    note = "implement `IntoResponse`, or return an element, text, a number, `Response`, a stream of events, `()`, or one of them in `Option` or `Result`",
    note = "HTML is no `impl IntoResponse`: write its type, as in `-> Html` or `-> (StatusCode, Html)`, or `-> Response` and call `.into_response()`"
)]
pub trait IntoResponse<K = AsResponse> {
    /// Makes the response.
    fn into_response(self) -> Response;

    /// Makes the response, without a head if that says nothing but the type of the body.
    #[doc(hidden)]
    fn into_whole(self) -> WholeResponse
    where
        Self: Sized,
    {
        self.into_response().into()
    }
}

/// The value is a response.
#[doc(hidden)]
pub struct AsResponse(());
/// The value is rendered.
#[doc(hidden)]
pub struct AsHtml(());

impl<R: Render> IntoResponse<AsHtml> for R {
    fn into_response(self) -> Response {
        self.into_whole().into_response()
    }

    fn into_whole(self) -> WholeResponse {
        match self.bytes_instead() {
            Some(bytes) => WholeResponse::Content(&BINARY, Bytes::copy_from_slice(bytes).into()),
            None => WholeResponse::Content(&HTML, self.into_html().into()),
        }
    }
}

/// The response as it is.
impl<T: Into<Body>> IntoResponse for http::Response<T> {
    fn into_response(self) -> Response {
        self.map(Into::into)
    }
}

/// 204, "nothing to show".
impl IntoResponse for () {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// The status alone, with no body.
impl IntoResponse for StatusCode {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        *response.status_mut() = self;
        response
    }
}

/// `true` or `false` as text: only "nothing" is 204, and `false` is something.
impl IntoResponse for bool {
    fn into_response(self) -> Response {
        with_type(HTML.clone(), if self { "true" } else { "false" })
    }
}

/// `application/octet-stream`, unless a part before it says otherwise.
impl IntoResponse for Bytes {
    fn into_response(self) -> Response {
        with_type(BINARY.clone(), self)
    }
}

/// 200 without a content type, unless a part before it names one.
impl IntoResponse for Body {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

/// Extension of the answer to a value that could not become a response: parts of a tuple do not change its status, and
/// the app's page for errors may replace it. It holds the text that the client may see.
#[derive(Clone)]
struct ConversionFailed(Arc<str>);

/// The answer to a value that could not be made a response. The cause is logged.
pub(crate) fn failure(error: Error) -> Response {
    let (status, message) = (error.status(), error.message());
    if let ErrorKind::Cause(cause) = error.into_kind() {
        tracing::error!(error = %Chain(&*cause), "a value cannot be sent as a response");
    }
    let mut response = text(status, message.clone());
    response.extensions_mut().insert(ConversionFailed(message.into()));
    response
}

/// The error that a value answers with because it could not be made a response; it is logged by now.
pub(crate) fn failure_of(response: &Response) -> Option<Error> {
    let ConversionFailed(message) = response.extensions().get()?;
    Some(Error::new(response.status(), &**message))
}

/// Extension of a 4xx: the reason, for the record in the log.
#[derive(Clone)]
pub(crate) struct RefusalReason {
    pub(crate) text: Arc<str>,
    /// Whether the client may see it, too.
    pub(crate) is_public: bool,
}

impl RefusalReason {
    /// How many bytes of it are logged.
    const LOGGED_BYTES: usize = 256;

    /// The beginning of the text, for the log.
    pub(crate) fn for_log(self) -> Arc<str> {
        match (0..=Self::LOGGED_BYTES).rev().find(|&end| self.text.is_char_boundary(end)) {
            Some(end) if self.text.len() > Self::LOGGED_BYTES => format!("{}…", &self.text[..end]).into(),
            _ => self.text,
        }
    }
}

/// Marks a failure that is sent as 200, because its body is an event that shows it in the page: Datastar's client ignores
/// the body of any other status. It holds the status for the log and the metrics.
#[derive(Clone, Copy)]
pub(crate) struct ShownFailure(pub(crate) StatusCode);

impl ShownFailure {
    /// Whether a failure may be sent as 200: 429 and 5xx keep their status, because the client may try those again.
    pub(crate) fn fits(status: StatusCode) -> bool {
        status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS
    }
}

/// The status as the log and the metrics see it.
pub(crate) fn status_for_log(response: &Response) -> StatusCode {
    match response.extensions().get() {
        Some(ShownFailure(status)) => *status,
        None => response.status(),
    }
}

/// Notes the sentence by which the request is refused, unless the status says as much.
pub(crate) fn note_reason(response: &mut Response, message: &str) {
    note(response, message, true);
}

/// Notes the cause of a 4xx, which is for the log alone.
pub(crate) fn note_cause(response: &mut Response, cause: &str) {
    note(response, cause, false);
}

fn note(response: &mut Response, message: &str, is_public: bool) {
    let status = status_for_log(response);
    let is_noted = status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE;
    if is_noted && !message.is_empty() && message != reason(status) {
        response.extensions_mut().insert(RefusalReason { text: message.into(), is_public });
    }
}

fn has_failed(response: &Response) -> bool {
    response.extensions().get::<ConversionFailed>().is_some()
}

/// `status` with `message` as plain text.
pub(crate) fn text(status: StatusCode, message: impl Into<String>) -> Response {
    let mut response = with_type(TEXT.clone(), message.into());
    *response.status_mut() = status;
    response
}

/// The answer to a failure where no app is at hand.
pub(crate) fn internal_server_error() -> Response {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    text(status, reason(status))
}

pub(crate) fn with_type(content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// Adds a header to a response that is being built.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
