//! Real browsers on a real server: what the tests in `tests/` start, and stop when they end.
//!
//! They need `chromedriver` and a Chromium that fits it, the built examples, and the Datastar client, which
//! `browser-tests/client` fetches (`browser-tests/run` sees to all of it). Those of codings start `curl`, `zstd`,
//! `brotli` and `gzip` beside it. With `BROWSER=webkit` they use `WebKitWebDriver` and its `MiniBrowser` instead, which need a
//! display.

use std::ffi::OsStr;
use std::process::Stdio;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// How long a browser may take to show what was pushed to it, on a machine that is busy with other things. Less
/// than the half minute that `chromedriver` lets a script run.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How often a program or a browser may fail to start: of those that start at once, some find a port taken or
/// too little time.
const ATTEMPTS: usize = 3;

/// A program that is killed when the test ends, and the address that it said it listens on.
pub struct Server {
    process: Child,
    url: String,
    /// Where the program has its database.
    directory: Option<TempDir>,
}

impl Server {
    /// Starts an example on a free port, with a database of its own if it has one.
    ///
    /// # Panics
    ///
    /// When it does not start, or does not say where it listens.
    pub async fn example(name: &str) -> Self {
        Self::start_example(name, Some(datastar_file()), &[]).await
    }

    /// Starts an example with variables of the environment, as one of several processes that share what these name.
    ///
    /// # Panics
    ///
    /// As [`example`](Self::example).
    pub async fn example_with(name: &str, variables: &[(&str, &OsStr)]) -> Self {
        Self::start_example(name, Some(datastar_file()), variables).await
    }

    /// Starts an example whose pages load the Datastar client from its CDN, which the browsers of these tests do not reach.
    ///
    /// # Panics
    ///
    /// As [`example`](Self::example).
    pub async fn example_without_client(name: &str) -> Self {
        Self::start_example(name, None, &[]).await
    }

    async fn start_example(name: &str, datastar: Option<String>, variables: &[(&str, &OsStr)]) -> Self {
        let program = std::env::current_exe().expect("the test's own path");
        // The test is `target/debug/deps/test-1234`, and the example is `target/debug/example`.
        let program = program.ancestors().nth(2).expect("a target directory").join(name);
        let directory = tempfile::tempdir().expect("a directory");
        let mut command = Command::new(program);
        // The tests see what the users of the example see: `STARIO_DEV=0` turns off what is shown to developers.
        command
            .env("STARIO_PORT", "0")
            .env("STARIO_DEV", "0")
            .env("DATABASE_URL", directory.path().join("test.db"));
        match datastar {
            Some(file) => command.env("DATASTAR_FILE", file),
            None => command.env_remove("DATASTAR_FILE"),
        };
        command.envs(variables.iter().copied());
        let started = Self::start(&mut command, "listening on ").await;
        let mut server = started.expect("a program that says where it listens");
        server.directory = Some(directory);
        server
    }

    /// Starts the browser's driver on a free port.
    async fn webdriver(browser: Browser) -> Self {
        for _ in 0..ATTEMPTS {
            let started = match browser {
                Browser::Chromium => Self::chromedriver().await,
                Browser::WebKit => Self::webkit_driver().await,
            };
            if let Some(server) = started {
                return server;
            }
        }
        panic!("the driver of {browser:?} does not start");
    }

    async fn chromedriver() -> Option<Self> {
        let mut command = Command::new("chromedriver");
        let mut server = Self::start(command.arg("--port=0"), "started successfully on port ").await?;
        server.url = format!("http://127.0.0.1:{}", server.url.trim_end_matches('.'));
        Some(server)
    }

