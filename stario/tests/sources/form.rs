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
fn a_form_is_a_struct_with_a_field_per_name() {
    let check = |body: &str, text: &str| check(post("/form/order", FORM, body), 200, text);
    check(
        "name=Ada&amount=3&extra=on&extra=off",
        r#"Order { name: "Ada", amount: Some(3), extra: [true, false] }"#,
    );
    check("name=a+b%2B%C3%A9&other=1", r#"Order { name: "a b+é", amount: None, extra: [] }"#);
    check("name=Ada&name=Bob", r#"Order { name: "Bob", amount: None, extra: [] }"#);
    check("name", r#"Order { name: "", amount: None, extra: [] }"#);
    check("&&=&%zz&name=%zz", r#"Order { name: "%zz", amount: None, extra: [] }"#);
    check("name=&amount=&extra=", r#"Order { name: "", amount: None, extra: [] }"#);
}

#[test]
fn a_form_that_does_not_fit_is_refused() {
    check(post("/form/order", FORM, ""), 400, "missing form field `name`");
    check(post("/form/order", "", ""), 400, "missing form field `name`");
    check(post("/form/order", FORM, "amount=3"), 400, "missing form field `name`");
    check(post("/form/order", FORM, "name=%FF"), 400, "the form is not valid text");
    check(post("/form/order", FORM, b"name=\xff"), 400, "the form is not valid text");
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
fn a_form_has_a_limit_of_fields_and_of_bytes() {
    let fields = |count: usize| (0..count).map(|n| format!("f{n}=&")).collect::<Vec<_>>().concat();
    check(post("/form/pairs", FORM, fields(1000)), 200, "1000");
    check(post("/form/pairs", FORM, fields(1001)), 413, "the form has more than 1000 fields");
    check(post("/form/pairs", FORM, fields(50_000)), 413, "the form has more than 1000 fields");
    check(
        post("/form/pairs", FORM, vec![b'a'; 1024 * 1024 + 1]),
        413,
        "the request's body is larger than 1048576 bytes",
    );
}

#[app::command("/form/one")]
async fn one(
    name: FormField<String>,
    #[default(1)] amount: FormField<u8>,
    note: FormField<Option<String>>,
    photo: Option<UploadedFile>,
) -> Response {
    shown(&(&*name, *amount, &*note, photo.map(|photo| photo.len())))
}

#[app::command("/form/url")]
async fn url(name: FormField<String>, #[name("tags[]")] tag: FormField<String>) -> String {
    format!("{name} {tag}")
}

fn part(name: &str, text: &str) -> String {
    format!("--x\r\ncontent-disposition: form-data; name={name}\r\n\r\n{text}\r\n")
}

#[test]
fn one_field_is_read_from_a_form_with_files() {
    let send = |parts: &[String]| post("/form/one", super::MULTIPART, format!("{}--x--", parts.concat()));
    let photo = part("photo; filename=a.png", "1234");
    check(send(&[part("name", "Ada"), photo.clone()]), 200, r#"("Ada", 1, None, Some(4))"#);
    check(
        send(&[part("note", "a+b%20"), part("amount", "3"), part("name", "x"), part("name", "")]),
        200,
        r#"("", 3, Some("a+b%20"), None)"#,
    );
    check(send(std::slice::from_ref(&photo)), 400, "missing form field `name`: expected text");
    check(
        send(&[part("name", "Ada"), part("amount", "many")]),
        422,
        "invalid form field `amount`: expected a whole number from 0 to 255",
    );
    for file in ["name; filename=a", "name; filename=\"\""] {
        check(send(&[part(file, "")]), 422, "invalid form field `name`: expected text, not a file");
    }
    check(
        send(&[part("name", "Ada"), part("photo", "text")]),
        422,
        "invalid file `photo`: expected an uploaded file",
    );
    let broken = b"--x\r\ncontent-disposition: form-data; name=name\r\n\r\n\xff\r\n--x--";
    check(post("/form/one", super::MULTIPART, broken), 400, "form field `name` is not valid text");
}

#[test]
fn one_field_is_read_from_a_form_without_files() {
    check(post("/form/url", FORM, "name=x&tags%5B%5D=%C3%A9&name=a+b"), 200, "a b é");
    check(post("/form/url", FORM, "name=a"), 400, "missing form field `tags[]`: expected text");
    check(post("/form/url", "", ""), 400, "missing form field `name`: expected text");
    let many = "a=&".repeat(1001);
    check(post("/form/url", FORM, many), 413, "the form has more than 1000 fields");
    for content_type in ["text/plain", JSON, "multipart/mixed; boundary=x"] {
        check(
            post("/form/url", content_type, "name=a"),
            415,
            "unsupported content type of body `name`: expected a form",
        );
    }
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // Shown.
struct Booking {
    name: String,
    #[serde(flatten)]
    room: Room,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Room {
    beds: u8,
    breakfast: Option<bool>,
    #[serde(default)]
    nights: Vec<u8>,
}

#[app::command("/form/booking")]
async fn booking(booking: FormBody<Booking>) -> Response {
    shown(&*booking)
}

#[test]
fn flattened_fields_have_their_types() {
    check(
        post("/form/booking", FORM, "name=5&beds=2&breakfast=0&breakfast=1&nights=1&nights=2"),
        200,
        r#"Booking { name: "5", room: Room { beds: 2, breakfast: Some(true), nights: [1, 2] } }"#,
    );
    check(
        post("/form/booking", FORM, "name=&beds=2&breakfast=&nights="),
        200,
        r#"Booking { name: "", room: Room { beds: 2, breakfast: None, nights: [] } }"#,
    );
    check(
        post("/form/booking", FORM, "name=a&beds=300"),
        422,
        "invalid form field `beds`: expected a whole number from 0 to 255",
    );
    check(post("/form/booking", FORM, "name=a&beds="), 400, "missing form field `beds`");
}

#[app::command("/form/list")]
async fn list(id: FormField<Vec<u8>>, ok: FormField<bool>) -> Response {
    shown(&(&*id, *ok))
}

#[test]
fn a_list_has_all_values_of_a_field_and_a_single_value_is_the_last() {
    check(post("/form/list", FORM, "id=1&id=&id=2&ok=0&ok=1"), 200, "([1, 2], true)");
    let parts = [part("id", "1"), part("id", "2"), part("ok", "0"), part("ok", "1")].concat();
    check(post("/form/list", super::MULTIPART, format!("{parts}--x--")), 200, "([1, 2], true)");
}
