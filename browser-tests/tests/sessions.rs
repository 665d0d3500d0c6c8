//! The guide's login, in two browsers.

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use browser_tests::{Browsers, PATIENCE, datastar_file};
use fantoccini::{Client, Locator};
use stario::http::{Method, request};
use stario::prelude::*;
use stario::{ErrorResponse, Flash, Location, Redirect, Session, Sessions, error_response};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

stario::app!();

include!("sessions/recipe.rs");

#[test]
fn the_guide_shows_this_login() {
    let guide = include_str!("../../stario/docs/guide.md");
    assert!(guide.contains(include_str!("sessions/recipe.rs")));
}

/// Waits for the page with this heading or button, which may be the next one, and compares what it says.
async fn wait_for(page: &Client, place: &str, messages: &[&str]) {
    let said = messages.iter().map(|message| format!("[//*[@role='status' and . = '{message}']]"));
    let xpath =
        format!("//body[.//h1[. = '{place}'] or .//button[. = '{place}']]{}", said.collect::<String>());
    page.wait().at_most(PATIENCE).for_element(Locator::XPath(&xpath)).await.expect("the page");
    let status = page.find_all(Locator::Css("[role=status]")).await.expect("elements");
    assert_eq!(status.len(), messages.len(), "{place}");
}

async fn click(page: &Client, button: &str) {
    let xpath = format!("//button[. = '{button}']");
    page.find(Locator::XPath(&xpath)).await.expect("a button").click().await.expect("a click");
}

async fn log_in(page: &Client, password: &str) {
    for (name, text) in [("name", "Ada"), ("password", password)] {
        let input = page.find(Locator::Css(&format!("[name={name}]"))).await.expect("an input");
        input.send_keys(text).await.expect("keys");
    }
    click(page, "Log in").await;
}

#[tokio::test]
async fn a_user_logs_in_and_is_logged_out_everywhere() {
    let hash = Argon2::default().hash_password(b"secret").expect("a hash").to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let app = app::new().state(Users(vec![("Ada", hash)])).state(Sessions::<()>::in_memory());
    let app = app.datastar_file(datastar_file()).expect("the client");
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    let browsers = Browsers::start().await;
    let (desk, phone) = (browsers.open(&url).await, browsers.open(&url).await);

    log_in(&desk, "guess").await;
    wait_for(&desk, "Log in", &["Name or password is wrong."]).await;
    log_in(&desk, "secret").await;
    wait_for(&desk, "Hello, Ada", &["Welcome back."]).await;
    desk.refresh().await.expect("the page again");
    wait_for(&desk, "Hello, Ada", &[]).await;
    assert_eq!(desk.execute("return document.cookie", Vec::new()).await.expect("a text"), "");

    // A message survives a redirect of Datastar, too.
    click(&desk, "Save").await;
    wait_for(&desk, "Hello, Ada", &["Saved."]).await;

    log_in(&phone, "secret").await;
    wait_for(&phone, "Hello, Ada", &["Welcome back."]).await;
    click(&phone, "Log out everywhere").await;
    wait_for(&phone, "Log in", &["You are logged out, on every device."]).await;

    // The page that is still open leads to the login as soon as it does something.
    click(&desk, "Save").await;
    wait_for(&desk, "Log in", &[]).await;
    log_in(&desk, "secret").await;
    wait_for(&desk, "Hello, Ada", &["Welcome back."]).await;
    click(&desk, "Log out").await;
    wait_for(&desk, "Log in", &["You are logged out."]).await;

    desk.close().await.expect("the browser closes");
    phone.close().await.expect("the browser closes");
}
