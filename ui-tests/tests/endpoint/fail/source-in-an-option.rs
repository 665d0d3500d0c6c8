use stario::prelude::*;

stario::app!();

#[app::query("/option")]
async fn option(page: Option<QueryParam<u32>>, list: Option<Query<Vec<String>>>) {
    let _ = (page, list);
}

#[app::query("/option/{id}")]
async fn path(id: Option<PathParam<u32>>, text: Option<State<String>>) {
    let _ = (id, text);
}

#[app::command("/others")]
async fn others(list: Option<QueryParams<u32>>, body: Option<JsonBody<u32>>, name: Option<Signal<String>>) {
    let _ = (list, body, name);
}

#[app::command("/result")]
async fn result(body: Result<JsonBody<Vec<u32>>>) {
    let _ = body;
}

#[app::command("/reference")]
async fn reference(name: &Signal<String>) {
    let _ = name;
}

#[dependency]
fn dependency(page: Option<stario::QueryParam<u32>>) -> u64 {
    u64::from(page.is_some())
}

fn main() {}
