//! A hook runs where there is no request.

use stario::prelude::*;

stario::app!();

struct Session;

#[dependency]
fn session() -> Session {
    Session
}

#[app::on_start]
async fn start(page: QueryParam<u32>, session: &Session, writer: Writer, log: Logger) {
    let _ = (page, session, writer, log);
}

#[app::on_stop]
async fn stop(id: stario::RequestId, cookie: Cookie<String>) {
    let _ = (id, cookie);
}

fn main() {}
