#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let big = "big";
    html! { <p class="big"/><p class={big}/> }
}
