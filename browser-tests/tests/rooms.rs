//! The `rooms` example as two processes with a real NATS server between them: what people see when the server or a process is killed, and when
//! another process takes over from one.

use std::path::Path;
use std::time::{Duration, Instant};

use broker::Broker;
use browser_tests::{Browsers, Server, wait_until};
use fantoccini::{Client, Locator};
use serde_json::{Value, json};

#[path = "../../stario-nats/tests/support/broker.rs"]
mod broker;

const ENTER: &str = "\u{e007}";
const MESSAGE: &str = "[aria-label=Message]";

/// How long people of a process that was killed stay listed.
const LEASE: Duration = Duration::from_secs(10);

/// Counts how often the list of messages was rendered as a whole, which a gap makes the page do, and how many messages were acknowledged, and notes
/// what goes wrong and the URL by which the stream was opened last.
const WATCH: &str = r#"
    window.seen = [];
    const html = document.documentElement;
    const count = name => html.setAttribute(name, 1 + Number(html.getAttribute(name)));
    document.addEventListener('datastar-fetch', ({ detail }) => {
        if (['error', 'retries-failed'].includes(detail.type)) seen.push(detail.type);
        if (detail.type === 'datastar-patch-elements' && detail.argsRaw.elements.startsWith('<ol id="messages"')) {
            count('renderings');
        }
        if (detail.type === 'finished' && detail.el.matches('form')) count('acknowledged');
    });
    const fetch = window.fetch;
    window.fetch = (url, ...rest) => {
        if (String(url).includes('/live')) html.setAttribute('live', decodeURIComponent(url));
        return fetch(url, ...rest);
    };
"#;
const RENDERINGS: &str = "Number(document.documentElement.getAttribute('renderings'))";

const PEOPLE: &str = "[...document.querySelectorAll('#people li')].map(person => person.textContent).join()";
const MESSAGES: &str =
    "[...document.querySelectorAll('#messages li')].map(message => message.textContent).join()";

/// One process of the app. Those of the same name take over from each other.
async fn node(folder: &Path, broker: &Broker, name: &str) -> Server {
    let (database, socket) = (folder.join("rooms.db"), folder.join(name));
    let url = broker.url();
    let variables = [
        ("DATABASE_URL", database.as_os_str()),
        ("NATS_URL", url.as_ref()),
        ("STARIO_HAND_OVER_SOCKET", socket.as_os_str()),
    ];
    Server::example_with("rooms", &variables).await
}

async fn type_keys(page: &Client, selector: &str, keys: &str) {
    page.find(Locator::Css(selector)).await.expect(selector).send_keys(keys).await.expect("keys");
}

async fn run(page: &Client, script: &str) -> Value {
    page.execute(script, Vec::new()).await.expect("a script that runs")
}

async fn wait_for(page: &Client, what: &str, text: &str) {
    wait_until(page, &format!("{what} === {}", json!(text)), what).await;
}

async fn renderings(page: &Client) -> Option<u64> {
    run(page, &format!("return {RENDERINGS}")).await.as_u64()
}

/// The page of somebody who has entered the room.
async fn enter(browsers: &Browsers, server: &Server, name: &str) -> Client {
    let page = browsers.open(server.url()).await;
    type_keys(&page, "[name=name]", name).await;
    type_keys(&page, "[name=room]", &format!("tea{ENTER}")).await;
    page.wait().for_element(Locator::Css(MESSAGE)).await.expect("the room");
    let is_here = format!("{PEOPLE}.split(',').includes({})", json!(name));
    wait_until(&page, &is_here, PEOPLE).await;
    page
}

async fn say(page: &Client, text: &str) {
    let acknowledged = "Number(document.documentElement.getAttribute('acknowledged'))";
    let before = run(page, &format!("return {acknowledged}")).await;
    type_keys(page, MESSAGE, &format!("{text}{ENTER}")).await;
    wait_until(page, &format!("{acknowledged} > {before}"), acknowledged).await;
}

/// Waits until all of these pages show this.
async fn shown(pages: &[&Client], what: &str, text: &str) {
    for page in pages {
        wait_for(page, what, text).await;
    }
}

