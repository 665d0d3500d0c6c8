//! Whether two texts of JSON are the same value.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The deepest value that is looked into.
const MOST_DEPTH: u32 = 128;

/// Whether the texts are the same value: the order of an object's entries does not count, because a `HashMap` has none. Numbers are
/// compared as they are written: `u128::MAX` is no `f64`.
pub(super) fn is_same_json(one: &str, other: &str) -> bool {
    is_same(one, other, MOST_DEPTH)
}

fn is_same(one: &str, other: &str, depth: u32) -> bool {
    if one == other {
        return true;
    }
    let Some(depth) = depth.checked_sub(1) else { return false };
    let is_same = |(one, other): (&RawValue, &RawValue)| is_same(one.get(), other.get(), depth);
    match (one.as_bytes().first(), other.as_bytes().first()) {
        (Some(b'{'), Some(b'{')) => {
            let entries = both::<BTreeMap<String, &RawValue>>(one, other);
            entries.is_some_and(|(one, other)| {
                one.keys().eq(other.keys()) && one.into_values().zip(other.into_values()).all(is_same)
            })
        }
        (Some(b'['), Some(b'[')) => both::<Vec<&RawValue>>(one, other)
            .is_some_and(|(one, other)| one.len() == other.len() && one.into_iter().zip(other).all(is_same)),
        (Some(b'"'), Some(b'"')) => both::<String>(one, other).is_some_and(|(one, other)| one == other),
        _ => false,
    }
}

fn both<'a, T: Deserialize<'a>>(one: &'a str, other: &'a str) -> Option<(T, T)> {
    Some((serde_json::from_str(one).ok()?, serde_json::from_str(other).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_entries_does_not_count() {
        let same = [
            ("7", "7"),
            (r#"{"a":1,"b":[{"c":null,"d":"x"}]}"#, r#"{"b":[{"d":"x","c":null}],"a":1}"#),
            (r#""\u0061""#, r#""a""#),
            ("{}", "{ }"),
        ];
        for (one, other) in same {
            assert!(is_same_json(one, other), "{one} {other}");
        }
        let others = [
            ("1", "2"),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#"{"a":1}"#, r#"{"a":1,"b":1}"#),
            (r#"{"a":1}"#, r#"{"a":2}"#),
            (r#""a""#, r#""b""#),
            ("null", "false"),
            ("{}", "[]"),
            ("340282366920938463463374607431768211455", "340282366920938463463374607431768211454"),
        ];
        for (one, other) in others {
            assert!(!is_same_json(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_value_of_any_depth_is_compared() {
        let deep = |inner: &str| format!("{}{inner}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(is_same_json(&deep("1"), &deep("1")));
        assert!(!is_same_json(&deep("1"), &deep("2")));
    }
}
