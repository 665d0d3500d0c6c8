//! `JsonBody` and the JSON side of `JsonOrForm`.

use std::collections::BTreeMap;

use serde::Deserialize;
use stario::JsonOrForm;
use stario::prelude::*;

use super::{FORM, JSON, app, check, post, shown};

#[derive(Debug, Deserialize, Default)]
#[allow(dead_code)] // Shown.
struct User {
    name: String,
    age: u8,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Tag {
    id: i64,
}

#[app::command("/json/user")]
async fn user(user: JsonBody<User>) -> Response {
    shown(&*user)
}

#[app::command("/json/list")]
async fn list(ids: JsonBody<Vec<i64>>) -> Response {
    shown(&*ids)
}

#[app::command("/json/map")]
async fn map(map: JsonBody<BTreeMap<String, bool>>) -> Response {
    shown(&*map)
}

#[app::command("/json/option")]
async fn option(ids: JsonBody<Option<Vec<i64>>>) -> Response {
    shown(&*ids)
}

#[app::command("/json/default")]
async fn default(#[default(vec![1])] ids: JsonBody<Vec<i64>>) -> Response {
    shown(&*ids)
}

#[app::command("/json/any")]
async fn any(value: JsonBody<serde_json::Value>) -> String {
    value.to_string()
}

#[app::command("/json/or-form")]
async fn or_form(user: JsonOrForm<User>) -> Response {
    shown(&*user)
}

#[test]
fn json_that_fits_is_read() {
    let ada = r#"User { name: "Ada", age: 36, tags: [] }"#;
    check(post("/json/user", JSON, r#"{"name":"Ada","age":36}"#), 200, ada);
    check(post("/json/user", JSON, r#"{"name":"Ada","age":36,"other":null}"#), 200, ada);
    check(post("/json/user", "Application/JSON; Charset=\"UTF-8\"", r#"{"name":"Ada","age":36}"#), 200, ada);
    check(post("/json/user", "application/ld+json", r#"{"name":"Ada","age":36}"#), 200, ada);
    check(post("/json/or-form", JSON, r#"{"name":"Ada","age":36}"#), 200, ada);
    check(post("/json/or-form", FORM, "name=Ada&age=36"), 200, ada);
    check(post("/json/list", JSON, " [1, 2] \n"), 200, "[1, 2]");
    check(post("/json/list", JSON, "\u{feff}[1]"), 200, "[1]");
    check(post("/json/option", "", ""), 200, "None");
    check(post("/json/option", JSON, ""), 200, "None");
    check(post("/json/option", JSON, "null"), 200, "None");
    check(post("/json/option", JSON, "[]"), 200, "Some([])");
    check(post("/json/default", "", ""), 200, "[1]");
    check(post("/json/default", JSON, "[2]"), 200, "[2]");
    check(post("/json/map", JSON, r#"{"a":true,"a":false}"#), 200, r#"{"a": false}"#);
}

#[test]
fn json_that_does_not_fit_names_its_path() {
    let check = |body: &str, text: &str| check(post("/json/user", JSON, body), 422, text);
    check(r#"{"name":"Ada"}"#, "invalid body `user`: missing field `age`");
    check(
        r#"{"name":"Ada","age":-1}"#,
        "invalid body `user`: expected a whole number from 0 to 255, at `age`",
    );
    check(r#"{"name":5,"age":1}"#, "invalid body `user`: expected a string, at `name`");
    check(
        r#"{"name":"Ada","age":"<script>, expected <script>"}"#,
        "invalid body `user`: expected a whole number from 0 to 255, at `age`",
    );
    check(
        r#"{"name":"Ada","age":1,"tags":[{"id":1},{"id":" at line 1 column 2"}]}"#,
        "invalid body `user`: expected a whole number, at `tags[1].id`",
    );
    check(r#"{"name":"Ada","age":1,"tags":[{}]}"#, "invalid body `user`: missing field `id`, at `tags[0]`");
    check(
        r#"{"name":"Ada","age":1,"tags":[{"id":1,"<b>":2}]}"#,
        "invalid body `user`: expected `id`, at `tags[0].?`",
    );
    check(r#"{"name":"Ada","name":"Bob"}"#, "invalid body `user`: duplicate field `name`");
    check("[]", "invalid body `user`: expected an object");
    check("5", "invalid body `user`: expected an object");
    check("null", "invalid body `user`: expected an object");
}

#[test]
fn the_keys_of_maps_are_not_echoed() {
    check(post("/json/map", JSON, r#"{"<b>":1}"#), 422, "invalid body `map`: expected true or false, at `?`");
}

#[test]
fn text_that_is_no_json_is_refused() {
    let check = |body: &[u8], why: &str| {
        let text = format!("body `value` is not valid JSON: {why}");
        check(post("/json/any", JSON, body), 400, &text);
    };
    check(b"{", "EOF while parsing an object at line 1 column 1");
    check(b"{} {}", "trailing characters at line 1 column 4");
    check(b"<script>", "expected value at line 1 column 1");
    check(b" ", "EOF while parsing a value at line 1 column 1");
    check(b"\xef\xbb\xbf", "EOF while parsing a value at line 1 column 0");
    check(b"\"\xff\"", "invalid unicode code point at line 1 column 2");
    check(b"\"\\ud800\"", "unexpected end of hex escape at line 1 column 8");
    check(b"\"\0\"", "control character (\\u0000-\\u001F) found while parsing a string at line 1 column 2");
    check(b"NaN", "expected value at line 1 column 1");
    check(b"1e999", "number out of range at line 1 column 5");
    super::check(post("/json/any", JSON, ""), 400, "missing body `value`: expected JSON");
    super::check(post("/json/any", "", ""), 400, "missing body `value`: expected JSON");
}

#[test]
fn another_content_type_is_refused() {
    let text = "unsupported content type of body `value`: expected `application/json`";
    for content_type in
        ["", "text/plain", FORM, "application/json; charset=utf-16", "application/jsonp", ";", "/"]
    {
        check(post("/json/any", content_type, "{}"), 415, text);
    }
    check(post("/json/any", "", "{}").header("content-type", &b"\xff"[..]), 415, text);
    check(
        post("/json/or-form", "text/plain", "{}"),
        415,
        "unsupported content type of body `user`: expected `application/json` or `application/x-www-form-urlencoded`",
    );
}

#[test]
fn large_bodies_are_read_up_to_the_limit() {
    let digits = vec![b'1'; 50_000];
    check(
        post("/json/any", JSON, digits),
        400,
        "body `value` is not valid JSON: number out of range at line 1 column 50000",
    );
    let keys = (0..20_000).map(|n| format!("\"k{n}\":true,")).collect::<Vec<_>>().concat();
    assert_eq!(post("/json/map", JSON, format!("{{{keys}\"last\":true}}")).send().status(), 200);
    check(
        post("/json/any", JSON, vec![b' '; 1024 * 1024 + 1]),
        413,
        "the request's body is larger than 1048576 bytes",
    );
}
