//! Dependencies: values that providers make for handlers and for each other.
//!
//! A provider is found by the type it returns, at compile time. What is shared in a request is kept in the
//! handler's future, what is shared by all requests in the app; both are lists that only grow, so a value that is
//! once there can be borrowed for as long as its owner lives, without a lock.

mod cleanup;
mod cleanups;
mod guard;
mod lazy;
mod lifetime;
mod limit;
mod outside;
mod parameter_info;
mod provider;
mod resolve;
mod slots;

use std::any::TypeId;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::Rejection;
use crate::extract::FromRequest;
use crate::parameter::{Parameter, Requirement, Source};
use crate::scope::Scope;

pub use cleanup::Cleanup;
pub use cleanups::CleanupOutcome;
pub(crate) use cleanups::Cleanups;
pub use guard::{admit, require};
pub use lazy::Lazy;
pub(crate) use lifetime::Owned;
pub use lifetime::{Request, Singleton, Transient};
pub use limit::{limit_by_client, limit_by_value};
pub use outside::{Getting, HookValue, NeedsNoRequest, SingletonOf, end_hook, get, make_singleton};
pub(crate) use parameter_info::ArgumentInfo;
pub use parameter_info::{ParameterInfo, are_ready, close, has_writer, requirements, waiting};
pub(crate) use provider::{Boxed, Lifetime, Replacements};
pub use provider::{Dependencies, Provider, Replacement};
pub use resolve::{pair, resolve, resolve_now};
pub(crate) use slots::Slots;

/// A type that has a provider in the crate whose routes are `R`.
#[diagnostic::on_unimplemented(
    message = "no provider in this crate returns `{Self}`",
    label = "no provider of this type",
    note = "write `#[dependency]` on a function that returns it; if a function of another crate makes it, say so once: `app::provide!({Self} = other_crate::provider);`"
)]
pub trait Injected<R>: Send + Sync + Sized + 'static {
    /// The function that makes it.
    type Provider: Provider<Self>;
}

/// A type that a handler or a provider can take by value, in the one way `K` that fits it.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take `{Self}` as a parameter",
    label = "neither a source nor a dependency",
    note = "a source is `PathParam<T>`, `QueryParam<T>`, `Signal<T>`, `JsonBody<T>`, `State<T>` or another type that implements `FromRequest`",
    note = "the `T` of a source is read by serde: it needs `#[derive(serde::Deserialize)]`; that of a `Form<T>` derives `Form` and garde's `Validate`",
    note = "a dependency is what a function with `#[dependency]` returns; if a function of another crate makes it, say so once: `app::provide!(Type = other_crate::provider);`"
)]
pub trait Argument<'s, R, K>: Sized {
    /// The resolved value before it is passed to the function: owned, or borrowed.
    type Taken;

    /// Which part of the request it is made from.
    const SOURCE: Source;

    /// Whether the parameter must have a name.
    const BY_NAME: bool = false;

    /// Whether its provider takes a `Cleanup`.
    const DEFERS: bool = false;

    /// Whether its future is ready when it is polled first.
    const IS_READY: bool = false;

    /// All that is known of it before a request.
    const INFO: ArgumentInfo = ArgumentInfo {
        source: Self::SOURCE,
        by_name: Self::BY_NAME,
        is_ready: Self::IS_READY,
        defers: Self::DEFERS,
        reads_body: Self::reads_body,
        reads_body_later: Self::reads_body_later,
        requirement: Self::requirement,
    };

    /// Whether it, or a provider that it needs, reads the body.
    fn reads_body(scope: &Scope) -> bool;

    /// Whether the handler may read the body through it while it runs.
    fn reads_body_later(_: &Scope) -> bool {
        false
    }

    /// What the app must have for it.
    fn requirement(parameter: &Parameter) -> Option<Requirement>;

    /// Resolves it for a handler.
    fn take(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
        parameter: &'static Parameter,
    ) -> impl Future<Output = Result<Self::Taken, Rejection>> + Send;

    /// Resolves it for a provider. Boxed, if it needs another provider: providers that need each
    /// other would be one endless type otherwise, which rustc reports in terms of futures. So they compile,
    /// and the app's check shows the circle before it serves.
    fn take_boxed(
        scope: &'s Arc<Scope>,
        dependencies: &'s Dependencies,
        parameter: &'static Parameter,
    ) -> impl Future<Output = Result<Self::Taken, Rejection>> + Send {
        Self::take(scope, dependencies, parameter)
    }
}

/// The type is a source of its own.
pub struct AsSource(());
/// The type has a provider.
pub struct AsDependency(());

impl<'s, T: FromRequest, R> Argument<'s, R, AsSource> for T {
    type Taken = Owned<T>;

    const SOURCE: Source = T::SOURCE;

    const BY_NAME: bool = T::BY_NAME;

    const IS_READY: bool = T::IS_READY;

    fn reads_body(_: &Scope) -> bool {
        T::SOURCE.reads_body()
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        T::requirement(parameter)
    }

    fn take(
        scope: &Arc<Scope>,
        _: &'s Dependencies,
        parameter: &'static Parameter,
    ) -> impl Future<Output = Result<Owned<T>, Rejection>> + Send {
        Owning { source: T::from_request(scope, parameter) }
    }
}

