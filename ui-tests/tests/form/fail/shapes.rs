use stario::prelude::*;

stario::app!();

#[derive(Form)]
enum Sort {
    Newest,
}

#[derive(Form)]
struct Pair(u32, u32);

#[derive(Form)]
struct Nothing;

#[derive(Form)]
union Bits {
    whole: u32,
    real: f32,
}

#[derive(Form)]
struct Generic<T> {
    value: T,
}

fn main() {}
