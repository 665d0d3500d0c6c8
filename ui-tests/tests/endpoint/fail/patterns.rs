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

fn main() {}
