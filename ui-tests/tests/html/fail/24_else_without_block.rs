use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let c = true;
    html! { if c { <p/> } else <p/> }
}
