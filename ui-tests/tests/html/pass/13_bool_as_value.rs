#![deny(warnings)]

use stario_html::Html;
use stario_macros::html;

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let flag = true;
    html! { <p title={flag.then_some("x")} hidden={flag.then_some("")}/><input disabled={flag}> }
}
