#![deny(warnings)]

use stario_html::{Html, json};
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let name = String::new();
    html! { <script>"let u = " {json(&name)}</script> }
}
