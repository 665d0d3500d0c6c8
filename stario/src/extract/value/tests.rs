//! The rules for all sources, without requests.

// A type that only one test needs stands beside its cases.
#![allow(clippy::items_after_statements)]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU8;

use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_json::json;

use super::*;

mod buffered;

use buffered::{Flat, flat};

fn missing<T>(path: &str, expected: &'static str) -> Result<T, ValueProblem> {
    Err(ValueProblem::Missing { path: path.to_owned(), expected: expected.into() })
}

fn invalid<T>(path: &str, clause: &str) -> Result<T, ValueProblem> {
    Err(ValueProblem::Invalid { path: path.to_owned(), clause: clause.to_owned() })
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)] // The cases read better without a `&` each.
fn check<T: DeserializeOwned + PartialEq + Debug>(text: &str, expected: Result<T, ValueProblem>) {
    assert_eq!(from_text(text), expected, "{text:?}");
}

/// Reads a query.
fn query<T: DeserializeOwned>(text: &str) -> Result<T, ValueProblem> {
    let pairs: Vec<_> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map(|(name, text)| (name.into(), text.into())).unwrap())
        .collect();
    from_pairs(&pairs)
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check_query<T: DeserializeOwned + PartialEq + Debug>(text: &str, expected: Result<T, ValueProblem>) {
    assert_eq!(query(text), expected, "{text:?}");
}

