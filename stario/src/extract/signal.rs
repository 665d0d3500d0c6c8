//! `Signal<T>`: a signal of the page, as Datastar sends it.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::content_type::ContentType;
use super::value;
use super::{Defaulted, FromRequest, Rejection, json_body, value_newtype};
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;

const SOURCE: &str = "signal";

/// The signal that is named like the parameter; `a__b` reads the nested signal `a.b`, as does
/// `#[name("a.b")]`.
///
/// Datastar sends signals in the query of GET and DELETE (`datastar={..}`) and as the JSON body of every
/// other method. A missing signal is refused with 400, unless the parameter has a `#[default(..)]` or is a
/// `Signal<Option<T>>`; a value that `T` does not accept is refused with 422, a body that is not JSON with 415 or
/// 400. Values have JSON's types: the text `"5"` is not a number.
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

impl<T: DeserializeOwned + Send> FromRequest for Signal<T> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Signals;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let signals = scope.shared(|| read_signals(scope)).await?;
        let name = parameter.name();
        let separator = if parameter.is_renamed() { "." } else { "__" };
        let found = if name.contains(separator) {
            name.split(separator).try_fold(&*signals, |value, name| value.get(name))
        } else {
            // To make a search ready takes longer than this.
            signals.get(name)
        };
        match found {
            Some(found) => json_body::deserialize(found, SOURCE, name),
            None => value::from_text(None).map_err(|problem| problem.into_rejection(SOURCE, name)),
        }
        .map(Self)
    }
}

impl<T: DeserializeOwned + Send> Defaulted for Signal<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}

/// The JSON object of all signals; empty when the request carries none.
pub(super) async fn read_signals(scope: &Scope) -> Result<Value, Rejection> {
    let parsed = if matches!(*scope.method(), Method::GET | Method::HEAD | Method::DELETE) {
        let query = scope.uri().query().unwrap_or_default();
        match form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "datastar") {
            Some((_, json)) => serde_json::from_str(&json),
            None => return Ok(Value::Object(serde_json::Map::new())),
        }
    } else {
        // A request without a body need not say what it is of.
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
        let body = scope.read_body().await?;
        if body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&body)
    };
    match parsed {
        Ok(signals @ Value::Object(_)) => Ok(signals),
        Ok(_) => Err(Rejection::bad_request("signals are a JSON object")),
        Err(error) => Err(Rejection::bad_request(format!("signals are not valid JSON: {error}"))),
    }
}
