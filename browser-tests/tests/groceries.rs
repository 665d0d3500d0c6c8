//! The `groceries` example in two browsers, under its content security policy.

use browser_tests::{Browsers, Server, wait_until};
use fantoccini::{Client, Locator};

const ITEMS: &str = "document.querySelector('#items').innerText";

async fn sign_in(page: &Client, name: &str) {
    // The page sends strangers to the login.
    page.find(Locator::Css("[name=name]")).await.expect("an input").send_keys(name).await.expect("keys");
    page.find(Locator::Css("button")).await.expect("a button").click().await.expect("a click");
    page.wait().for_element(Locator::Id("items")).await.expect("the list");
    // The client takes its nonce out of the page when it starts; before that, Enter would load the page anew.
    let nonce = "document.documentElement.dataset.nonce";
    wait_until(page, &format!("{nonce} === undefined"), nonce).await;
}

async fn wait_for_item(page: &Client, title: &str) {
    wait_until(page, &format!("{ITEMS}.includes('{title}')"), ITEMS).await;
}

#[tokio::test]
async fn two_people_share_a_list() {
    let server = Server::example("groceries").await;
    let browsers = Browsers::start().await;
    let (ada, grace) = (browsers.open(server.url()).await, browsers.open(server.url()).await);
    sign_in(&ada, "Ada").await;
    sign_in(&grace, "Grace").await;

    // Enter submits the form, which the client sends as signals; the answer empties the input.
    let input = ada.find(Locator::Css("[aria-label=Item]")).await.expect("an input");
    input.send_keys("Tea\u{e007}").await.expect("keys");
    wait_for_item(&grace, "Tea").await;
    let value = "document.querySelector('[aria-label=Item]').value";
    wait_until(&ada, &format!("{value} === ''"), value).await;

    let tick = grace.find(Locator::Css("#items button")).await.expect("an item");
    tick.click().await.expect("a click");
    wait_until(&ada, "document.querySelector('#items .done') !== null", ITEMS).await;

    let file = std::env::temp_dir().join(format!("groceries-{}.txt", std::process::id()));
    std::fs::write(&file, "Rice\nBeans\n").expect("a file");
    let chosen = grace.find(Locator::Css("[type=file]")).await.expect("a file input");
    chosen.send_keys(file.to_str().expect("a path that is text")).await.expect("a path");
    let send = grace.find(Locator::Css("form[enctype] button")).await.expect("a button");
    send.click().await.expect("a click");
    wait_for_item(&ada, "Beans").await;
    std::fs::remove_file(file).expect("the file");

    server.terminate().await;
    ada.close().await.expect("the browser closes");
    grace.close().await.expect("the browser closes");
}
