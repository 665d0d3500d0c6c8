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
fn one_value_is_the_last_and_has_its_type() {
    check(get("/query/number?n=5"), 200, "5");
    check(get("/query/number?n=-5"), 200, "-5");
    check(get("/query/number?n=%35"), 200, "5");
    check(get("/query/number?n=+5+"), 200, "5");
    check(get("/query/number?%6E=5"), 200, "5");
    check(get("/query/number?n=x&n=5"), 200, "5");
    check(get("/query/number?&&==a[]&n=5&"), 200, "5");
    check(get("/query/number"), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?"), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?N=5"), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?n"), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(get("/query/number?n="), 400, "missing query parameter `n`: expected a whole number of 32 bits");
    check(
        get("/query/number?n=5&n=x"),
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
    check(get("/query/text?t=%FF"), 400, "query parameter `t` is not valid text");
    check(get("/query/text?t=a&other=%FF&%FF=b"), 200, r#""a""#);
    check(get("/query/text?t=%zz%"), 200, r#""%zz%""#);
    check(get("/query/text?t="), 200, r#""""#);
    check(get("/query/text?t"), 200, r#""""#);
    check(get("/query/text?t=a=b"), 200, r#""a=b""#);
    check(get("/query/text"), 400, "missing query parameter `t`: expected text");
}

#[test]
fn a_missing_or_empty_key_is_none_or_the_default() {
    check(get("/query/option"), 200, "None");
    check(get("/query/option?n=5"), 200, "Some(5)");
    check(get("/query/option?n="), 200, "None");
    check(get("/query/default"), 200, "7");
    check(get("/query/default?n="), 200, "7");
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
fn a_list_has_all_values_of_its_key() {
    check(get("/query/all?id=1&other=x&id=2&id=1"), 200, "[1, 2, 1]");
    check(get("/query/all"), 200, "[]");
    check(
        get("/query/all?id=1&id=x"),
        422,
        "invalid query parameter `id`: expected a whole number from 0 to 255",
    );
    check(get("/query/all?id="), 200, "[]");
    check(get("/query/all?id=1&id=&id=2"), 200, "[1, 2]");
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
fn the_whole_query_is_a_struct_or_a_map() {
    check(
        get("/query/whole?page-size=5&sort=new&tag=a&tag=b+c&range=-1&range=1"),
        200,
        r#"Filter { page_size: 5, sort: Some(New), tag: ["a", "b c"], range: Some((-1, 1)) }"#,
    );
    check(
        get("/query/whole?page-size=x&page-size=5&other=1"),
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
        "invalid query parameter `range`: expected a list of 2",
    );
    check(get("/query/strict"), 200, "Strict { a: None }");
    check(get("/query/strict?evil=1"), 422, "invalid query parameter: expected one of `a`");
    check(get("/query/map?b=2&a=1"), 200, r#"{"a": 1, "b": 2}"#);
    check(get("/query/map?b=x"), 422, "invalid query parameter `b`: expected a whole number from 0 to 255");
}

#[app::query("/query/list")]
async fn list(id: QueryParam<Option<Vec<u8>>>, #[default(vec![7])] other: QueryParam<Vec<u8>>) -> Response {
    shown(&(&*id, &*other))
}

#[test]
fn one_parameter_may_be_a_list() {
    check(get("/query/list"), 200, "(None, [7])");
    check(get("/query/list?id=1&id=2&other=3"), 200, "(Some([1, 2]), [3])");
    check(get("/query/list?id=&other="), 200, "(None, [7])");
    check(
        get("/query/list?id=1&id=x"),
        422,
        "invalid query parameter `id`: expected a whole number from 0 to 255",
    );
}

#[app::query("/query/pairs")]
async fn pairs(pairs: Query<Vec<(String, Option<u8>)>>) -> Response {
    shown(&*pairs)
}

#[test]
fn the_whole_query_is_a_list_of_pairs_in_their_order() {
    check(get("/query/pairs"), 200, "[]");
    check(
        get("/query/pairs?b=2&a=1&b=&a=%33"),
        200,
        r#"[("b", Some(2)), ("a", Some(1)), ("b", None), ("a", Some(3))]"#,
    );
    check(get("/query/pairs?a=x"), 422, "invalid query parameter `a`: expected a whole number from 0 to 255");
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // Shown.
struct Found {
    q: Option<String>,
    #[serde(flatten)]
    pager: Pager,
    #[serde(flatten)]
    shape: Shape,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Pager {
    page: Option<u32>,
    #[serde(default)]
    tag: Vec<u8>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[allow(dead_code)]
enum Shape {
    Circle { radius: f64 },
    Named { name: String },
}

#[app::query("/query/flat")]
async fn flat(found: Query<Found>) -> Response {
    shown(&*found)
}

#[test]
fn flattened_fields_and_tagged_enums_have_their_types() {
    check(
        get("/query/flat?q=5&page=2&tag=1&tag=2&kind=circle&radius=3"),
        200,
        r#"Found { q: Some("5"), pager: Pager { page: Some(2), tag: [1, 2] }, shape: Circle { radius: 3.0 } }"#,
    );
    check(
        get("/query/flat?q=&page=&tag=&kind=named&name=007"),
        200,
        r#"Found { q: Some(""), pager: Pager { page: None, tag: [] }, shape: Named { name: "007" } }"#,
    );
    check(
        get("/query/flat?page=x&kind=circle&radius=3"),
        422,
        "invalid query parameter `page`: expected a whole number of 32 bits, not negative",
    );
    check(get("/query/flat?kind=circle&radius="), 400, "missing query parameter `radius`");
    check(
        get("/query/flat?kind=x"),
        422,
        "invalid query parameter `kind`: expected one of `circle`, `named`",
    );
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Key {
    Number(u64),
    Name(String),
}

#[app::query("/query/key")]
async fn key(key: QueryParam<Key>) -> Response {
    shown(&*key)
}

#[test]
fn an_untagged_enum_is_the_first_variant_that_fits() {
    check(get("/query/key?key=7"), 200, "Number(7)");
    check(get("/query/key?key=007"), 200, r#"Name("007")"#);
    check(get("/query/key?key=x"), 200, r#"Name("x")"#);
    check(get("/query/key"), 400, "missing query parameter `key`: expected a value");
}

#[test]
fn a_query_has_a_limit_of_keys_and_is_text() {
    check(get(&format!("/query/map?{}", "a=1&".repeat(1000))), 200, r#"{"a": 1}"#);
    check(get(&format!("/query/map?{}", "a=1&".repeat(1001))), 413, "the query has more than 1000 keys");
    check(get("/query/map?a=%FF"), 400, "the query is not valid text");
    check(get("/query/map?%FF=1"), 400, "the query is not valid text");
}
