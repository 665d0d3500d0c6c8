//! `State<T>`: a value given to the app.

use std::any::TypeId;
use std::sync::Arc;

use super::FromRequest;
use crate::error::Rejection;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// A value given to the app with [`App::state`](crate::App::state), shared by all requests.
///
/// If a handler takes state that the app was not given, the app does not start, and the error says which state
/// and which handler.
///
/// Wrap a `&'static` reference, such as `&'static str`, in a struct of your own: rustc otherwise cannot see that
/// the handler's future is `Send`.
///
/// ```
/// use stario::prelude::*;
///
/// struct Config { greeting: &'static str }
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home(config: State<Config>) -> &'static str {
///     config.greeting
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().state(Config { greeting: "hello" }));
/// assert_eq!(client.get("/").send().text(), "hello");
/// # }
/// ```
#[derive(Debug)]
pub struct State<T>(pub Arc<T>);

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> std::ops::Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Send + Sync + 'static> FromRequest for State<T> {
    const SOURCE: Source = Source::App;

    const IS_READY: bool = true;

    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        match scope.app().states.get::<T>() {
            Some(value) => Ok(Self(value)),
            None => Err(Rejection::internal("the app was assembled without this state")),
        }
    }

    fn requirement(_: &Parameter) -> Option<Requirement> {
        Some(Requirement::State { id: TypeId::of::<T>(), type_name: std::any::type_name::<T>() })
    }
}
