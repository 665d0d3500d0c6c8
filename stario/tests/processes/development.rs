//! What developers see: causes, routes, and pages that reload. Other tests run with `STARIO_DEV=0`.
#![cfg(debug_assertions)]

use std::io::{Read, Write};
use std::net::TcpStream;

use stario::SecurityHeaders;
use stario::prelude::*;

use crate::app;
use crate::process::{self, Process};

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> Html {
    html! { <!DOCTYPE html><html lang="en"><head><title>"Home"</title></head><body><p>"home"</p></body></html> }
}

#[app::query("/part", app = local)]
async fn part() -> Html {
    html! { <p>"part"</p> }
}

#[derive(Debug, thiserror::Error)]
#[error("the stock of <tea> cannot be read")]
struct NoStock(#[source] std::io::Error);

#[dependency]
fn stock() -> Result<u16> {
    Err(NoStock(std::io::Error::other("the disk is gone")).into())
}

#[app::query("/stock", app = local)]
async fn show_stock(stock: &u16) -> u16 {
    *stock
}

#[app::command("/panic", app = local)]
async fn panics() {
    panic!("on purpose");
}

#[app::query("/busy", app = local)]
async fn busy() -> Result {
    Err(stario::Error::new(StatusCode::SERVICE_UNAVAILABLE, "the kitchen is closed"))
}

#[app::query("/nothing", app = local)]
async fn nothing() -> Result {
    Err(stario::Error::new(StatusCode::NOT_FOUND, "no tea"))
}

#[app::query("/json", app = local)]
async fn json_failure() -> (StatusCode, Json<u8>) {
    (StatusCode::INTERNAL_SERVER_ERROR, Json(7))
}

/// Serves in a process that the tests below start.
#[test]
fn server_process() {
    if process::is_server() {
        let app = local::new()
            .security_headers(SecurityHeaders::new().content_security_policy("script-src 'nonce-{nonce}'"));
        process::exit(process::serve(app));
    }
}

fn start(variables: &[(&str, &str)]) -> (Process, String) {
    let variables: Vec<_> = [("STARIO_PORT", "0")].iter().chain(variables).copied().collect();
    let mut process = Process::start(process::command("development::server_process", "", &variables));
    let address = process.address().strip_prefix("http://").unwrap().to_owned();
    (process, address)
}

/// The answer to a request for `localhost`, in which a browser's `accept` stands unless `headers` have another.
fn ask(address: &str, request: &str, headers: &str) -> String {
    let port = address.rsplit(':').next().unwrap();
    let mut socket = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let accept = if headers.contains("accept") { "" } else { "accept: text/html,*/*;q=0.8\r\n" };
    let host = if headers.contains("host:") { "" } else { "host: localhost\r\n" };
    write!(socket, "{request} HTTP/1.1\r\n{host}{accept}{headers}connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[track_caller]
fn assert_has(answer: &str, texts: &[&str]) {
    for text in texts {
        assert!(answer.contains(text), "{text:?} is not in\n{answer}");
    }
}

#[test]
fn a_developer_sees_causes_and_routes() {
    let (_process, address) = start(&[("STARIO_DEV", "")]);
    let secrets = "authorization: Bearer s3cret\r\ncookie: id=s3cret\r\nx-color: <red>\r\n";
    let answer = ask(&address, "GET /stock?token=s3cret&page=2", secrets);
    assert_has(
        &answer,
        &[
            "HTTP/1.1 500",
            "cache-control: no-store",
            "content-security-policy: default-src 'none'",
            "<h1>500 Internal Server Error: the stock of &lt;tea&gt; cannot be read</h1>",
            "<h2>Caused by</h2><table><tr><td>the disk is gone</td></tr></table>",
            "<td>processes::development::show_stock at stario/tests/processes/development.rs:",
            "<td>GET</td><td>/stock?token=(not shown)&amp;page=2</td>",
            "<td>x-color</td><td>&lt;red&gt;</td>",
            "<td>cookie</td><td>(not shown)</td>",
            "/_stario/reload.js?",
        ],
    );
    assert!(!answer.contains("s3cret") && !answer.contains("<tea>"), "{answer}");

    let answer = ask(&address, "POST /panic", "accept: */*\r\n");
    assert_has(
        &answer,
        &[
            "content-type: text/plain",
            "500 Internal Server Error: a panic: on purpose, at stario/tests/processes/development.rs:",
            "Handler\n  processes::development::panics at ",
            "Request\n  POST  /panic\n",
        ],
    );
    assert_has(
        &ask(&address, "GET /busy", ""),
        &["HTTP/1.1 503", "<h1>503 Service Unavailable: the kitchen is closed"],
    );

    let answer = ask(&address, "GET /no/such", "");
    assert_has(
        &answer,
        &[
            "HTTP/1.1 404",
            "<h1>404 Not Found: no route has the path of GET /no/such</h1>",
            "<tr><td>POST</td><td>/panic</td><td>processes::development::panics</td><td>stario/tests/processes/development.rs:",
        ],
    );
    // What the app means to answer is left as it is.
    assert!(ask(&address, "GET /nothing", "").ends_with("\r\n\r\nno tea"));
    assert!(ask(&address, "GET /json", "").ends_with("\r\n\r\n7"));
    assert!(ask(&address, "GET /no/such", "datastar-request: true\r\n").ends_with("\r\n\r\nNot Found"));
}

#[test]
fn pages_ask_which_build_answers() {
    let (_process, address) = start(&[("STARIO_DEV", "")]);
    let answer = ask(&address, "GET /", "");
    let (_, rest) = answer.split_once("<p>home</p><script src=\"/_stario/reload.js?").expect("a script");
    let (build, rest) = rest.split_once("\" nonce=\"").expect("a build");
    let (nonce, rest) = rest.split_once('"').expect("a nonce");
    assert_eq!(rest, "></script></body></html>");
    assert_has(&answer, &["cache-control: no-store", &format!("script-src 'nonce-{nonce}'")]);
    assert_has(
        &ask(&address, "GET /_stario/reload.js?x", ""),
        &["text/javascript", "fetch(\"/_stario/build\""],
    );
    assert!(ask(&address, "GET /_stario/build", "").ends_with(&format!("\r\n\r\n{build}")));
    // A part has it only if a browser opens it as a page.
    let has_script = |headers: &str| ask(&address, "GET /part", headers).contains("reload.js");
    assert!(has_script("sec-fetch-dest: document\r\n"));
    assert!(!has_script("sec-fetch-dest: empty\r\n"));
    assert!(!ask(&address, "GET /", "datastar-request: true\r\n").contains("reload.js"));
}

#[test]
fn nobody_else_sees_anything() {
    let check = |variables: &[(&str, &str)], headers: &str, expected: bool| {
        let (_process, address) = start(variables);
        let failure = ask(&address, "GET /stock", headers);
        assert_eq!(failure.contains("the disk is gone"), expected, "{variables:?} {headers}");
        assert_eq!(ask(&address, "GET /", headers).contains("reload.js"), expected);
        assert_eq!(ask(&address, "GET /_stario/build", headers).starts_with("HTTP/1.1 200"), expected);
        assert_eq!(ask(&address, "GET /no/such", headers).contains("/panic"), expected);
    };
    check(&[("STARIO_DEV", "0")], "", false);
    check(&[("STARIO_DEV", ""), ("STARIO_HOST", "127.0.0.1, 0.0.0.0")], "", false);
    check(&[("STARIO_DEV", "")], "x-forwarded-for: 203.0.113.7\r\n", false);
    check(&[("STARIO_DEV", "")], "host: example.com\r\n", false);
    check(&[("STARIO_DEV", "1"), ("STARIO_HOST", "0.0.0.0")], "host: example.com\r\n", true);
}

#[test]
fn a_test_client_sees_what_users_see() {
    let client = TestClient::new(local::new());
    let answer = client.get("/stock").header("host", "localhost").header("accept", "text/html").send();
    assert_eq!(answer.text(), "Internal Server Error");
    assert!(!client.get("/").header("host", "localhost").send().text().contains("reload.js"));
}
