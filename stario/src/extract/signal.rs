//! `Signal<T>`: a signal of the page, as Datastar sends it.

use http::Method;
use serde::de::DeserializeOwned;

use super::content_type::ContentType;
use super::json_bounds::{self, DEPTH_LIMIT, Excess};
use super::value::{Json, JsonTree};
use super::{Defaulted, FromRequest};
use super::{json_body, off_worker, urlencoded, value, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;

pub(super) const SOURCE: &str = "signal";

/// Reads the signal that is named like the parameter; `a__b` reads the nested signal `a.b`, as does
/// `#[name("a.b")]`.
///
/// Datastar sends signals in the query of GET and DELETE (`datastar={..}`) and as the JSON body of every
/// other method. A missing signal is refused with 400, unless the parameter has a `#[default(..)]` or is a
/// `Signal<Option<T>>`; a value that `T` does not accept is refused with 422, a body that is not JSON with 415 or
/// 400. Only the signal that is asked for is made; of the others, the names and values are noted, once for all parameters.
///
/// Signals of more than 1 MiB are refused with 413 ([`App::signals_limit`](crate::App::signals_limit)), as are more than
/// 100,000 names and values ([`App::values_limit`](crate::App::values_limit)); more than 127 levels of objects and lists
/// with 422.
///
/// An HTML input sends text, whatever the type of its signal. Therefore text is also accepted for numbers, truth values
/// and enums: `"7"` is a number for a `Signal<u32>`. The empty text is itself for a `String` and an `Option<String>`;
/// for any other type it counts as missing: `None`, the default, or 400. The same holds inside of structs and lists.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/rename")]
/// async fn rename(name: Signal<String>) -> Html {
///     html! { <b id="name">{name}</b> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.post("/rename").signals(&json!({ "name": "Ada" })).send();
/// assert_eq!(res.text(), r#"<b id="name">Ada</b>"#);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal<T>(pub T);

value_newtype!(Signal);

impl<T: DeserializeOwned + Send + 'static> FromRequest for Signal<T> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Signals;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let signals = scope.shared(|| read_signals(scope)).await?;
        let parameter = *parameter;
        off_worker::parse(signals.size(), move || find(signals.root(), parameter).map(Self)).await
    }
}

/// Makes the value of the signal that the parameter names. Nothing is made of the others.
fn find<T: DeserializeOwned>(signals: Json<'_>, parameter: Parameter) -> Result<T, Rejection> {
    let name = parameter.name();
    let separator = if parameter.is_renamed() { "." } else { "__" };
    let found = if name.contains(separator) {
        name.split(separator).try_fold(signals, Json::get)
    } else {
        // Preparing to split the name takes longer than this.
        signals.get(name)
    };
    match found {
        Some(found) => value::from_json(found),
        None => value::from_nothing(),
    }
    .map_err(|problem| problem.into_rejection(SOURCE, name))
}

impl<T: DeserializeOwned + Send + 'static> Defaulted for Signal<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}

/// Reads the JSON object of all signals. It is empty if the request has none.
pub(super) async fn read_signals(scope: &Scope) -> Result<JsonTree, Rejection> {
    let (limit, values) = (scope.signals_limit(), scope.values_limit());
    if matches!(*scope.method(), Method::GET | Method::HEAD | Method::DELETE) {
        let query = scope.uri().query().unwrap_or_default();
        let json = match urlencoded::values(query.as_bytes(), "datastar").last() {
            Some(Ok(json)) if json.len() > limit => return Err(too_large(limit)),
            Some(Ok(json)) => json.into_owned(),
            Some(Err(_)) => return Err(Rejection::bad_request("signals are not valid text")),
            None => return Ok(JsonTree::empty()),
        };
        return off_worker::parse(json.len(), move || parse(json.as_bytes(), values)).await;
    }
    // A request without a body needs no content type.
    let is_json = match ContentType::of(scope.headers()) {
        Some(content_type) => content_type.is_json(),
        None => !scope.headers().contains_key(http::header::CONTENT_TYPE),
    };
    if !is_json {
        return Err(Rejection::new(
            http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "signals are sent as `application/json`",
        ));
    }
    let body = scope.read_body_within(limit, too_large).await?;
    if body.is_empty() {
        return Ok(JsonTree::empty());
    }
    off_worker::parse(body.len(), move || parse(json_body::without_mark(&body), values)).await
}

fn too_large(limit: usize) -> Rejection {
    Rejection::too_much(format!("the signals are larger than {limit} bytes"))
}

fn parse(json: &[u8], limit: usize) -> Result<JsonTree, Rejection> {
    let count = json_bounds::count(json, limit).map_err(|excess| match excess {
        Excess::Values => Rejection::too_much(format!("the signals have more than {limit} names and values")),
        Excess::Depth => Rejection::new(
            http::StatusCode::UNPROCESSABLE_ENTITY,
            format!("the signals are nested more than {DEPTH_LIMIT} levels deep"),
        ),
    })?;
    match JsonTree::read(json, count) {
        Ok(signals) if signals.root().members().is_some() => Ok(signals),
        Ok(_) => Err(Rejection::bad_request("signals are a JSON object")),
        Err(error) => Err(Rejection::bad_request(format!("signals are not valid JSON: {error}"))),
    }
}
