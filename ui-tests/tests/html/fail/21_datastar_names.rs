use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! { <b data-onn:click="x"/><b data-on:click__debonce.500ms="x"/> }
}
