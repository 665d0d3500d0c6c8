//! How serde reads a value: what each type asks for, and what it gets.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Visitor};

use super::access::{Elements, ObjectMembers, PairElements, Pairs, TextElements, Variant};
use super::attempt::{Given, WireForm};
use super::json::JsonKind;
use super::mismatch::Mismatch;
use super::reader::{ValueReader, View};
use super::scalar::{Guess, Number, truth};

impl<'de> ValueReader<'_, 'de> {
    /// Hands a number to the type, from JSON or as `parse` reads it in a text.
    fn number<V: Visitor<'de>>(
        self,
        visitor: V,
        parse: fn(&str) -> Option<Number>,
    ) -> Result<V::Value, Mismatch> {
        let number = match self.view {
            View::Json(json) => json.number().or_else(|| json.text().and_then(parse)),
            _ => self.view.as_text().and_then(parse),
        };
        match number {
            Some(number) => number.visit(visitor),
            None => Err(self.refusal(&visitor)),
        }
    }

    /// Hands a text to a type that does not say what it needs, as what the text looks like or is known to be.
    fn guessed_text<V: Visitor<'de>>(self, text: &'de str, visitor: V) -> Result<V::Value, Mismatch> {
        // JSON has types of its own: a string is a text unless serde has asked for something else.
        let may_be_list = matches!(self.view, View::Texts { .. });
        let number = |number: Option<Number>| number.map_or(Guess::Text, Guess::Number);
        let guess = match self.attempt.form(self.place) {
            Some(WireForm::Whole) => number(Number::whole(text)),
            Some(WireForm::Float) => number(Number::float(text)),
            Some(WireForm::Bool) => truth(text).map_or(Guess::Text, Guess::Bool),
            None if may_be_list => Guess::of(text),
            _ => Guess::Text,
        };
        let text = self.attempt.buffer(self.place, text, may_be_list, Given::Scalar(guess));
        match guess {
            Guess::Number(number) => number.visit(visitor),
            Guess::Bool(value) => visitor.visit_bool(value),
            Guess::Text => visitor.visit_borrowed_str(text),
        }
    }

    fn members<V: Visitor<'de>>(
        self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self.view {
            View::Json(json) => match json.members() {
                Some(members) => {
                    let members = members.map(|(name, value)| (name, View::Json(value)));
                    visitor.visit_map(ObjectMembers::new(self, members, names))
                }
                None => Err(self.refusal(&visitor)),
            },
            View::Fields(fields) => {
                let members = fields.groups.iter().filter_map(|(name, all)| {
                    // Of several texts a single value is the last, as browsers mean a checkbox after a hidden input.
                    Some((*name, View::Texts { all, one: all.last()? }))
                });
                visitor.visit_map(ObjectMembers::new(self, members, names))
            }
            // Some types are an object in other formats and a text here.
            View::Texts { one, .. } => visitor.visit_borrowed_str(one),
            _ => Err(self.refusal(&visitor)),
        }
    }

    fn elements<V: Visitor<'de>>(self, is_tuple: bool, visitor: V) -> Result<V::Value, Mismatch> {
        match self.view {
            View::Texts { all, .. } => visitor.visit_seq(TextElements::new(self, all)),
            View::Json(json) => match json.elements() {
                Some(elements) => visitor.visit_seq(Elements::new(self, elements, is_tuple)),
                None => Err(self.refusal(&visitor)),
            },
            View::Fields(fields) if !is_tuple => visitor.visit_seq(Pairs::new(self, fields.pairs)),
            View::Pair(pair) => visitor.visit_seq(PairElements::new(self, pair)),
            _ => Err(self.refusal(&visitor)),
        }
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            self.number(visitor, Number::whole)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match self.view.as_text() {
                Some(text) => visitor.visit_borrowed_str(text),
                None => Err(self.refusal(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueReader<'_, 'de> {
    type Error = Mismatch;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    texts! { deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.number(visitor, Number::wide)
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.number(visitor, Number::wide)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        if let View::Json(json) = self.view
            && let Some(Number::Float(number)) = json.number()
            && number.abs() > f32::MAX.into()
        {
            return Err(self.refusal(&visitor));
        }
        self.number(visitor, Number::short_float)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.number(visitor, Number::float)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        let value = match self.view {
            View::Json(json) => json.truth().or_else(|| json.text().and_then(truth)),
            view => view.as_text().and_then(truth),
        };
        match value {
            Some(value) => visitor.visit_bool(value),
            None => Err(self.refusal(&visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.view.as_text().and_then(|text| text.parse().ok()) {
            Some(c) => visitor.visit_char(c),
            None => Err(self.refusal(&visitor)),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.view {
            View::Json(json) if json.elements().is_some() => self.elements(false, visitor),
            _ => self.deserialize_str(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.view {
            View::Nothing => visitor.visit_none(),
            View::Json(json) if json.is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.view {
            View::Json(json) if !json.is_null() => Err(self.refusal(&visitor)),
            _ => visitor.visit_unit(),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.elements(false, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.elements(true, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.elements(true, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.members(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.members(names, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        if let View::Json(json) = self.view
            && let Some(mut members) = json.members()
        {
            return match (members.next(), members.next()) {
                (Some((name, value)), None) => visitor.visit_enum(Variant::new(self, name, value)),
                _ => Err(Mismatch::invalid_name(variants)),
            };
        }
        match self.view {
            View::Nothing => Err(Mismatch::missing_name(variants)),
            view => match view.as_text() {
                // `#[serde(other)]` accepts any name, but an empty text is none.
                Some("") if !variants.contains(&"") => Err(Mismatch::invalid_name(variants)),
                Some(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
                None => Err(Mismatch::invalid_name(variants)),
            },
        }
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.view {
            View::Nothing => Err(self.refusal(&visitor)),
            View::Texts { all, one } => match self.attempt.form(self.place) {
                Some(WireForm::List) => self.elements(false, visitor),
                None if all.len() > 1 => {
                    self.attempt.buffer(self.place, one, true, Given::List);
                    self.elements(false, visitor)
                }
                _ => self.guessed_text(one, visitor),
            },
            View::Json(json) => match json.kind() {
                JsonKind::Text(text) => self.guessed_text(text, visitor),
                JsonKind::Null => visitor.visit_unit(),
                JsonKind::Bool(value) => visitor.visit_bool(value),
                JsonKind::Number(number) => number.visit(visitor),
                JsonKind::Object => self.members(&[], visitor),
                JsonKind::List => self.elements(false, visitor),
            },
            View::Fields(_) => self.members(&[], visitor),
            View::Pair(_) => self.elements(false, visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_unit()
    }
}
