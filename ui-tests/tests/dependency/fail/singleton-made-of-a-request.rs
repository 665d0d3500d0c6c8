use stario::prelude::*;

stario::app!();

struct Pool;
struct Session;

#[dependency]
fn session() -> Session {
    Session
}

#[dependency(singleton)]
fn pool(tenant: QueryParam<String>, session: &Session) -> Pool {
    let _ = (tenant, session);
    Pool
}

fn main() {}
