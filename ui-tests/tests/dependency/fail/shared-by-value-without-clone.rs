use stario::prelude::*;

stario::app!();

struct Pool;

#[dependency(singleton)]
fn pool() -> Pool {
    Pool
}

#[app::query("/")]
async fn home(pool: Pool) {
    let _ = pool;
}

fn main() {}
