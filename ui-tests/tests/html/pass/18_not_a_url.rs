#![deny(warnings)]

use stario_html::{AttrWriter, Html, UrlAttr, trusted_url};
use stario_macros::html;

struct Wrapper;

impl UrlAttr for Wrapper {
    fn write_url(&self, out: &mut AttrWriter<'_>) {
        out.write_str("/");
    }
}

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let input = Wrapper;
    html! { <a href={input}>"a"</a><a href={trusted_url("x:y")}>"b"</a> }
}
