use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::net::IpAddr;
use std::num::NonZeroU8;

use serde::Deserialize;
use serde::de::{self, Deserializer};
use serde_json::json;

use super::*;

fn missing<T>(path: &str, expected: &'static str) -> Result<T, Problem> {
    Err(Problem::Missing { path: path.to_owned(), expected: expected.into() })
}

fn invalid<T>(path: &str, clause: &str) -> Result<T, Problem> {
    Err(Problem::Invalid { path: path.to_owned(), clause: clause.to_owned() })
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)] // The cases read better without a `&` each.
fn check<T: DeserializeOwned + PartialEq + Debug>(text: &str, expected: Result<T, Problem>) {
    assert_eq!(from_text(text), expected, "{text:?}");
}

/// Reads a query.
fn query<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let pairs: Vec<_> = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').map(|(name, text)| (name.into(), text.into())).unwrap())
        .collect();
    from_pairs(&pairs)
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check_query<T: DeserializeOwned + PartialEq + Debug>(text: &str, expected: Result<T, Problem>) {
    assert_eq!(query(text), expected, "{text:?}");
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check_json<T: DeserializeOwned + PartialEq + Debug>(
    json: serde_json::Value,
    expected: Result<T, Problem>,
) {
    assert_eq!(from_json(&json), expected, "{json}");
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
    assert_eq!(from_texts(texts(), Counts::Last), Ok(2_u8));
    assert_eq!(from_texts(texts(), Counts::First), Ok(1_u8));
    assert_eq!(from_texts(texts(), Counts::Last), Ok(vec![1_u8, 2]));
    assert_eq!(from_texts(texts(), Counts::Last), Ok(Some(vec![1_u8, 2])));
    assert_eq!(list_from_texts(texts()), Ok(vec![1_u8, 2]));
    assert_eq!(list_from_texts::<u8>([Ok("".into())]), Ok(Vec::new()));
    assert_eq!(list_from_texts::<u8>([]), Ok(Vec::new()));
    assert_eq!(list_from_texts::<u8>([Ok("1".into()), Err(NotText)]), Err(Problem::NotText));
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

#[derive(Debug, Deserialize, PartialEq)]
struct Pager {
    page: u32,
    per_page: Option<u8>,
    #[serde(default)]
    desc: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Flat {
    q: Option<String>,
    #[serde(flatten)]
    pager: Pager,
}

fn flat(q: &str, page: u32, per_page: Option<u8>, desc: bool) -> Result<Flat, Problem> {
    Ok(Flat { q: Some(q.to_owned()), pager: Pager { page, per_page, desc } })
}

#[test]
fn flattened_fields_have_their_types() {
    check_query("q=5&page=2&per_page=3&desc=on", flat("5", 2, Some(3), true));
    check_query("q=a&page=007&per_page=&desc=", flat("a", 7, None, false));
    check_query("q=a&page=1&page=2&desc=1", flat("a", 2, None, true));
    check_query("q=a", missing::<Flat>("page", ""));
    check_query("page=", missing::<Flat>("page", ""));
    check_query("page=x", invalid::<Flat>("page", "expected a whole number of 32 bits, not negative"));
    check_query("page=1.5", invalid::<Flat>("page", "expected a whole number of 32 bits, not negative"));
    check_query("page=1&per_page=300", invalid::<Flat>("per_page", "expected a whole number from 0 to 255"));
    check_query("page=1&desc=maybe", invalid::<Flat>("desc", "expected true or false"));
}

#[test]
fn flattened_texts_stay_as_they_were_sent() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Address {
        zip: String,
        street: Option<String>,
        active: String,
        number: u32,
        ip: Option<IpAddr>,
        size: Option<Size>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        #[serde(flatten)]
        address: Address,
    }
    let address = |zip: &str, street: Option<&str>, size| Outer {
        address: Address {
            zip: zip.to_owned(),
            street: street.map(str::to_owned),
            active: "true".to_owned(),
            number: 12345,
            ip: None,
            size,
        },
    };
    check_query("zip=12345&active=true&number=12345", Ok(address("12345", None, None)));
    check_query("number=12345&street=&active=true&zip=007&ip=&size=", Ok(address("007", Some(""), None)));
    check_query("zip=a&zip=1&active=true&number=12345&size=large", Ok(address("1", None, Some(Size::Large))));
    check_query(
        "zip=1&active=true&number=1&size=huge",
        invalid::<Outer>("size", "expected one of `small`, `large`"),
    );
    check_query("zip=1&active=true&number=1&ip=x", invalid::<Outer>("ip", "invalid IP address syntax"));
}

#[test]
fn flattened_lists_and_maps_have_all_values() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Lists {
        tags: Vec<String>,
        #[serde(default)]
        ids: Vec<u32>,
        range: Option<(i8, i8)>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        #[serde(flatten)]
        lists: Lists,
    }
    let lists = |tags: &[&str], ids: &[u32], range| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Ok(Outer { lists: Lists { tags, ids: ids.to_vec(), range } })
    };
    check_query("tags=a", lists(&["a"], &[], None));
    check_query("tags=5&tags=b&ids=01", lists(&["5", "b"], &[1], None));
    check_query("tags=5&ids=1&ids=02&ids=&range=-1&range=1", lists(&["5"], &[1, 2], Some((-1, 1))));
    check_query("tags=5&ids=", lists(&["5"], &[], None));
    check_query(
        "tags=a&ids=1&ids=x",
        invalid::<Outer>("ids", "expected a whole number of 32 bits, not negative"),
    );
    #[derive(Debug, Deserialize, PartialEq)]
    struct Rest<T> {
        a: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, T>,
    }
    let rest = |b: &str| Ok(Rest { a: 1, rest: BTreeMap::from([("b".to_owned(), b.to_owned())]) });
    check_query("a=1&b=2", rest("2"));
    check_query("a=1&b=x&b=true", rest("true"));
    check_query("a=1&b=02", Ok(Rest { a: 1, rest: BTreeMap::from([("b".to_owned(), 2_u8)]) }));
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Shape {
    Circle { radius: f64 },
    Named { name: String, sides: Option<u8> },
    Point,
}

#[test]
fn internally_tagged_enums_are_read() {
    check_query("kind=circle&radius=2", Ok(Shape::Circle { radius: 2.0 }));
    check_query("radius=2.50&kind=circle", Ok(Shape::Circle { radius: 2.5 }));
    check_query("kind=named&name=5&sides=4", Ok(Shape::Named { name: "5".to_owned(), sides: Some(4) }));
    check_query("kind=named&name=&sides=", Ok(Shape::Named { name: String::new(), sides: None }));
    check_query("kind=point&x=1", Ok(Shape::Point));
    check_query("kind=circle", missing::<Shape>("radius", ""));
    check_query("kind=circle&radius=x", invalid::<Shape>("radius", "expected a number"));
    check_query("kind=circle&radius=NaN", invalid::<Shape>("radius", "expected a number"));
    check_query("radius=1", missing::<Shape>("kind", ""));
    check_query("kind=x", invalid::<Shape>("kind", "expected one of `circle`, `named`, `point`"));
}

#[test]
fn untagged_enums_are_read_by_their_first_variant_that_fits() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(untagged)]
    enum Key {
        Number(u64),
        Name(String),
    }
    check("7", Ok(Key::Number(7)));
    check("007", Ok(Key::Name("007".to_owned())));
    check("a", Ok(Key::Name("a".to_owned())));
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(untagged)]
    enum Find {
        ById { id: u32, page: Option<u8> },
        ByName { name: String, ids: Vec<u8>, page: u8 },
    }
    check_query("id=7&page=", Ok(Find::ById { id: 7, page: None }));
    check_query("id=007&page=2", Ok(Find::ById { id: 7, page: Some(2) }));
    let by_name =
        |name: &str, ids: &[u8]| Ok(Find::ByName { name: name.to_owned(), ids: ids.to_vec(), page: 2 });
    check_query("name=5&ids=1&ids=2&page=2", by_name("5", &[1, 2]));
    check_query("name=true&ids=1&ids=2&page=2", by_name("true", &[1, 2]));
    check_query("id=x", invalid::<Find>("", "expected another combination of values"));
    check_json(json!({ "id": "7", "page": "" }), Ok(Find::ById { id: 7, page: None }));
    check("x", invalid::<Numbers>("", "expected another combination of values"));
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(untagged)]
    enum Numbers {
        Whole(u8),
    }
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
    let page: Page = from_json(&json!({ "rows": many, "ids": [] })).unwrap();
    assert_eq!((page.rows.len(), &page.rows[4999].amount), (5000, &None));
    #[derive(Debug, Deserialize, PartialEq)]
    struct User {
        user: Flat,
    }
    check_json(json!({ "user": { "q": "", "page": "2", "per_page": "", "desc": true } }), {
        flat("", 2, None, true).map(|user| User { user })
    });
    check_json(
        json!({ "user": { "page": "2", "per_page": "300" } }),
        invalid::<User>("user.per_page", "expected a whole number from 0 to 255"),
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
            Err(_) => Err(de::Error::custom(format!("{text} is no number"))),
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

#[test]
fn repeated_attempts_are_bounded() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Rest {
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    let fields = |count: usize| (0..count).map(|n| format!("f{n}=01&")).collect::<Vec<_>>().concat();
    assert_eq!(query::<Rest>(&fields(100)).unwrap().rest.len(), 100);
    assert_eq!(query::<Rest>(&fields(1000)), Err(Problem::TooMuch));
}
