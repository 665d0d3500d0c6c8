//! A page in a test computes what a browser computes, and sends what it sends.

use browser_tests::{Browsers, PATIENCE, datastar_file, wait_until};
use stario::http::{Method, request};
use stario::prelude::*;
use stario::testing::Page;
use stario::{App, Raw};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

stario::app!();

const SIGNALS: &str =
    "{n: 3, t: 'tea', yes: true, list: ['a', 'b'], o: {a: {b: 1}, _c: 2}, _local: 5, empty: {}, q: 'ä & b'}";

/// Expressions whose value `data-text` shows.
const EXPRESSIONS: &[&str] = &[
    "1 + 2 * 3 - 4 / 2",
    "(1 + 2) * 3 % 5",
    "0.1 + 0.2",
    "1e3 + 1.50",
    "'a' + 1 + true + null + undefined",
    "1 + 1 + 'a'",
    "'3' * '4' - ' 2 '",
    "-'x'",
    "1 / 0",
    "-0",
    "[1, [2, 'x'], null] + ''",
    "$list",
    "$o.a.b + $n",
    "$o['a'].b",
    "$list[1] + $list.length",
    "$t.length",
    "$t.toUpperCase().includes('TE')",
    "$n === 3 && $t",
    "'' || 'or'",
    "0 ?? 'or'",
    "$list[7] ?? 'or'",
    "1 == '1'",
    "1 === '1'",
    "null == undefined",
    "null == 0",
    "'b' > 'a' && 10 > '9'",
    "'10' > '9'",
    "'' == 0",
    "[] == ''",
    "!$yes ? 'no' : $n > 2 ? 'many' : 'few'",
    "\"it's\" + 'a \\'b\\' \\u00e9 \\n' + `c`",
    "'$n @get(1)'",
    "/* c */ 1",
    "el.id + el.dataset.text.length",
    "$missing",
    "@peek(() => $n)",
    "$t + ': ' + $n + '!'",
    "$o.a.c",
];

/// Expressions that a click runs. `/echo` stands for an address that no other expression has.
const ACTIONS: &[&str] = &[
    "@get('/echo')",
    "@get('/echo?x=1+2&y=%C3%A4&z')",
    "@delete('/echo')",
    "@post('/echo')",
    "@put('/echo?x=1')",
    "@patch('/echo')",
    "@query('/echo')",
    "@post('/echo', {filterSignals: {include: '^o'}})",
    "@post('/echo', {filterSignals: {include: '/^(n|_local)$/', exclude: 'x'}})",
    "@post('/echo', {filterSignals: {exclude: 'l|q'}})",
    "@post('/echo', {filterSignals: {include: /^(N|[/_]local)$/i, exclude: /\\/x/}})",
    "@post('/echo', {payload: {id: $n + 1, list: [true, null, undefined, 1.5, 'x']}})",
    "@get('/echo', {payload: {id: $t}})",
    "@post('/echo', {headers: {'x-token': '7'}})",
    "@post('/echo', {contentType: 'form'})",
    "@get('/echo?x=1', {contentType: 'form'})",
    "@post('/echo', {contentType: 'form', selector: '#files'})",
    "@delete('/echo', {contentType: 'form', selector: '#files'})",
    "$n = 9; @post('/echo', {filterSignals: {include: '^n$'}}); $n = 3",
    "$new = {a: [1]}; @post('/echo'); $new = null",
    "@setAll('all', {include: '^(t|_local)$'}); @post('/echo', {filterSignals: {include: '^(t|_local)$', exclude: 'x'}})",
    "@toggleAll({include: '^yes'}); @post('/echo', {filterSignals: {include: '^yes'}})",
    "$n = 1, $t = 'x', @post('/echo', {filterSignals: {include: '^(n|t)$'}})",
    "$o = {b: 2}; @post('/echo', {filterSignals: {include: '^o'}})",
    "$o.deep.er = 1; $t.x = 1; $list[2] = 'c'; @post('/echo', {filterSignals: {include: '^(o|t|list)'}})",
];

const FORM: &str = r#"
    <input name="title" value="Tea &amp; milk"><input name="off" disabled value="1"><input value="no name">
    <input type="checkbox" name="tick" checked><input type="checkbox" name="untick">
    <input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked>
    <select name="size"><option>s</option><option selected>l</option></select>
    <select name="many" multiple><option selected>1</option><option selected value="zwei">2</option></select>
    <textarea name="note">
a
b</textarea><fieldset disabled><input name="inner" value="1"></fieldset>"#;

