//! Typed values from text and from JSON, through serde, and what was expected where they do not fit.
//!
//! A type says what it wants by the `deserialize_…` method it calls. That is also how the sentence for a
//! missing value is found, and how `Option` learns that there is none.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};

use super::Rejection;

/// Why there is no value, with what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Missing(Cow<'static, str>),
    Invalid(Cow<'static, str>),
    /// In the words of the type's own `Deserialize`, a statement rather than an expectation.
    Refused(Cow<'static, str>),
}

impl Problem {
    /// The refusal of the value called `name` of `source`.
    pub(super) fn into_rejection(
        self,
        source: &'static str,
        name: impl Into<Cow<'static, str>>,
    ) -> Rejection {
        match self {
            Problem::Missing(expected) => Rejection::missing(source, name, expected),
            Problem::Invalid(expected) => Rejection::invalid(source, name, expected),
            Problem::Refused(words) => Rejection::misfit(source, name, words),
        }
    }

    /// What is wrong with a value: "expected ..", or the type's own words.
    pub(super) fn into_clause(self) -> Cow<'static, str> {
        match self {
            Problem::Missing(expected) | Problem::Invalid(expected) => format!("expected {expected}").into(),
            Problem::Refused(words) => words,
        }
    }
}

pub(super) fn from_text<T: DeserializeOwned>(text: Option<&str>) -> Result<T, Problem> {
    T::deserialize(Text(text)).map_err(|problem| problem.without(text.unwrap_or_default()))
}

/// A clause for JSON that does not fit: "expected ..", what is missing or there twice, or the type's own
/// words.
///
/// serde names the found value before the expected one; the found one is the client's and is not repeated.
pub(super) fn misfit(error: &serde_json::Error) -> String {
    let message = message(error);
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {}", expected_in_words(expected)),
        // A name that is not among none.
        None if message.starts_with("unknown ") => "expected a known name".to_owned(),
        None => without_found(&message).to_owned(),
    }
}

/// The message without its place in the text.
fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).map(str::to_owned).unwrap_or(message)
}

/// What serde calls by the names of Rust's types.
fn expected_in_words(expected: &str) -> Cow<'static, str> {
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
        "a boolean" => BOOLEAN,
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => return other.to_owned().into(),
    };
    words.into()
}

/// Messages of parsers name what they found last; that is the client's.
fn without_found(message: &str) -> &str {
    message.split_once(", found ").map_or(message, |(before, _)| before)
}

const I8: &str = "a whole number from -128 to 127";
const I16: &str = "a whole number of 16 bits";
const I32: &str = "a whole number of 32 bits";
const INTEGER: &str = "a whole number";
const U8: &str = "a whole number from 0 to 255";
const U16: &str = "a whole number from 0 to 65535";
const U32: &str = "a whole number of 32 bits, not negative";
const NOT_NEGATIVE: &str = "a whole number, not negative";
const NUMBER: &str = "a number";
const BOOLEAN: &str = "true or false";

/// One value of text, or none.
pub(super) struct Text<'a>(pub(super) Option<&'a str>);

