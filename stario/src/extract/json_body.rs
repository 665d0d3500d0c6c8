//! `JsonBody<T>`: the request's body as JSON.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::content_type::MediaType;
use super::json_bounds::{self, DEPTH_LIMIT, Excess};
use super::{Defaulted, FromRequest, off_worker, value, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;

const SOURCE: &str = "body";

/// Reads the request's body as a `T` from JSON.
///
/// Its content type is `application/json` or `application/..+json`, in UTF-8; any other is refused with
/// 415. A byte order mark is skipped. Text that is not JSON is refused with 400. JSON that does not fit `T`, or that has a
/// field of a struct twice, is refused with 422, and the answer has the field's path.
/// An empty body is refused with 400, unless the parameter has a `#[default(..)]` or is a `JsonBody<Option<T>>`.
///
/// The length is limited by [`App::body_limit`](crate::App::body_limit), and the number of names and values by
/// [`App::values_limit`](crate::App::values_limit); more is refused with 413. More than 127 levels of objects and lists
/// are refused with 422.
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     items: Vec<Item>,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct Item {
///     price: u32,
/// }
///
/// # stario::app!();
/// #[app::command("/total")]
/// async fn total(order: JsonBody<Order>) -> u32 {
///     order.items.iter().map(|item| item.price).sum()
/// }
///
/// # fn main() {
/// let post = |json| TestClient::new(app::new()).post("/total").json(&json).send().text().to_owned();
/// assert_eq!(post(json!({ "items": [{ "price": 2 }, { "price": 3 }] })), "5");
/// assert_eq!(
///     post(json!({ "items": [{ "price": "2" }] })),
///     "invalid body `order`: expected a whole number of 32 bits, not negative, at `items[0].price`"
/// );
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonBody<T>(pub T);

value_newtype!(JsonBody);

impl<T: DeserializeOwned + Send + 'static> FromRequest for JsonBody<T> {
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        match MediaType::of(scope.headers()) {
            Some(content_type) if content_type.is_json() => read(scope, parameter).await.map(Self),
            None if scope.has_empty_body() => absent(parameter).map(Self),
            _ => Err(Rejection::unsupported_media_type(parameter, "`application/json`")),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Defaulted for JsonBody<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}

/// Reads a body whose content type is that of JSON.
pub(super) async fn read<T: DeserializeOwned + Send + 'static>(
    scope: &Scope,
    parameter: &Parameter,
) -> Result<T, Rejection> {
    let body = scope.read_body().await?;
    if body.is_empty() {
        return absent(parameter);
    }
    let (parameter, limit) = (*parameter, scope.values_limit());
    off_worker::parse(body.len(), move || parse(without_mark(&body), &parameter, limit)).await
}

fn parse<T: DeserializeOwned>(json: &[u8], parameter: &Parameter, limit: usize) -> Result<T, Rejection> {
    json_bounds::count(json, limit).map_err(|excess| match excess {
        Excess::Values | Excess::Objects => {
            Rejection::too_much(format!("body `{}` has {}", parameter.name(), excess.too_many(limit)))
        }
        Excess::Depth => Rejection::misfit(
            SOURCE,
            parameter.name(),
            format_args!("it is nested more than {DEPTH_LIMIT} levels deep"),
        ),
    })?;
    // Only a second reading, after the first has failed, tracks the path of the value that does not fit.
    serde_json::from_slice(json).map_err(|error| {
        let deserializer = &mut serde_json::Deserializer::from_slice(json);
        match serde_path_to_error::deserialize::<_, T>(deserializer) {
            Err(error) => refusal(parameter, error.path(), error.inner()),
            // The value fits, but more text follows it.
            Ok(_) => not_json(parameter, &error),
        }
    })
}

/// The JSON after a byte order mark, which a parser may ignore (RFC 8259 section 8.1).
pub(super) fn without_mark(json: &[u8]) -> &[u8] {
    json.strip_prefix("\u{feff}".as_bytes()).unwrap_or(json)
}

/// Makes the value of an empty body, which only an `Option` has.
fn absent<T: DeserializeOwned>(parameter: &Parameter) -> Result<T, Rejection> {
    value::from_nothing().map_err(|_| Rejection::missing(SOURCE, parameter.name(), "JSON"))
}

fn refusal(parameter: &Parameter, path: &Path, error: &serde_json::Error) -> Rejection {
    if !error.is_data() {
        return not_json(parameter, error);
    }
    Rejection::misfit(SOURCE, parameter.name(), misfit(path, error))
}

/// Says what does not fit and where: "expected a whole number, at `items[0].price`".
fn misfit(path: &Path, error: &serde_json::Error) -> String {
    let words = value::json_clause(error);
    match place(path) {
        place if place.is_empty() => words,
        place => format!("{words}, at `{place}`"),
    }
}

/// Refuses text that is not JSON. The parser's message names characters of JSON's syntax, never the client's.
fn not_json(parameter: &Parameter, error: &serde_json::Error) -> Rejection {
    Rejection::malformed(SOURCE, parameter.name(), format_args!("not valid JSON: {error}"))
}

/// The path of a field. The keys of a map are the client's, so only those that look like a field's name are shown.
fn place(path: &Path) -> String {
    let mut place = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => place.extend(["[", &index.to_string(), "]"]),
            Segment::Map { key: name } | Segment::Enum { variant: name } => {
                if !place.is_empty() {
                    place.push('.');
                }
                place.push_str(if value::is_plain_name(name) { name } else { "?" });
            }
            Segment::Unknown => {}
        }
    }
    place
}
