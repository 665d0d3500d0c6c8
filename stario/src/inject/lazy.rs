//! `Lazy<T>`: a dependency that is made when it is asked for.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::{Argument, Dependencies, Injected, Lifetime, Owned, ProvidedBy, Provider};
use crate::error::{Error, Rejection, Result};
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

/// A dependency that is made at the first [`get`](Lazy::get), or never.
///
/// It is shared like any other: everything that takes it in the same request, lazily or not, gets the same
/// value, unless it is transient.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Lazy, dependency};
///
/// # stario::app!();
/// struct Report(String);
///
/// #[dependency]
/// async fn report() -> Report {
///     Report("expensive".into())
/// }
///
/// #[app::query("/")]
/// async fn home(#[default(false)] full: QueryParam<bool>, report: Lazy<'_, Report>) -> Result<String> {
///     Ok(if *full { report.get().await?.0.clone() } else { "short".into() })
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/").send().text(), "short");
/// assert_eq!(client.get("/?full=true").send().text(), "expensive");
/// # }
/// ```
pub struct Lazy<'s, T> {
    /// The inputs from which the provider's parameters are resolved.
    scope: Arc<Scope>,
    dependencies: &'s Dependencies,
    borrow: fn(Arc<Scope>, &'s Dependencies) -> Borrow<'s, T>,
    /// Once it is made: a transient value is this parameter's own, and is made once too.
    value: OnceCell<&'s T>,
}

/// Boxed, because the provider's type is not part of `Lazy`'s.
type Borrow<'a, T> = Pin<Box<dyn Future<Output = Result<&'a T, Rejection>> + Send + 'a>>;

impl<'s, T: 's> Lazy<'s, T> {
    /// The value, made now if it does not exist yet.
    ///
    /// # Errors
    ///
    /// The provider's error; with `?` it is answered as if the handler had taken the dependency itself.
    pub async fn get(&self) -> Result<&'s T> {
        let value =
            self.value.get_or_try_init(|| (self.borrow)(Arc::clone(&self.scope), self.dependencies)).await;
        value.copied().map_err(Error::from)
    }
}

impl<T> std::fmt::Debug for Lazy<'_, T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Lazy").finish_non_exhaustive()
    }
}

fn borrow<P: Provider<T>, T: Send + Sync + 'static>(
    scope: Arc<Scope>,
    dependencies: &Dependencies,
) -> Borrow<'_, T> {
    Box::pin(async move { <P::Lifetime as Lifetime>::borrow::<P, T>(&scope, dependencies).await })
}

/// The type is a lazy dependency.
pub struct AsLazy<R>(PhantomData<R>);

impl<'s, T: Injected<R>, R> Argument<'s, R, AsLazy<R>> for Lazy<'s, T> {
    type Taken = Owned<Self>;

    const SOURCE: Source = ProvidedBy::<T::Provider, T>::SOURCE;

    fn reads_body(_: &Scope) -> bool {
        // Nothing is read before it is asked for.
        false
    }

    fn reads_body_later(scope: &Scope) -> bool {
        ProvidedBy::<T::Provider, T>::reads_body(scope)
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        ProvidedBy::<T::Provider, T>::requirement(parameter)
    }

    async fn take(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
        _: &'static Parameter,
    ) -> Result<Owned<Self>, Rejection> {
        // A singleton is made of the app alone, so it keeps no input of the request.
        let keeps_inputs = !ProvidedBy::<T::Provider, T>::SOURCE.is_app();
        let scope = if keeps_inputs { Arc::clone(scope) } else { Scope::without_inputs(scope) };
        Ok(Owned(Lazy { scope, dependencies, borrow: borrow::<T::Provider, T>, value: OnceCell::new() }))
    }
}
