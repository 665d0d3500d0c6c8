use stario_html::{Html, js};
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! { <b data-onn:click="x"/><b data-onn:click={js("x")}/><b data-on:click__debonce.500ms="x"/> }
}
