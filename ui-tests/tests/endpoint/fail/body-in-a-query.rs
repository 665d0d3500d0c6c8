use stario::prelude::*;
use stario::FromRequest;

stario::app!();

#[app::query("/json")]
async fn json(ids: JsonBody<Vec<u32>>) -> usize {
    ids.len()
}

#[app::query("/file")]
async fn file(file: UploadedFile) -> u64 {
    file.len()
}

#[derive(FromRequest)]
struct Search {
    page: QueryParam<u32>,
    text: RawBody<String>,
}

#[app::query("/struct")]
async fn in_a_struct(search: Search) -> String {
    format!("{} {}", search.page, search.text)
}

fn main() {}
