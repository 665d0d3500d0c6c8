use stario::prelude::*;

stario::app!();

#[app::query("/users/")]
async fn slash_at_the_end() {}

#[app::query("/{path...}/more")]
async fn rest_in_the_middle(path: PathParam<String>) -> String {
    path.0
}

#[app::query("/files/{...}")]
async fn rest_without_name() {}

#[app::query("/files/{path...}")]
async fn rest_without_parameter() {}

#[app::query("/a/../b")]
async fn dots() {}

#[app::query("/100%")]
async fn percent() {}

#[app::query("/files/{*path}")]
async fn star() {}

#[app::query("/files/{path..}")]
async fn two_dots() {}

#[app::query("/b/:id/<name>/*rest")]
async fn as_others_write_it(id: PathParam<u8>, name: PathParam<String>, rest: PathParam<String>) -> String {
    format!("{id}{name}{rest}")
}

// A colon that no parameter follows stands for itself.
#[app::command("/b/:archive")]
async fn colon() {}

#[app::query("/c/{id:u32}")]
async fn typed(id: PathParam<u32>) -> u32 {
    id.0
}

#[app::query("/c/{a}{b}")]
async fn two_in_one(a: PathParam<u32>, b: PathParam<u32>) -> u32 {
    a.0 + b.0
}

fn main() {}
