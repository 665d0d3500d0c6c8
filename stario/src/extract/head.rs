//! The request's head, unchanged: method, target, headers, or all of it.
//!
//! Target and headers are copied byte for byte. A clone would be a slice of the connection's read buffer, and keep all of that for as
//! long as the handler keeps the clone.

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Uri, Version};

use super::FromRequest;
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// Copies the request's method. A handler for GET also answers HEAD.
///
/// ```
/// use stario::prelude::*;
/// use stario::http::{HeaderMap, Method, Uri};
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(method: Method, uri: Uri, headers: HeaderMap) -> String {
///     format!("{method} {uri}, {} headers", headers.len())
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/?a=b").header("x-num", "1").send();
/// assert_eq!(res.text(), "GET /?a=b, 1 headers");
/// # }
/// ```
impl FromRequest for Method {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.method().clone())
    }
}

/// Copies the request's target as the client sent it.
impl FromRequest for Uri {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(copy_of_uri(scope.uri()))
    }
}

/// Copies the request's version of HTTP.
impl FromRequest for Version {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.head().version)
    }
}

/// Copies all headers of the request. Caches do not learn that the response depends on them: a handler that reads
/// cookies here, and not by a [`Cookie`](crate::Cookie), sets `cache-control: private` itself.
impl FromRequest for HeaderMap {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(copy_of_headers(scope.headers()))
    }
}

/// Copies the request's whole head.
impl FromRequest for Parts {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        let head = scope.head();
        let (mut copy, ()) = http::Request::new(()).into_parts();
        copy.method = head.method.clone();
        copy.uri = copy_of_uri(&head.uri);
        copy.version = head.version;
        copy.headers = copy_of_headers(&head.headers);
        copy.extensions = head.extensions.clone();
        Ok(copy)
    }
}

fn copy_of_uri(uri: &Uri) -> Uri {
    Uri::try_from(uri.to_string()).unwrap_or_else(|_| uri.clone())
}

fn copy_of_headers(headers: &HeaderMap) -> HeaderMap {
    let mut copy = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let mut copied = HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone());
        copied.set_sensitive(value.is_sensitive());
        copy.append(name, copied);
    }
    copy
}
