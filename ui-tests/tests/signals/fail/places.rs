use serde::{Deserialize, Serialize};
use stario::prelude::*;

stario::app!();

#[derive(Serialize, Deserialize)]
enum Sort {
    Newest,
}

#[derive(Signals)]
struct Search {
    q: String,
    page: u32,
    open: bool,
    sort: Sort,
    words: Vec<String>,
    pairs: Vec<(u32, u32)>,
    #[signals(nested)]
    list: List,
}

#[derive(Signals)]
struct List {
    depth: u32,
}

fn main() {
    _ = html! { <input data-bind={Search::wrong()}> };
    _ = html! { <input data-bind={Search::list().wrong()}> };
    _ = html! { <input data-bind={Search::sort()}> };
    _ = html! { <select multiple data-bind={Search::pairs()}></select> };
    _ = html! { <input data-bind={Search::page().gt(1)}> };
    _ = html! { <input data-bind={Search::list()}> };
    _ = html! { <p data-show={Search::page()}></p> };
    _ = html! { <p data-class:on={Search::q()}></p> };
    _ = html! { <p data-text={Search::words()}></p> };
    _ = html! { <p data-text={Search::open().toggle()}></p> };
    _ = html! { <p data-attr:title={Search::sort()}></p> };
    _ = html! { <p data-style:width={Search::words()}></p> };
    _ = html! { <p data-indicator={Search::page()}></p> };
    _ = html! { <p data-signals={Search::page()}></p> };
    _ = html! { <p data-signals={Sort::Newest}></p> };
    _ = html! { <p onclick={Search::page().set(1)}></p> };
    _ = html! { <p>{Search::page()}</p> };
    _ = html! { <p data-on:click={Sort::Newest}></p> };
}
