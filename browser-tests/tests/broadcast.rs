//! Streams that follow one relay, whose events are compressed once for all of them, as others decode them: Chromium, curl behind nginx,
//! and the command-line tools of each coding.

use std::fmt::Write as _;
use std::process::Stdio;

use browser_tests::{Browsers, wait_until};
use fantoccini::Client;
use stario::prelude::*;
use stario::{Compression, ContentCoding, Raw};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

stario::app!();

/// A coding, and the tool that decodes it.
const CODINGS: [(ContentCoding, &str); 2] = [(ContentCoding::Zstd, "zstd"), (ContentCoding::Gzip, "gzip")];

/// Writes what comes of a stream into the element of its name, as soon as it is decoded.
const FOLLOW: &str = "<script>
    window.follow = async name => {
        const shown = document.getElementById(name);
        shown.textContent = '';
        const response = await fetch('/events?name=' + name);
        shown.dataset.coding = response.headers.get('content-encoding');
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        try {
            for (;;) {
                const { value, done } = await reader.read();
                if (done) break;
                shown.textContent += value;
            }
            shown.dataset.end = 'whole';
        } catch (error) {
            shown.dataset.end = error;
        }
    };
</script>";

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

#[app::query("/")]
async fn page() -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Broadcast"</title>{Raw(FOLLOW)}</head>
            <body>for name in NAMES { <pre id={name}></pre> }</body>
        </html>
    }
}

#[derive(Clone)]
struct Relays {
    shared: Relay<Event>,
    /// For the stream of one name alone; an empty text ends it.
    own: Relay<String>,
}

#[app::query("/events")]
async fn events(name: QueryParam<String>, relays: State<Relays>) -> impl Stream<Item = Event> {
    let (mut shared, mut own) = (relays.shared.subscribe("all"), relays.own.subscribe(&*name));
    stream! {
        loop {
            tokio::select! {
                biased;
                Some((_, event)) = shared.next() => yield event,
                Some((_, text)) = own.next() => {
                    if text.is_empty() { break }
                    yield html! { <p id="own">{text}</p> };
                }
            }
        }
    }
}

struct Server {
    url: String,
    relays: Relays,
}

/// A server that compresses in one coding alone.
async fn serve(coding: ContentCoding) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let relays = Relays { shared: Relay::new(), own: Relay::new() };
    let app = app::new().state(relays.clone()).compression(Compression::new().codings([coding]));
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    Server { url, relays }
}

impl Server {
    /// Publishes a table for all, and returns how it looks on the wire.
    fn publish(&self, number: usize) -> String {
        let table = html! {
            <table id="table">for row in 0..24_usize { <tr><td>"Row "{row}</td><td>{number * 7919 % (row + 90)}</td></tr> }</table>
        };
        let text = on_the_wire(&table);
        let event = Event::new(table);
        // Some are left out of what is compressed.
        self.relays.shared.publish("all", if number % 7 == 3 { event.uncompressed() } else { event });
        text
    }

    fn publish_own(&self, name: &str, number: usize) -> String {
        let text = format!("{number} for {name} alone. ").repeat(number % 5 * 9 + 1);
        let shown = on_the_wire(&html! { <p id="own">{&text}</p> });
        self.relays.own.publish(name, text);
        shown
    }

    async fn wait_for(&self, streams: usize) {
        while self.relays.shared.subscribers("all") != streams {
            tokio::task::yield_now().await;
        }
    }
}

fn on_the_wire(html: &Html) -> String {
    format!("event: datastar-patch-elements\ndata: elements {}\n\n", html.as_str())
}

async fn follow(page: &Client, name: &str) {
    page.execute(&format!("follow('{name}')"), Vec::new()).await.expect("a script that runs");
}

/// Waits until the page has decoded as much of each stream.
async fn arrived(page: &Client, expected: &[(&str, String)]) {
    let (mut condition, mut shown) = ("true".to_owned(), "''".to_owned());
    for (name, text) in expected {
        let length = format!("document.getElementById('{name}').textContent.length");
        write!(condition, " && {length} >= {}", text.len()).expect("a text");
        write!(shown, " + '{name}: ' + {length} + ' of {} '", text.len()).expect("a text");
    }
    wait_until(page, &condition, &shown).await;
}

