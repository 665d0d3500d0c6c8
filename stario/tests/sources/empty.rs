//! Empty values, as forms send them for inputs that nobody filled in: one rule for all sources and types.

use std::net::IpAddr;

use serde::Deserialize;
use stario::prelude::*;
use stario::testing::TestRequest;

use super::{FORM, MULTIPART, app, check, client, get, post, shown};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // Shown.
struct Id(u64);

/// One handler per source, which takes an optional value of each type and one with a default.
macro_rules! handlers {
    ($($handler:ident $verb:ident $path:literal $source:ident;)*) => {$(
        #[app::$verb($path)]
        #[allow(clippy::too_many_arguments)]
        async fn $handler(
            text: $source<Option<String>>,
            number: $source<Option<u32>>,
            float: $source<Option<f64>>,
            yes: $source<Option<bool>>,
            size: $source<Option<Size>>,
            id: $source<Option<Id>>,
            ip: $source<Option<IpAddr>>,
            list: $source<Option<Vec<u32>>>,
            #[default(7)] default: $source<u32>,
            #[default("none")] default_text: $source<String>,
        ) -> Response {
            shown(&(&*text, *number, *float, *yes, &*size, &*id, &*ip, &*list, *default, &*default_text))
        }
    )*};
}

handlers! {
    query query "/empty/query" QueryParam;
    header query "/empty/header" Header;
    cookie query "/empty/cookie" Cookie;
    form command "/empty/form" FormField;
    signal command "/empty/signal" Signal;
}

const NAMES: [&str; 10] =
    ["text", "number", "float", "yes", "size", "id", "ip", "list", "default", "default_text"];

const NONE: &str = r#"(None, None, None, None, None, None, None, None, 7, "none")"#;
const EMPTY: &str = r#"(Some(""), None, None, None, None, None, None, None, 7, "")"#;

#[test]
fn without_values_there_is_none_or_the_default() {
    check(get("/empty/query"), 200, NONE);
    check(get("/empty/header"), 200, NONE);
    check(get("/empty/cookie"), 200, NONE);
    check(post("/empty/form", FORM, ""), 200, NONE);
    check(post("/empty/form", MULTIPART, "--x--"), 200, NONE);
    check(client().post("/empty/signal").signals(&json!({})), 200, NONE);
}

#[test]
fn an_empty_value_is_itself_for_text_and_none_or_the_default_for_other_types() {
    let pairs = NAMES.map(|name| format!("{name}=&")).concat();
    check(get(&format!("/empty/query?{pairs}")), 200, EMPTY);
    let with_headers = |request, name: &&str| TestRequest::header(request, &name.replace('_', "-"), "");
    check(NAMES.iter().fold(get("/empty/header"), with_headers), 200, EMPTY);
    check(get("/empty/cookie").header("cookie", pairs.replace('&', ";")), 200, EMPTY);
    check(post("/empty/form", FORM, &pairs), 200, EMPTY);
    let part = |name| format!("--x\r\ncontent-disposition: form-data; name={name}\r\n\r\n\r\n");
    check(post("/empty/form", MULTIPART, format!("{}--x--", NAMES.map(part).concat())), 200, EMPTY);
    let signals = serde_json::Value::from_iter(NAMES.map(|name| (name, "")));
    check(client().post("/empty/signal").signals(&signals), 200, EMPTY);
}

/// The same types as fields of a struct.
#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Fields {
    text: Option<String>,
    number: Option<u32>,
    float: Option<f64>,
    yes: Option<bool>,
    size: Option<Size>,
    id: Option<Id>,
    ip: Option<IpAddr>,
    list: Option<Vec<u32>>,
    #[serde(default)]
    default: u32,
    #[serde(default)]
    default_text: String,
}

#[app::query("/empty/query-struct")]
async fn query_struct(fields: Query<Fields>) -> Response {
    shown(&*fields)
}

#[app::command("/empty/form-struct")]
async fn form_struct(fields: FormBody<Fields>) -> Response {
    shown(&*fields)
}

#[app::command("/empty/signals-struct")]
async fn signals_struct(fields: Signals<Fields>) -> Response {
    shown(&*fields)
}

#[test]
fn the_same_holds_for_the_fields_of_a_struct() {
    const EMPTY: &str = r#"Fields { text: Some(""), number: None, float: None, yes: None, size: None, id: None, ip: None, list: None, default: 0, default_text: "" }"#;
    let pairs = NAMES.map(|name| format!("{name}=&")).concat();
    check(get(&format!("/empty/query-struct?{pairs}")), 200, EMPTY);
    check(post("/empty/form-struct", FORM, &pairs), 200, EMPTY);
    let signals = serde_json::Value::from_iter(NAMES.map(|name| (name, "")));
    check(client().post("/empty/signals-struct").signals(&signals), 200, EMPTY);
}

#[app::query("/empty/needed")]
async fn needed(size: QueryParam<Size>) -> Response {
    shown(&*size)
}

#[test]
fn an_empty_value_that_is_needed_is_missing() {
    check(get("/empty/needed?size=x"), 200, "Other");
    check(
        get("/empty/needed?size="),
        400,
        "missing query parameter `size`: expected one of `small`, `other`",
    );
}

#[app::query("/empty/path/{size}")]
async fn path(size: PathParam<Size>) -> Response {
    shown(&*size)
}

#[test]
fn a_variant_for_all_other_names_is_used_in_every_source() {
    const OTHER: &str = r#"(None, None, None, None, Some(Other), None, None, None, 7, "none")"#;
    check(get("/empty/path/huge"), 200, "Other");
    check(get("/empty/path/small"), 200, "Small");
    check(get("/empty/query?size=huge"), 200, OTHER);
    check(get("/empty/header").header("size", "huge"), 200, OTHER);
    check(get("/empty/cookie").header("cookie", "size=huge"), 200, OTHER);
    check(post("/empty/form", FORM, "size=huge"), 200, OTHER);
    check(client().post("/empty/signal").signals(&json!({ "size": "huge" })), 200, OTHER);
}
