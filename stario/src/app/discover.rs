//! Handlers, hooks and the guards of modules register themselves when the program is linked; this is where they are found.
//!
//! Each registration is a static that the linker keeps in every crate that is part of the program,
//! whatever the optimization, because `inventory` marks it as used.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

pub use inventory;

use crate::handler::{Endpoint, EndpointRoute};
use crate::inject::Boxed;
use crate::parameter::{ProviderInfo, Requirement};
use crate::scope::Scope;
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

/// A function that an app calls besides its handlers: one with `#[app::on_start]` or `#[app::on_stop]`, or the provider of an
/// eager singleton.
pub struct AppHook {
    /// The type of the app's `Routes`.
    pub app: fn() -> TypeId,
    /// When it is called.
    pub kind: HookKind,
    /// The function's path.
    pub name: &'static str,
    /// Where the attribute stands.
    pub file: &'static str,
    /// Its line in that file.
    pub line: u32,
    /// What its parameters need.
    pub requirements: fn() -> Vec<Option<Requirement>>,
    /// Resolves its parameters and calls it.
    pub call: CallFn,
}

/// How a hook is called.
type CallFn = for<'s> fn(&'s Arc<Scope>) -> Boxed<'s, ()>;

/// When a hook is called.
#[derive(Debug, Clone, Copy)]
pub enum HookKind {
    /// Before the app serves.
    Start,
    /// When its requests have ended.
    Stop,
    /// Before the first start hook, to make the singleton of this provider.
    Eager(fn() -> ProviderInfo),
}

inventory::collect!(AppHook);

/// The function, and where it stands.
impl fmt::Display for AppHook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, file, line, .. } = self;
        write!(formatter, "{name} at {file}:{line}")
    }
}

impl fmt::Debug for AppHook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AppHook").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The start hooks and stop hooks of one app, in the order in which they stand: by file, then by line.
pub(super) fn hooks(app: TypeId) -> impl Iterator<Item = &'static AppHook> {
    let is_of_app = move |hook: &&AppHook| !matches!(hook.kind, HookKind::Eager(_)) && (hook.app)() == app;
    in_order(inventory::iter::<AppHook>.into_iter().filter(is_of_app))
}

/// The eager singletons of the program, each with its provider.
pub(super) fn eager_singletons() -> impl Iterator<Item = (&'static AppHook, ProviderInfo)> {
    in_order(inventory::iter::<AppHook>.into_iter()).filter_map(|hook| match hook.kind {
        HookKind::Eager(provider) => Some((hook, provider())),
        HookKind::Start | HookKind::Stop => None,
    })
}

fn in_order(hooks: impl Iterator<Item = &'static AppHook>) -> impl Iterator<Item = &'static AppHook> {
    let mut hooks: Vec<&AppHook> = hooks.collect();
    hooks.sort_by_key(|hook| (hook.file, hook.line));
    hooks.into_iter()
}

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
