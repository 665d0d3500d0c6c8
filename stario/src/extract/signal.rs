//! `Signal<T>`: a signal of the page, as Datastar sends it.

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;
use stario_html::__private::signals::OwnedByFields;
use stario_html::PageSignals;

use super::content_type::ContentType;
use super::signal_source::{ByFields, SignalsProbe};
use super::{Defaulted, FromRequest};
use super::{json_body, urlencoded, value, value_newtype};
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
/// 400.
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

impl<T: DeserializeOwned + Send> FromRequest for Signal<T> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Signals;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        read_signal(scope, parameter).await.map(Self)
    }
}

/// A struct with `derive(Signals)`, nested in the page's signals.
impl<T: PageSignals + Send> FromRequest for ByFields<Signal<T>> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Signals;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        read_signal(scope, parameter).await.map(|OwnedByFields(value)| Self(Signal(value)))
    }
}

impl<T: PageSignals> SignalsProbe<Signal<T>> {
    /// The type derives `Signals`.
    pub const BY_FIELDS: bool = true;
}

async fn read_signal<T: DeserializeOwned>(scope: &Scope, parameter: &Parameter) -> Result<T, Rejection> {
    let signals = scope.shared(|| read_signals(scope)).await?;
    let name = parameter.name();
    let separator = if parameter.is_renamed() { "." } else { "__" };
    let found = if name.contains(separator) {
        name.split(separator).try_fold(&*signals, |value, name| value.get(name))
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

impl<T> Defaulted for Signal<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}

/// Reads the JSON object of all signals. It is empty if the request has none.
pub(super) async fn read_signals(scope: &Scope) -> Result<Value, Rejection> {
    let parsed = if matches!(*scope.method(), Method::GET | Method::HEAD | Method::DELETE) {
        let query = scope.uri().query().unwrap_or_default();
        match urlencoded::values(query.as_bytes(), "datastar").last() {
            Some(Ok(json)) => serde_json::from_str(&json),
            Some(Err(_)) => return Err(Rejection::bad_request("signals are not valid text")),
            None => return Ok(Value::Object(serde_json::Map::new())),
        }
    } else {
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
        let body = scope.read_body().await?;
        if body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(json_body::without_mark(&body))
    };
    match parsed {
        Ok(signals @ Value::Object(_)) => Ok(signals),
        Ok(_) => Err(Rejection::bad_request("signals are a JSON object")),
        Err(error) => Err(Rejection::bad_request(format!("signals are not valid JSON: {error}"))),
    }
}
