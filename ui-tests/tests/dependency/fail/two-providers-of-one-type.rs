use stario::prelude::*;

stario::app!();

struct Pool;

#[dependency]
fn first() -> Pool {
    Pool
}

#[dependency(singleton)]
async fn second() -> Result<Pool> {
    Ok(Pool)
}

fn main() {}
