//! The Datastar client on a page whose content security policy lets run what the app itself wrote, and nothing
//! else.

use browser_tests::{Browsers, PATIENCE, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use serde_json::{Value, json};
use stario::prelude::*;
use stario::{Nonce, Raw, SecurityHeaders, html};
use tokio::net::TcpListener;

stario::app!();

/// Notes what the browser refuses, from before anything else happens.
const WATCH: &str = "window.refused = [];
    addEventListener('securitypolicyviolation', event => refused.push(event.effectiveDirective));";

#[app::query("/")]
async fn page(datastar: DatastarScript, nonce: Nonce) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <title>"Policy"</title>
                <script nonce={nonce}>{html::js(WATCH)}</script>
                {datastar}
            </head>
            <body data-signals="{count: 0}">
                <button id="more" data-on:click="$count++">"more"</button>
                <b id="count" data-text="$count"></b>
                <button id="ask" data-on:click={say::action()}>"ask"</button>
                <p id="said"></p>
                <p id="streamed"></p>
                <div data-init={stream::action()}></div>
            </body>
        </html>
    }
}

#[app::command("/say")]
async fn say(count: Signal<u32>) -> Html {
    html! { <p id="said"><i data-text="'count is ' + $count"></i>", sent "{*count}</p> }
}

#[app::query("/stream")]
async fn stream() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <p id="streamed">"streamed"</p> };
        yield event::script("window.ran = 'by the app'");
        std::future::pending::<()>().await;
    }
}

/// As if it had got into a page by a hole.
#[app::query("/injected")]
async fn injected(datastar: DatastarScript, nonce: Nonce) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en" data-nonce={nonce}>
            <head>
                <title>"Injected"</title>
                <script nonce={nonce}>{html::js(WATCH)}</script>
                {datastar}
            </head>
            <body>
                {Raw("<script>window.injected = 1</script><img src=\"data:,\" onerror=\"window.injected = 2\">")}
                {Raw("<script nonce=guessed>window.injected = 3</script>")}
                <p id="end" data-text="'end'"></p>
            </body>
        </html>
    }
}

async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let app = app::new().security_headers(SecurityHeaders::new());
    let app = app.datastar_file(datastar_file()).expect("the client");
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    url
}

async fn check(page: &Client, expression: &str, expected: Value) {
    let found = page.execute(&format!("return {expression}"), Vec::new()).await.expect("a script that runs");
    assert_eq!(found, expected, "{expression}");
}

async fn click(page: &Client, id: &str) {
    let button = page.wait().at_most(PATIENCE).for_element(Locator::Id(id)).await.expect("a button");
    button.click().await.expect("a click");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_works_under_the_policy_and_an_injected_script_does_not_run() {
    let url = serve().await;
    let browsers = Browsers::start().await;
    let page = browsers.open(&url).await;
    let text = |id: &str| format!("document.getElementById('{id}').textContent");

    // Expressions of the page, of what is patched into it, and of the answer to a command.
    wait_until(&page, &format!("{} === '0'", text("count")), &text("count")).await;
    click(&page, "more").await;
    wait_until(&page, &format!("{} === '1'", text("count")), &text("count")).await;
    click(&page, "ask").await;
    let said = format!("{} === 'count is 1, sent 1'", text("said"));
    wait_until(&page, &said, &text("said")).await;

    wait_until(&page, &format!("{} === 'streamed'", text("streamed")), &text("streamed")).await;
    wait_until(&page, "window.ran === 'by the app'", "window.ran").await;
    check(&page, "refused", json!([])).await;
    // A script that reads the page does not find the nonce.
    check(&page, "document.documentElement.outerHTML.includes('data-nonce')", json!(false)).await;

    page.goto(&format!("{url}/injected")).await.expect("the page");
    wait_until(&page, &format!("{} === 'end'", text("end")), &text("end")).await;
    check(&page, "window.injected ?? 'nothing'", json!("nothing")).await;
    // The browser reports each violation to the page in a task of its own.
    wait_until(&page, "refused.length >= 3", "refused").await;
    check(&page, "refused.sort()", json!(["script-src-attr", "script-src-elem", "script-src-elem"])).await;
    page.close().await.expect("the browser closes");
}
