//! Handlers, and the guards of modules, register themselves when the program is linked; this is where they are found.
//!
//! Each registration is a static that the linker keeps in every crate that is part of the program,
//! whatever the optimization, because `inventory` marks it as used.

use std::any::TypeId;
use std::sync::Arc;

pub use inventory;

use crate::handler::{Endpoint, EndpointRoute};
use crate::settings::{Admission, Guard, PartSettings};

/// One annotated handler and the app it belongs to.
#[derive(Debug)]
pub struct Registration {
    /// The type of the app's `Routes`. A function, because a `TypeId` in a constant needs a newer Rust.
    pub app: fn() -> TypeId,
    /// What the attribute registered.
    pub endpoint: Endpoint,
}

inventory::collect!(Registration);

/// The guard of a module, made by `app::require!(..)`.
#[derive(Debug)]
pub struct ModuleGuard {
    /// The module in which it stands.
    pub module: &'static str,
    /// Makes the guard.
    pub guard: fn() -> Guard,
}

inventory::collect!(ModuleGuard);

/// The routes of one app, in no particular order, with the guards of the modules in which their handlers stand.
pub(super) fn routes(app: TypeId) -> Vec<EndpointRoute> {
    let registrations = inventory::iter::<Registration>.into_iter();
    let of_app = registrations.filter(|registration| (registration.app)() == app);
    let mut routes: Vec<EndpointRoute> =
        of_app.map(|registration| EndpointRoute::new(&registration.endpoint)).collect();
    add_module_guards(&mut routes);
    routes
}

fn add_module_guards(routes: &mut [EndpointRoute]) {
    let mut guards: Vec<&ModuleGuard> = inventory::iter::<ModuleGuard>.into_iter().collect();
    // The innermost settings of a route stand first.
    guards.sort_by_key(|guard| std::cmp::Reverse(guard.module.len()));
    for guard in guards {
        let settings = Arc::new(PartSettings {
            admissions: vec![Admission::Guard((guard.guard)())],
            ..PartSettings::default()
        });
        let is_inside = |route: &&mut EndpointRoute| {
            let below = route.target.endpoint.info.handler.strip_prefix(guard.module);
            below.is_some_and(|below| below.starts_with("::"))
        };
        for route in routes.iter_mut().filter(is_inside) {
            route.target.settings.push(Arc::clone(&settings));
        }
    }
}
