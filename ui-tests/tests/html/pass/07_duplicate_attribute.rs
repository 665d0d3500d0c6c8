#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! { <a id="x" if true { lang="en" } else { lang="de" }>"a"</a> }
}
