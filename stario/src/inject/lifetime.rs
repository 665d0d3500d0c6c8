//! For how long a provider's value is shared.

use std::any::TypeId;

use tokio::sync::OnceCell;

use super::{Provider, make};
use crate::extract::{Rejection, Source};
use crate::scope::Scope;

/// How a provider's value is kept, and so how it can be taken.
pub trait Lifetime {
    /// The value for a parameter by value.
    type Taken<'s, T: 's>;

    /// What of the request the value may be made of.
    const SOURCE: Source;

    /// For a parameter by value.
    fn take<P: Provider>(
        scope: &Scope,
    ) -> impl Future<Output = Result<Self::Taken<'_, P::Value>, Rejection>> + Send;

    /// For a parameter by reference.
    fn borrow<P: Provider>(scope: &Scope) -> impl Future<Output = Result<&P::Value, Rejection>> + Send;
}

/// One call per request, shared by all who take it there.
pub struct Request(());

/// One call per parameter that takes it.
pub struct Transient(());

/// One call in the app's life, shared by all requests.
pub struct Singleton(());

impl Lifetime for Request {
    type Taken<'s, T: 's> = Shared<'s, T>;

    const SOURCE: Source = Source::Head;

    async fn take<P: Provider>(scope: &Scope) -> Result<Shared<'_, P::Value>, Rejection> {
        Self::borrow::<P>(scope).await.map(Shared)
    }

    /// A failure is shared too: the provider is called once, however many ask.
    async fn borrow<P: Provider>(scope: &Scope) -> Result<&P::Value, Rejection> {
        let cell: &OnceCell<Result<P::Value, Rejection>> = scope.slots().get(TypeId::of::<P>());
        cell.get_or_init(|| make::<P>(scope)).await.as_ref().map_err(Clone::clone)
    }
}

impl Lifetime for Singleton {
    type Taken<'s, T: 's> = Shared<'s, T>;

    const SOURCE: Source = Source::App;

    async fn take<P: Provider>(scope: &Scope) -> Result<Shared<'_, P::Value>, Rejection> {
        Self::borrow::<P>(scope).await.map(Shared)
    }

    /// A failure is not kept: the next who asks tries again.
    async fn borrow<P: Provider>(scope: &Scope) -> Result<&P::Value, Rejection> {
        let cell: &OnceCell<P::Value> = scope.app().singletons().get(TypeId::of::<P>());
        cell.get_or_try_init(|| make::<P>(scope)).await
    }
}

impl Lifetime for Transient {
    type Taken<'s, T: 's> = Owned<T>;

    const SOURCE: Source = Source::Head;

    async fn take<P: Provider>(scope: &Scope) -> Result<Owned<P::Value>, Rejection> {
        make::<P>(scope).await.map(Owned)
    }

    async fn borrow<P: Provider>(scope: &Scope) -> Result<&P::Value, Rejection> {
        Ok(scope.slots().keep(make::<P>(scope).await?))
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
