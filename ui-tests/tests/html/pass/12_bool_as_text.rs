#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let ok = true;
    html! { <p>if ok { "yes" }{if ok {"yes"} else {"no"}}</p> }
}
