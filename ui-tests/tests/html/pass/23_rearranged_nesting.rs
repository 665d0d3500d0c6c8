#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    html! { <div><div>"x"</div></div><p><span>"x"</span></p> }
}
