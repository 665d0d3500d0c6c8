//! `QueryParam<T>`: a value of the query string.

use serde::de::DeserializeOwned;

use super::value::{self, Problem};
use super::{Defaulted, FromRequest, Parameter, Rejection, value_newtype};
use crate::scope::Scope;

const SOURCE: &str = "query parameter";

/// The value of the query string's key that is named like the parameter.
///
/// Of a repeated key the first value counts. Without the key the request is refused with 400, unless the
/// parameter has a `#[default(..)]` or is a `QueryParam<Option<T>>`; a value that `T` does not accept is
/// refused with 422. Keys and values are decoded as HTML forms encode them, `+` as a space.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/search")]
/// async fn search(q: QueryParam<String>, #[default(1)] page: QueryParam<u32>) -> Html {
///     html! { <p>{q}", page "{page}</p> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/search?q=live+html").send().text(), "<p>live html, page 1</p>");
/// assert_eq!(client.get("/search").send().text(), "missing query parameter `q`: expected text");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryParam<T>(pub T);

value_newtype!(QueryParam);

impl<T: DeserializeOwned + Send> FromRequest for QueryParam<T> {
    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let query = scope.uri().query().unwrap_or_default();
        let found = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == parameter.name());
        let text = found.as_ref().map(|(_, value)| value.as_ref());
        value::from_text(text).map(Self).map_err(|problem| match problem {
            Problem::Missing(expected) => Rejection::missing(SOURCE, parameter, &expected),
            Problem::Invalid(expected) => Rejection::invalid(SOURCE, parameter, &expected),
        })
    }
}

impl<T: DeserializeOwned + Send> Defaulted for QueryParam<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}
