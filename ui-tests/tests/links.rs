//! Links to the handlers of a library crate. Tests that nest its app are elsewhere: outside of a handler, a
//! link has the prefix of the app that was made last.

use stario::prelude::*;

#[test]
fn links_lead_across_crates() {
    let client = TestClient::new(ui_tests::app::new());
    let url = ui_tests::find::url().name("a&b").page(2);
    assert_eq!(client.get(&url).send().text(), "a&amp;b, page 2");
    assert_eq!(ui_tests::find::action().name("a&b").to_string(), "@get('/shop/find?name=a%26b')");
}
