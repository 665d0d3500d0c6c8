use stario::prelude::*;
use stario::FromRequest;

stario::app!();

#[derive(FromRequest)]
struct ReadsThePath {
    id: PathParam<u32>,
}

#[derive(FromRequest)]
struct TwoBodies {
    text: RawBody<String>,
    json: JsonBody<u32>,
}

#[app::command("/")]
async fn home(a: ReadsThePath) -> u32 {
    *a.id
}

#[app::command("/two")]
async fn two(a: TwoBodies) -> String {
    format!("{} {}", a.text, a.json)
}

fn main() {}