#[app::query("/")]
async fn page(datastar: DatastarScript) -> Html {
    html! {
        <!DOCTYPE html>
        <html lang="en">
            <head><title>"Page"</title>{datastar}</head>
            <body>
                {Raw(format!(r#"<div data-signals="{}"></div>"#, escaped(SIGNALS)))}
                <form id="files" enctype="multipart/form-data">
                    <input type="file" name="none"><input name="ä" value="ö">
                </form>
                <form id="form" method="post" action="/echo/native">
                    {Raw(FORM)}
                    {Raw(buttons())}
                    <button id="native" name="by" value="enter"></button>
                </form>
                {Raw(values())}
                <p id="ready" data-text="'ready'"></p>
            </body>
        </html>
    }
}

/// Code as the value of an attribute.
fn escaped(code: &str) -> String {
    code.replace('&', "&amp;").replace('"', "&quot;")
}

/// A button for each action, with an address of its own.
fn buttons() -> String {
    let button = |(number, action): (usize, &&str)| {
        let action = escaped(&action.replace("/echo", &format!("/echo/{number}")));
        format!(
            r#"<button type="button" id="action-{number}" name="by" value="{number}" data-on:click="{action}"></button>"#
        )
    };
    ACTIONS.iter().enumerate().map(button).collect()
}

/// An element for each expression.
fn values() -> String {
    let value = |(number, code): (usize, &&str)| {
        format!(r#"<p class="value" id="value-{number}" data-text="{}"></p>"#, escaped(code))
    };
    EXPRESSIONS.iter().enumerate().map(value).collect()
}

/// The parts of a request that are compared: method, URL, headers, body.
type Sent = serde_json::Value;

#[handler]
async fn echo(
    number: PathParam<String>,
    sent: State<UnboundedSender<Sent>>,
    head: request::Parts,
    body: RawBody,
) {
    drop(number);
    note(&sent, &head, &body);
}

#[handler]
async fn echo_get(number: PathParam<String>, sent: State<UnboundedSender<Sent>>, head: request::Parts) {
    drop(number);
    note(&sent, &head, b"");
}

fn note(sent: &UnboundedSender<Sent>, head: &request::Parts, body: &[u8]) {
    let header = |name: &str| {
        head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let mut content_type = header("content-type").unwrap_or_default();
    let mut body = String::from_utf8_lossy(body).into_owned();
    // Every browser has its own boundary, and writes the names of headers as it likes.
    if let Some((_, boundary)) = content_type.clone().split_once("boundary=") {
        content_type = content_type.replace(boundary, "BOUNDARY");
        body = body.replace(boundary, "BOUNDARY");
        body = body
            .replace("Content-Disposition", "content-disposition")
            .replace("Content-Type", "content-type");
    }
    let sent_by =
        ["accept", "datastar-request", "x-token", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"];
    let headers: Vec<_> = sent_by.iter().map(|name| header(name)).collect();
    let is_navigation = header("sec-fetch-mode").as_deref() == Some("navigate");
    sent.send(json!({
        "request": format!("{} {}", head.method, head.uri),
        "content-type": content_type,
        "headers": if is_navigation { &headers[1..] } else { &headers[..] },
        "body": body,
    }))
    .expect("the test listens");
}

/// The app, and what it is sent.
fn serve() -> (App, UnboundedReceiver<Sent>) {
    let (sender, receiver) = unbounded_channel::<Sent>();
    let mut app = app::new().state(sender).route(query::<echo_get>("/echo/{number}"));
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        app = app.route(command::<echo>("/echo/{number}").method(method.as_str()));
    }
    (app.route(query::<echo>("/echo/{number}").method("QUERY")), receiver)
}

async fn next(sent: &mut UnboundedReceiver<Sent>) -> Sent {
    let next = tokio::time::timeout(PATIENCE, sent.recv()).await;
    next.expect("a request in time").expect("a request")
}

#[tokio::test]
async fn a_page_in_a_test_computes_and_sends_what_a_browser_does() {
    let (app, mut in_test) = serve();
    let mut page = TestClient::new(app).async_page("/").await;
    let (served, mut in_browser) = serve();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let served = served.datastar_file(datastar_file()).expect("the client");
    tokio::spawn(served.serve_on(listener, std::future::pending()));
    let browsers = Browsers::start().await;
    let browser = browsers.open(&url).await;
    let ready = "document.getElementById('ready').textContent";
    let shown = "[...document.querySelectorAll('.value')].map(value => value.textContent).join(' | ')";
    wait_until(&browser, &format!("{ready} === 'ready'"), shown).await;

    let mut differences = Vec::new();
    let read = "return [...document.querySelectorAll('.value')].map(value => value.textContent)";
    let values = browser.execute(read, Vec::new()).await.expect("a script that runs");
    for (number, expression) in EXPRESSIONS.iter().enumerate() {
        let (expected, found) = (values[number].clone(), text(&mut page, &format!("#value-{number}")));
        if expected != found {
            differences.push(format!("{expression}: {expected} in the browser, {found:?} in the test"));
        }
    }
    let ids = (0..ACTIONS.len()).map(|number| format!("action-{number}")).chain(["native".to_owned()]);
    for id in ids {
        let click = format!("document.getElementById('{id}').click()");
        browser.execute(&click, Vec::new()).await.expect("a click");
        page.click(&format!("#{id}")).await;
        let (expected, found) = (next(&mut in_browser).await, next(&mut in_test).await);
        if expected != found {
            differences.push(format!("{id}:\n{expected} in the browser\n{found} in the test"));
        }
    }
    browser.close().await.expect("the browser closes");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// The text as it stands, with every space.
fn text(page: &mut Page, selector: &str) -> String {
    let html = page.html(selector);
    let (_, text) = html.split_once('>').expect("an element");
    let text = text.strip_suffix("</p>").expect("a paragraph");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}
