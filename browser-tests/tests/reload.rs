//! A page that reloads when its server comes back with another build, behind one socket that outlives both.
#![cfg(debug_assertions)]

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use browser_tests::{Browsers, PATIENCE, datastar_file, wait_until};
use fantoccini::{Client, Locator};
use stario::prelude::*;
use tokio::process::{Child, Command};

stario::app!();

/// Set where this process is to be the server: the name of its build.
const BUILD: &str = "TEST_BUILD";

fn build_name() -> String {
    std::env::var(BUILD).unwrap_or_default()
}

#[app::query("/")]
async fn home(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Home"</title>{datastar}</head>
            <body data-signals="{count: 0}">
                <p id={("build-", build_name())}>"This is "{build_name()}</p>
                <button data-on:click="$count++">"Count"</button>
                <output data-text="$count"></output>
            </body>
        </html>
    }
}

#[app::query("/failure")]
async fn failure() -> Result {
    let source = std::io::Error::other("<b>the disk</b> is gone");
    Err(std::io::Error::new(source.kind(), source).into())
}

/// Serves in a process that the test below starts.
#[test]
fn server_process() {
    if std::env::var_os(BUILD).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let app = app::new().datastar_file(datastar_file()).expect("the client");
        let policy = stario::SecurityHeaders::new()
            .content_security_policy("default-src 'self'; script-src 'nonce-{nonce}'");
        let ended = runtime.block_on(app.security_headers(policy).serve());
        std::process::exit(i32::from(ended.is_err()));
    }
}

/// A build of the server: a copy of this program, which is another file than the last.
fn build(folder: &Path, name: &str) -> PathBuf {
    let program = folder.join(name);
    fs::copy(std::env::current_exe().expect("the test's own path"), &program).expect("a copy");
    program
}

/// Starts a build on the socket, as systemfd does.
fn start(program: &Path, listener: &TcpListener) -> Child {
    let socket = OwnedFd::from(listener.try_clone().expect("the same socket"));
    let mut command = Command::new("sh");
    command
        .args(["-c", "exec 3<&0; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\""])
        .arg(program)
        .args(["--exact", "server_process", "--nocapture"])
        .env(BUILD, program.file_name().expect("a name"))
        .env_remove("STARIO_DEV")
        .stdin(Stdio::from(socket))
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command.spawn().expect("a server")
}

async fn end(mut server: Child) {
    let id = server.id().expect("a running server").to_string();
    Command::new("kill").args(["-TERM", &id]).status().await.expect("kill");
    let status = server.wait().await.expect("an exit status");
    assert!(status.success(), "{status}");
}

/// Asks for the page, and returns the connection on which the answer comes.
fn ask(address: SocketAddr) -> TcpStream {
    let mut socket = TcpStream::connect(address).expect("a connection");
    write!(socket, "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("a request");
    socket
}

async fn wait_for_element(page: &Client, selector: &str) {
    page.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await.expect(selector);
}

#[tokio::test]
async fn a_page_reloads_when_another_build_answers() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reload-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let first = start(&build(&folder, "first"), &listener);
    let browsers = Browsers::start().await;
    let page = browsers.open(&format!("http://{address}/")).await;
    wait_for_element(&page, "#build-first").await;
    // Datastar's client works beside the script.
    page.find(Locator::Css("button")).await.expect("a button").click().await.expect("a click");
    wait_until(&page, "document.querySelector('output').textContent === '1'", "document.body.innerHTML")
        .await;

    // A request between the two builds waits in the socket.
    end(first).await;
    let mut waiting = ask(address);
    let second = start(&build(&folder, "second"), &listener);
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        waiting.read_to_string(&mut answer).map(|_| answer)
    });
    wait_for_element(&page, "#build-second").await;
    let answer = answer.await.expect("a thread").expect("an answer");
    assert!(answer.contains("build-second"), "{answer}");

    // A failure is a page, too, that shows texts as texts, and reloads.
    page.goto(&format!("http://{address}/failure")).await.expect("the page of a failure");
    let title = page.find(Locator::Css("h1")).await.expect("a title").text().await.expect("its text");
    assert_eq!(title, "500 Internal Server Error: <b>the disk</b> is gone");
    page.execute("window.isOld = true", Vec::new()).await.expect("a script that runs");
    end(second).await;
    let third = start(&build(&folder, "third"), &listener);
    // The page that asks for a build is gone when the next one comes, and the next one looks the same. A script in either would end
    // with its page, so the test asks from outside until the mark of the old page is gone.
    let waited = tokio::time::timeout(PATIENCE, async {
        while page.execute("return window.isOld === true", Vec::new()).await.ok() != Some(json!(false)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.expect("a page that reloads");

    page.close().await.expect("the browser closes");
    end(third).await;
    fs::remove_dir_all(&folder).expect("the folder is removed");
}
