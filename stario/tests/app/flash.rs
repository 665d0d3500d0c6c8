//! Messages for the next page.

use serde::{Deserialize, Serialize};
use stario::cookie::Key;
use stario::prelude::*;
use stario::{Flash, Redirect, RetiredKeys, Session, Sessions};

use crate::app;

stario::app!(local);
stario::app!(logins);

#[app::command("/save/{text}", app = local)]
async fn save(text: PathParam<String>, flash: Flash) -> Result<Redirect> {
    flash.push(text.0)?;
    Ok(Redirect::see_other("/list"))
}

#[app::command("/login/{text}", app = logins)]
async fn log_in(text: PathParam<String>, session: Session<()>, flash: Flash) -> Result<Redirect> {
    session.log_in("ada", |()| ()).await?;
    flash.push(text.0)?;
    Ok(Redirect::see_other("/list"))
}

#[app::command("/patch", app = local)]
async fn patch(flash: Flash) -> Result<event::Redirect> {
    flash.push("Saved & done.")?;
    Ok(event::redirect("/list"))
}

#[app::query("/list", app = local)]
async fn list(flash: Flash) -> String {
    flash.take().join("|")
}

#[app::query("/other", app = local)]
async fn other(first: Flash, second: Flash) -> String {
    format!("{} {}", first.take().join("+"), second.take().len())
}

#[app::query("/silent", app = local)]
async fn silent(flash: Flash) -> String {
    format!("{flash:?}")
}

#[app::query("/stream", app = local)]
async fn stream(flash: Flash) -> impl Stream<Item = Event> {
    stream! {
        let pushed = flash.push("late").is_err();
        yield event::signals(json!({ "taken": flash.take(), "is_refused": pushed }));
    }
}

#[derive(Serialize, Deserialize)]
struct Notice {
    is_error: bool,
    text: String,
}

#[app::command("/notice", app = local)]
async fn notice(flash: Flash<Notice>) -> Result {
    Ok(flash.push(Notice { is_error: true, text: "Sold out.".to_owned() })?)
}

#[app::query("/notices", app = local)]
async fn notices(flash: Flash<Notice>) -> String {
    let shown = |notice: &Notice| format!("{} {}", notice.is_error, notice.text);
    flash.take().iter().map(shown).collect::<Vec<_>>().join("|")
}

fn client() -> TestClient {
    TestClient::new(local::new()).keep_cookies()
}

#[test]
fn a_message_is_shown_once_by_the_next_page_that_takes_it() {
    let client = client();
    let res = client.post("/save/tea").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (303, "/list"));
    let cookie = res.cookie("flash").unwrap();
    assert_eq!((cookie.http_only(), cookie.secure(), cookie.path()), (Some(true), None, Some("/")));
    assert!(!cookie.value().contains("tea"));
    assert_eq!(res.header("cache-control"), "no-store");
    assert!(client.get("/silent").send().text().starts_with("Flash"));
    let res = client.get("/list").send();
    assert_eq!((res.text(), res.header("cache-control")), ("tea", "no-store"));
    let res = client.get("/list").send();
    assert_eq!((res.text(), res.header("set-cookie"), res.header("vary")), ("", "", "cookie"));
    assert_eq!(res.header("cache-control"), "private, no-cache");
}

#[test]
fn messages_wait_for_each_other_and_are_taken_once() {
    let client = client();
    client.post("/save/one").send();
    client.post("/save/two").send();
    assert_eq!(client.get("/other").send().text(), "one+two 0");
}

#[test]
fn datastar_redirects_too() {
    let client = client();
    let res = client.post("/patch").header("datastar-request", "true").send();
    assert_eq!(res.events().len(), 1);
    assert_eq!(client.get("/list").send().text(), "Saved &amp; done.");
}

#[test]
fn a_message_may_be_a_value() {
    let client = client();
    assert_eq!(client.post("/notice").send().status(), 204);
    assert_eq!(client.get("/list").send().text(), "", "it is no text");
    assert_eq!(client.get("/notices").send().text(), "true Sold out.");
}

#[test]
fn a_stream_that_has_begun_takes_and_pushes_none() {
    let client = client();
    client.post("/save/tea").send();
    let signals = client.get("/stream").send().events()[0].signals().unwrap();
    assert_eq!(signals, json!({ "taken": [], "is_refused": true }));
    assert_eq!(client.get("/list").send().text(), "tea");
}

#[test]
fn more_than_a_cookie_holds_is_an_error() {
    let res = client().post(format!("/save/{}", "x".repeat(4000))).send();
    assert_eq!((res.status().as_u16(), res.header("set-cookie")), (500, ""));
}

#[test]
fn nobody_else_makes_messages() {
    let [old, new] = [[1; 32], [2; 32]].map(|bytes| Key::derive_from(&bytes));
    let app = |key: &Key| local::new().state(key.clone());
    let saved = TestClient::new(app(&old)).post("/save/tea").send();
    let cookie = saved.cookie("flash").unwrap();
    let shown =
        |app| TestClient::new(app).get("/list").cookie("flash", cookie.value()).send().text().to_owned();
    assert_eq!(shown(app(&old)), "tea", "another process with the key");
    assert_eq!(shown(app(&new)), "");
    assert_eq!(shown(app(&new).state(RetiredKeys::new([old]))), "tea");
    assert_eq!(shown(local::new()), "");
}

#[test]
fn the_cookie_is_secure_where_that_of_a_session_is() {
    let lan = |client: &TestClient, path: &str| client.post(path).header("host", "192.168.1.5:8000").send();
    let res = lan(&client(), "/save/tea");
    assert_eq!(res.cookie("__Host-flash").unwrap().secure(), Some(true));

    let sessions = Sessions::<()>::in_memory();
    let client = TestClient::new(local::new().merge(logins::new()).state(sessions).secure_cookies(false))
        .keep_cookies();
    let res = lan(&client, "/login/tea");
    let names = res.headers().get_all("set-cookie").iter().map(|line| {
        let line = line.to_str().unwrap();
        assert!(!line.contains("Secure"), "{line}");
        line.split('=').next().unwrap().to_owned()
    });
    assert_eq!(names.collect::<Vec<_>>(), ["session", "flash"]);
    let list = client.get("/list").header("host", "192.168.1.5:8000").send();
    assert_eq!(list.text(), "tea", "a browser sends both cookies back");
}
