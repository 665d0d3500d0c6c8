//! Guards of a part: values without which none of its requests is answered.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::parameter::ProviderInfo;

/// A dependency that every request to a part of an app must have. Made by `app::require::<T>()`, given to the part by
/// [`App::guard`](crate::App::guard).
#[derive(Clone)]
pub struct Guard {
    /// The name of the value's type.
    pub(crate) name: &'static str,
    /// What is known of the provider.
    pub(crate) provider: fn() -> ProviderInfo,
    /// How the value is resolved: a function, whose type names what stands above the settings.
    pub(crate) resolve: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Guard").field(&self.name).finish()
    }
}
