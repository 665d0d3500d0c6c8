//! Forms: sent by actions and by the browser.

use serde_json::json;
use stario::prelude::*;

use super::{failure, open, sent_to, site};

const FIELDS: &str = r#"
    <input name="title" value="Tea &amp; milk"><input name="off" disabled value="1"><input value="no name">
    <input type="checkbox" name="tick" checked><input type="checkbox" name="untick">
    <select name="size"><option>s</option><option selected>l</option></select>
    <textarea name="note">a
b</textarea>
    <button name="go" value="1">Go</button><button name="other" value="2">Other</button>"#;

/// What an action sends: lines end as they do in the page.
const SENT: &str = "title=Tea+%26+milk&tick=on&size=l&note=a%0Ab&go=1";

/// What a browser sends by itself.
const SENT_BY_BROWSER: &str = "title=Tea+%26+milk&tick=on&size=l&note=a%0D%0Ab&go=1";

fn sent(form: &str, step: impl FnOnce(&mut stario::testing::Page)) -> serde_json::Value {
    let client = TestClient::new(site(form, Vec::new()));
    step(&mut client.page("/"));
    let [request] = &sent_to(&client)[..] else { panic!("one request: {:?}", sent_to(&client)) };
    request.clone()
}

#[test]
fn an_action_sends_the_form() {
    let form = format!(r#"<form data-on:submit="@post('/echo', {{contentType: 'form'}})">{FIELDS}</form>"#);
    let request = sent(&form, |page| page.click("[name=go]"));
    assert_eq!((&request["url"], &request["body"]), (&json!("/echo"), &json!(SENT)));
    assert_eq!(request["headers"]["content-type"], "application/x-www-form-urlencoded");
    assert_eq!(request["headers"]["datastar-request"], "true");
    // Enter submits by the first button.
    assert_eq!(sent(&form, |page| page.submit("form"))["body"], SENT);
    assert_eq!(sent(&form, |page| page.press("[name=title]", "Enter"))["body"], SENT);
    let form = format!(
        r#"<form id="f">{FIELDS}</form><button id="b" data-on:click="@get('/echo?x=1', {{contentType: 'form', selector: '#f'}})">Go</button>"#
    );
    assert_eq!(sent(&form, |page| page.click("#b"))["url"], format!("/echo?x=1&{}", &SENT[..SENT.len() - 5]));
}

#[test]
fn the_browser_sends_what_no_action_takes() {
    let form = format!(r#"<form method="post" action="/echo">{FIELDS}</form>"#);
    let request = sent(&form, |page| page.click("[name=go]"));
    assert_eq!((&request["method"], &request["body"]), (&json!("POST"), &json!(SENT_BY_BROWSER)));
    assert_eq!(
        (&request["headers"]["sec-fetch-mode"], &request["headers"]["origin"]),
        (&json!("navigate"), &json!("http://localhost"))
    );
    let form = format!(r#"<form action="/echo?old=1">{FIELDS}</form>"#);
    assert_eq!(sent(&form, |page| page.click("[name=go]"))["url"], format!("/echo?{SENT_BY_BROWSER}"));
}

#[test]
fn files_are_sent_in_parts_or_as_signals() {
    let form = r#"<form enctype="multipart/form-data" data-on:submit="@post('/echo', {contentType: 'form'})">
        <input type="file" name="file" required><input name="title" value="x"><button>Go</button></form>"#;
    let request = sent(form, |page| {
        page.upload("[type=file]", "a.txt", "one\ntwo");
        page.click("button");
    });
    let body = request["body"].as_str().unwrap();
    assert!(
        body.contains("name=\"file\"; filename=\"a.txt\"\r\ncontent-type: text/plain\r\n\r\none\ntwo\r\n"),
        "{body}"
    );
    assert!(body.contains("name=\"title\"\r\n\r\nx\r\n"), "{body}");
    let form =
        r#"<input type="file" multiple data-bind:files><button data-on:click="@post('/echo')">Go</button>"#;
    let request = sent(form, |page| {
        page.upload("[type=file]", "a.txt", "one");
        page.upload("[type=file]", "b.bin", vec![0xff]);
        page.click("button");
    });
    assert_eq!(
        request["body"],
        r#"{"files":[{"name":"a.txt","contents":"b25l","mime":"text/plain"},{"name":"b.bin","contents":"/w==","mime":"application/octet-stream"}]}"#
    );
}

#[test]
fn a_form_that_is_not_valid_is_not_sent() {
    for (field, problem) in [
        ("<input name='a' required>", "it is required"),
        ("<input type='checkbox' required>", "it is required"),
        ("<input type='email' value='x'>", "\"x\" is not an e-mail address"),
        ("<input type='number' min='3' value='2'>", "2 is below its minimum"),
        ("<input pattern='[a-z]+' value='7'>", "\"7\" does not fit its pattern `[a-z]+`"),
    ] {
        let form = format!(r#"<form data-on:submit="@post('/echo')">{field}<button>Go</button></form>"#);
        let message = failure(move || open(&form).click("button"));
        assert!(
            message.starts_with(&format!("a browser does not send the form: {problem}: <input ")),
            "{message}"
        );
        assert!(message.ends_with("in `html > body > form`"), "{message}");
    }
    let mut page = open(
        r#"<form novalidate data-on:submit="@post('/echo')"><input required><button>Go</button></form>"#,
    );
    page.click("button");
    assert_eq!(page.answers(), ["POST /echo 204"]);
}
