//! `MatchedPath`: the route's path template.

use std::fmt;

use super::FromRequest;
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// Holds the path template that the request's path matched, such as `/users/{user_id}`. Logs and metrics can group
/// requests by it, because there are only as many as there are routes.
///
/// ```
/// use stario::prelude::*;
/// use stario::MatchedPath;
///
/// # stario::app!();
/// #[app::query("/users/{user_id}")]
/// async fn get_user(user_id: PathParam<u64>, path: MatchedPath) -> String {
///     format!("{user_id} of {path}")
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/users/7").send();
/// assert_eq!(res.text(), "7 of /users/{user_id}");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MatchedPath(pub &'static str);

impl FromRequest for MatchedPath {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        Ok(Self(scope.exchange().matched_path()))
    }
}

impl fmt::Display for MatchedPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}
