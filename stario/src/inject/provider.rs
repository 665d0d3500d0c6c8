//! A provider: the function that makes a value, for how long the value is shared, and what replaces it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use super::slots::Slots;
use crate::error::Rejection;
use crate::parameter::{ProviderInfo, Source};
use crate::scope::Scope;
use crate::shared::Shared;

/// A function with `#[dependency]` that makes a `V`, as a type of the same name.
///
/// `V` is a parameter, because an associated type would have to be as public as the function.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a provider of `{V}`")]
pub trait Provider<V: Send + Sync + 'static>: Sized + 'static {
    /// For how long its value is shared.
    type Lifetime: Lifetime;

    /// Whether it takes a `Cleanup`: work is done when its value is no longer needed.
    const DEFERS: bool = false;

    /// What is known about it besides.
    fn info() -> ProviderInfo;

    /// Calls the function.
    fn provide(
        scope: &Arc<Scope>,
        dependencies: &Dependencies,
    ) -> impl Future<Output = Result<V, Rejection>> + Send;
}

/// How a provider's value is kept, and so how it can be taken.
pub trait Lifetime {
    /// The value for a parameter by value.
    type Taken<'s, T: 's>;

    /// What of the request the value may be made of.
    const SOURCE: Source;

    /// For a parameter by value.
    fn take<'s, P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> impl Future<Output = Result<Self::Taken<'s, V>, Rejection>> + Send;

    /// For a parameter by reference.
    fn borrow<'s, P: Provider<V>, V: Send + Sync + 'static>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> impl Future<Output = Result<&'s V, Rejection>> + Send;
}

/// The values that providers made for one call, and the app, which has the singletons. The handler's future owns it, and
/// its handler borrows from it.
pub struct Dependencies {
    pub(super) slots: Slots,
    pub(super) app: Arc<Shared>,
}

impl Dependencies {
    /// Makes an empty set of values for one call.
    pub fn of(scope: &Scope) -> Self {
        Self { slots: Slots::default(), app: Arc::clone(scope.exchange().app()) }
    }

    /// Keeps a value that no provider has made.
    pub(crate) fn keep<T: Send + Sync + 'static>(&self, value: T) -> &T {
        self.slots.keep(value)
    }
}

/// The replacements of an app, by the type of the provider that is replaced.
pub(crate) type Replacements = HashMap<TypeId, Replacement>;

/// A provider that is called instead of another; made by `name::with::<other>()`.
pub struct Replacement {
    pub(crate) of: TypeId,
    /// A [`ProvideFn`] of the value's type.
    pub(crate) call: Box<dyn Any + Send + Sync>,
    /// What is known about the two.
    pub(crate) infos: [fn() -> ProviderInfo; 2],
}

impl Replacement {
    /// Calls `Q` where `P` would be called.
    #[doc(hidden)]
    pub fn new<P: Provider<V>, Q: Provider<V>, V: Send + Sync + 'static>() -> Self {
        let call: ProvideFn<V> = |scope, dependencies| Box::pin(Q::provide(scope, dependencies));
        Self { of: TypeId::of::<P>(), call: Box::new(call), infos: [P::info, Q::info] }
    }
}

impl std::fmt::Debug for Replacement {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Replacement").finish_non_exhaustive()
    }
}

/// How a replacement makes a value.
pub(crate) type ProvideFn<V> = for<'s> fn(&'s Arc<Scope>, &'s Dependencies) -> Boxed<'s, V>;

/// A resolution whose type is not known where it is awaited.
pub(crate) type Boxed<'s, V> = Pin<Box<dyn Future<Output = Result<V, Rejection>> + Send + 's>>;

/// Makes a value anew, by the provider or what the app has replaced it with.
pub(crate) async fn make<P: Provider<V>, V: Send + Sync + 'static>(
    scope: &Arc<Scope>,
    dependencies: &Dependencies,
) -> Result<V, Rejection> {
    let replacement = scope.app().replacements.get(&TypeId::of::<P>());
    match replacement.and_then(|call| call.downcast_ref::<ProvideFn<V>>()) {
        Some(replacement) => replacement(scope, dependencies).await,
        None => P::provide(scope, dependencies).await,
    }
}
