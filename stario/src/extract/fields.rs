//! A struct from pairs of names and texts, as a query and a form have them, through serde.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

use super::Rejection;
use super::value::{Problem, Text};

/// One name's values, in their order.
type Field<'a> = (Cow<'a, str>, Vec<Cow<'a, str>>);

/// Reads a `T`, `source` being what one pair is called.
///
/// Of a repeated name a field that is a list gets all values, any other the first. Names that `T` does not
/// know are skipped, unless it says otherwise.
pub(super) fn read<'a, T: DeserializeOwned>(
    source: &'static str,
    pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
) -> Result<T, Rejection> {
    let mut fields: Vec<Field<'a>> = Vec::new();
    let mut positions: HashMap<Cow<'a, str>, usize> = HashMap::new();
    for (name, text) in pairs {
        let position = *positions.entry(name.clone()).or_insert(fields.len());
        match fields.get_mut(position) {
            Some((_, values)) => values.push(text),
            None => fields.push((name, vec![text])),
        }
    }
    T::deserialize(Fields(&fields)).map_err(|refusal| refusal.into_rejection(source))
}

/// What does not fit, and whose fault it is.
#[derive(Debug)]
enum Refusal {
    Missing(&'static str),
    /// With a clause: "expected ..", or a type's own words.
    Invalid {
        name: Option<&'static str>,
        what: Cow<'static, str>,
    },
}

impl Refusal {
    fn into_rejection(self, source: &'static str) -> Rejection {
        match self {
            Refusal::Missing(name) => Rejection::missing_field(source, name),
            Refusal::Invalid { name: Some(name), what } => Rejection::misfit(source, name, what),
            Refusal::Invalid { name: None, what } => {
                Rejection::new(http::StatusCode::UNPROCESSABLE_ENTITY, format!("invalid {source}: {what}"))
            }
        }
    }
}

impl std::error::Error for Refusal {}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::Missing(name) => write!(formatter, "missing `{name}`"),
            Refusal::Invalid { what, .. } => formatter.write_str(what),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Refusal::Invalid { name: None, what: problem.into_clause() }
    }
}

impl de::Error for Refusal {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        <Problem as de::Error>::custom(message).into()
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        <Problem as de::Error>::invalid_type(found, expected).into()
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        <Problem as de::Error>::invalid_value(found, expected).into()
    }

    fn invalid_length(length: usize, expected: &dyn de::Expected) -> Self {
        <Problem as de::Error>::invalid_length(length, expected).into()
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        <Problem as de::Error>::unknown_variant(found, expected).into()
    }

    fn unknown_field(found: &str, expected: &'static [&'static str]) -> Self {
        <Problem as de::Error>::unknown_field(found, expected).into()
    }

    fn missing_field(name: &'static str) -> Self {
        Refusal::Missing(name)
    }
}

struct Fields<'f>(&'f [Field<'f>]);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Refusal;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_map(Pairs { rest: self.0.iter(), names, current: None })
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(Pairs { rest: self.0.iter(), names: &[], current: None })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Pairs<'f> {
    rest: std::slice::Iter<'f, Field<'f>>,
    /// The struct's own names; those of a map are the client's.
    names: &'static [&'static str],
    current: Option<&'f Field<'f>>,
}

impl<'de> MapAccess<'de> for Pairs<'_> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        self.current = self.rest.next();
        let Some((name, _)) = self.current else { return Ok(None) };
        let name: StrDeserializer<'_, Refusal> = (&**name).into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let Some((name, values)) = self.current else {
            return Err(de::Error::custom("a value for each name"));
        };
        let first = values.first().map(|text| &**text);
        seed.deserialize(Values { all: values, one: first }).map_err(|problem| {
            let name = self.names.iter().find(|own| *own == name).copied();
            let text = first.unwrap_or_default();
            Refusal::Invalid { name, what: problem.without(text).into_clause() }
        })
    }
}

/// Reads a `T` of several texts: a list of them all, or what `one` is.
pub(super) fn read_texts<T: DeserializeOwned>(all: &[Cow<'_, str>], one: &str) -> Result<T, Problem> {
    T::deserialize(Values { all, one: Some(one) }).map_err(|problem| problem.without(one))
}

/// A list of all texts, or one of them.
struct Values<'f> {
    all: &'f [Cow<'f, str>],
    one: Option<&'f str>,
}

macro_rules! of_one {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
            Text(self.one).$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Values<'_> {
    type Error = Problem;

    of_one! {
        deserialize_any deserialize_bool deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64 deserialize_map deserialize_ignored_any
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_seq(Texts(self.all.iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        Text(self.one).deserialize_unit_struct(name, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        Text(self.one).deserialize_struct(name, fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        Text(self.one).deserialize_enum(name, variants, visitor)
    }
}

struct Texts<'f>(std::slice::Iter<'f, Cow<'f, str>>);

impl<'de> SeqAccess<'de> for Texts<'_> {
    type Error = Problem;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Problem> {
        self.0.next().map(|text| seed.deserialize(Text(Some(text)))).transpose()
    }
}
