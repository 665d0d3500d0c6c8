use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    let code = String::new();
    html! { <a onclick={code}>"a"</a> }
}