/// Checks that the page has decoded this of a stream, and no more.
async fn decoded(page: &Client, name: &str, expected: &str) {
    let shown = format!("document.getElementById('{name}').textContent");
    let found = page.execute(&format!("return {shown}"), Vec::new()).await.expect("a script that runs");
    assert!(found == expected, "{name}: {found}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_decodes_each_event_when_it_arrives_in_every_order() {
    let browsers = Browsers::start().await;
    for (coding, _) in CODINGS {
        let server = serve(coding).await;
        let page = browsers.open(&server.url).await;
        // Every order of three of: an event for all, one for the first, one for the second, another stream.
        let mut expected: Vec<(&str, String)> = Vec::new();
        let mut number = 0;
        for order in 0..64 {
            for step in [order / 16, order / 4 % 4, order % 4] {
                number += 1;
                match step {
                    0 => {
                        let text = server.publish(number);
                        for (_, shown) in &mut expected {
                            shown.push_str(&text);
                        }
                    }
                    1 | 2 => {
                        if let Some((name, shown)) = expected.get_mut(step - 1) {
                            shown.push_str(&server.publish_own(name, number));
                        }
                    }
                    _ => {
                        if expected.len() == NAMES.len() {
                            let (name, _) = expected.remove(number % NAMES.len());
                            server.relays.own.publish(name, String::new());
                            let end = format!("document.getElementById('{name}').dataset.end");
                            wait_until(&page, &format!("{end} === 'whole'"), &end).await;
                        }
                        let is_free = |name: &&&str| expected.iter().all(|(used, _)| used != *name);
                        let name = NAMES.iter().find(is_free).expect("a name");
                        server.wait_for(expected.len()).await;
                        follow(&page, name).await;
                        expected.push((name, String::new()));
                        server.wait_for(expected.len()).await;
                    }
                }
                // The next is not sent before this one is decoded.
                arrived(&page, &expected).await;
            }
            for (name, text) in &expected {
                decoded(&page, name, text).await;
            }
        }
        for (name, _) in expected {
            server.relays.own.publish(name, String::new());
            let data = format!("document.getElementById('{name}').dataset");
            wait_until(&page, &format!("{data}.end === 'whole'"), &format!("{data}.end")).await;
            let found = page.execute(&format!("return {data}.coding"), Vec::new()).await.expect("a script");
            assert_eq!(found, coding.to_string());
        }
        page.close().await.expect("the browser closes");
    }
}

/// A program that this test needs; without it the test fails.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// Decodes `input` by the command-line tool of its coding. Returns the output, and whether the tool ended with status 0, which it does only
/// for a complete and valid input.
async fn decode(tool: &str, input: &[u8]) -> (Vec<u8>, bool) {
    let mut process = program(tool)
        .args(["--decompress", "--stdout"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("`{tool}` is to be installed: {error}"));
    let mut stdin = process.stdin.take().expect("a pipe");
    stdin.write_all(input).await.expect("a tool that reads");
    drop(stdin);
    let output = process.wait_with_output().await.expect("output");
    (output.stdout, output.status.success())
}

/// nginx before a server, as the guide sets it up, and beside it one that buffers.
struct Proxy {
    url: String,
    _process: Child,
    _directory: TempDir,
}

impl Proxy {
    /// Starts it at a port that is free, and with another one where another program has taken that first.
    async fn start(server: &Server) -> Self {
        for _ in 0..5 {
            if let Some(proxy) = Self::start_at_free_port(server).await {
                return proxy;
            }
        }
        panic!("nginx does not listen");
    }

    async fn start_at_free_port(server: &Server) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a directory");
        let free = || std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let address = free().expect("a port");
        let mut temporary = String::new();
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
            writeln!(temporary, "{kind}_temp_path {}/{kind};", directory.path().display()).expect("a text");
        }
        let settings = "proxy_http_version 1.1; proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;";
        let configuration = format!(
            "daemon off; master_process off; pid {directory}/pid; error_log stderr notice;
            events {{}}
            http {{
                access_log off; {temporary}
                server {{
                    listen {address};
                    location / {{ proxy_pass {url}; {settings} proxy_buffering off; }}
                    location /buffered/ {{ proxy_pass {url}/; {settings} proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; }}
                }}
            }}",
            directory = directory.path().display(),
            url = server.url,
        );
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("a file");
        // Debian has it where only root looks for programs.
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut nginx = program("nginx");
        nginx.env("PATH", path).arg("-c").arg(&file).arg("-p").arg(directory.path()).stderr(Stdio::piped());
        let mut process = nginx.spawn().expect("nginx is installed");
        // It names its method for events once it listens.
        let mut log = BufReader::new(process.stderr.take().expect("a pipe")).lines();
        while !log.next_line().await.expect("output")?.contains("event method") {}
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Some(Self { url: format!("http://{address}"), _process: process, _directory: directory })
    }
}

/// `curl`, which asks for a stream in a coding.
fn curl(url: &str, coding: ContentCoding, options: &[&str]) -> Child {
    let mut curl = program("curl");
    // A proxy that the environment names knows no server of this machine.
    curl.args(["--silent", "--show-error", "--no-buffer", "--noproxy", "*", "--header"]);
    curl.arg(format!("accept-encoding: {coding}")).args(options).arg(url).spawn().expect("curl is installed")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_nginx_each_event_arrives_and_the_whole_is_valid() {
    for (coding, tool) in CODINGS {
        let server = serve(coding).await;
        let proxy = Proxy::start(&server).await;
        // One decodes by itself; those of the others, one of which the proxy buffers, are for the tool.
        let mut decoding = curl(&format!("{}/events?name=a", proxy.url), coding, &["--compressed"]);
        let mut decoded = decoding.stdout.take().expect("a pipe");
        server.wait_for(1).await;
        let plain = curl(&format!("{}/events?name=b", proxy.url), coding, &[]);
        server.wait_for(2).await;
        let buffered = curl(&format!("{}/buffered/events?name=c", proxy.url), coding, &[]);
        server.wait_for(3).await;

        let (mut received, mut expected, mut shared) = (Vec::new(), String::new(), String::new());
        for number in 0..24 {
            let text = if number % 4 == 2 {
                server.publish_own("a", number)
            } else {
                let text = server.publish(number);
                shared.push_str(&text);
                text
            };
            expected.push_str(&text);
            // The next is not sent before this one has arrived.
            while received != expected.as_bytes() {
                let length = decoded.read_buf(&mut received).await.expect("output");
                assert_ne!(length, 0, "{coding}: {}", String::from_utf8_lossy(&received));
            }
        }
        for name in ["a", "b", "c"] {
            server.relays.own.publish(name, String::new());
        }
        assert!(decoding.wait().await.expect("an exit status").success());
        for process in [plain, buffered] {
            let output = process.wait_with_output().await.expect("output");
            assert!(output.status.success());
            let (decoded, is_valid) = decode(tool, &output.stdout).await;
            let decoded = String::from_utf8_lossy(&decoded);
            assert_eq!((decoded, is_valid), (shared.as_str().into(), true), "{tool}");
            let (_, is_valid) = decode(tool, &output.stdout[..output.stdout.len() - 1]).await;
            assert!(!is_valid, "{tool} takes a stream without its end");
        }
    }
}
