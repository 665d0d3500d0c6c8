use stario::prelude::*;
use stario::{BodyStream, FromRequest};

stario::app!();

#[app::command("/json")]
async fn json(ids: JsonBody<Vec<u32>>, text: RawBody<String>) -> String {
    format!("{} {text}", ids.len())
}

#[app::command("/signal")]
async fn signal(name: Signal<String>, form: FormBody<Vec<u32>>) -> String {
    format!("{name} {}", form.len())
}

#[app::command("/file")]
async fn file(first: UploadedFile, second: UploadedFile, parts: Multipart) -> u64 {
    drop(parts);
    first.len() + second.len()
}

#[derive(FromRequest)]
struct Search {
    text: RawBody<String>,
}

#[app::command("/struct")]
async fn in_a_struct(search: Search, body: BodyStream) -> String {
    drop(body);
    search.text.0
}

fn main() {}
