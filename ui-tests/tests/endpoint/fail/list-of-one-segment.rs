use stario::prelude::*;

stario::app!();

#[app::query("/tags/{tags}")]
async fn tagged(tags: PathParam<Vec<String>>) -> String {
    tags.join(", ")
}

#[app::query("/numbers/{of}/sum")]
async fn sum(#[name("of")] PathParam(numbers): PathParam<Vec<u32>>) -> u32 {
    numbers.iter().sum()
}

#[app::query("/sets/{of}")]
async fn set(of: PathParam<std::collections::HashSet<u32>>) -> usize {
    of.len()
}

#[app::query("/files/{path...}")]
async fn file(path: PathParam<Vec<String>>) -> String {
    path.join("/")
}

fn main() {}