#[tokio::test]
async fn people_on_two_nodes_see_each_other_whatever_is_killed() {
    let (folder, mut broker) = (tempfile::tempdir().expect("a folder"), Broker::start());
    let (mut one, two) =
        tokio::join!(node(folder.path(), &broker, "one"), node(folder.path(), &broker, "two"));
    let browsers = Browsers::start().await;
    let ada = enter(&browsers, &one, "Ada").await;
    let grace = enter(&browsers, &two, "Grace").await;
    let pages = [&ada, &grace];
    shown(&pages, PEOPLE, "Ada,Grace").await;
    for page in pages {
        run(page, WATCH).await;
    }
    say(&ada, "Hello").await;
    shown(&pages, MESSAGES, "Ada Hello").await;
    say(&grace, "Good day").await;
    let mut messages = "Ada Hello,Grace Good day".to_owned();
    shown(&pages, MESSAGES, &messages).await;

    // The server between them is killed: those of one node still see each other, and what was said is shown when it is back.
    broker.kill();
    say(&ada, "Anybody?").await;
    messages.push_str(",Ada Anybody?");
    shown(&[&ada], MESSAGES, &messages).await;
    broker.restart();
    shown(&pages, MESSAGES, &messages).await;
    for page in pages {
        wait_until(page, &format!("{RENDERINGS} > 0"), RENDERINGS).await;
    }
    // One after the other: each page shows them as they come to its node.
    for (page, name, text) in [(&ada, "Ada", "Back"), (&grace, "Grace", "Me too")] {
        say(page, text).await;
        messages = format!("{messages},{name} {text}");
        shown(&pages, MESSAGES, &messages).await;
    }
    // One gap for each, and another one where a busy machine takes longer than a node waits to hear what it has missed.
    let rendered = [renderings(&ada).await, renderings(&grace).await];
    assert!(rendered.iter().all(|times| matches!(times, Some(1 | 2))), "{rendered:?}");
    shown(&pages, PEOPLE, "Ada,Grace").await;

    // A tab is opened and closed at the other node.
    let ben = enter(&browsers, &two, "Ben").await;
    shown(&[&ada, &grace, &ben], PEOPLE, "Ada,Grace,Ben").await;
    ben.close().await.expect("the browser closes");
    let closed = Instant::now();
    shown(&pages, PEOPLE, "Ada,Grace").await;
    // A close that nobody heard of would show after the lease, or later.
    assert!(closed.elapsed() < LEASE, "{:?}", closed.elapsed());

    // Another process takes the listening socket of Ada's: her page has all that is said, and no gap.
    type_keys(&ada, MESSAGE, "half a sen").await;
    let new = node(folder.path(), &broker, "one").await;
    assert_eq!(new.url(), one.url());
    one.ended().await;
    say(&grace, "Still here?").await;
    messages.push_str(",Grace Still here?");
    shown(&pages, MESSAGES, &messages).await;
    type_keys(&ada, MESSAGE, "tence").await;
    let typed = format!("document.querySelector('{MESSAGE}').value");
    wait_for(&ada, &typed, "half a sentence").await;
    type_keys(&ada, MESSAGE, ENTER).await;
    messages.push_str(",Ada half a sentence");
    shown(&pages, MESSAGES, &messages).await;
    assert_eq!([renderings(&ada).await, renderings(&grace).await], rendered, "no gap");
    for page in pages {
        assert_eq!(run(page, "return seen").await, json!([]));
    }
    // It has said which messages its list has, which is how none of them is shown twice.
    let live = "document.documentElement.getAttribute('live')";
    wait_until(&ada, &format!(r#"/"shown":[1-9]/.test({live})"#), live).await;
    wait_until(&grace, &format!("{PEOPLE}.split(',').sort().join() === 'Ada,Grace'"), PEOPLE).await;

    // A process is killed: its people are gone within the lease.
    new.kill().await;
    let killed = Instant::now();
    shown(&[&grace], PEOPLE, "Grace").await;
    // The lease, and what a browser on a busy machine takes.
    assert!(killed.elapsed() < LEASE * 2, "{:?}", killed.elapsed());
    for page in [ada, grace] {
        page.close().await.expect("the browser closes");
    }
    two.terminate().await;
}
