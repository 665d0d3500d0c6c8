#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, clippy::all, clippy::pedantic)]
//! An app under strict lints.

use stario::prelude::*;

stario::app!();

/// Says hello.
#[app::query("/")]
pub async fn home() -> Html {
    html! { <a href={user::url(7)}>"User 7"</a> }
}

#[app::query("/users/{id}")]
async fn user(PathParam(id): PathParam<i64>, #[default(1)] page: QueryParam<u32>) -> String {
    format!("{id} {page}")
}

mod live {
    use crate::app;
    use stario::prelude::*;

    #[app::query("/live")]
    async fn live(count: Signal<u32>) -> impl Stream<Item = Event> {
        stream! {
            for i in 0..*count {
                yield (Mode::Append, "#list", html! { <li>{i}</li> });
            }
        }
    }
}

#[test]
fn the_app_answers() {
    let client = TestClient::new(app::new());
    assert_eq!(client.get("/").send().text(), r#"<a href="/users/7">User 7</a>"#);
    assert_eq!(client.get("/users/7").send().text(), "7 1");
    let events = client.get("/live").signals(&json!({ "count": 2 })).send().events();
    assert_eq!(events[1].elements(), "<li>1</li>");
}
