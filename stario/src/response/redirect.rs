//! `Redirect`: the client is to go elsewhere.

use http::StatusCode;
use http::header::{HeaderValue, LOCATION};

use super::part::{NotARedirect, is_redirect};
use super::{IntoResponse, Location, Response, failure};

/// A redirect to another URL, with an empty body.
///
/// The target is a [`Location`]: a path of this site, unless it was made by [`Location::external`]. An unsafe
/// target is answered 500 instead, and the log says why.
///
/// ```
/// use stario::prelude::*;
/// use stario::Redirect;
///
/// # stario::app!();
/// #[app::query("/old")]
/// async fn old() -> Redirect {
///     Redirect::to(new::url())
/// }
///
/// #[app::query("/new")]
/// async fn new() {}
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/old").send();
/// assert_eq!(res.status(), 307);
/// assert_eq!(res.header("location"), "/new");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Redirect {
    status: StatusCode,
    location: Location,
}

impl Redirect {
    /// 307: the client repeats the request, method and body included, at `location`.
    pub fn to(location: impl Into<Location>) -> Self {
        Self { status: StatusCode::TEMPORARY_REDIRECT, location: location.into() }
    }

    /// 308: like 307, but the client may remember it and go to `location` directly from now on.
    pub fn permanent(location: impl Into<Location>) -> Self {
        Self::to(location).with_status(StatusCode::PERMANENT_REDIRECT)
    }

    /// 303: the client requests `location` with GET. This is the usual answer to a form.
    pub fn see_other(location: impl Into<Location>) -> Self {
        Self::to(location).with_status(StatusCode::SEE_OTHER)
    }

    /// The same with another status from 300 to 308, except 304. Any other is answered 500, and the log says
    /// why.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl IntoResponse for Redirect {
    fn into_response(self) -> Response {
        if !is_redirect(self.status) {
            return failure(NotARedirect(self.status).into());
        }
        let location = match self.location.into_checked() {
            Ok(location) => location,
            Err(error) => return failure(error.into()),
        };
        match HeaderValue::try_from(location) {
            Ok(location) => {
                let mut response = self.status.into_response();
                response.headers_mut().insert(LOCATION, location);
                response
            }
            Err(error) => failure(error.into()),
        }
    }
}
