//! The `groceries` example in two browsers, under its content security policy, and pages that lack their script.

use browser_tests::{Browsers, Server, wait_until};
use fantoccini::{Client, Locator};
use serde_json::json;

const ENTER: &str = "\u{e007}";
const END: &str = "\u{e010}";
const BACKSPACE: &str = "\u{e003}";
const NEW_ITEM: &str = "[aria-label='New item']";
const TITLES: &str = "[...document.querySelectorAll('.tick')].map(title => title.innerText.trim()).join()";

/// The alerts that the page shows.
const ALERTS: &str = "[...document.querySelectorAll('[role=alert]')]\
    .filter(alert => alert.checkVisibility({ visibilityProperty: true })).map(alert => alert.innerText.trim()).join('')";

/// Types into the element that the selector finds, with the keys of the keyboard.
async fn type_keys(page: &Client, selector: &str, keys: &str) {
    let element = page.find(Locator::Css(selector)).await.expect(selector);
    element.send_keys(keys).await.expect("keys");
}

async fn click(page: &Client, selector: &str) {
    page.find(Locator::Css(selector)).await.expect(selector).click().await.expect("a click");
}

async fn wait_for(page: &Client, what: &str, text: &str) {
    wait_until(page, &format!("{what} === {}", json!(text)), what).await;
}

async fn sign_in(page: &Client, name: &str) {
    // The page sends strangers to the login.
    type_keys(page, "[name=name]", name).await;
    type_keys(page, "[name=password]", &format!("correct horse{ENTER}")).await;
    page.wait().for_element(Locator::Id("list")).await.expect("the list");
}

/// The client takes its nonce out of the page when it starts.
async fn wait_for_client(page: &Client) {
    let nonce = "document.documentElement.dataset.nonce";
    wait_until(page, &format!("{nonce} === undefined"), nonce).await;
}

#[tokio::test]
async fn two_people_share_a_list() {
    let server = Server::example("groceries").await;
    let browsers = Browsers::start().await;
    let (ada, grace) = (browsers.open(server.url()).await, browsers.open(server.url()).await);
    for (page, name) in [(&ada, "Ada"), (&grace, "Grace")] {
        sign_in(page, name).await;
        wait_for_client(page).await;
    }

    // Enter submits the form, which the client sends as signals; the answer empties the input.
    type_keys(&ada, NEW_ITEM, &format!("Tea{ENTER}")).await;
    wait_for(&grace, TITLES, "Tea").await;
    let value = format!("document.querySelector(\"{NEW_ITEM}\").value");
    wait_for(&ada, &value, "").await;

    // A search is live, and stays up to date.
    type_keys(&ada, NEW_ITEM, &format!("Milk{ENTER}")).await;
    wait_for(&grace, TITLES, "Milk,Tea").await;
    type_keys(&grace, "[type=search]", "tea").await;
    wait_for(&grace, TITLES, "Tea").await;
    type_keys(&ada, NEW_ITEM, &format!("Green tea{ENTER}")).await;
    wait_for(&grace, TITLES, "Green tea,Tea").await;
    click(&grace, ".tick").await;
    let bought = "document.querySelector('.bought')?.innerText.includes('Green tea')";
    wait_until(&ada, &format!("{bought} === true"), TITLES).await;
    wait_for(&ada, ALERTS, "").await;

    // The page shows why an action failed, until the next action.
    type_keys(&ada, NEW_ITEM, &format!(" {ENTER}")).await;
    wait_for(&ada, ALERTS, "Please say what it is, in at most 60 characters.").await;
    type_keys(&ada, NEW_ITEM, &format!("Rice{ENTER}")).await;
    wait_for(&ada, ALERTS, "").await;

    // Ada edits an item with the keyboard alone.
    type_keys(&ada, "[aria-label='Edit Tea']", ENTER).await;
    ada.wait().for_element(Locator::Id("edit")).await.expect("the form");
    wait_for_client(&ada).await;
    type_keys(&ada, "[name=amount]", &format!("{END}00{ENTER}")).await;
    wait_for(&ada, ALERTS, "This must be 99 or less.").await;
    wait_for(&ada, "document.activeElement.getAttribute('aria-describedby')", "amount-problem").await;
    type_keys(&ada, "[name=amount]", &format!("{END}{BACKSPACE}{BACKSPACE}{BACKSPACE}6{ENTER}")).await;
    ada.wait().for_element(Locator::Css("[role=status]")).await.expect("a message");
    wait_for(&grace, TITLES, "Tea × 6,Green tea").await;

    // The page says when its server is gone.
    server.terminate().await;
    wait_for(&ada, ALERTS, "The server does not answer as it should. Nothing is saved until it does.").await;
    ada.close().await.expect("the browser closes");
    grace.close().await.expect("the browser closes");
}

#[tokio::test]
async fn a_page_without_its_script_says_so() {
    let browsers = Browsers::start().await;
    for name in ["groceries", "tiles"] {
        let server = Server::example_without_client(name).await;
        let page = browsers.open(server.url()).await;
        if name == "groceries" {
            sign_in(&page, "Ada").await;
        }
        let says_so = format!("{ALERTS}.startsWith('The script of this page was not loaded')");
        wait_until(&page, &says_so, ALERTS).await;
        page.close().await.expect("the browser closes");
        server.terminate().await;
    }
}
