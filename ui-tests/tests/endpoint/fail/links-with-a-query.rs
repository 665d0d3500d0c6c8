use stario::prelude::*;

stario::app!();

#[app::query("/search")]
async fn search(
    q: QueryParam<String>,
    #[default(1)] page: QueryParam<u32>,
    tag: QueryParams<String>,
    site_config: State<u8>,
) -> String {
    format!("{q} {page} {tag:?} {site_config:?}")
}

#[app::command("/cache", method = PURGE)]
async fn purge(key: QueryParam<String>) {
    drop(key);
}

#[derive(serde::Deserialize, serde::Serialize)]
struct Filter {
    size: u8,
}

#[app::query("/shirts")]
async fn shirts(filter: Query<Filter>) -> u8 {
    filter.size
}

#[derive(serde::Deserialize)]
struct ReadOnly {
    size: u8,
}

#[app::query("/caps")]
async fn caps(filter: Query<ReadOnly>) -> u8 {
    filter.size
}

fn main() {
    html! { <a href={search::url()}>"Search"</a> };
    html! { <b data-on:click={search::action().page(2)}>"Search"</b> };
    let _ = search::url().page(2).to_string();
    let _ = search::url().pages(2);
    let _ = search::url().q();
    let _ = search::url().q(7);
    let _ = search::url().page("two");
    let _ = search::url().tag([1]);
    let _ = search::url().tag("one");
    let _ = search::url().site_config(1);
    let _ = search::action().q("x").retry("always");
    let _ = search::url().q("x").retry(action::Retry::Always);
    let _ = purge::action();
    html! { <a href={search::action().q("x")}>"An action is no URL"</a> };
    html! { <a data-on:click={search::url().q("x")}>"A URL is no expression"</a> };
    html! { <a href={shirts::url()}>"Shirts"</a> };
    html! { <a href={shirts::url().query("size", 7)}>"Shirts"</a> };
    html! { <a href={shirts::url().filter(7)}>"Shirts"</a> };
    html! { <a href={caps::url().filter(ReadOnly { size: 7 })}>"Caps"</a> };
}
