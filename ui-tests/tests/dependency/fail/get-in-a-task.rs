//! A task gets singletons, which need no request.

use stario::prelude::*;

stario::app!();

struct Session;

#[dependency]
fn session() -> Session {
    Session
}

async fn task(app: &stario::AppHandle) -> Result {
    app::get::<Session>(app).await?;
    app::get::<std::net::TcpListener>(app).await?;
    Ok(())
}

fn main() {
    let _ = task;
}
