//! The `tiles` example in two browsers.

use std::time::{Duration, Instant};

use browser_tests::{Browsers, Server, wait_until};
use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};

/// Who is here, as one text.
const ROSTER: &str = "document.querySelector('#here').innerText";

async fn wait_for_roster(page: &Client, painters: &[&str]) {
    let expected = serde_json::to_string(painters).expect("texts");
    let shown = "[...document.querySelectorAll('#here li')].map(li => li.innerText)";
    wait_until(page, &format!("JSON.stringify({shown}) === {expected:?}"), ROSTER).await;
}

async fn click(page: &Client, tile: usize) {
    let tile = page.find(Locator::Id(&format!("tile-{tile}"))).await.expect("a tile");
    tile.click().await.expect("a click");
}

async fn wait_for_color(page: &Client, tile: usize, color: &str) {
    let shown = format!("document.getElementById('tile-{tile}').dataset.color");
    wait_until(page, &format!("{shown} === {color}"), &shown).await;
}

#[tokio::test]
async fn browsers_see_each_other_paint_come_and_go() {
    let server = Server::example("tiles").await;
    let browsers = Browsers::start().await;

    let first = browsers.open(server.url()).await;
    wait_for_roster(&first, &["Painter 1"]).await;
    let second = browsers.open(server.url()).await;
    wait_for_roster(&first, &["Painter 1", "Painter 2"]).await;
    wait_for_roster(&second, &["Painter 1", "Painter 2"]).await;

    // A mark that a reload would lose.
    second.execute("window.notReloaded = true", Vec::new()).await.expect("a script");
    click(&first, 17).await;
    wait_for_color(&second, 17, "'1'").await;
    wait_for_color(&first, 17, "'1'").await;
    click(&second, 17).await;
    wait_for_color(&first, 17, "'2'").await;
    click(&second, 17).await;
    wait_for_color(&first, 17, "undefined").await;
    wait_until(&second, "window.notReloaded === true", "'reloaded'").await;

    // Who leaves is gone from the others' pages within two seconds. On a machine that is busy with other things,
    // the quickest time counts.
    let mut leaving = second;
    let mut quickest = Duration::MAX;
    for painter in 3..6 {
        leaving.close().await.expect("the browser closes");
        let left = Instant::now();
        wait_for_roster(&first, &["Painter 1"]).await;
        quickest = quickest.min(left.elapsed());
        if quickest < Duration::from_secs(2) {
            break;
        }
        leaving = browsers.open(server.url()).await;
        wait_for_roster(&first, &["Painter 1", &format!("Painter {painter}")]).await;
    }
    assert!(quickest < Duration::from_secs(2), "noticed after {quickest:?}");

    // The first page's stream is still open: it must not keep the server from ending.
    server.terminate().await;
    first.close().await.expect("the browser closes");
}

/// Opens a tab, and goes to it.
async fn open_tab(browser: &Client, url: &str) -> WindowHandle {
    let tab = browser.new_window(true).await.expect("a tab").handle;
    browser.switch_to_window(tab.clone()).await.expect("the tab");
    browser.goto(url).await.expect("the page");
    tab
}

/// Closes the tab that the browser is at, and goes to another.
async fn close_tab(browser: &Client, next: &WindowHandle) {
    browser.close_window().await.expect("the tab closes");
    browser.switch_to_window(next.clone()).await.expect("the other tab");
}

#[tokio::test]
async fn the_tabs_of_one_browser_are_one_painter() {
    let server = Server::example("tiles").await;
    let browsers = Browsers::start().await;
    let other = browsers.open(server.url()).await;
    wait_for_roster(&other, &["Painter 1"]).await;

    let browser = browsers.open(server.url()).await;
    let first = browser.window().await.expect("the first tab");
    wait_for_roster(&other, &["Painter 1", "Painter 2"]).await;
    open_tab(&browser, server.url()).await;
    wait_until(&browser, "document.querySelector('header b').innerText === 'Painter 2'", ROSTER).await;
    wait_for_roster(&browser, &["Painter 1", "Painter 2"]).await;
    close_tab(&browser, &first).await;
    wait_for_roster(&browser, &["Painter 1", "Painter 2"]).await;
    wait_for_roster(&other, &["Painter 1", "Painter 2"]).await;

    // A painter who closes the last tab with the board leaves the list of painters within two seconds. The quickest of some times
    // counts, because the machine may be busy with other things.
    let elsewhere = open_tab(&browser, "about:blank").await;
    let mut board = first;
    let mut quickest = Duration::MAX;
    for _ in 0..8 {
        browser.switch_to_window(board).await.expect("the board");
        wait_for_roster(&other, &["Painter 1", "Painter 2"]).await;
        let left = Instant::now();
        close_tab(&browser, &elsewhere).await;
        wait_for_roster(&other, &["Painter 1"]).await;
        quickest = quickest.min(left.elapsed());
        if quickest < Duration::from_secs(2) {
            break;
        }
        board = open_tab(&browser, server.url()).await;
    }
    assert!(quickest < Duration::from_secs(2), "noticed after {quickest:?}");
    browser.close().await.expect("the browser closes");
    other.close().await.expect("the browser closes");
}
