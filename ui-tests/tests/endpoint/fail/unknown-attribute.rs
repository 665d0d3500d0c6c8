use stario::prelude::*;

stario::app!();

#[app::query("/")]
async fn home(#[defualt(1)] page: QueryParam<u32>) -> u32 {
    *page
}

fn main() {}
