//! Handlers register themselves when the program is linked; this is where they are found.
//!
//! Each registration is a static that the linker keeps in every crate that is part of the program,
//! whatever the optimization, because `inventory` marks it as used.

use std::any::TypeId;

pub use inventory;

use crate::handler::Endpoint;

/// One annotated handler and the app it belongs to.
#[derive(Debug)]
pub struct Registration {
    /// The type of the app's `Routes`. A function, because a `TypeId` in a constant needs a newer Rust.
    pub app: fn() -> TypeId,
    /// What the attribute registered.
    pub endpoint: Endpoint,
}

inventory::collect!(Registration);

/// The endpoints of one app, in no particular order.
pub(super) fn endpoints(app: TypeId) -> Vec<&'static Endpoint> {
    inventory::iter::<Registration>
        .into_iter()
        .filter(|registration| (registration.app)() == app)
        .map(|registration| &registration.endpoint)
        .collect()
}
