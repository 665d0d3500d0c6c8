//! A struct of signals, written and read field by field, with each field's own name.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::kind::SignalInfo;
use super::reference::NestedSignals;
use crate::JsWriter;
use crate::json::to_code;
use crate::places::SignalsAttr;

/// The signals of a page, as a struct: implemented by `derive(Signals)`, and by nothing else.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a struct of signals",
    label = "no `#[derive(Signals)]`",
    note = "a nested struct derives `Signals` itself; without `#[signals(nested)]` a field is one signal, which serde writes and reads"
)]
pub trait PageSignals: Sized {
    /// What is known of each signal when the program is compiled, in the order of the fields.
    const SIGNALS: &'static [SignalInfo];

    /// The references to the signals of this struct where it is nested.
    type Fields: From<NestedSignals<Self>>;

    /// The names that are read, in the order that `__read` knows.
    #[doc(hidden)]
    const NAMES: &'static [&'static str];

    #[doc(hidden)]
    fn __write<M: SerializeMap>(&self, with_local: bool, map: &mut M) -> Result<(), M::Error>;

    #[doc(hidden)]
    fn __read<'de, M: MapAccess<'de>>(map: M) -> Result<Self, M::Error>;

    /// Writes the signals of a nested struct as an object.
    #[doc(hidden)]
    fn __write_nested<M: SerializeMap>(
        &self,
        name: &'static str,
        with_local: bool,
        map: &mut M,
    ) -> Result<(), M::Error> {
        map.serialize_entry(name, &ByFields { value: self, with_local })
    }

    /// Reads the signals of a nested struct.
    #[doc(hidden)]
    fn __read_nested<'de, M: MapAccess<'de>>(map: &mut M) -> Result<Self, M::Error> {
        map.next_value().map(|OwnedByFields(value)| value)
    }

    /// What a nested struct is of which the page sent nothing: one whose signals may all be missing, or an error.
    #[doc(hidden)]
    fn __missing_nested<E: de::Error>(name: &'static str) -> Result<Self, E> {
        let empty = de::value::MapDeserializer::<_, E>::new(std::iter::empty::<(&str, &str)>());
        Self::__read(empty).map_err(|_| E::missing_field(name))
    }
}

/// A type that can be one signal: serde writes and reads it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a signal",
    label = "serde cannot write and read it",
    note = "a signal's type is `Serialize` and `Deserialize`; a struct whose fields are signals of their own derives `Signals`, and its field is marked `#[signals(nested)]`"
)]
pub trait SignalType: Sized {
    fn __write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;

    fn __read<'de, M: MapAccess<'de>>(map: &mut M) -> Result<Self, M::Error>;

    /// What a signal is that the page did not send: `None`, or an error.
    fn __missing<E: de::Error>(name: &'static str) -> Result<Self, E>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> SignalType for T {
    fn __write<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(name, self)
    }

    fn __read<'de, M: MapAccess<'de>>(map: &mut M) -> Result<Self, M::Error> {
        map.next_value()
    }

    fn __missing<E: de::Error>(name: &'static str) -> Result<Self, E> {
        T::deserialize(Missing(name, PhantomData))
    }
}

/// A type that can be a local signal.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a local signal",
    label = "it has no `Default`",
    note = "a page never sends a local signal, so what is read of it is its `Default`"
)]
pub trait LocalSignal: Sized {
    fn __initial() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> LocalSignal for T {
    fn __initial() -> Self {
        T::default()
    }
}

/// A struct of signals on its way to the page.
#[doc(hidden)]
#[derive(Debug)]
pub struct ByFields<'v, T> {
    value: &'v T,
    with_local: bool,
}

impl<'v, T> ByFields<'v, T> {
    /// With all signals.
    pub fn all(value: &'v T) -> Self {
        Self { value, with_local: true }
    }

    /// Without the signals that stay in the page.
    pub fn sent(value: &'v T) -> Self {
        Self { value, with_local: false }
    }
}

impl<T: PageSignals> Serialize for ByFields<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.value.__write(self.with_local, &mut map)?;
        map.end()
    }
}

#[doc(hidden)]
#[derive(Debug)]
pub struct AsStruct(());
#[doc(hidden)]
#[derive(Debug)]
pub struct AsBorrowedStruct(());

impl<T: PageSignals> SignalsAttr<AsStruct> for T {
    fn write_signals(&self, out: &mut JsWriter<'_>) {
        match to_code(&ByFields::all(self)) {
            Ok(code) => out.write_code(&code),
            // As `json(..)` does.
            Err(_) => out.write_code("null"),
        }
    }
}

impl<T: PageSignals> SignalsAttr<AsBorrowedStruct> for &T {
    fn write_signals(&self, out: &mut JsWriter<'_>) {
        SignalsAttr::<AsStruct>::write_signals(*self, out);
    }
}

/// A struct of signals, read from what a page sent.
#[doc(hidden)]
#[derive(Debug)]
pub struct OwnedByFields<T>(pub T);

impl<'de, T: PageSignals> Deserialize<'de> for OwnedByFields<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Signals", T::NAMES, Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: PageSignals> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("struct Signals")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::__read(map)
    }
}

/// The position of the next value's name among `names`, or their number if it is another one.
#[doc(hidden)]
pub fn next_field<'de, M: MapAccess<'de>>(map: &mut M, names: &[&str]) -> Result<Option<usize>, M::Error> {
    map.next_key_seed(Position(names))
}

struct Position<'n>(&'n [&'n str]);

impl<'de> DeserializeSeed<'de> for Position<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Position<'_> {
    type Value = usize;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a signal")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<usize, E> {
        Ok(self.0.iter().position(|known| *known == name).unwrap_or(self.0.len()))
    }
}

/// Skips the value of a name that the struct does not have.
#[doc(hidden)]
pub fn skip_field<'de, M: MapAccess<'de>>(map: &mut M) -> Result<(), M::Error> {
    map.next_value::<de::IgnoredAny>().map(drop)
}

struct Missing<E>(&'static str, PhantomData<E>);

impl<'de, E: de::Error> Deserializer<'de> for Missing<E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, E> {
        Err(E::missing_field(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
