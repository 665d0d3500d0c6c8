//! An app that cannot serve, for `tests/start.rs`.

use stario::prelude::*;

stario::app!();

struct Config;

/// Answered by the library too.
#[app::query("/shop")]
async fn shop(config: State<Config>) {
    let _ = config;
}

#[tokio::main]
async fn main() -> stario::Result {
    app::new().merge(ui_tests::app::new()).serve().await
}
