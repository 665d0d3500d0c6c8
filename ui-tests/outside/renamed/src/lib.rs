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

web::app!(admin);

#[app::command("/users/{id...}", method = DELETE, headers("X-Mode" = "a"), app = admin)]
async fn remove(id: PathParam<Vec<u8>>) -> String {
    format!("{:?}", *id)
}

#[handler]
async fn search(q: QueryParam<String>) -> String {
    q.0
}

#[test]
fn so_do_apps_and_handlers_of_every_kind() {
    let app = app::new().nest("/admin", admin::new()).route(query::<search>("/search/now"));
    let client = TestClient::new(app);
    let delete = client.request(web::http::Method::DELETE, "/admin/users/1/2").header("x-mode", "a");
    assert_eq!(delete.send().text(), "[1, 2]");
    assert_eq!(client.get("/search/now?q=cats").send().text(), "cats");
}
