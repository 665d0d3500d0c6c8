#![deny(warnings)]

use stario_html::{Buf, Html, Render};
use stario_macros::html;

struct User;

impl Render for User {
    fn render(&self, buf: &mut Buf) {
        buf.push_escaped("user");
    }
}

#[test]
fn is_accepted() {
    _ = page();
}

fn page() -> Html {
    let user = User;
    html! { <p>{user}</p> }
}
