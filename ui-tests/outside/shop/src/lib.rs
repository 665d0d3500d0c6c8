//! A library with handlers, for apps that merge it and lead to it.

use stario::prelude::*;

stario::app!();

/// Finds what is sold.
#[app::query("/shop/{kind}")]
pub async fn find(
    kind: PathParam<String>,
    name: QueryParam<String>,
    #[default(1)] page: QueryParam<u32>,
) -> String {
    format!("{kind}: {name}, page {page}")
}

/// Changes what is sold.
#[app::command("/shop/{kind}", method = PATCH)]
pub async fn change(kind: PathParam<String>, id: QueryParam<u64>) -> String {
    format!("{kind}: {id}")
}

/// What is in stock. Its provider is found in every crate.
#[derive(Debug)]
pub struct Stock(pub u32);

/// Counts the stock.
#[dependency(singleton, eager)]
pub async fn stock() -> Stock {
    Stock(7)
}

/// How long a basket is kept. The type is of another crate, so the crates that take it say where it comes from.
#[dependency(singleton)]
pub fn lease() -> std::time::Instant {
    std::time::Instant::now()
}

mod admin;

pub use admin::admins::Admin;
