//! Dependencies where there is no request: in hooks, in background tasks, and at the start of the app.

use std::pin::Pin;
use std::sync::Arc;

use super::Injected;
use super::lifetime::{Singleton, singleton};
use super::provider::{Boxed, Dependencies, Provider};
use crate::error::Result;
use crate::extract::AppHandle;
use crate::scope::Scope;

/// How long a value is shared, if it can be had without a request.
#[diagnostic::on_unimplemented(
    message = "this dependency is made for each request: it cannot be had where there is none",
    label = "not a singleton",
    note = "write `#[dependency(singleton)]` at its provider, or call what you need as a plain function"
)]
pub trait NeedsNoRequest {}

impl NeedsNoRequest for Singleton {}

/// A type whose provider makes a singleton, for the crate whose routes are `R`.
#[diagnostic::on_unimplemented(
    message = "no provider in this crate returns `{Self}`",
    label = "no provider of this type",
    note = "write `#[dependency(singleton)]` on a function that returns it; if a function of another crate makes it, say so once: `app::provide!({Self} = other_crate::provider);`"
)]
pub trait SingletonOf<R>: Injected<R> {}

impl<T: Injected<R>, R> SingletonOf<R> for T where <T::Provider as Provider<T>>::Lifetime: NeedsNoRequest {}

/// The singleton of a type, or why it cannot be made. It is boxed, because rustc would report a type that fits no bound at
/// the call and once more at what an `async` function returns.
pub type Getting<'h, T> = Pin<Box<dyn Future<Output = Result<&'h T>> + Send + 'h>>;

/// The singleton of a type that has a provider for the crate whose routes are `R`, made now if the app does not have it yet.
pub fn get<T: SingletonOf<R>, R>(handle: &AppHandle) -> Getting<'_, T> {
    Box::pin(async move {
        let value = handle.run(async || {
            let scope = Scope::without_request(handle.shared());
            let dependencies = Dependencies::of(&scope);
            singleton::<T::Provider, T>(handle.shared(), &scope, &dependencies).await
        });
        Ok(value.await?)
    })
}

/// Makes the singleton of a provider, if the app does not have it yet.
pub fn make_singleton<P: Provider<V>, V: Send + Sync + 'static>(scope: &Arc<Scope>) -> Boxed<'_, ()> {
    Box::pin(async move {
        let dependencies = Dependencies::of(scope);
        singleton::<P, V>(scope.exchange().app(), scope, &dependencies).await.map(drop)
    })
}

/// What a hook may return, or the `T` of its `Result<T, ..>`.
#[diagnostic::on_unimplemented(
    message = "a hook cannot return `{Self}`: nobody takes it",
    label = "this would be lost",
    note = "return nothing or `Result<()>`"
)]
pub trait HookValue {}

impl HookValue for () {}

/// Ends a hook.
pub fn end_hook<T: HookValue>(_: T) {}
