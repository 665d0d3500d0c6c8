//! `Query<T>`: the whole query string as one value.

use serde::de::DeserializeOwned;

use super::query_param::SOURCE;
use super::{FromRequest, urlencoded, value, value_newtype};
use crate::error::Rejection;
use crate::parameter::Parameter;
use crate::scope::Scope;

/// The most keys of a query.
const KEY_LIMIT: usize = 1000;

/// Reads the whole query string as a struct, a field per key.
///
/// A field that is a `Vec` gets all values of its key, any other field the last. An `Option` may be missing, and so may
/// a field with `#[serde(default)]`. An empty value counts as missing unless the field is text, as in
/// [`QueryParam`](crate::QueryParam). Keys that the struct does not have are skipped.
///
/// A missing key is refused with 400, a value that does not fit with 422; both answers name the key. Text that is not
/// UTF-8 is refused with 400, more than 1000 keys with 413. For a struct of several sources, see
/// [`derive(FromRequest)`](macro@crate::FromRequest).
///
/// `T` may also be a map, or a list of pairs, which keeps the order and all values.
///
/// `#[serde(flatten)]` and enums with `#[serde(tag = "..")]` or `#[serde(untagged)]` work. serde asks for their types too
/// late, so the value is read again until every text has the type that is asked for. Two things follow from it: where a
/// type accepts both, as an untagged enum of a number and a text does, a text that is a number is read as a number; and
/// an `Option` of a flattened struct is `None` if one of its fields does not fit, because serde does not report it.
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
/// assert_eq!(get("/shirts?size=4&color="), "4 Some(&quot;&quot;) []");
/// assert_eq!(get("/shirts?size=M"), "invalid query parameter `size`: expected a whole number from 0 to 255");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<T>(pub T);

value_newtype!(Query);

impl<T: DeserializeOwned + Send> FromRequest for Query<T> {
    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        let query = scope.uri().query().unwrap_or_default();
        if urlencoded::raw_pairs(query).nth(KEY_LIMIT).is_some() {
            return Err(Rejection::too_much(format!("the query has more than {KEY_LIMIT} keys")));
        }
        let pairs =
            urlencoded::pairs(query).map_err(|_| Rejection::bad_request("the query is not valid text"))?;
        value::from_pairs(&pairs).map(Self).map_err(|problem| problem.into_rejection(SOURCE, ""))
    }
}
