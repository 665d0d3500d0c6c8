//! The admissions of a part: guards, which are values that a request must have, and rate limits.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::parameter::ProviderInfo;
use crate::rate_limit::RateLimiter;

/// A dependency that every request to a part of an app must have. Made by `app::require::<T>()`, given to the part by
/// [`App::guard`](crate::App::guard).
#[derive(Clone)]
pub struct Guard {
    /// The name of the value's type.
    pub(crate) name: &'static str,
    /// The description of the provider.
    pub(crate) provider: fn() -> ProviderInfo,
    /// How the value is resolved: a function, whose type names what stands above the settings.
    pub(crate) resolve: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Guard").field(&self.name).finish()
    }
}

/// A condition that a request to a part of an app must meet before it is answered.
#[derive(Clone)]
pub(crate) enum Admission {
    Guard(Guard),
    /// Counted by the client's address.
    RateLimit(Arc<RateLimiter>),
}

impl Admission {
    /// The guard, if it is one.
    pub(crate) fn guard(&self) -> Option<&Guard> {
        match self {
            Admission::Guard(guard) => Some(guard),
            Admission::RateLimit(_) => None,
        }
    }
}
