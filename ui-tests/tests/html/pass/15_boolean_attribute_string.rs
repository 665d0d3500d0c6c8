#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let name = String::new();
    html! { <input disabled={name.is_empty()}> }
}
