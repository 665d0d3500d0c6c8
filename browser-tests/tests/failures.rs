//! The guide's page that shows what failed, in a browser.

use browser_tests::{Browsers, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use stario::prelude::*;
use tokio::net::TcpListener;

stario::app!();

include!("failures/recipe.rs");

#[test]
fn the_guide_shows_this_page() {
    let guide = include_str!("../../stario/docs/guide.md");
    assert!(guide.contains(include_str!("failures/recipe.rs")));
}

/// The texts of all alerts that the page shows, joined by `|`.
const SEEN: &str = "[...document.querySelectorAll('[role=alert]')]\
    .filter(alert => alert.checkVisibility()).map(alert => alert.innerText.trim()).join('|')";

async fn wait_for(page: &Client, failures: &str) {
    wait_until(page, &format!("{SEEN} === {}", json!(failures)), SEEN).await;
}

#[tokio::test]
async fn a_click_that_fails_is_seen() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let app = app::new().failure_region("#failure").datastar_file(datastar_file()).expect("the client");
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    let browsers = Browsers::start().await;
    let page = browsers.open(&format!("http://{address}/save")).await;
    let button = page.find(Locator::Css("button")).await.expect("a button");

    button.click().await.expect("a click");
    wait_for(&page, "A title has at least one letter.").await;

    let input = page.find(Locator::Css("input")).await.expect("an input");
    input.send_keys("Tea").await.expect("keys");
    button.click().await.expect("a click");
    wait_for(&page, "|That did not work. Try again later.").await;

    page.close().await.expect("the browser closes");
}
