#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let id = 7;
    html! { <button data-on:click={"@get('/' + ", id, ")"}>"a"</button> }
}
