//! Handlers of a library crate, found by the binary that merges its app. Run with and without
//! optimization: the linker must drop none.

use stario::prelude::*;

stario::app!();

#[app::query("/")]
async fn home() -> Html {
    html! { <a href={ui_tests::shop::url()}>"Shop"</a> }
}

#[test]
fn a_merged_library_brings_all_its_handlers() {
    let client = TestClient::new(app::new().merge(ui_tests::app::new()));
    assert_eq!(client.get("/").send().text(), r#"<a href="/shop">Shop</a>"#);
    assert_eq!(client.get("/shop").send().text(), "shop");
    assert_eq!(client.get("/shop/orders/7").send().text(), "7");
}

#[test]
fn an_app_of_another_crate_is_nested() {
    let app = app::new().nest("/lib", ui_tests::app::new()).nest("/lib/office", ui_tests::office::new());
    let client = TestClient::new(app);
    assert_eq!(client.get("/lib/shop/orders/7").send().text(), "7");
    assert_eq!(client.get("/lib/office/hours").send().text(), "9 to 5");
    assert_eq!(client.get("/").send().text(), r#"<a href="/lib/shop">Shop</a>"#);
}

#[test]
fn each_crate_s_app_has_its_own_handlers_only() {
    assert_eq!(TestClient::new(app::new()).get("/shop").send().status(), 404);
    assert_eq!(TestClient::new(ui_tests::app::new()).get("/").send().status(), 404);
}
