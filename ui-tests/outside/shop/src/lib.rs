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