fn from_value<T: DeserializeOwned>(json: &serde_json::Value) -> Result<T, ValueProblem> {
    from_json(JsonTree::read(json.to_string().as_bytes()).unwrap().root())
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check_json<T: DeserializeOwned + PartialEq + Debug>(
    json: serde_json::Value,
    expected: Result<T, ValueProblem>,
) {
    assert_eq!(from_value(&json), expected, "{json}");
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Size {
    Small,
    Large,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Sort {
    New,
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Id(u64);

#[derive(Debug, Deserialize, PartialEq)]
struct Name(String);

#[test]
fn text_becomes_the_type_that_is_asked_for() {
    check("5", Ok(5_i64));
    check("+5", Ok(5_i64));
    check(" 5 ", Ok(5_i64));
    check("-5", Ok(-5_i8));
    check("5.5", invalid::<i64>("", "expected a whole number"));
    check("256", invalid::<u8>("", "expected a whole number from 0 to 255"));
    check("0", invalid::<NonZeroU8>("", "expected a whole number from 0 to 255, and not 0"));
    check("170141183460469231731687303715884105727", Ok(i128::MAX));
    check("340282366920938463463374607431768211455", Ok(u128::MAX));
    check("YES", Ok(true));
    check("off", Ok(false));
    check("maybe", invalid::<bool>("", "expected true or false"));
    check("", Ok(String::new()));
    check("é", Ok('é'));
    check("ab", invalid::<char>("", "expected one character"));
    check("1.5", Ok(1.5_f64));
    check("0.1", Ok(0.1_f32));
    check("7", Ok(Some(7_i64)));
    check("7", Ok(Id(7)));
    check("large", Ok(Size::Large));
    check("huge", invalid::<Size>("", "expected one of `small`, `large`"));
    check("::1", Ok(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])));
}

#[test]
fn infinite_and_undefined_values_are_no_numbers() {
    for text in ["NaN", "nan", "inf", "-inf", "infinity", "1e999"] {
        check(text, invalid::<f64>("", "expected a number"));
        check(text, invalid::<f32>("", "expected a number"));
    }
    check("1e39", invalid::<f32>("", "expected a number"));
    check_json(json!({ "x": 1e39 }), invalid::<HashMap<String, f32>>("x", "expected a number"));
}

#[test]
fn a_variant_for_all_other_names_is_used() {
    check("new", Ok(Sort::New));
    check("old", Ok(Sort::Other));
    check("", Ok(None::<Sort>));
    check("", missing::<Sort>("", "one of `new`, `other`"));
}

#[test]
fn where_there_is_no_value_the_refusal_says_what_is_expected() {
    fn check<T: DeserializeOwned + PartialEq + Debug>(expected: &'static str) {
        assert_eq!(from_nothing::<T>(), missing("", expected));
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Form {}
    assert_eq!(from_nothing(), Ok(None::<i64>));
    check::<i64>("a whole number");
    check::<String>("text");
    check::<Id>("a whole number, not negative");
    check::<Size>("one of `small`, `large`");
    check::<Form>("an object");
    check::<Vec<u8>>("a list");
    check::<HashMap<String, u8>>("an object");
    check::<(u8, u8)>("a list of 2");
}

#[test]
fn an_empty_text_is_itself_or_no_value() {
    check("", Ok(String::new()));
    check("", Ok(Some(String::new())));
    check("", Ok(Some(Name(String::new()))));
    check("", Ok(None::<u32>));
    check("", Ok(None::<f64>));
    check("", Ok(None::<bool>));
    check("", Ok(None::<char>));
    check("", Ok(None::<Size>));
    check("", Ok(None::<Id>));
    check("", Ok(None::<IpAddr>));
    check("", Ok(None::<Vec<u32>>));
    check("", missing::<u32>("", "a whole number of 32 bits, not negative"));
    check("", missing::<bool>("", "true or false"));
    check("", missing::<Size>("", "one of `small`, `large`"));
    check("", missing::<IpAddr>("", "IP address"));
}

#[derive(Debug, Deserialize, PartialEq)]
struct Filter {
    q: Option<String>,
    page: Option<u32>,
    #[serde(default)]
    size: u8,
    #[serde(default)]
    ids: Vec<u32>,
    sort: Option<Size>,
}

#[test]
fn empty_fields_of_a_query_are_no_values() {
    let nothing = || Filter { q: None, page: None, size: 0, ids: Vec::new(), sort: None };
    check_query("", Ok(nothing()));
    check_query("q=&page=&size=&ids=&sort=", Ok(Filter { q: Some(String::new()), ..nothing() }));
    check_query("ids=1&ids=&ids=2", Ok(Filter { ids: vec![1, 2], ..nothing() }));
    check_query("page=1&page=", Ok(nothing()));
    check_query("page=&page=1", Ok(Filter { page: Some(1), ..nothing() }));
    check_query("page=x", invalid::<Filter>("page", "expected a whole number of 32 bits, not negative"));
    #[derive(Debug, Deserialize, PartialEq)]
    struct Needs {
        page: u32,
    }
    check_query("page=", missing::<Needs>("page", ""));
    check_query("a=&b=1", Ok(BTreeMap::from([("a".to_owned(), None), ("b".to_owned(), Some(1_u8))])));
    #[derive(Debug, Deserialize, PartialEq)]
    struct Lists {
        names: Vec<String>,
        maybe: Vec<Option<u8>>,
    }
    let names = vec!["a".to_owned(), String::new()];
    check_query("names=a&names=&maybe=1&maybe=", Ok(Lists { names, maybe: vec![Some(1), None] }));
}

#[test]
fn of_several_texts_a_single_value_is_the_last_and_a_list_has_all() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Form {
        ok: bool,
        #[serde(default)]
        range: Option<(i8, i8)>,
    }
    check_query("ok=0&ok=1", Ok(Form { ok: true, range: None }));
    check_query("ok=1&range=-1&range=1", Ok(Form { ok: true, range: Some((-1, 1)) }));
    check_query("ok=1&range=1", invalid::<Form>("range", "expected a list of 2"));
    let texts = || ["1", "2"].map(|text| Ok(text.into()));
    assert_eq!(from_texts(texts(), SingleValue::Last), Ok(2_u8));
    assert_eq!(from_texts(texts(), SingleValue::First), Ok(1_u8));
    assert_eq!(from_texts(texts(), SingleValue::Last), Ok(vec![1_u8, 2]));
    assert_eq!(from_texts(texts(), SingleValue::Last), Ok(Some(vec![1_u8, 2])));
    assert_eq!(list_from_texts(texts()), Ok(vec![1_u8, 2]));
    assert_eq!(list_from_texts::<u8>([Ok("".into())]), Ok(Vec::new()));
    assert_eq!(list_from_texts::<u8>([]), Ok(Vec::new()));
    assert_eq!(list_from_texts::<u8>([Ok("1".into()), Err(NotText)]), Err(ValueProblem::NotText));
}

#[test]
fn a_query_is_also_a_map_or_a_list_of_pairs() {
    check_query("b=2&a=1", Ok(BTreeMap::from([("a".to_owned(), 1_u8), ("b".to_owned(), 2)])));
    check_query("2=b", Ok(BTreeMap::from([(2_u8, "b".to_owned())])));
    check_query(
        "b=2&a=1&b=3",
        Ok(["b2", "a1", "b3"].map(|pair| (pair[..1].to_owned(), pair[1..].to_owned())).to_vec()),
    );
    check_query("a=1&b=", Ok(vec![("a".to_owned(), Some(1_u8)), ("b".to_owned(), None)]));
    check_query("a=x", invalid::<Vec<(String, u8)>>("a", "expected a whole number from 0 to 255"));
    check_query("a=x", invalid::<BTreeMap<String, u8>>("a", "expected a whole number from 0 to 255"));
    check_query("<b>=x", invalid::<BTreeMap<String, u8>>("?", "expected a whole number from 0 to 255"));
    check_query("a=1", Ok(json!({ "a": 1 })));
    check_query("a=01&b=x&b=2", Ok(json!({ "a": "01", "b": ["x", 2] })));
}

#[test]
fn text_of_inputs_is_read_in_signals() {
    check_json(json!("7"), Ok(7_u32));
    check_json(json!(7), Ok(7_u32));
    check_json(json!("1.5"), Ok(1.5_f64));
    check_json(json!(1), Ok(1.0_f64));
    check_json(json!("on"), Ok(true));
    check_json(json!(false), Ok(false));
    check_json(json!("large"), Ok(Size::Large));
    check_json(json!(["1", 2]), Ok(vec![1_u8, 2]));
    check_json(json!(""), Ok(None::<u32>));
    check_json(json!(""), Ok(None::<Size>));
    check_json(json!(null), Ok(None::<u32>));
    check_json(json!(""), Ok(Some(String::new())));
    check_json(json!(""), missing::<u32>("", "a whole number of 32 bits, not negative"));
    check_json(json!(null), invalid::<u32>("", "expected a whole number of 32 bits, not negative"));
    check_json(json!("x"), invalid::<u32>("", "expected a whole number of 32 bits, not negative"));
    check_json(json!(5.0), invalid::<u8>("", "expected a whole number from 0 to 255"));
    check_json(json!(5), invalid::<String>("", "expected text"));
    check_json(json!("a"), invalid::<Vec<String>>("", "expected a list"));
    check_json(json!([1, 2]), invalid::<u8>("", "expected a whole number from 0 to 255"));
}

#[test]
fn text_of_inputs_is_read_inside_of_structs_and_lists() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        amount: Option<u32>,
        name: Option<String>,
        #[serde(default)]
        tax: u8,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Page {
        rows: Vec<Row>,
        ids: Vec<u8>,
    }
    let rows = vec![
        Row { amount: Some(7), name: Some(String::new()), tax: 0 },
        Row { amount: None, name: None, tax: 19 },
    ];
    let row = json!({ "amount": "", "name": null, "tax": "19" });
    check_json(
        json!({ "rows": [{ "amount": "7", "name": "", "tax": "" }, row], "ids": ["1", "", 2] }),
        Ok(Page { rows, ids: vec![1, 2] }),
    );
    check_json(
        json!({ "rows": [row, { "amount": "x" }], "ids": [] }),
        invalid::<Page>("rows[1].amount", "expected a whole number of 32 bits, not negative"),
    );
    check_json(json!({ "rows": [5], "ids": [] }), invalid::<Page>("rows[0]", "expected an object"));
    check_json(json!({ "rows": [] }), missing::<Page>("ids", ""));
    let many: Vec<_> = (0..5000).map(|_| row.clone()).collect();
    let page: Page = from_value(&json!({ "rows": many, "ids": [] })).unwrap();
    assert_eq!((page.rows.len(), &page.rows[4999].amount), (5000, &None));
    #[derive(Debug, Deserialize, PartialEq)]
    struct User {
        user: Flat,
    }
    check_json(json!({ "user": { "q": "", "page": "2", "per_page": "", "desc": true } }), {
        Ok(User { user: flat("", 2, None, true) })
    });
    check_json(
        json!({ "user": { "page": "2", "per_page": "300" } }),
        invalid::<User>("user.per_page", "expected a whole number from 0 to 255"),
    );
    // Of what is no text, serde says only the value: its name is known if no other is the same.
    check_json(
        json!({ "user": { "q": 7, "page": 2, "desc": true } }),
        invalid::<User>("user.q", "expected text"),
    );
    check_json(
        json!({ "user": { "page": true, "desc": false } }),
        invalid::<User>("user.page", "expected a whole number of 32 bits, not negative"),
    );
    check_json(
        json!({ "user": { "page": -2, "other": [-2] } }),
        invalid::<User>("user", "expected a whole number of 32 bits, not negative"),
    );
}

#[test]
fn enums_with_content_are_read_in_signals() {
    #[derive(Debug, Deserialize, PartialEq)]
    enum Change {
        Clear,
        Add(u8),
        Move(u8, u8),
        Rename { name: String, age: Option<u8> },
    }
    check_json(json!("Clear"), Ok(Change::Clear));
    check_json(json!({ "Clear": null }), Ok(Change::Clear));
    check_json(json!({ "Add": "1" }), Ok(Change::Add(1)));
    check_json(json!({ "Move": [1, "2"] }), Ok(Change::Move(1, 2)));
    check_json(
        json!({ "Rename": { "name": "", "age": "" } }),
        Ok(Change::Rename { name: String::new(), age: None }),
    );
    check_json(
        json!({ "Rename": { "name": "", "age": "x" } }),
        invalid::<Change>("Rename.age", "expected a whole number from 0 to 255"),
    );
    check_json(
        json!({ "Shrink": 1 }),
        invalid::<Change>("", "expected one of `Clear`, `Add`, `Move`, `Rename`"),
    );
    check_json(json!(["Clear"]), invalid::<Change>("", "expected one of `Clear`, `Add`, `Move`, `Rename`"));
}

/// A type that says in its own words what it found.
#[derive(Debug, PartialEq)]
struct Even(u8);

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(number) if number % 2 == 0 => Ok(Self(number)),
            Ok(_) => Err(de::Error::custom("an even number, found `1`")),
            Err(_) => Err(de::Error::custom(format!("{text} is not a number"))),
        }
    }
}

#[test]
fn the_text_of_the_client_is_not_repeated() {
    check("2", Ok(Even(2)));
    check("1", invalid::<Even>("", "an even number"));
    check("<script>", invalid::<Even>("", "expected another value"));
    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        #[serde(flatten)]
        inner: Inner,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        even: Even,
        other: String,
    }
    check_query("even=<script>&other=a", invalid::<Outer>("even", "expected another value"));
    check_query("even=1&other=a", invalid::<Outer>("even", "an even number"));
}