pin_project_lite::pin_project! {
    /// Wraps the value of a source in `Owned`. This future is written by hand, because an `async` block would add a state.
    struct Owning<F> {
        #[pin]
        source: F,
    }
}

impl<T, F: Future<Output = Result<T, Rejection>>> Future for Owning<F> {
    type Output = Result<Owned<T>, Rejection>;

    #[inline]
    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().source.poll(ctx).map_ok(Owned)
    }
}

impl<'s, T: Injected<R>, R> Argument<'s, R, AsDependency> for T {
    type Taken = <<T::Provider as Provider<T>>::Lifetime as Lifetime>::Taken<'s, T>;

    const SOURCE: Source = ProvidedBy::<T::Provider, T>::SOURCE;

    const DEFERS: bool = <T::Provider as Provider<T>>::DEFERS;

    fn reads_body(scope: &Scope) -> bool {
        ProvidedBy::<T::Provider, T>::reads_body(scope)
    }

    fn requirement(parameter: &Parameter) -> Option<Requirement> {
        ProvidedBy::<T::Provider, T>::requirement(parameter)
    }

    fn take(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
        _: &'static Parameter,
    ) -> impl Future<Output = Result<Self::Taken, Rejection>> + Send {
        ProvidedBy::<T::Provider, T>::value(scope, dependencies)
    }

    fn take_boxed(
        scope: &'s Arc<Scope>,
        dependencies: &'s Dependencies,
        _: &'static Parameter,
    ) -> impl Future<Output = Result<Self::Taken, Rejection>> + Send {
        let boxed: Boxed<'s, <<T::Provider as Provider<T>>::Lifetime as Lifetime>::Taken<'s, T>> =
            Box::pin(ProvidedBy::<T::Provider, T>::value(scope, dependencies));
        boxed
    }
}

/// A parameter of type `T` whose provider is known: the same items as those of [`Argument`].
pub struct ProvidedBy<P, T>(PhantomData<(P, T)>);

// A value is used for its type alone. The futures capture their lifetime by name.
#[allow(clippy::unused_self, clippy::elidable_lifetime_names)]
impl<P: Provider<T>, T: Send + Sync + 'static> ProvidedBy<P, T> {
    /// What of the request the value may be made of.
    pub const SOURCE: Source = <P::Lifetime as Lifetime>::SOURCE;

    /// A provider's value is found by its type.
    pub const BY_NAME: bool = false;

    /// Whether the provider, or one that it needs, reads the body.
    pub fn reads_body(scope: &Scope) -> bool {
        scope.app().reads_body(TypeId::of::<P>())
    }

    /// What it is made of is read before the handler runs.
    pub fn reads_body_later(_: &Scope) -> bool {
        false
    }

    /// That the app can make the value.
    #[allow(clippy::unnecessary_wraps)] // One form for all parameters.
    pub fn requirement(_: &Parameter) -> Option<Requirement> {
        Some(Requirement::Provider(P::info))
    }

    /// The value, for a parameter by value.
    fn value<'s>(
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> impl Future<Output = Result<<P::Lifetime as Lifetime>::Taken<'s, T>, Rejection>> + Send {
        <P::Lifetime as Lifetime>::take::<P, T>(scope, dependencies)
    }

    /// The value, for a handler's parameter by value.
    pub fn take<'s>(
        self,
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> impl Future<Output = Result<<P::Lifetime as Lifetime>::Taken<'s, T>, Rejection>> + Send {
        Self::value(scope, dependencies)
    }

    /// The value, for a handler's parameter by reference.
    pub fn borrow<'s>(
        self,
        scope: &Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> impl Future<Output = Result<&'s T, Rejection>> + Send {
        <P::Lifetime as Lifetime>::borrow::<P, T>(scope, dependencies)
    }

    /// The value, for a provider's parameter by value.
    pub fn take_boxed<'s>(
        self,
        scope: &'s Arc<Scope>,
        dependencies: &'s Dependencies,
    ) -> Boxed<'s, <P::Lifetime as Lifetime>::Taken<'s, T>> {
        Box::pin(self.take(scope, dependencies))
    }

    /// The value, for a provider's parameter by reference.
    pub fn borrow_boxed<'s>(self, scope: &'s Arc<Scope>, dependencies: &'s Dependencies) -> Boxed<'s, &'s T> {
        Box::pin(self.borrow(scope, dependencies))
    }
}

/// The value of the type's provider. The type is that of an argument, so that rustc reports one that has no
/// provider in the same place, and so once, wherever it is stated.
pub const fn by_type<T: Injected<R>, R>(_: PhantomData<T>) -> ProvidedBy<T::Provider, T> {
    ProvidedBy(PhantomData)
}

/// The value of a provider that is named.
pub const fn by_name<P: Provider<T>, T: Send + Sync + 'static>(_: PhantomData<T>) -> ProvidedBy<P, T> {
    ProvidedBy(PhantomData)
}

// The value is used for its type alone.
#[allow(clippy::unused_self)]
impl<P: Provider<T>, T: Send + Sync + 'static> ProvidedBy<P, T> {
    /// What is known of it.
    pub const fn info(self) -> ArgumentInfo {
        ArgumentInfo {
            source: Self::SOURCE,
            by_name: Self::BY_NAME,
            is_ready: false,
            defers: P::DEFERS,
            reads_body: Self::reads_body,
            reads_body_later: Self::reads_body_later,
            requirement: Self::requirement,
        }
    }
}
