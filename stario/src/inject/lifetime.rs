//! For how long a provider's value is shared.

use std::any::TypeId;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::provider::{Dependencies, Lifetime, Provider, make};
use crate::error::Rejection;
use crate::parameter::Source;
use crate::scope::Scope;
use crate::shared::Shared as App;

/// One call per request, shared by all parameters that take it.
pub struct Request(());

/// One call per parameter that takes it.
pub struct Transient(());

/// One call in the app's life, shared by all requests.
pub struct Singleton(());

impl Lifetime for Request {
    type Taken<'s, T: 's> = Shared<'s, T>;

    const SOURCE: Source = Source::Head;

    async fn take<'s, P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> Result<Shared<'s, V>, Rejection> {
        Self::borrow::<P, V>(scope, dependencies).await.map(Shared)
    }

    /// A failure is shared too: the provider is called once, however many ask.
    async fn borrow<'s, P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> Result<&'s V, Rejection> {
        let cell: &OnceCell<Result<V, Rejection>> = dependencies.slots.get(TypeId::of::<P>());
        cell.get_or_init(|| make::<P, V>(scope, dependencies)).await.as_ref().map_err(Clone::clone)
    }
}

impl Lifetime for Singleton {
    type Taken<'s, T: 's> = Shared<'s, T>;

    const SOURCE: Source = Source::App;

    async fn take<'s, P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> Result<Shared<'s, V>, Rejection> {
        Self::borrow::<P, V>(scope, dependencies).await.map(Shared)
    }

    /// A failure is not kept: the next request that asks tries again.
    async fn borrow<'s, P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> Result<&'s V, Rejection> {
        singleton::<P, V>(&dependencies.app, scope, dependencies).await
    }
}

/// The singleton of a provider, made now if the app does not have it yet.
pub(super) async fn singleton<'a, P: Provider<V>, V: Send + Sync + 'static>(
    app: &'a App,
    scope: &Arc<Scope>,
    dependencies: &Dependencies,
) -> Result<&'a V, Rejection> {
    let provider = TypeId::of::<P>();
    let cell: &OnceCell<V> = app.singletons.get(provider);
    let make = async || {
        // The clean-ups of this attempt belong to its value, or to the request if it fails.
        let attempt = scope.exchange().attempt(provider);
        let value = make::<P, V>(scope, dependencies).await?;
        app.cleanups.keep(attempt);
        Ok(value)
    };
    cell.get_or_try_init(make).await
}

impl Lifetime for Transient {
    type Taken<'s, T: 's> = Owned<T>;

    const SOURCE: Source = Source::Head;

    async fn take<P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &Dependencies,
    ) -> Result<Owned<V>, Rejection> {
        make::<P, V>(scope, dependencies).await.map(Owned)
    }

    async fn borrow<'s, P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> Result<&'s V, Rejection> {
        Ok(dependencies.slots.keep(make::<P, V>(scope, dependencies).await?))
    }
}

/// A value that only this parameter has.
pub struct Owned<T>(pub T);

impl<T> Owned<T> {
    /// The value itself.
    pub fn by_value(self) -> T {
        self.0
    }
}

/// A value that others use too.
pub struct Shared<'s, T>(pub &'s T);

impl<T> Shared<'_, T> {
    /// A clone of the value.
    pub fn by_value(self) -> T
    where
        T: ShareByValue,
    {
        self.0.clone()
    }
}

/// A shared dependency that can be taken by value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is shared by all who take it, and cannot be cloned",
    label = "take `&{Self}`",
    note = "or implement `Clone` for it, or make its provider `#[dependency(transient)]`"
)]
pub trait ShareByValue: Clone {}

#[diagnostic::do_not_recommend]
impl<T: Clone> ShareByValue for T {}
