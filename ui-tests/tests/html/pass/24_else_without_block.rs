#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let c = true;
    html! { if c { <p/> } else { <p/> } }
}
