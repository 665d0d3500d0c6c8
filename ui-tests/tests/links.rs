//! Links to the handlers of a library crate. Tests that nest its app are elsewhere, so that nothing here shows
//! a prefix.

use stario::prelude::*;

#[test]
fn links_lead_across_crates() {
    let client = TestClient::new(ui_tests::app::new());
    let url = ui_tests::find::url().name("a&b").page(2);
    assert_eq!(client.get(&url).send().text(), "a&amp;b, page 2");
    assert_eq!(ui_tests::find::action().name("a&b").to_string(), "@get('/shop/find?name=a%26b')");
}
