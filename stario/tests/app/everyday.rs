//! What apps do every day: a command that answers with one event, forms of tests, a way back after login.

use stario::prelude::*;
use stario::{Location, Redirect, SetCookie};

use crate::app;

stario::app!(local);

#[app::command("/done/{id}", app = local)]
async fn done(id: PathParam<u32>) -> event::Remove {
    event::remove(format!("#item-{id}"))
}

#[app::command("/append", app = local)]
async fn append() -> Event {
    Event::new((Mode::Append, "#list", html! { <li>"tea"</li> }))
}

#[app::command("/enter", app = local)]
async fn enter(name: FormField<String>) -> Result<(SetCookie, event::Redirect)> {
    Ok((SetCookie::new("name", name.0), event::redirect("/")))
}

#[app::command("/broken", app = local)]
async fn broken() -> Option<Event> {
    Some(Event::new((Mode::Append, html! { <li></li> })))
}

#[app::query("/login", app = local)]
async fn login(#[default("/")] next: QueryParam<Location>) -> Html {
    html! { <form method="post" action={check::url().next(next.0)}></form> }
}

#[app::command("/login", app = local)]
async fn check(next: QueryParam<Location>) -> Redirect {
    Redirect::see_other(next.0)
}

#[app::command("/fields", app = local)]
async fn fields(title: FormField<String>, kind: FormField<Option<String>>) -> String {
    format!("{title} {:?}", kind.0)
}

#[app::command("/file", app = local)]
async fn file(title: FormField<String>, file: UploadedFile) -> Result<String> {
    Ok(format!("{title} {} {:?}", file.file_name(), file.bytes().await?))
}

fn client() -> TestClient {
    TestClient::new(local::new())
}

#[test]
fn one_event_is_a_stream_of_one_event() {
    let res = client().post("/done/7").send();
    assert_eq!((res.status().as_u16(), res.header("content-type")), (200, "text/event-stream"));
    assert_eq!((res.header("cache-control"), res.header("x-accel-buffering")), ("no-cache", "no"));
    let [event] = &res.events()[..] else { panic!("{}", res.text()) };
    assert_eq!((event.mode().as_deref(), event.selector().as_deref()), (Some("remove"), Some("#item-7")));
    assert_eq!(client().post("/append").send().events()[0].elements(), "<li>tea</li>");
}

#[test]
fn an_event_has_parts_like_any_response() {
    let res = client().post("/enter").field("name", "ada").send();
    assert_eq!(res.cookie("name").map(|cookie| cookie.value().to_owned()).as_deref(), Some("ada"));
    assert!(res.events()[0].elements().contains("location"), "{}", res.text());
}

#[test]
fn an_invalid_event_alone_is_a_500() {
    let res = client().post("/broken").send();
    assert_eq!((res.status().as_u16(), res.text()), (500, "Internal Server Error"));
}

#[test]
fn a_link_carries_a_location_on() {
    let page = client().get("/login?next=/cart%3Fa=1%26b=%2520").send();
    let (_, action) = page.text().split_once("action=\"").unwrap();
    let (action, _) = action.split_once('"').unwrap();
    assert_eq!(action, "/login?next=%2Fcart%3Fa%3D1%26b%3D%2520");
    assert_eq!(client().post(action).send().header("location"), "/cart?a=1&b=%20");

    // An unsafe one becomes nothing that leads anywhere.
    let unsafe_url = check::url().next(Location::from("//evil.example"));
    assert_eq!(client().post(unsafe_url).send().status(), 422);
}

#[test]
fn a_test_sends_forms_as_browsers_do() {
    let res = client().post("/fields").field("title", "a & b=c").field("kind", 7).send();
    assert_eq!(res.text(), "a &amp; b=c Some(&quot;7&quot;)");
    let res = client().post("/file").file("file", "a\"b.csv", "1,2\r\n").field("title", "x").send();
    assert_eq!(res.text(), "x a&quot;b.csv b&quot;1,2\\r\\n&quot;");
}
