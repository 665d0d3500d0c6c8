use stario::prelude::*;

stario::app!();

#[app::query("/list", body_limit = 64 * 1024)]
async fn list() {}

#[app::query("/search", method = QUERY, body_limit = 64 * 1024)]
async fn search(text: RawBody<String>) -> String {
    text.0
}

fn main() {}
