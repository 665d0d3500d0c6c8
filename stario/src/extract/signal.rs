//! `Signal<T>`: a signal of the page, as Datastar sends it.

use serde::de::DeserializeOwned;
use stario_html::__private::signals::OwnedByFields;
use stario_html::PageSignals;

use super::signal_source::{ByFields, SignalsProbe};
use super::signals_json::{SignalsJson, not_json};
use super::value::{JsonTree, JsonValue};
use super::{Defaulted, FromRequest};
use super::{off_worker, value, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

pub(super) const SOURCE: &str = "signal";

/// Reads the signal that is named like the parameter; `a__b` reads the nested signal `a.b`, as does
/// `#[name("a.b")]`.
///
/// Datastar sends signals in the query of GET and DELETE (`datastar={..}`) and as the JSON body of every
/// other method. A missing signal is refused with 400, unless the parameter has a `#[default(..)]` or is a
/// `Signal<Option<T>>`; a value that `T` does not accept is refused with 422, a body that is not JSON with 415 or
/// 400. Only the signal that is asked for is made; the others are skipped.
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
        read_signal(scope, parameter).await.map(Self)
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        requirement::<T>(parameter)
    }
}

/// Only the check of names asks, and a build for production has none.
fn requirement<T>(parameter: &Parameter) -> Option<Requirement> {
    cfg!(debug_assertions).then(|| Requirement::Signal {
        name: parameter.name(),
        separator: separator(parameter),
        type_name: std::any::type_name::<T>(),
        may_be_missing: parameter.has_default(),
    })
}

/// The separator of the names in the path of a nested signal.
fn separator(parameter: &Parameter) -> &'static str {
    if parameter.is_renamed() { "." } else { "__" }
}

/// A struct with `derive(Signals)`, nested in the page's signals.
impl<T: PageSignals + Send + 'static> FromRequest for ByFields<Signal<T>> {
    const BY_NAME: bool = true;

    const SOURCE: Source = Source::Signals;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        read_signal(scope, parameter).await.map(|OwnedByFields(value)| Self(Signal(value)))
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        requirement::<T>(parameter)
    }
}

impl<T: PageSignals> SignalsProbe<Signal<T>> {
    /// The type derives `Signals`.
    pub const BY_FIELDS: bool = true;
}

async fn read_signal<T: DeserializeOwned + Send + 'static>(
    scope: &Scope,
    parameter: &Parameter,
) -> Result<T, Rejection> {
    let signals = scope.shared(|| SignalsJson::read(scope)).await?;
    let name = parameter.name();
    let separator = separator(parameter);
    let (first, below) = match name.split_once(separator) {
        Some((first, below)) => (first, Some(below)),
        None => (name, None),
    };
    let length = signals.get(first).map_or(0, <[u8]>::len);
    off_worker::parse(length, move || {
        let tree = match signals.get(first) {
            Some(json) => Some(JsonTree::read(json).map_err(|error| not_json(&error))?),
            None => None,
        };
        let mut below = below.into_iter().flat_map(|below| below.split(separator));
        let found = tree.as_ref().and_then(|tree| below.try_fold(tree.root(), JsonValue::get));
        let value = found.map_or_else(value::from_nothing, value::from_json);
        value.map_err(|problem| problem.into_rejection(SOURCE, name))
    })
    .await
}

impl<T> Defaulted for Signal<T> {
    type Value = T;

    fn from_default(value: T) -> Self {
        Self(value)
    }
}
