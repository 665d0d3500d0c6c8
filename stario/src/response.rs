//! Responses as values: what a handler can return to choose status, headers and body itself.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, HeaderName, StatusCode};
use stario_html::{Html, Render};

use crate::body::Body;

/// An HTTP response with stario's [`Body`].
pub type Response = http::Response<Body>;

pub(crate) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A value that is a whole response.
///
/// Implement it for your own types to return them from handlers. Elements and other values that render
/// as HTML need no impl: a handler returns them as they are.
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
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a response",
    note = "implement `IntoResponse`, or return an element, text, a number, `Response`, a stream of events, `()`, or one of them in `Option` or `Result`"
)]
pub trait IntoResponse {
    /// Makes the response.
    fn into_response(self) -> Response;
}

impl IntoResponse for Response {
    fn into_response(self) -> Response {
        self
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
        with_type(HTML, if self { "true" } else { "false" })
    }
}

/// Whatever renders, with its status: an element, text (escaped), a number.
impl<R: Render> IntoResponse for (StatusCode, R) {
    fn into_response(self) -> Response {
        let mut response = html(self.1.into_html());
        *response.status_mut() = self.0;
        response
    }
}

/// A JSON body, `content-type: application/json`.
///
/// A value that cannot be written as JSON (a map with keys that are not text, say) answers 500.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/search")]
/// async fn search(#[default(1)] page: QueryParam<u32>) -> Json<serde_json::Value> {
///     Json(json!({ "status": "success", "page": *page }))
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl<T: serde::Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(json) => with_type(JSON, json),
            Err(error) => crate::error::Error::from(error).into_response(),
        }
    }
}

/// A redirect to another URL.
///
/// ```
/// use stario::prelude::*;
/// use stario::Redirect;
///
/// # stario::app!();
/// #[app::query("/old")]
/// async fn old() -> Redirect {
///     Redirect::to("/new")
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Redirect {
    status: StatusCode,
    location: String,
}

impl Redirect {
    /// 307: the client repeats the request, method and body included, at `location`.
    pub fn to(location: impl Into<String>) -> Self {
        Self { status: StatusCode::TEMPORARY_REDIRECT, location: location.into() }
    }

    /// 308: as 307, and from now on the client goes to `location` by itself.
    pub fn permanent(location: impl Into<String>) -> Self {
        Self { status: StatusCode::PERMANENT_REDIRECT, location: location.into() }
    }

    /// 303: the client asks for `location` with GET, to see what a command has come to.
    pub fn see_other(location: impl Into<String>) -> Self {
        Self { status: StatusCode::SEE_OTHER, location: location.into() }
    }
}

impl IntoResponse for Redirect {
    /// Characters that no URL has, line ends among them, are percent-encoded.
    fn into_response(self) -> Response {
        let location = crate::datastar::encode_url(&self.location);
        match HeaderValue::from_str(&location) {
            Ok(location) => {
                let mut response = self.status.into_response();
                response.headers_mut().insert(http::header::LOCATION, location);
                response
            }
            Err(error) => crate::error::Error::from(error).into_response(),
        }
    }
}

/// 200 with `html`.
pub(crate) fn html(html: Html) -> Response {
    with_type(HTML, html)
}

/// `status` with `message` as plain text.
pub(crate) fn text(status: StatusCode, message: impl Into<String>) -> Response {
    let mut response = with_type(TEXT, message.into());
    *response.status_mut() = status;
    response
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
