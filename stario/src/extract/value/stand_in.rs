//! A value of a type that was not sent: the rules of the other fields are checked with it, and nobody else sees it.

use serde::de::value::{Error, StrDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Makes some value of the type: 0, the empty text, the first variant of an enum. `None` if the type takes none of them.
pub(in super::super) fn stand_in<T: DeserializeOwned>() -> Option<T> {
    T::deserialize(StandIn).ok()
}

/// Gives each type what it asks for.
struct StandIn;

macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            // Types that cannot be 0 say so, and have no stand-in.
            visitor.visit_u8(0)
        }
    )*};
}
impl<'de> Deserializer<'de> for StandIn {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("the type does not say what it needs"))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(false)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_char('-')
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str("")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(EmptyAccess)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(EmptyAccess)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let first = variants.first().ok_or_else(|| Error::custom("the enum has no variant"))?;
        visitor.visit_enum(StrDeserializer::new(first))
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    serde::forward_to_deserialize_any! {
        bytes byte_buf unit_struct tuple tuple_struct struct identifier ignored_any
    }
}

/// A list or a map without elements.
struct EmptyAccess;

impl<'de> SeqAccess<'de> for EmptyAccess {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<Option<S::Value>, Error> {
        Ok(None)
    }
}

impl<'de> MapAccess<'de> for EmptyAccess {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, _: K) -> Result<Option<K::Value>, Error> {
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, _: S) -> Result<S::Value, Error> {
        Err(Error::custom("an empty map has no value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    enum Plan {
        Small,
        Large,
    }

    #[test]
    fn common_types_have_a_stand_in() {
        assert_eq!(stand_in::<u8>(), Some(0));
        assert_eq!(stand_in::<f64>(), Some(0.0));
        assert_eq!(stand_in::<String>().as_deref(), Some(""));
        assert_eq!(stand_in::<Option<Plan>>(), Some(None));
        assert_eq!(stand_in::<Plan>(), Some(Plan::Small));
        assert_eq!(stand_in::<Vec<Plan>>(), Some(Vec::new()));
        assert_eq!(stand_in::<std::num::NonZeroU8>(), None);
        assert_eq!(stand_in::<std::net::IpAddr>(), None);
    }
}
