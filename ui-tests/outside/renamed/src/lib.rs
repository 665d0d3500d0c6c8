//! The framework under another name.

use web::prelude::*;

web::app!();

#[app::query("/{id}")]
async fn item(id: PathParam<u8>) -> Html {
    html! { <a href={item::url(1)}>{id}</a> }
}

#[app::query("/live")]
async fn live() -> impl Stream<Item = Event> {
    stream! { yield html! { <p>"live"</p> }; }
}

#[test]
fn the_macros_follow() {
    let client = TestClient::new(app::new());
    assert_eq!(client.get("/2").send().text(), r#"<a href="/1">2</a>"#);
    assert_eq!(client.get("/live").send().events()[0].elements(), "<p>live</p>");
}
