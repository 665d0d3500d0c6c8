use stario::prelude::*;

stario::app!();

#[app::query("/header")]
async fn header(#[default("one")] x_num: Header<u32>) -> u32 {
    *x_num
}

#[app::query("/cookie")]
async fn cookie(#[default(1)] theme: Cookie<String>) -> String {
    theme.0
}

#[app::command("/json")]
async fn json(#[default(1)] ids: JsonBody<Vec<u32>>) -> usize {
    ids.len()
}

#[app::query("/all")]
async fn all(#[default(1)] ids: QueryParams<u32>) -> usize {
    ids.len()
}

fn main() {}
