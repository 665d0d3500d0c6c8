//! The guide's form in a browser: inputs send text, and empty text where nothing was typed.

use browser_tests::{Browsers, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use stario::prelude::*;
use tokio::net::TcpListener;

stario::app!();

include!("forms/recipe.rs");

#[test]
fn the_guide_shows_this_form() {
    let guide = include_str!("../../stario/docs/guide.md");
    assert!(guide.contains(include_str!("forms/recipe.rs")));
}

/// Starts the app on a free port.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let app = app::new().datastar_file(datastar_file()).expect("the client");
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    format!("http://{address}/signup")
}

async fn send(page: &Client) {
    page.find(Locator::Css("button")).await.expect("a button").click().await.expect("a click");
}

async fn type_into(page: &Client, name: &str, text: &str) {
    let input = page.find(Locator::Css(&format!("[data-bind\\:{name}]"))).await.expect("an input");
    input.send_keys(text).await.expect("keys");
}

async fn wait_for(page: &Client, text: &str) {
    let problems = "document.querySelector('#problems').innerText";
    wait_until(page, &format!("{problems} === {}", serde_json::json!(text)), problems).await;
}

#[tokio::test]
async fn inputs_are_read_as_they_are_sent() {
    let url = serve().await;
    let browsers = Browsers::start().await;
    let page = browsers.open(&url).await;

    // Nothing is typed: every input sends empty text.
    send(&page).await;
    wait_for(&page, "An e-mail address has an @.\nYou must be 18 or older.\nChoose a plan.").await;

    type_into(&page, "email", "ada@example.com").await;
    type_into(&page, "age", "7").await;
    send(&page).await;
    wait_for(&page, "You must be 18 or older.\nChoose a plan.").await;

    type_into(&page, "age", "0").await;
    let option = page.find(Locator::Css("option[value=large]")).await.expect("an option");
    option.click().await.expect("a click");
    send(&page).await;
    wait_for(&page, "Welcome to the large plan!").await;

    page.find(Locator::Css("[type=checkbox]")).await.expect("a checkbox").click().await.expect("a click");
    send(&page).await;
    wait_for(&page, "Welcome to the large plan, with news!").await;

    // An input that is emptied again is `None` again.
    let backspace = "\u{e003}";
    type_into(&page, "age", &backspace.repeat(2)).await;
    send(&page).await;
    wait_for(&page, "You must be 18 or older.").await;

    page.close().await.expect("the browser closes");
}
