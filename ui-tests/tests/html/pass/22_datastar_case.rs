#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    html! { <b data-signals:foo-bar="1" data-signals="{fooBar: 1}"/> }
}
