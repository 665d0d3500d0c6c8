//! Answers and streams: applied as they arrive.

use std::sync::Mutex;

use serde_json::json;
use stario::prelude::*;
use stario::{Raw, Text};

use super::{app, failure, site};

stario::app!(local);

/// A page whose button asks for these events.
fn patched(body: &str, events: Vec<Event>) -> stario::testing::Page {
    let body = format!(r#"<button id="go" data-on:click="@get('/events')">Go</button>{body}"#);
    let mut page = TestClient::new(site(&body, events)).page("/");
    page.click("#go");
    page
}

#[test]
fn events_change_elements_signals_and_the_address() {
    let mut page = patched(
        r#"<main data-signals="{a: 1, b: {c: 2, d: 3}}"><ul id="list"><li id="one">1</li></ul><p class="gone"></p><p class="gone"></p></main>"#,
        vec![
            Event::new(Raw("<li id=\"one\">one</li>")),
            Event::new((Mode::Append, "#list", Raw("<li>two</li>"))),
            Event::new(event::remove(".gone")),
            Event::new(event::signals(json!({ "b": { "c": null, "e": 4 }, "f": "new" }))),
            Event::new(event::signals(json!({ "a": 5, "g": 6 })).only_if_missing()),
            Event::new(event::script("alert('</script>')")),
        ],
    );
    assert_eq!((page.texts("#list li"), page.count(".gone")), (vec!["one".to_owned(), "two".to_owned()], 0));
    assert_eq!(page.signals(), json!({ "a": 1, "b": { "d": 3, "e": 4 }, "f": "new", "g": 6 }));
    assert_eq!(page.scripts(), [r"alert('<\/script>')"]);
    // The script took itself away.
    assert_eq!(page.count("script"), 0);
    let mut page = patched("", vec![Event::new(event::redirect("/?moved"))]);
    assert_eq!(page.url(), "/?moved");
}

#[test]
fn new_elements_act_and_old_ones_do_not() {
    let mut page = patched(
        r#"<section data-signals="{log: ''}"><div id="box" data-on:click="$log += 'old '"><p id="kept" data-init="$log += 'init '">x</p></div></section>"#,
        vec![Event::new(Raw(
            r#"<div id="box" data-on:click="$log += 'new '"><p id="kept" data-init="$log += 'init '">y</p><p data-init="$log += 'added '" data-text="$log"></p></div>"#,
        ))],
    );
    page.click("#kept");
    // What was kept is not begun again.
    assert_eq!(page.signal("log"), "init added new ");
    assert_eq!(page.text("#box"), "y init added new");
}

#[test]
fn a_morphed_form_keeps_what_is_typed() {
    let form = |error: &str| {
        format!(
            r#"<form id="form"><p>{error}</p><input id="title" data-bind:title value="a"><input id="note" data-bind:note></form>"#
        )
    };
    let body = form("") + r#"<button id="go" data-on:click="@get('/events')">Go</button>"#;
    let mut page = TestClient::new(site(&body, vec![Event::new(Raw(form("wrong")))])).page("/");
    page.fill("#title", "half a wo");
    page.fill("#note", "note");
    page.click("#go");
    assert_eq!(
        (page.text("#form"), page.value("#title"), page.value("#note")),
        ("wrong".to_owned(), "half a wo".to_owned(), "note".to_owned())
    );
    assert_eq!(page.signals(), json!({ "title": "half a wo", "note": "note" }));
}

#[derive(Default)]
struct Room {
    lines: Mutex<Vec<String>>,
    changes: Relay<()>,
    ids: Mutex<Vec<String>>,
}

#[app::query("/room", app = local)]
async fn room(room: State<Room>) -> Html {
    html! {
        <main data-init={"@get('/room/live')"}>
            <input id="line" data-bind:line>
            <button id="say" data-on:click={"@post('/room')"}>"Say"</button>
            {lines(&room)}
        </main>
    }
}

#[app::query("/room/live", app = local)]
async fn live(
    room: State<Room>,
    #[default(String::new())] last_event_id: Header<String>,
) -> impl Stream<Item = Event> {
    room.ids.lock().unwrap().push(last_event_id.0);
    let mut changes = room.changes.subscribe("room");
    stream! {
        while changes.next().await.is_some() {
            let number = room.lines.lock().unwrap().len();
            yield event::patch(lines(&room)).id(number.to_string());
        }
    }
}

#[app::command("/room", app = local)]
async fn say(line: Signal<String>, room: State<Room>) -> event::PatchSignals {
    room.lines.lock().unwrap().push(line.0);
    room.changes.publish("room", ());
    event::signals(json!({ "line": "" }))
}

#[app::query("/room/ids", app = local)]
async fn ids(room: State<Room>) -> Json<Vec<String>> {
    Json(room.ids.lock().unwrap().clone())
}

/// Publishes when nobody waits for it: a detached command.
#[app::detached_command("/room/later", app = local)]
async fn later(room: State<Room>) {
    tokio::time::sleep(Duration::from_millis(400)).await;
    room.lines.lock().unwrap().push("later".to_owned());
    room.changes.publish("room", ());
}

fn lines(room: &Room) -> Html {
    html! { <ul id="lines">for line in &*room.lines.lock().unwrap() { <li>{line}</li> }</ul> }
}

fn client() -> TestClient {
    TestClient::new(local::new().state(Room::default()))
}

#[test]
fn two_pages_see_each_other() {
    let client = client();
    let (mut ada, mut grace) = (client.page("/room"), client.page("/room"));
    ada.fill("#line", "Hello");
    ada.click("#say");
    assert_eq!((ada.text("#lines"), ada.value("#line")), ("Hello".to_owned(), String::new()));
    assert_eq!(grace.text("#lines"), "Hello");
    grace.fill("#line", "half");
    client.post("/room/later").send();
    grace.wait_for("#lines li:nth-child(2)");
    assert_eq!(
        (grace.texts("#lines li"), grace.value("#line")),
        (vec!["Hello".to_owned(), "later".to_owned()], "half".to_owned())
    );
    client.post("/room/later").send();
    ada.wait_until(|page| page.count("#lines li") == 3);
    client.post("/room/later").send();
    ada.live();
    assert_eq!(ada.count("#lines li"), 4);
}

#[test]
fn a_stream_is_opened_again_where_it_ended() {
    let client = client();
    let mut page = client.page("/room");
    page.fill("#line", "one");
    page.click("#say");
    page.reconnect();
    assert_eq!(client.get("/room/ids").send().json::<Vec<String>>(), ["", "1"]);
    page.fill("#line", "two");
    page.click("#say");
    assert_eq!(page.texts("#lines li"), ["one", "two"]);
    page.reload();
    assert_eq!(page.texts("#lines li"), ["one", "two"]);
}

#[tokio::test]
async fn an_async_test_awaits_the_steps() {
    let client = client();
    let mut page = client.async_page("/room").await;
    page.fill("#line", "Hello").await;
    page.click("#say").await;
    assert_eq!(page.text("#lines"), "Hello");
    let mut other = client.async_page("/room").await;
    client.post("/room/later").await;
    page.wait_for("li + li").await;
    other.wait_until(|page| page.count("li") == 2).await;
    page.goto("/room/ids").await;
    assert_eq!(page.url(), "/room/ids");
}

#[test]
fn what_does_not_come_is_named() {
    let message = failure(|| {
        let mut page = client().page("/room");
        page.patience(Duration::from_millis(300));
        page.wait_for("#lines li");
    });
    assert_eq!(
        message,
        "`#lines li` did not come within 300ms; the page is /room; open are GET /room/live; it says \"Say\"; its signals are {\"line\":\"\"}"
    );
    let message = failure(|| {
        super::open("<p data-signals=\"{n: 1}\">text</p>").wait_until(|page| page.signal("n") == 2);
    });
    assert_eq!(
        message,
        "what the test waits for does not come: no stream is open and no request runs; the page is /; it says \"text\"; \
         its signals are {\"n\":1}"
    );
    let message = failure(|| super::open("<p>text</p>").wait_for("#never"));
    assert_eq!(
        message,
        "`#never` does not come: no stream is open and no request runs; the page is /; it says \"text\""
    );
}

#[app::query("/clock", app = local)]
async fn clock() -> Html {
    html! { <b id="tick" data-init={ticks::action()}></b> }
}

/// Comments at first, as a quiet stream has them, then a change every few milliseconds.
#[app::query("/clock/ticks", app = local)]
async fn ticks() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <b id="tick">"first"</b> };
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(10)).await;
            yield event::comment("quiet");
        }
        for tick in 0.. {
            tokio::time::sleep(Duration::from_millis(10)).await;
            yield html! { <b id="tick">{tick}</b> };
        }
    }
}

