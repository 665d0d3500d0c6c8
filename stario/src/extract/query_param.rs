//! `QueryParam<T>` and `QueryParams<T>`: the value, or all values, of one key of the query string.

use std::future::ready;

use serde::de::DeserializeOwned;

use super::value::{self, SingleValue};
use super::{Defaulted, FromRequest, urlencoded, value_newtype};
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

pub(super) const SOURCE: &str = "query parameter";

/// Reads the value of the query string's key that is named like the parameter.
///
/// Of a repeated key the last value counts, so that a hidden input before a checkbox is its default; a
/// `QueryParam<Vec<T>>` takes all. A missing key is refused with 400, unless the parameter has a `#[default(..)]` or is a
/// `QueryParam<Option<T>>`. A value that `T` does not accept is refused with 422. Keys and values are decoded as HTML
/// forms encode them, with `+` for a space; bytes that are not UTF-8 are refused with 400.
///
/// An empty value, which is what a form sends for an empty input, is itself for a `String` and an `Option<String>`. For
/// any other type it counts as missing: `?page=` is `None`, the default, or 400.
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
/// assert_eq!(client.get("/search?q=&page=").send().text(), "<p>, page 1</p>");
/// assert_eq!(client.get("/search").send().text(), "missing query parameter `q`: expected text");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryParam<T>(pub T);

value_newtype!(QueryParam);

impl<T: DeserializeOwned + Send> FromRequest for QueryParam<T> {
    const BY_NAME: bool = true;

    const IS_READY: bool = true;

    fn from_request(
        scope: &Scope,
        parameter: &Parameter,
    ) -> impl Future<Output = Result<Self, Rejection>> + Send {
        let texts = urlencoded::values(query(scope), parameter.name());
        let read = value::from_texts(texts, SingleValue::Last).map(Self);
        ready(read.map_err(|problem| problem.into_rejection(SOURCE, parameter.name())))
    }
}

impl<T: DeserializeOwned + Send> Defaulted for QueryParam<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}

/// Reads all values of the query string's key that is named like the parameter, in their order.
///
/// Without the key the list is empty. Empty values are left out unless `T` is text. If `T` does not accept one of the
/// values, the request is refused with 422. Text is decoded as in [`QueryParam`].
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/compare")]
/// async fn compare(id: QueryParams<u32>) -> Html {
///     html! { for id in &*id { <li>{id}</li> } }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/compare?id=7&id=8").send().text(), "<li>7</li><li>8</li>");
/// assert_eq!(client.get("/compare").send().text(), "");
/// assert_eq!(client.get("/compare?id=7&id=x").send().status(), 422);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryParams<T>(pub Vec<T>);

value_newtype!(QueryParams, Vec<T>);

impl<T: DeserializeOwned + Send> FromRequest for QueryParams<T> {
    const BY_NAME: bool = true;

    const IS_READY: bool = true;

    fn from_request(
        scope: &Scope,
        parameter: &Parameter,
    ) -> impl Future<Output = Result<Self, Rejection>> + Send {
        let texts = urlencoded::values(query(scope), parameter.name());
        let read = value::list_from_texts(texts).map(Self);
        ready(read.map_err(|problem| problem.into_rejection(SOURCE, parameter.name())))
    }
}

fn query(scope: &Scope) -> &str {
    scope.uri().query().unwrap_or_default()
}
