use stario::prelude::*;

stario::app!();

#[app::query("/option")]
async fn option(#[default("new")] sort: QueryParam<Option<String>>) -> String {
    format!("{sort:?}")
}

#[app::query("/twice")]
async fn twice(#[default(1)] #[default(2)] page: QueryParam<u32>) -> u32 {
    page.0
}

#[app::query("/name")]
async fn name(#[name] page: QueryParam<u32>) -> u32 {
    page.0
}

#[app::query("/cfg")]
async fn sometimes(#[cfg(unix)] page: QueryParam<u32>) -> u32 {
    page.0
}

#[app::query("/impl")]
async fn unnamed(page: impl Into<u32>) -> u32 {
    page.into()
}

#[app::query(no_path)]
async fn no_path(#[default(1)] page: QueryParam<u32>) -> u32 {
    page.0
}

fn main() {}
