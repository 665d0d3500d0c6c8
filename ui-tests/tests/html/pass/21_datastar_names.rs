#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    html! { <b data-on:click__debounce.500ms.leading__once="x" data-user-id="1"/> }
}
