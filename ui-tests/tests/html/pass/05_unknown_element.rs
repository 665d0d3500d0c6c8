#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

fn main() {
    _ = page();
}

fn page() -> Html {
    html! { <div/><d-vi/><"dvi"></"dvi"> }
}
