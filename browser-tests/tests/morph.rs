//! A page in a test changes as it does in a browser: pairs of before and after, what somebody typed in between, and which
//! elements are kept.

use browser_tests::{Browsers, datastar_file, wait_until};
use fantoccini::Client;
use stario::Raw;
use stario::event::Namespace;
use stario::prelude::*;
use tokio::net::TcpListener;

#[path = "morph/pairs.rs"]
mod pairs;

use pairs::{Done, PAIRS, Sent};

stario::app!();

#[app::query("/pairs/{number}")]
async fn pair(number: PathParam<usize>, datastar: DatastarScript) -> Html {
    let (before, ..) = &PAIRS[*number];
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Morph"</title>{datastar}</head>
            <body data-signals:done="'no'">
                <div id="root">{Raw(*before)}</div>
                <button id="go" data-attr:title="$done" data-on:click={patch::action(*number)}>"Go"</button>
            </body>
        </html>
    }
}

#[app::query("/patches/{number}")]
async fn patch(number: PathParam<usize>) -> impl Stream<Item = Event> {
    let (_, sent, _, after) = &PAIRS[*number];
    let after = Raw((*after).to_owned());
    let event = match sent {
        Sent::Root => Event::new(html! { <div id="root">{after}</div> }),
        Sent::To(mode, selector) => Event::new((mode_of(mode), *selector, after)),
        Sent::ById => Event::new(after),
        Sent::Replaced => Event::new((Mode::Replace, after)),
        // As it stands, so that the client loses what it loses.
        Sent::Svg(mode, selector) => {
            Event::new(event::patch(after).namespace(Namespace::Svg).mode(mode_of(mode)).selector(*selector))
        }
    };
    stream! {
        yield event;
        yield json!({ "done": "yes" });
    }
}

fn mode_of(name: &str) -> Mode {
    let modes = [
        Mode::Outer,
        Mode::Inner,
        Mode::Replace,
        Mode::Prepend,
        Mode::Append,
        Mode::Before,
        Mode::After,
        Mode::Remove,
    ];
    modes.into_iter().find(|mode| mode.as_str() == name).expect("a mode")
}

/// Keeps clippy from taking the import for unused where no pair needs it.
fn app() -> stario::App {
    app::new()
}

const MARK: &str =
    "[...document.querySelectorAll('*')].forEach((element, index) => { element.mark = index; })";

const DESCRIBE: &str = r"
    const root = document.getElementById('root');
    const lines = [root.outerHTML];
    for (const element of root.querySelectorAll('*')) {
        let line = element.localName.toLowerCase() + ' ' + (element.mark ?? 'new');
        if (element instanceof HTMLInputElement && ['checkbox', 'radio'].includes(element.type)) line += ' ' + element.checked;
        else if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) line += ' ' + JSON.stringify(element.value);
        else if (element instanceof HTMLOptionElement) line += ' ' + element.selected;
        lines.push(line);
    }
    return lines.join('\n');";

/// A script that changes a control as somebody who types or clicks does.
fn script(done: &Done) -> String {
    let (selector, change) = match done {
        Done::Type(selector, text) => (selector, format!("element.value = {};", json!(text))),
        Done::Check(selector) => (selector, "element.checked = true;".to_owned()),
        Done::Uncheck(selector) => (selector, "element.checked = false;".to_owned()),
        Done::Select(selector, value) => (
            selector,
            format!(
                "[...element.options].find(option => option.value === {}).selected = true;",
                json!(value)
            ),
        ),
    };
    format!(
        "const element = document.querySelector('#root').querySelector({});
         {change}
         for (const name of ['input', 'change']) element.dispatchEvent(new Event(name, {{ bubbles: true }}));",
        json!(selector)
    )
}

async fn in_browser(page: &Client, url: &str, number: usize) -> String {
    page.goto(&format!("{url}/pairs/{number}")).await.expect("the page");
    let title = "document.getElementById('go').title";
    wait_until(page, &format!("{title} === 'no'"), title).await;
    for done in PAIRS[number].2 {
        page.execute(&script(done), Vec::new()).await.expect("a script that runs");
    }
    page.execute(MARK, Vec::new()).await.expect("a script that runs");
    page.execute("document.getElementById('go').click()", Vec::new()).await.expect("a click");
    wait_until(page, &format!("{title} === 'yes'"), title).await;
    let described = page.execute(DESCRIBE, Vec::new()).await.expect("a script that runs");
    described.as_str().expect("text").to_owned()
}

async fn in_test(client: &TestClient, number: usize) -> String {
    let mut page = client.async_page(format!("/pairs/{number}")).await;
    for done in PAIRS[number].2 {
        match done {
            Done::Type(selector, text) => page.fill(&format!("#root {selector}"), text).await,
            Done::Check(selector) => page.check(&format!("#root {selector}")).await,
            Done::Uncheck(selector) => page.uncheck(&format!("#root {selector}")).await,
            Done::Select(selector, value) => page.select(&format!("#root {selector}"), value).await,
        }
    }
    page.mark_elements();
    page.click("#go").await;
    page.describe("#root")
}

#[tokio::test]
async fn a_page_in_a_test_changes_as_in_a_browser() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = app().datastar_file(datastar_file()).expect("the client");
    tokio::spawn(served.serve_on(listener, std::future::pending()));
    let client = TestClient::new(app());
    let browsers = Browsers::start().await;
    let page = browsers.open(&format!("{url}/pairs/0")).await;

    let mut differences = Vec::new();
    for (number, (before, _, _, after)) in PAIRS.iter().enumerate() {
        let expected = in_browser(&page, &url, number).await;
        let found = in_test(&client, number).await;
        if expected != found {
            differences.push(format!(
                "{number}: {before} -> {after}\n--- in the browser:\n{expected}\n--- in the test:\n{found}\n"
            ));
        }
    }
    page.close().await.expect("the browser closes");
    assert!(PAIRS.len() >= 60, "{} pairs", PAIRS.len());
    assert!(differences.is_empty(), "{} of {}:\n{}", differences.len(), PAIRS.len(), differences.join("\n"));
}
