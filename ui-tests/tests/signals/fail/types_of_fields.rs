use stario::prelude::*;

stario::app!();

struct NoSerde;

struct NoDefault;

#[derive(Signals)]
struct Inner {
    a: u32,
}

#[derive(Signals)]
struct Leaves {
    value: NoSerde,
    inner: Inner,
}

#[derive(Signals)]
struct Nested {
    #[signals(nested)]
    value: NoSerde,
}

#[derive(Signals)]
struct Local {
    #[signals(local)]
    value: std::num::NonZeroU8,
}

fn main() {}