impl<'a> Text<'a> {
    fn get(&self, expected: &'static str) -> Result<&'a str, Problem> {
        self.0.ok_or(Problem::Missing(expected.into()))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $expected:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            let text = self.get($expected)?;
            match text.trim().parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(Problem::Invalid($expected.into())),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Problem;

    numbers! {
        deserialize_i8 visit_i8 i8, I8;
        deserialize_i16 visit_i16 i16, I16;
        deserialize_i32 visit_i32 i32, I32;
        deserialize_i64 visit_i64 i64, INTEGER;
        deserialize_i128 visit_i128 i128, INTEGER;
        deserialize_u8 visit_u8 u8, U8;
        deserialize_u16 visit_u16 u16, U16;
        deserialize_u32 visit_u32 u32, U32;
        deserialize_u64 visit_u64 u64, NOT_NEGATIVE;
        deserialize_u128 visit_u128 u128, NOT_NEGATIVE;
        deserialize_f32 visit_f32 f32, NUMBER;
        deserialize_f64 visit_f64 f64, NUMBER;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let text = self.get(BOOLEAN)?.trim();
        let is_one_of = |words: [&str; 6]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is_one_of(["true", "1", "yes", "on", "t", "y"]) {
            visitor.visit_bool(true)
        } else if is_one_of(["false", "0", "no", "off", "f", "n"]) {
            visitor.visit_bool(false)
        } else {
            Err(Problem::Invalid(BOOLEAN.into()))
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        const EXPECTED: &str = "one character";
        match self.get(EXPECTED)?.parse() {
            Ok(c) => visitor.visit_char(c),
            Err(_) => Err(Problem::Invalid(EXPECTED.into())),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_str(self.get("text")?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        if self.0.is_some() { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let Some(text) = self.0 else { return Err(Problem::Missing(one_of(variants))) };
        if !variants.contains(&text) {
            return Err(Problem::Invalid(one_of(variants)));
        }
        let variant: StrDeserializer<'_, Problem> = text.into_deserializer();
        visitor.visit_enum(variant)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_str(visitor)
    }

    serde::forward_to_deserialize_any! {
        string bytes byte_buf unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn one_of(names: &[&str]) -> Cow<'static, str> {
    format!("one of `{}`", names.join("`, `")).into()
}

impl Problem {
    /// The same, unless the words of a type's own `Deserialize` repeat the value.
    pub(super) fn without(self, text: &str) -> Self {
        match self {
            Problem::Refused(words) if text.len() > 2 && words.contains(text) => {
                Problem::Invalid("another value".into())
            }
            other => other,
        }
    }
}

impl std::error::Error for Problem {}

impl Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Problem::Missing(words) | Problem::Invalid(words) | Problem::Refused(words)) = self;
        formatter.write_str(words)
    }
}

/// What a type's own `Deserialize` says against a value.
impl de::Error for Problem {
    fn custom<T: Display>(message: T) -> Self {
        Problem::Refused(without_found(&message.to_string()).to_owned().into())
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Problem::Invalid(expected.to_string().into())
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Problem::Invalid(expected.to_string().into())
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Problem::Invalid(expected.to_string().into())
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Problem::Invalid(one_of(expected))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Problem::Invalid(one_of(expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Id(u64);

    #[allow(clippy::needless_pass_by_value)] // The cases read better without a `&` each.
    fn check<T: DeserializeOwned + PartialEq + fmt::Debug>(text: Option<&str>, expected: Result<T, Problem>) {
        assert_eq!(from_text(text), expected, "{text:?}");
    }

    fn missing<T>(expected: &'static str) -> Result<T, Problem> {
        Err(Problem::Missing(expected.into()))
    }

    fn invalid<T>(expected: &'static str) -> Result<T, Problem> {
        Err(Problem::Invalid(expected.into()))
    }

    #[test]
    fn text_becomes_the_type_asked_for() {
        check(Some("5"), Ok(5_i64));
        check(Some("+5"), Ok(5_i64));
        check(Some(" 5 "), Ok(5_i64));
        check(Some("5.5"), invalid::<i64>("a whole number"));
        check(Some(""), invalid::<i64>("a whole number"));
        check(Some("256"), invalid::<u8>("a whole number from 0 to 255"));
        check(None, missing::<i64>("a whole number"));
        check(Some("YES"), Ok(true));
        check(Some("off"), Ok(false));
        check(Some("maybe"), invalid::<bool>("true or false"));
        check(Some(""), Ok(String::new()));
        check(None, missing::<String>("text"));
        check(Some("é"), Ok('é'));
        check(Some("1.5"), Ok(1.5_f64));
    }

    #[test]
    fn options_newtypes_and_enums_work_through_serde() {
        check(None, Ok(None::<i64>));
        check(Some("7"), Ok(Some(7_i64)));
        check(Some("7"), Ok(Id(7)));
        check(None, missing::<Id>("a whole number, not negative"));
        check(Some("large"), Ok(Size::Large));
        check(Some("huge"), invalid::<Size>("one of `small`, `large`"));
        check(None, missing::<Size>("one of `small`, `large`"));
    }

    /// A type that says what it found, as careless ones do.
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
    fn text_is_not_echoed() {
        check(Some("2"), Ok(Even(2)));
        check::<Even>(Some("1"), Err(Problem::Refused("an even number".into())));
        check(Some("<script>"), invalid::<Even>("another value"));
    }

    #[test]
    fn json_is_not_echoed() {
        let error = i64::deserialize(serde_json::json!("<script>, expected <b>")).unwrap_err();
        assert_eq!(misfit(&error), "expected a whole number");
    }
}