#[test]
fn a_wait_ends_however_much_comes() {
    let message = failure(|| {
        let mut page = client().page("/clock");
        page.patience(Duration::from_millis(700));
        page.wait_until(|page| page.text("#tick") == "never");
    });
    let expected = "what the test waits for did not come within 700ms; the page is /clock; open are GET /clock/ticks; it says ";
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn a_comment_is_no_change() {
    let mut page = client().page("/clock");
    page.live();
    // A number. While the test does not run, others follow the first.
    assert_ne!(page.text("#tick"), "first");
}

#[app::query("/answers", app = local)]
async fn answers() -> Html {
    html! {
        <p id="p" data-signals:n="1">"old"</p>
        <button id="html" data-on:click={"@get('/html')"}>"1"</button>
        <button id="json" data-on:click={"@get('/json')"}>"2"</button>
        <button id="inner" data-on:click={"@get('/inner')"}>"3"</button>
        <button id="text" data-on:click={"@get('/text')"}>"4"</button>
    }
}

#[app::query("/html", app = local)]
async fn html_answer() -> Html {
    html! { <p id="p">"new"</p> }
}

#[app::query("/json", app = local)]
async fn json_answer() -> Json<serde_json::Value> {
    Json(json!({ "n": 2 }))
}

#[app::query("/inner", app = local)]
async fn inner_answer() -> ([(&'static str, &'static str); 2], Html) {
    ([("datastar-selector", "#p"), ("datastar-mode", "inner")], html! { <b>"inner"</b> })
}

#[app::query("/text", app = local)]
async fn text_answer() -> Text<&'static str> {
    Text("nothing")
}

#[test]
fn an_answer_is_taken_by_its_type() {
    let mut page = client().page("/answers");
    page.click("#html");
    assert_eq!(page.text("#p"), "new");
    page.click("#json");
    assert_eq!(page.signal("n"), 2);
    page.click("#inner");
    assert_eq!(page.html("#p"), r#"<p id="p"><b>inner</b></p>"#);
    page.click("#text");
    assert_eq!(page.html("#p"), r#"<p id="p"><b>inner</b></p>"#);
    assert_eq!(page.answers(), ["GET /html 200", "GET /json 200", "GET /inner 200", "GET /text 200"]);
}
