#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    html! { <a id="x" if true { lang="en" } else { lang="de" }>"a"</a> }
}
