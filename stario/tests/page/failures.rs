//! What a test is told when a step cannot be done, or the page goes wrong.

use stario::Raw;
use stario::prelude::*;
use stario::testing::Page;

use super::{failure, open, site};

/// The message of a step on a page.
fn fails(step: impl FnOnce(&mut Page)) -> String {
    failure(move || {
        step(&mut open(
            r#"<main id="main"><ul id="items"><li class="item">a</li><li class="item">b</li></ul>
            <button id="add" disabled>Add</button><button id="hidden" style="display: none">x</button>
            <input id="title" readonly><input id="when" type="number"><select id="size"><option value="s">Small</option></select></main>"#,
        ));
    })
}

#[test]
fn a_step_says_what_is_wrong() {
    let at = "in `#main`";
    assert_eq!(
        fails(|page| page.click("#ad")),
        "`#ad` matches nothing: did you mean `#add`?; the page is /; it says \"a b Add Small\""
    );
    assert_eq!(
        fails(|page| page.click("button.large-one")),
        "`button.large-one` matches nothing: the page has the ids #main #items #add #hidden #title #when #size; the page is /; it says \"a b Add Small\""
    );
    assert_eq!(
        fails(|page| drop(page.text(".item"))),
        "`.item` matches 2 elements, such as <li class=\"item\"> in `#items` and <li class=\"item\"> in `#items`: name one of them"
    );
    assert_eq!(fails(|page| page.click("[[")), "`[[` is no CSS selector that is known here");
    assert_eq!(
        fails(|page| page.click("#add")),
        format!("`#add` is disabled: <button id=\"add\" disabled=\"\"> {at}")
    );
    assert_eq!(
        fails(|page| page.click("#hidden")),
        format!("`#hidden` is not shown: <button id=\"hidden\" style=\"display: none\"> {at}")
    );
    assert_eq!(
        fails(|page| page.fill("#title", "x")),
        format!("`#title` is read-only: <input id=\"title\" readonly=\"\"> {at}")
    );
    assert_eq!(
        fails(|page| page.fill("#items", "x")),
        format!("`#items` takes no text: <ul id=\"items\"> {at}")
    );
    assert_eq!(
        fails(|page| page.fill("#when", "x")),
        format!("`#when` does not take \"x\": <input id=\"when\" type=\"number\"> {at}")
    );
    assert_eq!(
        fails(|page| page.check("#when")),
        format!("`#when` is not a checkbox: <input id=\"when\" type=\"number\"> {at}")
    );
    assert_eq!(
        fails(|page| page.select("#size", "Large")),
        format!("`#size` has no option \"Large\", but \"s\": <select id=\"size\"> {at}")
    );
    assert_eq!(
        fails(|page| page.upload("#when", "a", "b")),
        format!("`#when` takes no file: <input id=\"when\" type=\"number\"> {at}")
    );
    assert_eq!(
        fails(|page| page.submit("#when")),
        format!("`#when` is in no form: <input id=\"when\" type=\"number\"> {at}")
    );
    assert_eq!(fails(|page| page.set_signal("q", 1)), "the page has no signal `q`; it has {}");
}

/// The message of an event.
fn event_fails(event: Event) -> String {
    failure(move || {
        let body = r#"<main id="main"><p id="items"></p><button id="go" data-on:click="@get('/events')">Go</button></main>"#;
        TestClient::new(site(body, vec![event])).page("/").click("#go");
    })
}

#[test]
fn an_event_without_a_target_fails_the_test() {
    let by = "it came of GET /events, by <button id=\"go\" data-on:click=\"@get('/events')\"> in `#main`";
    assert_eq!(
        event_fails(Event::new(Raw("<p id=\"item\"></p>"))),
        format!(
            "an event brings an element for `#item`, which the page does not have (mode `outer`); did you mean `#items`?; {by}"
        )
    );
    assert_eq!(
        event_fails(Event::new((Mode::Append, "#things > ul", Raw("<li></li>")))),
        format!(
            "an event has no target: `#things > ul` matches nothing (mode `append`); the page has the ids #main #items #go; {by}"
        )
    );
    assert_eq!(
        event_fails(Event::new(Raw("<p>x</p>"))),
        format!(
            "an event brings <p>, which has no id (mode `outer`); the page has the ids #main #items #go; {by}"
        )
    );
    assert_eq!(
        event_fails(Event::new(event::remove("#spinner"))),
        format!(
            "an event has no target: `#spinner` matches nothing (mode `remove`); the page has the ids #main #items #go; {by}"
        )
    );
    let mut page = TestClient::new(site(
        r#"<button data-on:click="@get('/events')">Go</button><p id="p"></p>"#,
        vec![Event::new(event::remove("#spinner")), Event::new(Raw("<p id=\"p\">after</p>"))],
    ))
    .page("/");
    page.allow_missing_targets(true);
    page.click("button");
    assert_eq!(page.text("#p"), "after");
}

/// The client patches the first of them.
#[test]
fn an_event_for_an_id_that_stands_twice_fails_the_test() {
    let body = r#"<p id="x">1</p><p id="x">2</p><button data-on:click="@get('/events')">Go</button>"#;
    let client = || TestClient::new(site(body, vec![Event::new(Raw("<p id=\"x\">3</p>"))]));
    assert_eq!(
        failure(move || client().page("/").click("button")),
        "an event brings an element for `#x`, and 2 elements of the page have this id; \
         it came of GET /events, by <button data-on:click=\"@get('/events')\"> in `html > body`"
    );
    let mut page = client().page("/");
    page.allow_missing_targets(true);
    page.click("button");
    assert_eq!(page.texts("#x"), ["3", "2"]);
}

#[test]
fn attributes_that_the_client_refuses_fail_the_test() {
    for (attribute, problem) in [
        ("data-text:x=\"1\"", "takes no key"),
        ("data-show", "needs a value"),
        ("data-bind", "needs the name of a signal, as its key or as its value"),
        ("data-on=\"1\"", "needs an event, as in `data-on:click`"),
    ] {
        let message = failure(move || drop(open(&format!("<p {attribute}></p>"))));
        assert!(message.contains(problem) && message.ends_with("in `html > body`"), "{message}");
    }
    // What is ignored, or is no attribute of the client, does nothing.
    open(
        "<p data-ignore data-show></p><p data-ignore__self data-show></p><p data-persist data-on-click='new X'></p>",
    );
}

#[tokio::test]
async fn an_async_test_is_told_of_its_pages() {
    let client = TestClient::new(site("<p></p>", Vec::new()));
    let blocked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client.page("/"))).unwrap_err();
    assert_eq!(
        blocked.downcast_ref::<&str>().unwrap(),
        &"this test is async: open the page with `client.async_page(..).await`, and `.await` its steps"
    );
    let mut page = client.async_page("/").await;
    let failed = tokio::spawn(async move { page.click("#x").await }).await.unwrap_err().into_panic();
    let message = failed.downcast_ref::<String>().unwrap();
    assert!(message.starts_with("`#x` matches nothing: the page has no ids; "), "{message}");
    assert!(message.contains("\nat stario/tests/page/failures.rs:"), "{message}");
}
