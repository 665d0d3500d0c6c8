//! Flattened fields and enums that serde buffers before it asks for their types.

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Pager {
    page: u32,
    per_page: Option<u8>,
    #[serde(default)]
    desc: bool,
}

#[derive(Debug, Deserialize, PartialEq)]
pub(super) struct Flat {
    q: Option<String>,
    #[serde(flatten)]
    pager: Pager,
}

pub(super) fn flat(q: &str, page: u32, per_page: Option<u8>, desc: bool) -> Flat {
    Flat { q: Some(q.to_owned()), pager: Pager { page, per_page, desc } }
}

#[test]
fn flattened_fields_have_their_types() {
    check_query("q=5&page=2&per_page=3&desc=on", Ok(flat("5", 2, Some(3), true)));
    check_query("q=a&page=007&per_page=&desc=", Ok(flat("a", 7, None, false)));
    check_query("q=a&page=1&page=2&desc=1", Ok(flat("a", 2, None, true)));
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
fn repeated_attempts_are_bounded() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Rest {
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    let fields = |count: usize| (0..count).map(|n| format!("f{n}=01&")).collect::<Vec<_>>().concat();
    assert_eq!(query::<Rest>(&fields(100)).unwrap().rest.len(), 100);
    assert_eq!(query::<Rest>(&fields(1000)), Err(ValueProblem::TooMuch));
}
