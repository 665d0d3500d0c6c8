//! What actions send: the method, the URL, the headers and the body of Datastar's client 1.0.4.

use serde_json::json;
use stario::prelude::*;

use super::{sent_to, site};

const SIGNALS: &str = r#"data-signals="{q: 'a b', n: 1, list: [1, 'x'], user: {name: 'Ada', _secret: 1}, _local: 2, empty: {}}""#;

/// What a click on a button with this action sends.
#[track_caller]
fn sent(action: &str) -> serde_json::Value {
    let body = format!(r#"<main {SIGNALS}><button data-on:click="{action}">Go</button></main>"#);
    let client = TestClient::new(site(&body, Vec::new()));
    client.page("/").click("button");
    let [request] = &sent_to(&client)[..] else { panic!("one request: {:?}", sent_to(&client)) };
    request.clone()
}

const ALL: &str = r#"{"q":"a b","n":1,"list":[1,"x"],"user":{"name":"Ada"}}"#;

#[test]
fn signals_travel_in_the_query_or_as_the_body() {
    for (action, method) in [("@post", "POST"), ("@put", "PUT"), ("@patch", "PATCH")] {
        let request = sent(&format!("{action}('/echo?a=1')"));
        assert_eq!(
            (&request["method"], &request["url"], &request["body"]),
            (&json!(method), &json!("/echo?a=1"), &json!(ALL))
        );
        assert_eq!(request["headers"]["content-type"], "application/json");
    }
    for (action, method) in [("@get", "GET"), ("@delete", "DELETE")] {
        let request = sent(&format!("{action}('/echo?a=1+2&amp;b')"));
        let query = "/echo?a=1+2&b=&datastar=%7B%22q%22%3A%22a+b%22%2C%22n%22%3A1%2C%22list%22%3A%5B1%2C%22x%22%5D%2C%22user%22%3A%7B%22name%22%3A%22Ada%22%7D%7D";
        assert_eq!(
            (&request["method"], &request["url"], &request["body"]),
            (&json!(method), &json!(query), &json!(""))
        );
        assert_eq!(request["headers"]["content-type"], serde_json::Value::Null);
    }
    let headers = sent("@post('/echo')")["headers"].clone();
    assert_eq!(headers["datastar-request"], "true");
    assert_eq!(headers["accept"], "text/event-stream, text/html, application/json");
    assert_eq!(
        (&headers["sec-fetch-site"], &headers["referer"]),
        (&json!("same-origin"), &json!("http://localhost/"))
    );
}

#[test]
fn options_choose_what_is_sent() {
    let body = |action: &str| sent(action)["body"].clone();
    assert_eq!(body("@post('/echo', {filterSignals: {include: '^user'}})"), r#"{"user":{"name":"Ada"}}"#);
    assert_eq!(
        body("@post('/echo', {filterSignals: {include: '/^(q|_local)$/', exclude: 'x'}})"),
        r#"{"q":"a b","_local":2}"#
    );
    assert_eq!(body("@post('/echo', {filterSignals: {exclude: 'l|u'}})"), r#"{"q":"a b","n":1}"#);
    assert_eq!(
        body("@post('/echo', {filterSignals: {include: /^(Q|[/_]local)$/i, exclude: /\\/x/}})"),
        r#"{"q":"a b","_local":2}"#
    );
    assert_eq!(body("@post('/echo', {payload: {id: $n + 1}})"), r#"{"id":2}"#);
    let headers = sent("@post('/echo', {headers: {'x-token': '7', Accept: 'text/html'}})")["headers"].clone();
    assert_eq!((&headers["x-token"], &headers["accept"]), (&json!("7"), &json!("text/html")));
    assert_eq!(
        sent("$q = 'now'; @get('echo', {filterSignals: {include: '^q$'}})")["url"],
        "/echo?datastar=%7B%22q%22%3A%22now%22%7D"
    );
    assert_eq!(
        body(
            "@setAll(0, {include: '^(n|_local)$'}); @post('/echo', {filterSignals: {include: '^(n|_local)$', exclude: 'x'}})"
        ),
        r#"{"n":0,"_local":0}"#
    );
}

#[test]
fn a_signal_that_is_read_is_made() {
    // As the client does it: what a template misspells is sent as an empty text.
    let body = r#"<p data-text="$mispelt"></p><button data-on:click="@post('/echo')">Go</button>"#;
    let client = TestClient::new(site(body, Vec::new()));
    client.page("/").click("button");
    assert_eq!(sent_to(&client)[0]["body"], r#"{"mispelt":""}"#);
}

#[test]
fn an_indicator_shows_that_a_request_runs() {
    let body = r#"<main data-signals="{seen: ''}" data-on-signal-patch="$seen += $busy" data-on-signal-patch-filter='{"include": "busy"}'>
        <button data-indicator:busy data-on:click="@post('/echo')">Go</button></main>"#;
    let client = TestClient::new(site(body, Vec::new()));
    let mut page = client.page("/");
    page.set_signal("seen", "");
    page.click("button");
    assert_eq!(page.signal("seen"), "truefalse");
    assert_eq!(page.answers(), ["POST /echo 204"]);
}

#[test]
fn a_request_takes_the_place_of_another() {
    let sent = |actions: &str| {
        let body = format!(r#"<button data-indicator:busy data-on:click="{actions}">Go</button>"#);
        let client = TestClient::new(site(&body, Vec::new()));
        let mut page = client.page("/");
        page.click("button");
        // What is aborted has finished, too.
        assert_eq!(page.signal("busy"), false, "{actions}");
        sent_to(&client).len()
    };
    assert_eq!(sent("@post('/echo'); @post('/echo')"), 1);
    assert_eq!(sent("@post('/echo'); @put('/echo'); @post('/echo?x=1')"), 3);
    assert_eq!(sent("@post('/echo', {requestCancellation: 'disabled'}); @post('/echo')"), 2);
    assert_eq!(sent("@post('/echo'); @post('/echo', {requestCancellation: 'disabled'})"), 2);
    let cleanup = "{requestCancellation: 'cleanup'}";
    assert_eq!(sent(&format!("@post('/echo', {cleanup}); @post('/echo?x=1', {cleanup})")), 1);
    assert_eq!(sent(&format!("@post('/echo', {cleanup}); @post('/echo?x=1')")), 2);
}

#[test]
fn a_request_may_end_with_its_attribute() {
    let finished = |option: &str| {
        let body = format!(
            r#"<main data-signals="{{log: ''}}" data-on:datastar-fetch="$log += evt.detail.type + ' '">
            <p id="p" data-init="@get('/lasting', {{requestCancellation: '{option}'}})"></p>
            <button data-on:click="@get('/events')">Go</button></main>"#
        );
        let event = Event::new(html! { <p id="p" data-init="1"></p> });
        let mut page = TestClient::new(site(&body, vec![event])).page("/");
        page.click("button");
        page.signal("log").as_str().unwrap_or_default().matches("finished").count()
    };
    assert_eq!((finished("auto"), finished("cleanup")), (1, 2));
}

#[test]
fn a_page_is_told_of_answers_that_fail() {
    let body = r#"<main data-signals:_failed="'no'" data-on:datastar-fetch="
            if (evt.detail.type === 'started') $_failed = 'no';
            if (['error', 'retries-failed'].includes(evt.detail.type)) $_failed = evt.detail.argsRaw.status">
        <button data-on:click="@post('/nothing')">Go</button></main>"#;
    let mut page = TestClient::new(site(body, Vec::new())).page("/");
    page.click("button");
    assert_eq!(
        (page.signal("_failed"), page.answers()),
        ("404".into(), vec!["POST /nothing 404".to_owned()])
    );
}
