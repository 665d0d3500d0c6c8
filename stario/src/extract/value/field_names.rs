//! Which fields serde reads a struct from.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

/// The names of the struct's fields, as serde reads them. `None` if the type takes other names, too, or is no struct.
pub(in super::super) fn field_names<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let mut names = None;
    // The type says what it needs, and gets nothing.
    let _ = T::deserialize(Asked(&mut names));
    names
}

/// Notes the fields that the type asks for.
struct Asked<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Refused> {
        *self.0 = Some(fields);
        Err(Refused)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// No value is made.
#[derive(Debug)]
struct Refused;

impl de::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no value is made")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(serde::Deserialize)]
    #[expect(dead_code)]
    struct Login {
        name: String,
        #[serde(rename = "pass")]
        password: String,
        #[serde(skip)]
        tries: u8,
        #[serde(alias = "stay")]
        remember: bool,
    }

    #[derive(serde::Deserialize)]
    struct Around(#[expect(dead_code)] Login);

    #[derive(serde::Deserialize)]
    #[expect(dead_code)]
    struct Open {
        name: String,
        #[serde(flatten)]
        rest: HashMap<String, String>,
    }

    #[test]
    fn a_struct_has_the_names_that_serde_reads() {
        let names = ["name", "pass", "remember", "stay"];
        assert_eq!(field_names::<Login>().unwrap(), names);
        assert_eq!(field_names::<Option<Around>>().unwrap(), names);
        assert_eq!(field_names::<Open>(), None);
        assert_eq!(field_names::<HashMap<String, String>>(), None);
    }
}
