//! Values of attributes.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::buf::Escaping;
use crate::escape::Quote;
use crate::render::Displayed;
use crate::{Buf, Render};

/// Writes the value of one attribute; whatever is written is escaped.
///
/// Implementations of [`AttrValue`], [`UrlAttr`](crate::UrlAttr) and [`StyleValue`](crate::StyleValue) get one. It is a
/// `fmt::Write` as well, for `write!`.
#[derive(Debug)]
pub struct AttrWriter<'b> {
    buf: &'b mut Buf,
}

impl<'b> AttrWriter<'b> {
    pub(crate) fn new(buf: &'b mut Buf) -> Self {
        Self { buf }
    }

    /// Writes `text`, escaped.
    pub fn write_str(&mut self, text: &str) {
        self.buf.push_escaped(text);
    }

    /// Writes what `value` displays, escaped.
    pub fn write_display(&mut self, value: impl fmt::Display) {
        Escaping { buf: self.buf, quote: Quote::Double }.push_display(value);
    }

    pub(crate) fn buf(&mut self) -> &mut Buf {
        self.buf
    }
}

impl fmt::Write for AttrWriter<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.buf.push_escaped(text);
        Ok(())
    }
}

/// A value for an ordinary attribute: `title={value}`.
///
/// Implemented for strings, numbers and `char`; for `Option`, where `None` leaves the attribute out; for tuples of up to
/// eight values, written one after the other (`id={("user-", user.id)}`); for [`display`](crate::display); and for
/// references and smart pointers. Attributes whose value means more than its characters ask for a narrower trait:
/// [`UrlAttr`](crate::UrlAttr), [`Expression`](crate::Expression), [`StyleAttr`](crate::StyleAttr).
///
/// ```
/// use stario_html::{AttrValue, AttrWriter};
///
/// struct UserId(u32);
///
/// impl AttrValue for UserId {
///     fn write_attr(&self, out: &mut AttrWriter<'_>) {
///         out.write_str("user-");
///         out.write_display(self.0);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an attribute value",
    label = "not an attribute value",
    note = "an attribute value is a string, a number, a char, a tuple of up to eight of them, or an `Option` that leaves the attribute out; implement `AttrValue`, or write `display(value)` for a `Display` type",
    note = "boolean attributes such as disabled take bool; to omit any other pass an Option: flag.then_some(\"..\"); to spell true or false write display(flag)",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait AttrValue {
    /// Writes the value.
    fn write_attr(&self, out: &mut AttrWriter<'_>);

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }

    /// Writes the value with the static markup around it. Overridden where one capacity check can serve all three.
    #[doc(hidden)]
    #[inline]
    fn write_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
        buf.push_static(head);
        self.write_attr(&mut AttrWriter::new(buf));
        buf.push_static(tail);
    }
}

macro_rules! string_values {
    ($($string:ty)*) => {$(
        impl AttrValue for $string {
            #[inline]
            fn write_attr(&self, out: &mut AttrWriter<'_>) {
                out.write_str(self);
            }

            #[inline]
            fn write_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
                self.render_between(buf, head, tail);
            }
        }
    )*};
}

string_values! { str String Cow<'_, str> }

macro_rules! rendered_values {
    ($($value:ty)*) => {$(
        impl AttrValue for $value {
            #[inline]
            fn write_attr(&self, out: &mut AttrWriter<'_>) {
                // Numbers and characters look the same in text and in attributes.
                out.buf.push(self);
            }

            #[inline]
            fn write_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
                self.render_between(buf, head, tail);
            }
        }
    )*};
}

rendered_values! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 char }

impl<T: fmt::Display> AttrValue for Displayed<T> {
    fn write_attr(&self, out: &mut AttrWriter<'_>) {
        out.write_display(&self.0);
    }
}

impl AttrValue for fmt::Arguments<'_> {
    fn write_attr(&self, out: &mut AttrWriter<'_>) {
        out.write_display(self);
    }
}

impl<T: AttrValue> AttrValue for Option<T> {
    #[inline]
    fn write_attr(&self, out: &mut AttrWriter<'_>) {
        if let Some(value) = self {
            value.write_attr(out);
        }
    }

    #[inline]
    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(T::is_present)
    }

    #[inline]
    fn write_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
        match self {
            Some(value) => value.write_between(buf, head, tail),
            None => {
                buf.push_static(head);
                buf.push_static(tail);
            }
        }
    }
}

macro_rules! pointer_values {
    ($($pointer:ty),*) => {$(
        impl<T: AttrValue + ?Sized> AttrValue for $pointer {
            #[inline]
            fn write_attr(&self, out: &mut AttrWriter<'_>) {
                (**self).write_attr(out);
            }

            #[inline]
            fn is_present(&self) -> bool {
                (**self).is_present()
            }

            #[inline]
            fn write_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
                (**self).write_between(buf, head, tail);
            }
        }
    )*};
}

pointer_values! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }

macro_rules! tuple_values {
    ($(($($part:ident)+))*) => {$(
        impl<$($part: AttrValue),+> AttrValue for ($($part,)+) {
            #[allow(non_snake_case)]
            fn write_attr(&self, out: &mut AttrWriter<'_>) {
                let ($($part,)+) = self;
                $($part.write_attr(out);)+
            }
        }
    )*};
}

