//! The expectation of a type, in words for people who do not know Rust.

use std::borrow::Cow;

const I8: &str = "a whole number from -128 to 127";
const I16: &str = "a whole number of 16 bits";
const I32: &str = "a whole number of 32 bits";
const INTEGER: &str = "a whole number";
const U8: &str = "a whole number from 0 to 255";
const U16: &str = "a whole number from 0 to 65535";
const U32: &str = "a whole number of 32 bits, not negative";
const NOT_NEGATIVE: &str = "a whole number, not negative";
const NUMBER: &str = "a number";

/// Translates what serde expects, where it names a type of Rust. Other expectations are a type's own words.
pub(super) fn expectation(expected: &str) -> Cow<'static, str> {
    let words = match expected {
        "i8" => I8,
        "i16" => I16,
        "i32" => I32,
        "i64" | "i128" | "isize" => INTEGER,
        "u8" => U8,
        "u16" => U16,
        "u32" => U32,
        "u64" | "u128" | "usize" => NOT_NEGATIVE,
        "f32" | "f64" => NUMBER,
        "a boolean" => "true or false",
        "a character" => "one character",
        "a sequence" | "tuple variant" => "a list",
        "a map" | "newtype variant" | "struct variant" => "an object",
        "any value" => "a value",
        "unit" => "nothing",
        _ => return composed_expectation(expected),
    };
    words.into()
}

/// The same for an expectation that contains a name or a number.
fn composed_expectation(expected: &str) -> Cow<'static, str> {
    if expected.starts_with("struct ") {
        return "an object".into();
    }
    if let Some(integer) = expected.strip_prefix("a nonzero ") {
        return format!("{}, and not 0", expectation(integer)).into();
    }
    let length = expected.strip_prefix("a tuple of size ").or_else(|| {
        let with_length = expected.strip_prefix("tuple struct ")?.split_once(" with ")?.1;
        with_length.split_once(" element").map(|(length, _)| length)
    });
    match length {
        Some(length) => format!("a list of {length}").into(),
        None => expected.to_owned().into(),
    }
}

/// The same for values that come as text, which JSON calls "a string".
pub(super) fn text_expectation(expected: &str) -> Cow<'static, str> {
    match expected {
        "a string" | "a borrowed string" | "string or map" => "text".into(),
        other => expectation(other),
    }
}

/// The list of names that are accepted.
pub(super) fn one_of(names: &[&str]) -> String {
    format!("one of `{}`", names.join("`, `"))
}

/// The message of a parser without the value that it found, which is the client's.
pub(super) fn without_found(message: &str) -> &str {
    message.split_once(", found ").map_or(message, |(before, _)| before)
}

/// A clause for JSON that does not fit: "expected ..", what is missing or there twice, or the type's own words.
///
/// serde names the found value before the expected one; the found value is the client's and is not repeated.
pub(in super::super) fn json_clause(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&position).unwrap_or(&message);
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {}", expectation(expected)),
        // The type accepts no name at all.
        None if message.starts_with("unknown ") => "expected a known name".to_owned(),
        None => without_found(message).to_owned(),
    }
}

/// Whether a name of the client's may be repeated in a message: it looks like the name of a field.
pub(in super::super) fn is_plain_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn expectations_do_not_name_types_of_rust() {
        let check = |expected: &str, words: &str| assert_eq!(text_expectation(expected), words);
        check("u32", "a whole number of 32 bits, not negative");
        check("a nonzero u8", "a whole number from 0 to 255, and not 0");
        check("a tuple of size 2", "a list of 2");
        check("tuple struct Point with 3 elements", "a list of 3");
        check("struct Form", "an object");
        check("a string", "text");
        check("a colour", "a colour");
    }

    #[test]
    fn a_value_in_json_is_not_repeated() {
        let error = i64::deserialize(serde_json::json!("<script>, expected <b>")).unwrap_err();
        assert_eq!(json_clause(&error), "expected a whole number");
    }
}
