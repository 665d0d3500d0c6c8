use stario::prelude::*;

stario::app!();

#[app::query("/")]
async fn home(_: QueryParam<u8>, _: State<u8>, #[name("page")] _: QueryParam<u8>) {}

fn main() {}
