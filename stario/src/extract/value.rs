//! Typed values from text and from JSON, through serde, and what was expected where they do not fit.
//!
//! A type says what it wants by the `deserialize_…` method it calls. That is also how the sentence for a
//! missing value is found, and how `Option` learns that there is none.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_json::Value;

/// Why there is no value, with what was expected.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Missing(Cow<'static, str>),
    Invalid(Cow<'static, str>),
}

pub(super) fn from_text<T: DeserializeOwned>(text: Option<&str>) -> Result<T, Problem> {
    T::deserialize(Text(text))
}

pub(super) fn from_json<T: DeserializeOwned>(value: Option<&Value>) -> Result<T, Problem> {
    match value {
        Some(value) => T::deserialize(value).map_err(|error| Problem::Invalid(expectation(&error))),
        None => T::deserialize(Text(None)),
    }
}

/// serde names the found value before the expected one; the found one is the client's and is not echoed.
fn expectation(error: &serde_json::Error) -> Cow<'static, str> {
    let message = error.to_string();
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => expected.to_owned().into(),
        None => message.into(),
    }
}

struct Text<'a>(Option<&'a str>);

impl<'a> Text<'a> {
    fn get(&self, expected: &'static str) -> Result<&'a str, Problem> {
        self.0.ok_or(Problem::Missing(expected.into()))
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty, $expected:literal;)*) => {$(
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
        deserialize_i8 visit_i8 i8, "a whole number from -128 to 127";
        deserialize_i16 visit_i16 i16, "a whole number of 16 bits";
        deserialize_i32 visit_i32 i32, "a whole number of 32 bits";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_i128 visit_i128 i128, "a whole number";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number of 32 bits, not negative";
        deserialize_u64 visit_u64 u64, "a whole number, not negative";
        deserialize_u128 visit_u128 u128, "a whole number, not negative";
        deserialize_f32 visit_f32 f32, "a number";
        deserialize_f64 visit_f64 f64, "a number";
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        const EXPECTED: &str = "true or false";
        let text = self.get(EXPECTED)?.trim();
        let is_one_of = |words: [&str; 6]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        if is_one_of(["true", "1", "yes", "on", "t", "y"]) {
            visitor.visit_bool(true)
        } else if is_one_of(["false", "0", "no", "off", "f", "n"]) {
            visitor.visit_bool(false)
        } else {
            Err(Problem::Invalid(EXPECTED.into()))
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
        let one_of = || Cow::from(format!("one of `{}`", variants.join("`, `")));
        let Some(text) = self.0 else { return Err(Problem::Missing(one_of())) };
        if !variants.contains(&text) {
            return Err(Problem::Invalid(one_of()));
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

impl std::error::Error for Problem {}

impl Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Problem::Missing(expected) | Problem::Invalid(expected)) = self;
        formatter.write_str(expected)
    }
}

/// What a type's own `Deserialize` says against a value.
impl de::Error for Problem {
    fn custom<T: Display>(message: T) -> Self {
        Problem::Invalid(message.to_string().into())
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Problem::Invalid(expected.to_string().into())
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Problem::Invalid(expected.to_string().into())
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

    #[test]
    fn json_is_not_echoed() {
        let value = serde_json::json!("<script>");
        assert_eq!(from_json::<i64>(Some(&value)), invalid("i64"));
        assert_eq!(from_json::<Option<i64>>(None), Ok(None));
    }
}
