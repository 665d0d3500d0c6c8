//! The shape of a type, as it asks serde for it: whether it is a list, and which fields a struct has.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};

/// Whether the type takes several values: `Vec<T>`, a set, a map, or an `Option` of one. Only forms ask.
#[cfg(any(feature = "forms", test))]
pub(in super::super) fn is_sequence<T: DeserializeOwned>() -> bool {
    matches!(Shape::of::<T>(), Some(Shape::Sequence))
}

/// The names of the struct's fields, as serde reads them. `None` if the type takes other names, too, or is not a struct.
pub(in super::super) fn field_names<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    match Shape::of::<T>()? {
        Shape::Struct(fields) => Some(fields),
        Shape::Sequence => None,
    }
}

/// The shape that a type asks for; other types have none here.
enum Shape {
    /// A list or a map.
    Sequence,
    /// A struct with these fields.
    Struct(&'static [&'static str]),
}

impl Shape {
    fn of<T: DeserializeOwned>() -> Option<Self> {
        let mut shape = None;
        // The type says what it needs, and gets nothing.
        let _ = T::deserialize(Asked(&mut shape));
        shape
    }
}

/// Notes the shape that the type asks for.
struct Asked<'a>(&'a mut Option<Shape>);

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = ShapeFound;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ShapeFound> {
        Err(ShapeFound)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeFound> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ShapeFound> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ShapeFound> {
        *self.0 = Some(Shape::Sequence);
        Err(ShapeFound)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ShapeFound> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ShapeFound> {
        *self.0 = Some(Shape::Struct(fields));
        Err(ShapeFound)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct enum identifier ignored_any
    }
}

/// The error that ends serde once the shape is known: no value is made.
#[derive(Debug)]
struct ShapeFound;

impl de::Error for ShapeFound {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl std::error::Error for ShapeFound {}

impl fmt::Display for ShapeFound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no value is made")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap, HashSet};

    use super::*;

    #[derive(serde::Deserialize)]
    struct Tags(#[expect(dead_code)] Vec<String>);

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
    fn lists_sets_and_maps_take_several_values() {
        assert!(
            is_sequence::<Vec<u8>>() && is_sequence::<Option<HashSet<String>>>() && is_sequence::<Tags>()
        );
        assert!(is_sequence::<BTreeMap<String, u8>>());
        assert!(!is_sequence::<String>() && !is_sequence::<Option<u8>>() && !is_sequence::<bool>());
        assert!(!is_sequence::<Login>());
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