tuple_values! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

/// A value for an attribute that spells out `true` and `false`, such as `aria-expanded` or `draggable`.
///
/// Every [`AttrValue`], and `bool` and `Option<bool>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an attribute value",
    label = "not an attribute value",
    note = "this attribute takes a bool, written as \"true\" or \"false\", or what any attribute takes: a string, a number, a char, or an `Option` that leaves it out",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait TrueFalseAttr {
    /// Writes the value.
    fn write_true_false(&self, out: &mut AttrWriter<'_>);

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }
}

#[diagnostic::do_not_recommend]
impl<T: AttrValue + ?Sized> TrueFalseAttr for T {
    fn write_true_false(&self, out: &mut AttrWriter<'_>) {
        self.write_attr(out);
    }

    fn is_present(&self) -> bool {
        AttrValue::is_present(self)
    }
}

impl TrueFalseAttr for bool {
    fn write_true_false(&self, out: &mut AttrWriter<'_>) {
        out.buf.push_trusted_markup(if *self { "true" } else { "false" });
    }
}

impl TrueFalseAttr for Option<bool> {
    fn write_true_false(&self, out: &mut AttrWriter<'_>) {
        if let Some(value) = self {
            value.write_true_false(out);
        }
    }

    fn is_present(&self) -> bool {
        self.is_some()
    }
}

impl TrueFalseAttr for &bool {
    fn write_true_false(&self, out: &mut AttrWriter<'_>) {
        (**self).write_true_false(out);
    }
}

/// A value for an attribute that may be present without a text or with one, such as `hidden` or `download`.
///
/// Every [`AttrValue`], and `bool`, which leaves the attribute out or writes it without a text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an attribute value",
    label = "not an attribute value",
    note = "this attribute takes a bool, whether it is there, or what any attribute takes: a string, a number, a char, or an `Option` that leaves it out",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait FlagOrTextAttr {
    /// Writes the value.
    fn write_flag_or_text(&self, out: &mut AttrWriter<'_>);

    /// Tells whether the attribute is written at all.
    fn is_present(&self) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T: AttrValue + ?Sized> FlagOrTextAttr for T {
    fn write_flag_or_text(&self, out: &mut AttrWriter<'_>) {
        self.write_attr(out);
    }

    fn is_present(&self) -> bool {
        AttrValue::is_present(self)
    }
}

impl FlagOrTextAttr for bool {
    fn write_flag_or_text(&self, _: &mut AttrWriter<'_>) {}

    fn is_present(&self) -> bool {
        *self
    }
}

impl FlagOrTextAttr for &bool {
    fn write_flag_or_text(&self, _: &mut AttrWriter<'_>) {}

    fn is_present(&self) -> bool {
        **self
    }
}

#[cfg(test)]
mod tests {
    use super::{AttrValue, AttrWriter, FlagOrTextAttr, TrueFalseAttr};
    use crate::{Buf, display};

    fn check(value: impl AttrValue, expected: Option<&str>) {
        assert_eq!(value.is_present(), expected.is_some());
        let mut buf = Buf::new();
        value.write_attr(&mut AttrWriter::new(&mut buf));
        assert_eq!(buf.finish().as_str(), expected.unwrap_or_default());
    }

    #[test]
    fn writes_escaped_values() {
        check("a\"b", Some("a&quot;b"));
        check(7_u8, Some("7"));
        check('<', Some("&lt;"));
        check(Some(1.5), Some("1.5"));
        check(None::<&str>, None);
        check(Some(None::<u8>), None);
        check(Box::new(std::rc::Rc::new("x")), Some("x"));
        check(display(format_args!("{:02}", 7)), Some("07"));
        check(format_args!("{:02}<", 7), Some("07&lt;"));
    }

    #[test]
    fn joins_tuples() {
        check(("user-", 7), Some("user-7"));
        check(("a", None::<u8>, 'b', String::from("\"")), Some("ab&quot;"));
        check((1, 2, 3, 4, 5, 6, 7, 8), Some("12345678"));
    }

    #[test]
    fn writes_true_and_false() {
        #[allow(clippy::needless_pass_by_value)]
        fn check(value: impl TrueFalseAttr, expected: Option<&str>) {
            assert_eq!(value.is_present(), expected.is_some());
            let mut buf = Buf::new();
            value.write_true_false(&mut AttrWriter::new(&mut buf));
            assert_eq!(buf.finish().as_str(), expected.unwrap_or_default());
        }
        check(true, Some("true"));
        check(Some(false), Some("false"));
        check(None::<bool>, None);
        check("mixed", Some("mixed"));
    }

    #[test]
    fn flags_are_present_or_have_a_text() {
        #[allow(clippy::needless_pass_by_value)]
        fn check(value: impl FlagOrTextAttr, expected: Option<&str>) {
            assert_eq!(value.is_present(), expected.is_some());
            let mut buf = Buf::new();
            value.write_flag_or_text(&mut AttrWriter::new(&mut buf));
            assert_eq!(buf.finish().as_str(), expected.unwrap_or_default());
        }
        check(true, Some(""));
        let off = &false;
        check(off, None);
        check("until-found", Some("until-found"));
        check(false.then_some(""), None);
    }
}
