//! A library crate that brings handlers of its own, for `tests/merge.rs`.

stario::app!();

/// What is sold here.
#[app::query("/shop")]
pub async fn shop() -> &'static str {
    "shop"
}

/// A module that nothing in the crate refers to.
pub mod orders {
    /// A module inside it, whose handler is private.
    pub mod archive {
        use stario::prelude::*;

        #[crate::app::query("/shop/orders/{id}")]
        async fn archived(id: PathParam<u32>) -> String {
            id.to_string()
        }
    }
}
