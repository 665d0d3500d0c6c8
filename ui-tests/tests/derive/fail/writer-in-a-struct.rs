use stario::prelude::*;
use stario::FromRequest;

stario::app!();

#[derive(FromRequest)]
struct Input {
    page: QueryParam<u32>,
    w: Writer,
}

fn main() {}
