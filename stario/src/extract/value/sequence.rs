//! Whether serde reads a type from a list: `Vec<T>`, a set, a map, or an `Option` of one.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

/// Whether the type takes several values.
pub(in super::super) fn is_sequence<T: DeserializeOwned>() -> bool {
    let mut is_sequence = false;
    // The type says what it needs, and gets nothing.
    let _ = T::deserialize(Asked(&mut is_sequence));
    is_sequence
}

/// Notes whether the type asks for a list.
struct Asked<'a>(&'a mut bool);

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

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        *self.0 = true;
        Err(Refused)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_seq(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct struct enum identifier ignored_any
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
    use std::collections::{BTreeMap, HashSet};

    use super::*;

    #[derive(serde::Deserialize)]
    struct Tags(#[expect(dead_code)] Vec<String>);

    #[test]
    fn lists_sets_and_maps_take_several_values() {
        assert!(
            is_sequence::<Vec<u8>>() && is_sequence::<Option<HashSet<String>>>() && is_sequence::<Tags>()
        );
        assert!(is_sequence::<BTreeMap<String, u8>>());
        assert!(!is_sequence::<String>() && !is_sequence::<Option<u8>>() && !is_sequence::<bool>());
    }
}