    /// This driver takes no port 0, and does not say when it listens: nothing tells the test but a connection that succeeds. So it
    /// tries to connect until [`PATIENCE`] is over.
    async fn webkit_driver() -> Option<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))
            .await
            .expect("a free port")
            .local_addr()
            .expect("a port")
            .port();
        let mut command = Command::new("WebKitWebDriver");
        command.arg(format!("--port={port}")).kill_on_drop(true);
        let mut process = command.spawn().expect("the program can be started");
        let connects = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let listens = tokio::select! {
            connected = tokio::time::timeout(PATIENCE, connects) => connected.is_ok(),
            _ = process.wait() => false,
        };
        listens.then(|| Self { process, url: format!("http://127.0.0.1:{port}"), directory: None })
    }

    /// `None` if it ends without having said where it listens, which comes after `marker`.
    async fn start(command: &mut Command, marker: &str) -> Option<Self> {
        let mut process =
            command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("the program can be started");
        let mut lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        loop {
            let line = lines.next_line().await.expect("output")?;
            if let Some((_, url)) = line.split_once(marker) {
                let url = url.to_owned();
                // Read on: a full pipe would stop the program.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Some(Self { process, url, directory: None });
            }
        }
    }

    /// Where it listens: `http://127.0.0.1:1234`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    ///
    /// When the program does not end with status 0.
    pub async fn terminate(mut self) {
        let id = self.process.id().expect("a running program").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.expect("kill");
        self.ended().await;
    }

    /// Waits until the program has ended by itself.
    ///
    /// # Panics
    ///
    /// When it does not end within [`PATIENCE`], or with another status than 0.
    pub async fn ended(&mut self) {
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        let status = ended.expect("the program ends").expect("an exit status");
        assert!(status.success(), "{status}");
    }

    /// Kills the program as `kill -9` does.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub async fn kill(mut self) {
        self.process.kill().await.expect("a running program");
    }
}

#[derive(Debug, Clone, Copy)]
enum Browser {
    Chromium,
    WebKit,
}

impl Browser {
    /// The browser that the environment variable `BROWSER` names; Chromium unless it is set.
    fn chosen() -> Self {
        match std::env::var("BROWSER").as_deref() {
            Err(_) | Ok("chromium") => Self::Chromium,
            Ok("webkit") => Self::WebKit,
            Ok(other) => panic!("BROWSER is {other:?}: expected chromium or webkit"),
        }
    }

    /// The capabilities with which the driver starts the browser.
    fn capabilities(self) -> Value {
        match self {
            Self::Chromium => json!({ "goog:chromeOptions": { "args": [
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                // Nothing but this machine, so that a test does not depend on the network.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            ] } }),
            Self::WebKit => json!({ "webkitgtk:browserOptions": {
                "binary": std::env::var("WEBKIT_BROWSER").expect("WEBKIT_BROWSER names the MiniBrowser"),
                "args": ["--automation"],
            } }),
        }
    }
}

/// Browsers, each with a profile of its own: headless Chromium unless the environment says otherwise.
pub struct Browsers {
    browser: Browser,
    webdriver: Server,
}

impl Browsers {
    /// Starts the driver.
    ///
    /// # Panics
    ///
    /// When there is no driver.
    pub async fn start() -> Self {
        let browser = Browser::chosen();
        Self { browser, webdriver: Server::webdriver(browser).await }
    }

    /// Opens a page in a browser of its own.
    ///
    /// # Panics
    ///
    /// When the browser or the page does not open.
    pub async fn open(&self, url: &str) -> Client {
        let Value::Object(capabilities) = self.browser.capabilities() else { unreachable!("an object") };
        let mut failures = Vec::new();
        while failures.len() < ATTEMPTS {
            let connector = hyper_util::client::legacy::connect::HttpConnector::new();
            let mut builder = ClientBuilder::new(connector);
            match builder.capabilities(capabilities.clone()).connect(&self.webdriver.url).await {
                Ok(client) => {
                    client.goto(url).await.expect("the page");
                    return client;
                }
                Err(failure) => failures.push(failure),
            }
        }
        panic!("no browser starts: {failures:?}");
    }
}

/// Waits until `script`, a JavaScript expression, is true in the page.
///
/// # Panics
///
/// When it is not within [`PATIENCE`], with what `shown` is then.
pub async fn wait_until(page: &Client, script: &str, shown: &str) {
    // The script looks at each change of the document, and every 100 ms: values of fields, the focus and variables are no changes of the
    // document.
    let waiting = format!(
        "const done = arguments[arguments.length - 1];
         const end = result => {{ observer.disconnect(); clearInterval(looking); done(result); }};
         const holds = () => {{ if ({script}) {{ end(true); return true; }} return false; }};
         const observer = new MutationObserver(holds);
         let looking;
         if (!holds()) {{
             observer.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
             addEventListener('animationend', holds);
             looking = setInterval(holds, 100);
             setTimeout(() => end({shown}), {});
         }}",
        PATIENCE.as_millis()
    );
    let result = page.execute_async(&waiting, Vec::new()).await.expect("a script that runs");
    assert_eq!(result, Value::Bool(true), "not within {PATIENCE:?}: {script}");
}

/// The Datastar client, where `browser-tests/client` puts it.
///
/// # Panics
///
/// When it is not there.
pub fn datastar_file() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/.datastar/datastar.js");
    assert!(std::path::Path::new(file).is_file(), "browser-tests/client fetches {file}");
    file.to_owned()
}
