//! The request's head, unchanged: method, target, headers, or all of it.

use http::request::Parts;
use http::{HeaderMap, Method, Uri, Version};

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
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.method().clone())
    }
}

/// Copies the request's target as the client sent it.
impl FromRequest for Uri {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.uri().clone())
    }
}

/// Copies the request's version of HTTP.
impl FromRequest for Version {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.head().version)
    }
}

/// Copies all headers of the request.
impl FromRequest for HeaderMap {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.headers().clone())
    }
}

/// Copies the request's whole head.
impl FromRequest for Parts {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(scope.head().clone())
    }
}
