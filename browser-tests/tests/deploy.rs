//! A page over a deploy: another process takes over from the one that the page is open to, and nobody sees it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use browser_tests::{Browsers, PATIENCE, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use serde_json::Value;
use stario::Raw;
use stario::prelude::*;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

stario::app!();

/// Set where this process is to be the server: the file in which it counts.
const COUNTED: &str = "TEST_COUNTED";

/// The count, which both processes share as they would share a database.
struct Counter {
    file: PathBuf,
    news: Relay<()>,
}

impl Counter {
    fn count(&self) -> Result<u64> {
        Ok(fs::metadata(&self.file)?.len())
    }

    fn add(&self) -> Result {
        File::options().append(true).open(&self.file)?.write_all(b".")?;
        self.news.publish("counted", ());
        Ok(())
    }
}

/// Notes what a user could see: texts of alerts, requests that fail, and content that is gone.
const WATCH: &str = "<script>
    window.seen = [];
    document.addEventListener('datastar-fetch', ({ detail }) => {
        if (['error', 'retries-failed'].includes(detail.type)) seen.push(detail.type);
    });
    addEventListener('error', event => seen.push(event.message));
    addEventListener('unhandledrejection', event => seen.push(String(event.reason)));
    addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
        if (document.querySelector('[role=alert]').innerText) seen.push(document.querySelector('[role=alert]').innerText);
        if (!document.querySelector('#counted')?.innerText) seen.push('no content');
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true }));

    // Clicks again whenever the last click was answered, until it is to stop.
    window.clicks = 0;
    window.isClicking = false;
    const click = () => { clicks += 1; document.querySelector('button').click(); };
    document.addEventListener('datastar-fetch', ({ detail }) => {
        if (detail.type === 'finished' && detail.el.matches('button') && isClicking) setTimeout(click);
    });
    window.startClicking = () => { isClicking = true; click(); };
</script>";

#[app::query("/")]
async fn page(datastar: DatastarScript, counter: State<Counter>) -> Result<Html> {
    let shown = counted(counter.count()?);
    Ok(html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Counter"</title>{Raw(WATCH)}{datastar}</head>
            <body
                data-init={live::action()}
                data-signals:_failed="false"
                data-on:datastar-fetch="if (['error', 'retries-failed'].includes(evt.detail.type)) $_failed = true"
            >
                {shown}
                <button data-on:click={add::action()}>"Count"</button>
                <input aria-label="Note" data-bind:note>
                <p id="failure" role="alert"></p>
                <p role="alert" style="display: none" data-show="$_failed">"That did not work."</p>
            </body>
        </html>
    })
}

fn counted(count: u64) -> Html {
    html! { <output id="counted">{count}</output> }
}

#[app::query("/live")]
async fn live(
    counter: State<Counter>,
    last_event_id: Header<Option<String>>,
) -> impl Stream<Item = Result<Event>> {
    let mut updates = counter.news.resume("counted", last_event_id);
    try_stream! {
        while let Some(update) = updates.next().await {
            if matches!(update, Update::Gap) {
                updates.skip();
            }
            let id = updates.position();
            yield event::patch(counted(counter.count()?)).id(id);
        }
    }
}

#[app::command("/add")]
async fn add(counter: State<Counter>) -> Result {
    counter.add()
}

/// Serves in a process that the test below starts.
#[test]
fn server_process() {
    let Some(file) = std::env::var_os(COUNTED) else { return };
    let counter = Counter { file: file.into(), news: Relay::new().history(100) };
    let app = app::new().state(counter).failure_region("#failure").datastar_file(datastar_file());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let ended = runtime.block_on(app.expect("the client").serve());
    std::process::exit(i32::from(ended.is_err()));
}

/// Starts a process, and returns it with its address when it accepts connections.
async fn start(folder: &Path) -> (Child, String) {
    let mut command = Command::new(std::env::current_exe().expect("the test's own path"));
    command
        .args(["--exact", "server_process", "--nocapture"])
        .env(COUNTED, folder.join("counted"))
        .env("STARIO_HAND_OVER_SOCKET", folder.join("hand-over.sock"))
        .env("STARIO_PORT", "0")
        .env("RUST_LOG", "warn")
        .env("STARIO_DEV", "0")
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut process = command.spawn().expect("a process");
    let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
    while let Some(line) = lines.next_line().await.expect("output") {
        if let Some((_, address)) = line.split_once("listening on ") {
            let address = address.to_owned();
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (process, address);
        }
    }
    panic!("the process has ended before it listened");
}

async fn run(page: &Client, script: &str) -> Value {
    page.execute(script, Vec::new()).await.expect("a script that runs")
}

const SHOWN: &str = "document.querySelector('#counted').innerText";

#[tokio::test]
async fn nobody_sees_a_deploy() {
    let folder = tempfile::tempdir().expect("a folder");
    let counted = folder.path().join("counted");
    File::create(&counted).expect("a file");
    let (mut process, address) = start(folder.path()).await;
    let browsers = Browsers::start().await;
    let page = browsers.open(&address).await;
    let note = page.find(Locator::Css("input")).await.expect("an input");
    note.send_keys("half a sen").await.expect("keys");
    run(&page, "startClicking()").await;
    wait_until(&page, "clicks > 20", "clicks").await;

    for _ in 0..3 {
        let (new, same) = start(folder.path()).await;
        assert_eq!(same, address);
        let ended = tokio::time::timeout(PATIENCE, process.wait()).await.expect("an end");
        assert!(ended.expect("a status").success());
        process = new;
        let clicks = run(&page, "return clicks").await;
        // The stream of the new process shows the clicks that the new process has counted.
        let goes_on = format!("clicks > {clicks} + 20 && {SHOWN} > {clicks}");
        wait_until(&page, &goes_on, &format!("[clicks, {SHOWN}]")).await;
    }

    run(&page, "isClicking = false").await;
    wait_until(&page, &format!("{SHOWN} === String(clicks)"), &format!("[clicks, {SHOWN}]")).await;
    // Each click was counted once, by one process or another.
    let clicks = run(&page, "return clicks").await;
    assert_eq!(clicks.as_u64(), Some(fs::metadata(&counted).expect("a file").len()));
    note.send_keys("tence").await.expect("keys");
    assert_eq!(run(&page, "return document.querySelector('input').value").await, json!("half a sentence"));
    assert_eq!(run(&page, "return seen").await, json!([]));
    page.close().await.expect("the browser closes");
}
