use stario::prelude::*;

stario::app!();

#[derive(Signals)]
struct List {
    first: u32,
}

impl List {
    fn first() -> Self {
        Self { first: 1 }
    }
}

fn main() {}
