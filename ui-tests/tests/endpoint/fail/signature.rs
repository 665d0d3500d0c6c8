use stario::prelude::*;

stario::app!();

#[app::query("/generic")]
async fn generic<T>() {}

#[app::query("/unsafe")]
async unsafe fn not_safe() {}

#[app::query("/struct")]
struct NoFunction;

#[app::query("/twice")]
async fn twice(PathParam(id): PathParam<i64>, id: QueryParam<i64>) {}

fn main() {}
