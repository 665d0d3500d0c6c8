use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let name = String::new();
    html! { <script>"let u = " {name}</script> }
}
