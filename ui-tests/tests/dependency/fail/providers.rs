use stario::prelude::*;

stario::app!();

struct Pool;

#[dependency]
async fn nothing() {}

#[dependency(forever)]
fn unknown_lifetime() -> Pool {
    Pool
}

#[dependency(singleton, transient)]
fn two_lifetimes() -> Pool {
    Pool
}

#[dependency]
fn generic<T>() -> Pool {
    Pool
}

#[dependency]
fn no_name() -> impl Sized {
    Pool
}

fn main() {}
