//! A struct as the keys of a query and their texts, through serde: the reverse of `extract/fields.rs`.

use serde::ser::{Impossible, SerializeMap, SerializeStruct};
use serde::{Serialize, Serializer};

use super::text::{NoText, Sink, texts_of};

/// Receives a key and a function that passes on its texts, one key after the other.
pub(super) type FieldSink<'f> = &'f mut dyn FnMut(&str, &mut dyn FnMut(Sink<'_>));

/// Passes on the fields of a struct or a map: no text for a field that is `None` or skipped, and the text of each
/// element for a list. Nothing is passed on for a value without fields.
pub(super) fn fields_of(value: &(impl Serialize + ?Sized), field: FieldSink<'_>) {
    // A value that fails here is neither a struct nor a map, and no query is read into it.
    let _ = value.serialize(FieldSerializer { field, key: String::new() });
}

struct FieldSerializer<'f> {
    field: FieldSink<'f>,
    /// The key of the value that comes next in a map.
    key: String,
}

impl SerializeStruct for FieldSerializer<'_> {
    type Ok = ();
    type Error = NoText;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoText> {
        (self.field)(key, &mut |text| texts_of(value, text));
        Ok(())
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), NoText> {
        (self.field)(key, &mut |_| {});
        Ok(())
    }

    fn end(self) -> Result<(), NoText> {
        Ok(())
    }
}

/// Also a struct with `#[serde(flatten)]`.
impl SerializeMap for FieldSerializer<'_> {
    type Ok = ();
    type Error = NoText;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoText> {
        self.key.clear();
        texts_of(key, &mut |text| self.key.push_str(text));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoText> {
        (self.field)(&self.key, &mut |text| texts_of(value, text));
        Ok(())
    }

    fn end(self) -> Result<(), NoText> {
        Ok(())
    }
}

macro_rules! no_fields {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$ok, NoText> {
            Err(NoText)
        }
    )*};
}

impl Serializer for FieldSerializer<'_> {
    type Ok = ();
    type Error = NoText;
    type SerializeSeq = Impossible<(), NoText>;
    type SerializeTuple = Impossible<(), NoText>;
    type SerializeTupleStruct = Impossible<(), NoText>;
    type SerializeTupleVariant = Impossible<(), NoText>;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), NoText>;

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NoText> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, NoText> {
        Ok(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NoText> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NoText> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NoText> {
        Err(NoText)
    }

    no_fields! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}
