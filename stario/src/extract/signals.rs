//! `Signals<T>`: all signals of the page as one value.

use serde::de::DeserializeOwned;
use stario_html::__private::signals::OwnedByFields;
use stario_html::PageSignals;

use super::signal::SOURCE;
use super::signal_source::{ByFields, SignalsProbe};
use super::signals_json::{SignalsJson, not_json};
use super::value::JsonTree;
use super::{FromRequest, off_worker, value, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// Reads all signals of the page as a struct, a field per signal; nested signals are nested structs.
///
/// A struct with [`derive(Signals)`](macro@crate::Signals) is read field by field, by the names that it has in the page; any
/// other type by serde.
///
/// They are read from the same place and by the same rules as a [`Signal`](crate::Signal), and a handler can take both.
/// Signals that the struct does not have are skipped. An `Option` may be missing, and so may a field with
/// `#[serde(default)]`. A missing signal is refused with 400, one that does not fit with 422; both answers have the
/// signal's path.
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(serde::Deserialize)]
/// struct Page {
///     draft: String,
///     user: User,
/// }
///
/// #[derive(serde::Deserialize)]
/// struct User {
///     age: u8,
/// }
///
/// # stario::app!();
/// #[app::command("/send")]
/// async fn send(page: Signals<Page>) -> String {
///     format!("{} at {}", page.draft, page.user.age)
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let post = |signals| client.post("/send").signals(&signals).send().text().to_owned();
/// assert_eq!(post(json!({ "draft": "hi", "user": { "age": 36 }, "other": 1 })), "hi at 36");
/// assert_eq!(
///     post(json!({ "draft": "hi", "user": { "age": -1 } })),
///     "invalid signal `user.age`: expected a whole number from 0 to 255"
/// );
/// assert_eq!(post(json!({ "draft": "hi", "user": { "age": "" } })), "missing signal `user.age`");
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signals<T>(pub T);

value_newtype!(Signals);

impl<T: DeserializeOwned + Send + 'static> FromRequest for Signals<T> {
    const SOURCE: Source = Source::Signals;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        read_all(scope).await.map(Self)
    }
}

/// A struct with `derive(Signals)`.
impl<T: PageSignals + Send + 'static> FromRequest for ByFields<Signals<T>> {
    const SOURCE: Source = Source::Signals;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        read_all(scope).await.map(|OwnedByFields(value)| Self(Signals(value)))
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        // Only the check of names asks, and a build for production has none.
        cfg!(debug_assertions)
            .then(|| Requirement::Signals { type_name: std::any::type_name::<T>(), signals: T::SIGNALS })
    }
}

impl<T: PageSignals> SignalsProbe<Signals<T>> {
    /// The type derives `Signals`.
    pub const BY_FIELDS: bool = true;
}

async fn read_all<T: DeserializeOwned + Send + 'static>(scope: &Scope) -> Result<T, Rejection> {
    let signals = scope.shared(|| SignalsJson::read(scope)).await?;
    off_worker::parse(signals.json().len(), move || {
        let tree = JsonTree::read(signals.json()).map_err(|error| not_json(&error))?;
        value::from_json(tree.root()).map_err(|problem| problem.into_rejection(SOURCE, ""))
    })
    .await
}
