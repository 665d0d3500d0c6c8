//! `QueryParam`, `QueryParams` and `Query`.

use serde::Deserialize;
use stario::prelude::*;

use super::{app, check, get, shown};

#[app::query("/query/number")]
async fn number(n: QueryParam<i32>) -> Response {
    shown(&*n)
}

#[app::query("/query/text")]
async fn text(t: QueryParam<String>) -> Response {
    shown(&*t)
}

#[app::query("/query/option")]
async fn option(n: QueryParam<Option<i32>>) -> Response {
    shown(&*n)
}

#[app::query("/query/default")]
async fn default(#[default(7)] n: QueryParam<i32>) -> Response {
    shown(&*n)
}

#[app::command("/query/command")]
async fn command(n: QueryParam<i32>) -> Response {
    shown(&*n)
}

#[test]
fn one_value() {
    check(get("/query/number?n=5"), 200, "5");
    check(get("/query/number?n=-5"), 200, "-5");
    check(get("/query/number?n=%35"), 200, "5");
    check(get("/query/number?n=+5+"), 200, "5");
    check(get("/query/number?%6E=5"), 200, "5");
    check(get("/query/number?n=5&n=x"), 200, "5");
    check(get("/query/number?&&==a[]&n=5&"), 200, "5");
    check(get("/query/number"), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?"), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?N=5"), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?n"), 422, "invalid query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?n="), 422, "invalid query parameter `n`: expected a whole number of 32 bits");
    check(
        get("/query/number?n=x&n=5"),
        422,
        "invalid query parameter `n`: expected a whole number of 32 bits",
    );
    check(
        get("/query/number?n=2147483648"),
        422,
        "invalid query parameter `n`: expected a whole number of 32 bits",
    );
    check(
        get("/query/number?n=%3Cscript%3E"),
        422,
        "invalid query parameter `n`: expected a whole number of 32 bits",
    );
    check(super::client().post("/query/command?n=5"), 200, "5");
}

#[test]
fn text_is_decoded_as_forms_encode_it() {
    check(get("/query/text?t=a+b%20c%2Bd%26"), 200, r#""a b c+d&""#);
    check(get("/query/text?t=%C3%A9"), 200, r#""é""#);
    check(get("/query/text?t=%FF"), 200, "\"\u{fffd}\"");
    check(get("/query/text?t=%zz%"), 200, r#""%zz%""#);
    check(get("/query/text?t="), 200, r#""""#);
    check(get("/query/text?t"), 200, r#""""#);
    check(get("/query/text?t=a=b"), 200, r#""a=b""#);
    check(get("/query/text"), 400, "missing query parameter `t`: expected text");
}

#[test]
fn optional_and_defaulted() {
    check(get("/query/option"), 200, "None");
    check(get("/query/option?n=5"), 200, "Some(5)");
    check(get("/query/option?n="), 422, "invalid query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/default"), 200, "7");
    check(get("/query/default?n=5"), 200, "5");
    check(get("/query/default?n=x"), 422, "invalid query parameter `n`: expected a whole number of 32 bits");
}

#[app::query("/query/all")]
async fn all(id: QueryParams<u8>) -> Response {
    shown(&*id)
}

#[app::query("/query/all-named")]
async fn all_named(#[name("id[]")] ids: QueryParams<String>) -> Response {
    shown(&*ids)
}

#[test]
fn all_values() {
    check(get("/query/all?id=1&other=x&id=2&id=1"), 200, "[1, 2, 1]");
    check(get("/query/all"), 200, "[]");
    check(
        get("/query/all?id=1&id=x"),
        422,
        "invalid query parameter `id`: expected a whole number from 0 to 255",
    );
    check(get("/query/all?id="), 422, "invalid query parameter `id`: expected a whole number from 0 to 255");
    check(get("/query/all-named?id[]=a&id%5B%5D=b"), 200, r#"["a", "b"]"#);
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(dead_code)] // Shown.
struct Filter {
    page_size: u8,
    sort: Option<Sort>,
    #[serde(default)]
    tag: Vec<String>,
    #[serde(default)]
    range: Option<(i8, i8)>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sort {
    Old,
    New,
}

#[app::query("/query/whole")]
async fn whole(filter: Query<Filter>) -> Response {
    shown(&*filter)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Strict {
    a: Option<u8>,
}

#[app::query("/query/strict")]
async fn strict(filter: Query<Strict>) -> Response {
    shown(&*filter)
}

#[app::query("/query/map")]
async fn map(filter: Query<std::collections::BTreeMap<String, u8>>) -> Response {
    shown(&*filter)
}

#[test]
fn the_whole_query() {
    check(
        get("/query/whole?page-size=5&sort=new&tag=a&tag=b+c&range=-1&range=1"),
        200,
        r#"Filter { page_size: 5, sort: Some(New), tag: ["a", "b c"], range: Some((-1, 1)) }"#,
    );
    check(
        get("/query/whole?page-size=5&page-size=x&other=1"),
        200,
        "Filter { page_size: 5, sort: None, tag: [], range: None }",
    );
    check(get("/query/whole"), 400, "missing query parameter `page-size`");
    check(
        get("/query/whole?page-size=x"),
        422,
        "invalid query parameter `page-size`: expected a whole number from 0 to 255",
    );
    check(
        get("/query/whole?page-size=1&sort=<b>".replace('<', "%3C").replace('>', "%3E").as_str()),
        422,
        "invalid query parameter `sort`: expected one of `old`, `new`",
    );
    check(
        get("/query/whole?page-size=1&range=1"),
        422,
        "invalid query parameter `range`: expected a tuple of size 2",
    );
    check(get("/query/strict"), 200, "Strict { a: None }");
    check(get("/query/strict?evil=1"), 422, "invalid query parameter: expected one of `a`");
    check(get("/query/map?b=2&a=1"), 200, r#"{"a": 1, "b": 2}"#);
    check(get("/query/map?b=x"), 422, "invalid query parameter: expected a whole number from 0 to 255");
}
