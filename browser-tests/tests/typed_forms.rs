//! The guide's form with rules in a browser, used by the keyboard alone: sent by Datastar, and where no script runs.

// The page takes its parts by value, so that a handler is short.
#![allow(clippy::needless_pass_by_value)]

use browser_tests::{Browsers, PATIENCE, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use garde::Validate;
use stario::SecurityHeaders;
use stario::prelude::*;
use tokio::net::TcpListener;

stario::app!();

include!("typed_forms/recipe.rs");

#[test]
fn the_guide_shows_this_form() {
    let guide = include_str!("../../stario/docs/guide.md");
    assert!(guide.contains(include_str!("typed_forms/recipe.rs")));
}

/// Starts the app on a free port.
async fn serve(app: stario::App) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let app = app.datastar_file(datastar_file()).expect("the client");
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    format!("http://{address}/signup")
}

/// Waits for an element, maybe of another page: no script can wait across pages.
async fn arrive_at(page: &Client, selector: &str) {
    let element = page.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
    element.expect("the element");
}

/// Presses keys where the focus is.
async fn press(page: &Client, keys: &str) {
    page.active_element().await.expect("the focus").send_keys(keys).await.expect("keys");
}

/// A JavaScript expression. It describes the field that has the focus by its name, its value, `aria-invalid` and the text of its
/// problem, with `|` between them.
const FOCUS: &str = "(() => {
    const it = document.activeElement;
    const described = document.getElementById(it.getAttribute('aria-describedby'));
    return [it.name || it.tagName, it.value, it.getAttribute('aria-invalid'), described && described.innerText].join('|');
})()";

/// A JavaScript expression for the texts of all problems that the page shows, with `|` between them.
const PROBLEMS: &str =
    "[...document.querySelectorAll('[role=alert]')].map(alert => alert.innerText).join('|')";

async fn wait_for(page: &Client, script: &str, text: &str) {
    wait_until(page, &format!("{script} === {}", json!(text)), script).await;
}

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const BACK: &str = "\u{e008}\u{e004}\u{e000}";
const SELECT_ALL: &str = "\u{e009}a\u{e000}";

const ALL_PROBLEMS: &str = "This is not an e-mail address.|Write at least 8 characters.|Fill this in.";

/// Types what the server refuses, and sends it.
async fn send_what_is_wrong(page: &Client) {
    for keys in [TAB, "ada", TAB, "short", ENTER] {
        press(page, keys).await;
    }
    arrive_at(page, "#email-problem").await;
    wait_for(page, PROBLEMS, ALL_PROBLEMS).await;
    wait_for(page, "location.pathname", "/signup").await;
}

/// Corrects it, from the first field on, and sends it.
async fn correct(page: &Client) {
    wait_for(page, FOCUS, "email|ada|true|This is not an e-mail address.").await;
    for keys in
        [SELECT_ALL, "bob@example.com", TAB, SELECT_ALL, "long enough", TAB, "L", TAB, " ", TAB, ENTER]
    {
        press(page, keys).await;
    }
    arrive_at(page, "h1").await;
    wait_for(page, "location.pathname", "/welcome/large/true").await;
}

#[tokio::test]
async fn datastar_shows_the_problems_beside_the_fields() {
    let url = serve(app::new()).await;
    let browsers = Browsers::start().await;
    let page = browsers.open(&url).await;
    page.execute("window.stays = true", Vec::new()).await.expect("a script that runs");
    send_what_is_wrong(&page).await;
    // The page is the same, and so is the focus.
    wait_until(&page, "window.stays === true", "window.stays").await;
    wait_for(&page, "document.activeElement.name", "password").await;
    press(&page, BACK).await;
    correct(&page).await;
    page.close().await.expect("the browser closes");
}

#[tokio::test]
async fn a_browser_without_scripts_gets_a_page_with_the_problems() {
    let no_scripts = SecurityHeaders::new().content_security_policy("script-src 'none'");
    let url = serve(app::new().security_headers(no_scripts)).await;
    let browsers = Browsers::start().await;
    let page = browsers.open(&url).await;
    page.execute("window.stays = true", Vec::new()).await.expect("a script that runs");
    send_what_is_wrong(&page).await;
    wait_until(&page, "window.stays === undefined", "window.stays").await;
    // The first field that is wrong has the focus.
    correct(&page).await;
    page.close().await.expect("the browser closes");
}
