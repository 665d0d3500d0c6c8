//! Structs, lists and enums: what serde reads member by member.

use std::borrow::Cow;
use std::iter::Enumerate;
use std::slice::Iter;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::attempt::{Empty, ReadAttempt};
use super::json::{JsonElements, JsonValue};
use super::mismatch::Mismatch;
use super::place::ValuePlace;
use super::reader::{ValueReader, View};
use super::words::is_plain_name;

/// The name of a member as messages show it. Names that a struct does not have are the client's.
pub(super) fn shown<'n>(name: &'n str, names: &[&str]) -> &'n str {
    if names.contains(&name) || is_plain_name(name) { name } else { "?" }
}

/// The members of an object, a query or a form.
pub(super) struct ObjectMembers<'a, 'de, I> {
    rest: I,
    names: &'static [&'static str],
    place: ValuePlace,
    attempt: &'a ReadAttempt<'de>,
    current: Option<(&'de str, View<'de>)>,
}

impl<'a, 'de, I> ObjectMembers<'a, 'de, I> {
    /// `names` are those of the struct, or none for a map.
    pub(super) fn new(parent: ValueReader<'a, 'de>, rest: I, names: &'static [&'static str]) -> Self {
        Self { rest, names, place: parent.place, attempt: parent.attempt, current: None }
    }
}

impl<'de, I: Iterator<Item = (&'de str, View<'de>)>> MapAccess<'de> for ObjectMembers<'_, 'de, I> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Self { rest, place, attempt, .. } = self;
        self.current = rest
            .find(|(name, view)| !attempt.may_leave_out() || !view.is_left_out(place.of_name(name), attempt));
        let Some((name, _)) = self.current else { return Ok(None) };
        seed.deserialize(Key(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Mismatch> {
        let Some((name, view)) = self.current.take() else {
            return Err(de::Error::custom("a value was read before its name"));
        };
        let reader = ValueReader::new(view, self.place.of_name(name), self.attempt);
        reader.read(seed).map_err(|mismatch| mismatch.below(shown(name, self.names)))
    }
}

/// A name in a map, which may be a number.
struct Key<'de>(&'de str);

macro_rules! number_keys {
    ($($method:ident $visit:ident $type:ty),*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match self.0.parse::<$type>() {
                Ok(number) => visitor.$visit(number),
                Err(_) => Err(Mismatch::invalid(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Key<'de> {
    type Error = Mismatch;

    number_keys! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.0))
    }

    serde::forward_to_deserialize_any! {
        bool i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

/// The texts of one name, as the elements of a list.
pub(super) struct TextElements<'a, 'de> {
    rest: Iter<'de, Cow<'de, str>>,
    place: ValuePlace,
    attempt: &'a ReadAttempt<'de>,
    leaves_out_empty: bool,
}

impl<'a, 'de> TextElements<'a, 'de> {
    pub(super) fn new(parent: ValueReader<'a, 'de>, texts: &'de [Cow<'de, str>]) -> Self {
        let place = parent.place.of_elements();
        let leaves_out_empty = parent.attempt.empty(place) == Some(Empty::LeftOut);
        Self { rest: texts.iter(), place, attempt: parent.attempt, leaves_out_empty }
    }
}

impl<'de> SeqAccess<'de> for TextElements<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        let leaves_out_empty = self.leaves_out_empty;
        let text = self.rest.find(|text| !(leaves_out_empty && text.is_empty()));
        text.map(|text| ValueReader::new(View::text(text), self.place, self.attempt).read(seed)).transpose()
    }
}

/// The elements of a list in JSON.
pub(super) struct Elements<'a, 'de> {
    rest: Enumerate<JsonElements<'de>>,
    place: ValuePlace,
    attempt: &'a ReadAttempt<'de>,
    is_tuple: bool,
}

impl<'a, 'de> Elements<'a, 'de> {
    pub(super) fn new(parent: ValueReader<'a, 'de>, elements: JsonElements<'de>, is_tuple: bool) -> Self {
        Self { rest: elements.enumerate(), place: parent.place, attempt: parent.attempt, is_tuple }
    }

    fn place(&self, index: usize) -> ValuePlace {
        if self.is_tuple { self.place.of_element(index) } else { self.place.of_elements() }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        while let Some((index, value)) = self.rest.next() {
            let (view, place) = (View::Json(value), self.place(index));
            if !self.is_tuple && view.is_left_out(place, self.attempt) {
                continue;
            }
            let element = ValueReader::new(view, place, self.attempt).read(seed);
            return element.map(Some).map_err(|mismatch| mismatch.below(format!("[{index}]")));
        }
        Ok(None)
    }
}

/// A query or form as a list of pairs.
pub(super) struct Pairs<'a, 'de> {
    rest: Iter<'de, (Cow<'de, str>, Cow<'de, str>)>,
    place: ValuePlace,
    attempt: &'a ReadAttempt<'de>,
}

impl<'a, 'de> Pairs<'a, 'de> {
    pub(super) fn new(parent: ValueReader<'a, 'de>, pairs: &'de [(Cow<'de, str>, Cow<'de, str>)]) -> Self {
        Self { rest: pairs.iter(), place: parent.place.of_elements(), attempt: parent.attempt }
    }
}

impl<'de> SeqAccess<'de> for Pairs<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        let Some(pair) = self.rest.next() else { return Ok(None) };
        let element = ValueReader::new(View::Pair(pair), self.place, self.attempt).read(seed);
        element.map(Some).map_err(|mismatch| mismatch.below(shown(&pair.0, &[])))
    }
}

/// A name and its text, as the elements of a tuple.
pub(super) struct PairElements<'a, 'de> {
    rest: Enumerate<std::array::IntoIter<&'de Cow<'de, str>, 2>>,
    place: ValuePlace,
    attempt: &'a ReadAttempt<'de>,
}

impl<'a, 'de> PairElements<'a, 'de> {
    pub(super) fn new(parent: ValueReader<'a, 'de>, pair: &'de (Cow<'de, str>, Cow<'de, str>)) -> Self {
        Self {
            rest: [&pair.0, &pair.1].into_iter().enumerate(),
            place: parent.place,
            attempt: parent.attempt,
        }
    }
}

impl<'de> SeqAccess<'de> for PairElements<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Mismatch> {
        let Some((index, text)) = self.rest.next() else { return Ok(None) };
        ValueReader::new(View::text(text), self.place.of_element(index), self.attempt).read(seed).map(Some)
    }
}

/// A variant of an enum and its content, as JSON has it: `{"Circle": {"radius": 1}}`.
pub(super) struct Variant<'a, 'de> {
    name: &'de str,
    content: ValueReader<'a, 'de>,
}

impl<'a, 'de> Variant<'a, 'de> {
    pub(super) fn new(parent: ValueReader<'a, 'de>, name: &'de str, content: JsonValue<'de>) -> Self {
        let place = parent.place.of_name(name);
        Self { name, content: ValueReader::new(View::Json(content), place, parent.attempt) }
    }

    fn below<T>(name: &str, result: Result<T, Mismatch>) -> Result<T, Mismatch> {
        result.map_err(|mismatch| mismatch.below(shown(name, &[])))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mismatch> {
        Ok((seed.deserialize(Key(self.name))?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        Self::below(self.name, de::Deserialize::deserialize(self.content))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Mismatch> {
        Self::below(self.name, self.content.read(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Mismatch> {
        Self::below(self.name, self.content.deserialize_tuple(length, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        Self::below(self.name, self.content.deserialize_struct("", names, visitor))
    }
}
