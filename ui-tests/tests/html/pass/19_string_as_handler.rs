#![deny(warnings)]

use stario_html::{Html, js, json};
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let code = String::new();
    html! { <a onclick="go()">"a"</a><a onclick={js("go()")}>"a"</a><a onclick={"go(", json(&code), ")"}>"a"</a> }
}
