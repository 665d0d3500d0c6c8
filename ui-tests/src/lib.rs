//! A library crate that brings handlers of its own, for `tests/merge.rs`.

stario::app!();

/// What is sold here.
#[app::query("/shop")]
pub async fn shop() -> &'static str {
    "shop"
}

/// What is sold here, by name.
#[app::query("/shop/find")]
pub async fn find(name: stario::QueryParam<String>, #[default(1)] page: stario::QueryParam<u32>) -> String {
    format!("{name}, page {page}")
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

/// Handlers that others can have, too, if a header or a verb tells them apart.
pub mod stock {
    use stario::prelude::*;

    /// One of two that headers tell apart.
    #[crate::app::query("/stock", headers("X-Unit" = "piece", "Accept" = "text/plain"))]
    pub async fn pieces() -> &'static str {
        "7 pieces"
    }

    /// Everything below a place.
    #[crate::app::command("/stock/{place...}", method = DELETE)]
    pub async fn remove(place: PathParam<String>) -> String {
        format!("{place} is empty")
    }
}

stario::app!(office);

/// In an app of its own.
#[app::query("/hours", app = office)]
pub async fn hours() -> &'static str {
    "9 to 5"
}
