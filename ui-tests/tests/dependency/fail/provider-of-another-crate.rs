use std::time::Instant;

use stario::Lazy;
use stario::prelude::*;

stario::app!();

// As if a provider of another crate made it: here it has none.
#[app::query("/a")]
async fn borrowed(start: &std::time::Instant, page: QueryParam<u32>) -> String {
    format!("{start:?} {page}")
}

#[app::query("/b")]
async fn by_value(start: Instant) -> String {
    format!("{start:?}")
}

#[app::query("/c")]
async fn lazy(start: Lazy<'_, Instant>) -> Result<String> {
    Ok(format!("{:?}", start.get().await?))
}

#[dependency]
fn age(start: &Instant) -> u64 {
    start.elapsed().as_secs()
}

fn main() {}
