//! What a hook takes and returns.

use stario::prelude::*;

stario::app!();

#[app::on_start]
async fn count() -> u32 {
    7
}

#[app::on_stop]
fn text() -> Result<String> {
    Ok(String::new())
}

#[app::on_start]
async fn unknown(socket: &std::net::TcpListener) {
    let _ = socket;
}

fn main() {}
