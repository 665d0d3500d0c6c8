//! Values as the texts of a URL, through serde: the reverse of how path and query parameters are read.

use std::fmt::{self, Display};

use serde::ser::{Error, Impossible, SerializeSeq, SerializeTuple};
use serde::{Serialize, Serializer};

/// Receives texts, one after the other.
pub(super) type Sink<'s> = &'s mut dyn FnMut(&str);

/// Stands for a value that is not a text: a struct or a map, from which no parameter is read either.
const NO_TEXT: &str = "\u{FFFD}";

/// A value for a path or query parameter of type `T`: a `T` or `&T` with the form that its `Serialize`
/// gives it, `&str` for a `String`, and for an `Option` also what may be in it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a parameter of type `{T}`",
    label = "the parameter is of type `{T}`"
)]
pub trait UrlValue<T> {
    #[doc(hidden)]
    fn texts(&self, text: Sink<'_>);
}

impl<T: Serialize> UrlValue<T> for T {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

impl<T: Serialize> UrlValue<T> for &T {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

impl<T: Serialize> UrlValue<Option<T>> for T {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

impl<T: Serialize> UrlValue<Option<T>> for &T {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

impl UrlValue<String> for &str {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

impl UrlValue<String> for &&str {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

impl UrlValue<Option<String>> for &str {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

impl UrlValue<Option<String>> for Option<&str> {
    fn texts(&self, text: Sink<'_>) {
        texts_of(self, text);
    }
}

/// A value for a `{rest...}` of type `T`: text, whose slashes divide it into segments, or a list of segments,
/// whose slashes are escaped. No segment of a path can be empty, so the slashes around an empty segment of a text
/// are escaped too.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value for a `{{rest...}}` of type `{T}`",
    label = "the parameter is of type `{T}`"
)]
pub trait RestValue<T> {
    #[doc(hidden)]
    fn segments(self, segment: Sink<'_>);
}

impl RestValue<String> for &str {
    fn segments(self, segment: Sink<'_>) {
        text_segments(self, segment);
    }
}

impl RestValue<String> for String {
    fn segments(self, segment: Sink<'_>) {
        text_segments(&self, segment);
    }
}

impl RestValue<String> for &String {
    fn segments(self, segment: Sink<'_>) {
        text_segments(self, segment);
    }
}

/// Passes on the segments of a text. A segment that would be empty is passed on together with its neighbours and
/// the slashes between them: `a`, then `b//c` for `a/b//c`.
fn text_segments(text: &str, segment: Sink<'_>) {
    let mut start = 0;
    for (slash, _) in text.match_indices('/') {
        let (before, after) = (&text[..slash], &text[slash + 1..]);
        let is_at_empty =
            before.is_empty() || before.ends_with('/') || after.is_empty() || after.starts_with('/');
        if !is_at_empty {
            segment(&text[start..slash]);
            start = slash + 1;
        }
    }
    segment(&text[start..]);
}

impl<T, I: IntoIterator<Item: UrlValue<T>>> RestValue<Vec<T>> for I {
    fn segments(self, segment: Sink<'_>) {
        for value in self {
            value.texts(segment);
        }
    }
}

/// Passes on the text of `value`: nothing for `None`, and the text of each element for a list.
pub(super) fn texts_of(value: &(impl Serialize + ?Sized), text: Sink<'_>) {
    if value.serialize(TextSerializer(text)).is_err() {
        text(NO_TEXT);
    }
}

struct TextSerializer<'t>(Sink<'t>);

/// The value is not a text.
#[derive(Debug)]
pub(super) struct NoText;

impl TextSerializer<'_> {
    fn display(self, value: impl Display) {
        (self.0)(&value.to_string());
    }
}

macro_rules! displayed {
    ($($method:ident $type:ty;)*) => {$(
        fn $method(self, value: $type) -> Result<(), NoText> {
            self.display(value);
            Ok(())
        }
    )*};
}

impl<'t> Serializer for TextSerializer<'t> {
    type Ok = ();
    type Error = NoText;
    type SerializeSeq = TextSerializer<'t>;
    type SerializeTuple = TextSerializer<'t>;
    type SerializeTupleStruct = Impossible<(), NoText>;
    type SerializeTupleVariant = Impossible<(), NoText>;
    type SerializeMap = Impossible<(), NoText>;
    type SerializeStruct = Impossible<(), NoText>;
    type SerializeStructVariant = Impossible<(), NoText>;

    displayed! {
        serialize_bool bool;
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_i128 i128;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
        serialize_u64 u64;
        serialize_u128 u128;
        serialize_f32 f32;
        serialize_f64 f64;
        serialize_char char;
    }

    fn serialize_str(self, value: &str) -> Result<(), NoText> {
        (self.0)(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), NoText> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NoText> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), NoText> {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NoText> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NoText> {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, NoText> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, NoText> {
        Ok(self)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), NoText> {
        Err(NoText)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NoText> {
        Err(NoText)
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

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Impossible<(), NoText>, NoText> {
        Err(NoText)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), NoText>, NoText> {
        Err(NoText)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Impossible<(), NoText>, NoText> {
        Err(NoText)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Impossible<(), NoText>, NoText> {
        Err(NoText)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Impossible<(), NoText>, NoText> {
        Err(NoText)
    }
}

impl SerializeSeq for TextSerializer<'_> {
    type Ok = ();
    type Error = NoText;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoText> {
        value.serialize(TextSerializer(&mut *self.0))
    }

    fn end(self) -> Result<(), NoText> {
        Ok(())
    }
}

impl SerializeTuple for TextSerializer<'_> {
    type Ok = ();
    type Error = NoText;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoText> {
        value.serialize(TextSerializer(&mut *self.0))
    }

    fn end(self) -> Result<(), NoText> {
        Ok(())
    }
}

impl std::error::Error for NoText {}

impl Display for NoText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("no text")
    }
}

impl Error for NoText {
    fn custom<T: Display>(_: T) -> Self {
        NoText
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::texts_of;

    #[derive(Serialize)]
    struct Id(u128);

    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Order {
        Newest,
        By(u8),
    }

    #[allow(clippy::needless_pass_by_value)] // The cases read better without a `&` each.
    fn check(value: impl Serialize, expected: &[&str]) {
        let mut texts = Vec::new();
        texts_of(&value, &mut |text| texts.push(text.to_owned()));
        assert_eq!(texts, expected);
    }

    #[test]
    fn values_have_the_form_that_serde_reads() {
        check(7, &["7"]);
        check(-1.5_f32, &["-1.5"]);
        check(true, &["true"]);
        check('é', &["é"]);
        check("", &[""]);
        check(Id(u128::MAX), &["340282366920938463463374607431768211455"]);
        check(Order::Newest, &["newest"]);
        check(std::net::Ipv4Addr::LOCALHOST, &["127.0.0.1"]);
    }

    #[test]
    fn there_may_be_none_or_many() {
        check(None::<u8>, &[]);
        check(Some(Some(7)), &["7"]);
        check(vec!["a", "b"], &["a", "b"]);
        check([Some(1), None, Some(3)], &["1", "3"]);
    }

    #[test]
    fn what_is_no_text_is_not_guessed_at() {
        check(Order::By(1), &["\u{FFFD}"]);
        check(std::collections::BTreeMap::from([(1, 2)]), &["\u{FFFD}"]);
    }
}
