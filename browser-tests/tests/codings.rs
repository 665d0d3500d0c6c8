//! Compressed event streams, as others decode them: Chromium with the Datastar client, curl, and the
//! command-line tools of each coding.

use std::process::Stdio;

use browser_tests::{Browsers, datastar_file, wait_until};
use fantoccini::Client;
use stario::prelude::*;
use stario::{Compression, ContentCoding, Raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::{Mutex, mpsc};

stario::app!();

const EVENTS: usize = 5;

/// A coding, and the tool that decodes it.
const CODINGS: [(ContentCoding, &str); 3] =
    [(ContentCoding::Zstd, "zstd"), (ContentCoding::Brotli, "brotli"), (ContentCoding::Gzip, "gzip")];

/// Notes what the responses to `fetch` are in, and what the client says of them.
const WATCH: &str = "<script>
    window.codings = [];
    window.said = [];
    const send = window.fetch;
    window.fetch = async (...options) => {
        const response = await send(...options);
        codings.push(response.headers.get('content-encoding'));
        return response;
    };
    document.addEventListener('datastar-fetch', event => {
        if (!event.detail.type.startsWith('datastar-')) said.push(event.detail.type);
    });
</script>";

#[app::query("/")]
async fn page(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Codings"</title>{Raw(WATCH)}{datastar}</head>
            {Raw(r#"<body data-init="@get('/events')"><ul id="list"></ul><p id="last"></p></body>"#)}
        </html>
    }
}

/// What the stream sends next. It ends when there is nothing to come.
struct Texts(Mutex<mpsc::UnboundedReceiver<String>>);

#[app::query("/events")]
async fn events(texts: State<Texts>) -> impl Stream<Item = Event> {
    stream! {
        let mut texts = texts.0.0.lock().await;
        while let Some(text) = texts.recv().await {
            yield (Mode::Append, "#list", html! { <li>{text}</li> });
        }
    }
}

struct Server {
    url: String,
    texts: mpsc::UnboundedSender<String>,
}

/// A server that compresses in one coding alone.
async fn serve(coding: ContentCoding) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, texts) = mpsc::unbounded_channel();
    let app = app::new().state(Texts(Mutex::new(texts))).compression(Compression::new().codings([coding]));
    let app = app.datastar_file(datastar_file()).expect("the client");
    tokio::spawn(app.serve_on(listener, std::future::pending()));
    Server { url, texts: sender }
}

/// Of several sizes, much of which was there before.
fn text(number: usize) -> String {
    format!("{number}: {}", "one more of the same ".repeat(number * 40))
}

/// The stream up to an event.
fn stream_to(last: usize) -> String {
    let event = |number| {
        format!(
            "event: datastar-patch-elements\ndata: selector #list\ndata: mode append\n\
             data: elements <li>{}</li>\n\n",
            text(number)
        )
    };
    (0..=last).map(event).collect()
}

/// A program that this test needs; without it the test fails.
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

