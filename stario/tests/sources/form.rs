//! `FormBody`.

use serde::Deserialize;
use stario::prelude::*;

use super::{FORM, JSON, app, check, post, shown};

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // Shown.
struct Order {
    name: String,
    amount: Option<u8>,
    #[serde(default)]
    extra: Vec<bool>,
}

#[app::command("/form/order")]
async fn order(order: FormBody<Order>) -> Response {
    shown(&*order)
}

#[app::command("/form/pairs")]
async fn pairs(pairs: FormBody<std::collections::BTreeMap<String, String>>) -> usize {
    pairs.len()
}

#[test]
fn fields() {
    let check = |body: &str, text: &str| check(post("/form/order", FORM, body), 200, text);
    check(
        "name=Ada&amount=3&extra=on&extra=off",
        r#"Order { name: "Ada", amount: Some(3), extra: [true, false] }"#,
    );
    check("name=a+b%2B%C3%A9&other=1", r#"Order { name: "a b+é", amount: None, extra: [] }"#);
    check("name=Ada&name=Bob", r#"Order { name: "Ada", amount: None, extra: [] }"#);
    check("name", r#"Order { name: "", amount: None, extra: [] }"#);
    check("&&=&%zz&name=%FF", "Order { name: \"\u{fffd}\", amount: None, extra: [] }");
}

#[test]
fn refusals() {
    check(post("/form/order", FORM, ""), 400, "missing form field `name`");
    check(post("/form/order", "", ""), 400, "missing form field `name`");
    check(post("/form/order", FORM, "amount=3"), 400, "missing form field `name`");
    check(
        post("/form/order", FORM, "name=Ada&amount=many"),
        422,
        "invalid form field `amount`: expected a whole number from 0 to 255",
    );
    check(
        post("/form/order", FORM, "name=Ada&extra=on&extra=maybe"),
        422,
        "invalid form field `extra`: expected true or false",
    );
    let unsupported =
        "unsupported content type of body `order`: expected `application/x-www-form-urlencoded`";
    for content_type in
        ["", "text/plain", JSON, super::MULTIPART, "application/x-www-form-urlencoded; charset=utf-16"]
    {
        check(post("/form/order", content_type, "name=Ada"), 415, unsupported);
    }
    check(
        post("/form/order", "Application/X-WWW-Form-Urlencoded; charset=utf-8", "name=Ada"),
        200,
        r#"Order { name: "Ada", amount: None, extra: [] }"#,
    );
}

#[test]
fn limits() {
    let fields = |count: usize| (0..count).map(|n| format!("f{n}=&")).collect::<Vec<_>>().concat();
    check(post("/form/pairs", FORM, fields(1000)), 200, "1000");
    check(post("/form/pairs", FORM, fields(1001)), 400, "the form has more than 1000 fields");
    check(post("/form/pairs", FORM, fields(50_000)), 400, "the form has more than 1000 fields");
    check(
        post("/form/pairs", FORM, vec![b'a'; 1024 * 1024 + 1]),
        413,
        "the request's body is larger than 1048576 bytes",
    );
}
