//! Only a singleton is made before there is a request.

use stario::prelude::*;

stario::app!();

struct Pool;

#[dependency(eager)]
fn pool() -> Pool {
    Pool
}

struct Cache;

#[dependency(singleton, eager, eager)]
fn cache() -> Cache {
    Cache
}

fn main() {}