async fn check(page: &Client, expression: &str, expected: serde_json::Value) {
    let found = page.execute(&format!("return {expression}"), Vec::new()).await.expect("a script that runs");
    assert_eq!(found, expected, "{expression}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_applies_each_event_when_it_arrives() {
    let browsers = Browsers::start().await;
    for (coding, _) in CODINGS {
        let server = serve(coding).await;
        let page = browsers.open(&server.url).await;
        for number in 0..EVENTS {
            // It is not sent before the one ahead of it is in the page.
            server.texts.send(text(number)).expect("a stream");
            let shown = format!("list.children[{number}]?.textContent");
            wait_until(&page, &format!("{shown} === '{}'", text(number)), &shown).await;
        }
        check(&page, "window.codings", json!([coding.to_string()])).await;
        drop(server.texts);
        // A body without a proper end would be an error, and the client would ask again.
        let noted = "last.textContent = JSON.stringify(said)";
        page.execute(
            &format!("const note = () => {{ {noted}; }}; document.addEventListener('datastar-fetch', note); note();"),
            Vec::new(),
        )
        .await
        .expect("a script that runs");
        wait_until(&page, "last.textContent.includes('finished')", "last.textContent").await;
        check(&page, "said", json!(["started", "finished"])).await;
        check(&page, "[list.children.length, codings.length]", json!([EVENTS, 1])).await;
        page.close().await.expect("the browser closes");
    }
}

#[tokio::test]
async fn curl_decodes_each_event_when_it_arrives() {
    for (coding, _) in CODINGS {
        for (version, protocol) in [("HTTP/1.1", "--http1.1"), ("HTTP/2", "--http2-prior-knowledge")] {
            let server = serve(coding).await;
            let mut curl = program("curl");
            curl.args(["--silent", "--show-error", "--no-buffer", "--include", "--compressed", protocol]);
            // A proxy that the environment names knows no server of this machine.
            curl.args(["--noproxy", "*"]);
            let mut curl = curl.arg(format!("{}/events", server.url)).spawn().expect("curl is installed");
            let mut output = curl.stdout.take().expect("a pipe");
            let mut received = Vec::new();
            for number in 0..EVENTS {
                // It is not sent before the one ahead of it is decoded.
                server.texts.send(text(number)).expect("a stream");
                let expected = format!("\r\n\r\n{}", stream_to(number));
                while !received.ends_with(expected.as_bytes()) {
                    let length = output.read_buf(&mut received).await.expect("output");
                    assert_ne!(length, 0, "{coding}: {}", String::from_utf8_lossy(&received));
                }
            }
            drop(server.texts);
            assert_eq!(output.read_to_end(&mut received).await.expect("output"), 0);
            assert!(curl.wait().await.expect("an exit status").success());
            let received = String::from_utf8(received).expect("text");
            let (head, _) = received.split_once("\r\n\r\n").expect("a head");
            assert!(head.starts_with(version), "{head}");
            assert!(head.contains(&format!("content-encoding: {coding}")), "{head}");
        }
    }
}

/// What the tool writes, and whether it finds the input valid from its first byte to its last.
async fn decode(tool: &str, input: &[u8]) -> (Vec<u8>, bool) {
    let mut process = program(tool)
        .args(["--decompress", "--stdout"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("`{tool}` is to be installed: {error}"));
    let mut stdin = process.stdin.take().expect("a pipe");
    // Less than the pipe holds, and it closes when it is dropped.
    stdin.write_all(input).await.expect("a tool that reads");
    drop(stdin);
    let output = process.wait_with_output().await.expect("output");
    (output.stdout, output.status.success())
}

/// The tools wait for more input than an event before they write, so that only the whole stream is theirs.
#[tokio::test]
async fn the_whole_stream_is_valid_for_the_tools_of_its_coding() {
    for (coding, tool) in CODINGS {
        let server = serve(coding).await;
        let mut curl = program("curl");
        curl.args(["--silent", "--show-error", "--no-buffer", "--header"]);
        let curl = curl.arg(format!("accept-encoding: {coding}")).arg(format!("{}/events", server.url));
        let mut curl = curl.spawn().expect("curl is installed");
        let (mut output, mut received) = (curl.stdout.take().expect("a pipe"), Vec::new());
        for number in 0..EVENTS {
            server.texts.send(text(number)).expect("a stream");
            // Each is flushed by itself.
            assert_ne!(output.read_buf(&mut received).await.expect("output"), 0);
        }
        drop(server.texts);
        output.read_to_end(&mut received).await.expect("output");
        assert!(received.len() < stream_to(EVENTS - 1).len() / 2);
        let (decoded, is_valid) = decode(tool, &received).await;
        assert_eq!(
            (String::from_utf8_lossy(&decoded), is_valid),
            (stream_to(EVENTS - 1).into(), true),
            "{tool}"
        );
        let (_, is_valid) = decode(tool, &received[..received.len() - 1]).await;
        assert!(!is_valid, "{tool} takes a stream without its end");
    }
}
