//! `Query<T>`: the whole query string as one value.

use serde::de::DeserializeOwned;

use super::query_param::SOURCE;
use super::{FromRequest, Rejection, fields, value_newtype};
use crate::parameter::Parameter;
use crate::scope::Scope;

/// The whole query string as a struct, a field per key.
///
/// A field that is a `Vec` gets all values of its key, any other the first; an `Option` may be missing, and
/// so may a field with `#[serde(default)]`. Keys that the struct does not have are skipped. A missing key is
/// refused with 400, a value that does not fit with 422, both naming the key. Text is decoded as in
/// [`QueryParam`](crate::QueryParam). For a struct of several sources, see
/// [`derive(FromRequest)`](macro@crate::FromRequest).
///
/// A [`Link`](crate::Link) to the handler sets it whole, by the parameter's name, if the struct is `Serialize` too.
/// It must be set unless the struct is `Default`, which is taken to say that every key may be missing.
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Filter {
///     size: u8,
///     color: Option<String>,
///     #[serde(default)]
///     tag: Vec<String>,
/// }
///
/// # stario::app!();
/// #[app::query("/shirts")]
/// async fn shirts(Query(filter): Query<Filter>) -> String {
///     format!("{} {:?} {:?}", filter.size, filter.color, filter.tag)
/// }
///
/// # fn main() {
/// let get = |path: &str| TestClient::new(app::new()).get(path).send().text().to_owned();
/// assert_eq!(get("/shirts?size=4&tag=a&tag=b"), "4 None [&quot;a&quot;, &quot;b&quot;]");
/// assert_eq!(get("/shirts"), "missing query parameter `size`");
/// assert_eq!(get("/shirts?size=M"), "invalid query parameter `size`: expected a whole number from 0 to 255");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

value_newtype!(Query);

impl<T: DeserializeOwned + Send> FromRequest for Query<T> {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        let query = scope.uri().query().unwrap_or_default();
        fields::read(SOURCE, form_urlencoded::parse(query.as_bytes())).map(Self)
    }
}
