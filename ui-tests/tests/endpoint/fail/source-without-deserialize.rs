use stario::prelude::*;

stario::app!();

struct Filter {
    text: String,
}

#[app::query("/search")]
async fn search(filter: Query<Filter>) -> String {
    filter.0.text
}

#[app::command("/save")]
async fn save(page: QueryParam<u32>, filter: FormBody<Filter>) -> String {
    format!("{page} {}", filter.text)
}

fn main() {}
