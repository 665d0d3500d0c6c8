use stario::prelude::*;

stario::app!();

#[app::query("/a//b")]
async fn doubled_slash() {}

#[app::query("/users/user-{id}")]
async fn half_a_segment(id: PathParam<i64>) -> i64 {
    id.0
}

#[app::query("/search?q={q}")]
async fn query(q: QueryParam<String>) -> String {
    q.0
}

#[app::query("/a b")]
async fn space() {}

#[app::query("/a\u{2028}b")]
async fn line_separator() {}

#[app::query("/%E9")]
async fn escapes_of_latin_1() {}

#[app::query("/%2e%2E/a")]
async fn escaped_dots() {}

#[app::query("/{user-id}")]
async fn no_identifier() {}

#[app::query("/{id}/{id}")]
async fn twice(id: PathParam<i64>) -> i64 {
    id.0
}

#[app::query]
async fn no_path() {}

#[app::query(users)]
async fn no_literal() {}

#[app::query("/users", cached)]
async fn unknown_option() {}

fn main() {}
