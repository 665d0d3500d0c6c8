//! `Signal`, `Signals` and `FileSignal`.

use serde::Deserialize;
use stario::FileSignal;
use stario::prelude::*;
use stario::testing::TestRequest;

use super::{FORM, JSON, app, check, client, get, post, shown};

#[app::query("/signals/query")]
async fn query(n: Signal<u8>, #[default("x")] user__name: Signal<String>) -> Response {
    shown(&(*n, &*user__name))
}

#[app::command("/signals/command")]
async fn command(n: Signal<Option<u8>>, user__name: Signal<String>) -> Response {
    shown(&(*n, &*user__name))
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // Shown.
struct Page {
    n: Option<u8>,
    user: User,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct User {
    name: String,
}

#[app::command("/signals/whole")]
async fn whole(page: Signals<Page>, n: Signal<Option<u8>>) -> Response {
    shown(&(&*page, *n))
}

#[app::query("/signals/whole-query")]
async fn whole_query(page: Signals<serde_json::Value>) -> String {
    page.to_string()
}

fn with(path: &str, signals: serde_json::Value) -> TestRequest {
    client().post(path).signals(&signals)
}

#[test]
fn signals_are_read_from_the_query_of_a_get() {
    let get = |query: &str| get(&format!("/signals/query?{query}"));
    check(get("datastar=%7B%22n%22%3A5%7D"), 200, r#"(5, "x")"#);
    check(get("datastar={%22n%22:5,%22user%22:{%22name%22:%22a+b%22}}"), 200, r#"(5, "a b")"#);
    check(get("datastar=x&datastar={%22n%22:5}"), 200, r#"(5, "x")"#);
    check(get("n=5"), 400, "missing signal `n`: expected a whole number from 0 to 255");
    check(get("datastar={}"), 400, "missing signal `n`: expected a whole number from 0 to 255");
    check(get("datastar={%22n%22:%225%22}"), 200, r#"(5, "x")"#);
    check(get("datastar={%22n%22:%22%22}"), 400, "missing signal `n`: expected a whole number from 0 to 255");
    check(
        get("datastar={%22n%22:%22x%22}"),
        422,
        "invalid signal `n`: expected a whole number from 0 to 255",
    );
    check(get("datastar={%22n%22:5.0}"), 422, "invalid signal `n`: expected a whole number from 0 to 255");
    check(get("datastar={%22n%22:null}"), 422, "invalid signal `n`: expected a whole number from 0 to 255");
    check(get("datastar={%22n%22:5,%22user%22:5}"), 200, r#"(5, "x")"#);
    check(get("datastar="), 400, "signals are not valid JSON: EOF while parsing a value at line 1 column 0");
    check(get("datastar=%FF"), 400, "signals are not valid text");
    check(get("datastar=[]"), 400, "signals are a JSON object");
}

#[test]
fn signals_are_read_from_the_body_of_a_post() {
    let ada = json!({ "n": 5, "user": { "name": "Ada" }, "__proto__": {}, "other": [] });
    check(with("/signals/command", ada.clone()), 200, r#"(Some(5), "Ada")"#);
    check(with("/signals/command", json!({ "user": { "name": "" } })), 200, r#"(None, "")"#);
    check(with("/signals/command", json!({ "n": null, "user": { "name": "" } })), 200, r#"(None, "")"#);
    check(with("/signals/command", json!({ "n": 5 })), 400, "missing signal `user__name`: expected text");
    check(with("/signals/command", json!({ "user": [] })), 400, "missing signal `user__name`: expected text");
    check(
        with("/signals/command", json!({ "user": { "name": 5 } })),
        422,
        "invalid signal `user__name`: expected text",
    );
    check(post("/signals/command", "", ""), 400, "missing signal `user__name`: expected text");
    check(post("/signals/command", FORM, "n=5"), 415, "signals are sent as `application/json`");
    check(post("/signals/command", JSON, "[]"), 400, "signals are a JSON object");
    check(
        post("/signals/command", JSON, "{"),
        400,
        "signals are not valid JSON: EOF while parsing an object at line 1 column 1",
    );
    check(with("/signals/whole", ada), 200, r#"(Page { n: Some(5), user: User { name: "Ada" } }, Some(5))"#);
}

#[test]
fn all_signals_are_a_struct() {
    check(get("/signals/whole-query"), 200, "{}");
    check(with("/signals/whole", json!({})), 400, "missing signal `user`");
    check(
        with("/signals/whole", json!({ "user": { "name": 5 } })),
        422,
        "invalid signal `user.name`: expected text",
    );
    let twice = |signals| post("/signals/whole", JSON, signals);
    check(twice(r#"{"n":1,"user":{"name":"a"},"n":2}"#), 422, "invalid signal: duplicate field `n`");
    check(
        twice(r#"{"user":{"name":"a"},"x":1,"x":2}"#),
        200,
        r#"(Page { n: None, user: User { name: "a" } }, None)"#,
    );
    check(
        with("/signals/whole", json!({ "user": "<b> at line 1, expected <b>" })),
        422,
        "invalid signal `user`: expected an object",
    );
}

#[app::command("/signals/file")]
async fn file(file: Signal<FileSignal>) -> stario::Result<Response> {
    let length = file.len();
    let bytes = file.decode()?;
    assert_eq!(bytes.len(), length);
    Ok(shown(&(file.name(), file.mime(), bytes, file.is_empty())))
}

#[app::command("/signals/files")]
async fn files(files: Signal<Vec<FileSignal>>) -> usize {
    files.len()
}

#[test]
fn files_are_decoded_when_asked() {
    let file = |file: serde_json::Value| with("/signals/file", json!({ "file": file }));
    check(
        file(json!({ "name": "/a/b.txt", "contents": "aGk=", "mime": "text/plain" })),
        200,
        r#"("b.txt", Some("text/plain"), [104, 105], false)"#,
    );
    check(file(json!({ "name": "a", "contents": "", "mime": null })), 200, r#"("a", None, [], true)"#);
    check(file(json!({ "name": "a", "contents": "aGkh" })), 200, r#"("a", None, [104, 105, 33], false)"#);
    for broken in ["a", "aGk", "aGk=aGk=", "a-k=", "====", "é"] {
        check(
            file(json!({ "name": "a", "contents": broken })),
            422,
            "invalid file in a signal: expected contents in base64",
        );
    }
    check(file(json!({ "name": "a" })), 400, "missing signal `file.contents`");
    check(file(json!({ "name": "a", "contents": 5 })), 422, "invalid signal `file.contents`: expected text");
    check(file(json!("a")), 422, "invalid signal `file`: expected an object");
    check(with("/signals/files", json!({ "files": [{ "name": "a", "contents": "&" }] })), 200, "1");
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // Shown.
struct Form {
    name: String,
    amount: Option<u32>,
    #[serde(default)]
    rows: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Row {
    price: f64,
    size: Option<Size>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
}

#[app::command("/signals/form")]
async fn form(form: Signal<Form>) -> Response {
    shown(&*form)
}

#[app::command("/signals/inputs")]
async fn inputs(
    size: Signal<Option<Size>>,
    ok: Signal<Option<bool>>,
    text: Signal<Option<String>>,
    ids: Signal<Vec<u8>>,
    #[default(7)] n: Signal<u32>,
) -> Response {
    shown(&(&*size, *ok, &*text, &*ids, *n))
}

#[test]
fn the_text_of_inputs_is_a_value_or_none() {
    check(
        with(
            "/signals/inputs",
            json!({ "size": "small", "ok": "on", "text": "", "ids": ["1", "", "2"], "n": "8" }),
        ),
        200,
        r#"(Some(Small), Some(true), Some(""), [1, 2], 8)"#,
    );
    check(
        with("/signals/inputs", json!({ "size": "", "ok": "", "ids": [], "n": "" })),
        200,
        "(None, None, None, [], 7)",
    );
    check(with("/signals/inputs", json!({ "ids": "" })), 400, "missing signal `ids`: expected a list");
}

#[test]
fn the_text_of_inputs_is_a_value_or_none_inside_of_structs_and_lists() {
    let row = json!({ "price": "1.50", "size": "" });
    check(
        with("/signals/form", json!({ "form": { "name": "", "amount": "", "rows": [row] } })),
        200,
        r#"Form { name: "", amount: None, rows: [Row { price: 1.5, size: None }] }"#,
    );
    check(
        with("/signals/form", json!({ "form": { "name": "", "rows": [row, { "price": "" }] } })),
        400,
        "missing signal `form.rows[1].price`",
    );
    check(
        with("/signals/form", json!({ "form": { "name": "", "rows": [row, { "price": "NaN" }] } })),
        422,
        "invalid signal `form.rows[1].price`: expected a number",
    );
}

#[test]
fn a_missing_struct_is_an_object() {
    check(with("/signals/form", json!({})), 400, "missing signal `form`: expected an object");
    check(with("/signals/form", json!({ "form": {} })), 400, "missing signal `form.name`");
    check(with("/signals/form", json!({ "form": [] })), 422, "invalid signal `form`: expected an object");
}

#[test]
fn a_byte_order_mark_before_the_signals_is_skipped() {
    check(post("/signals/form", JSON, "\u{feff}{}"), 400, "missing signal `form`: expected an object");
}
