//! Guards: dependencies that are resolved before every handler of a part, in turn with the part's rate limits.

use std::any::type_name;
use std::sync::Arc;

use super::Injected;
use super::limit::admit_client;
use super::provider::{Boxed, Dependencies, Lifetime, Provider};
use crate::scope::Scope;
use crate::settings::{Admission, Guard};

/// Resolves the value of a guard, for its failure alone.
type ResolveFn = for<'s> fn(&'s Arc<Scope>, &'s Dependencies) -> Boxed<'s, ()>;

/// The guard of a type that has a provider in the crate whose routes are `R`.
#[must_use = "a guard does nothing until it is given to an app"]
pub fn require<T: Injected<R>, R>() -> Guard {
    let resolve: ResolveFn = |scope, dependencies| {
        Box::pin(async move {
            let value = <<T::Provider as Provider<T>>::Lifetime as Lifetime>::borrow::<T::Provider, T>;
            value(scope, dependencies).await.map(drop)
        })
    };
    Guard { name: type_name::<T>(), provider: T::Provider::info, resolve: Arc::new(resolve) }
}

/// Resolves the guards of the request's part and counts it for the part's rate limits, from the outermost part inward. Returns the
/// first refusal.
pub fn admit<'s>(scope: &'s Arc<Scope>, dependencies: &'s Dependencies) -> Boxed<'s, ()> {
    Box::pin(async move {
        for admission in &scope.exchange().settings().admissions {
            match admission {
                Admission::Guard(guard) => {
                    if let Some(resolve) = guard.resolve.downcast_ref::<ResolveFn>() {
                        resolve(scope, dependencies).await?;
                    }
                }
                Admission::RateLimit(limiter) => admit_client(scope.exchange(), limiter)?,
            }
        }
        Ok(())
    })
}
