//! Values that templates show as text.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::buf::Escaping;
use crate::escape::Quote;
use crate::{Buf, Html};

/// A value that a template can show as text: `<p>{value}</p>`.
///
/// Implemented for strings, numbers, `char`, `format_args!`, [`Html`], [`Raw`], `Option` (nothing when `None`), slices and `Vec`s (one
/// after the other), and references and smart pointers to them. It is not implemented for `bool`, `()` and tuples: a
/// page that says `true` is nearly always a mistake. [`display`] wraps any other `Display` type.
///
/// # Implementing
///
/// Write with [`Buf::push`], [`Buf::push_escaped`], or a nested `html!`:
///
/// ```
/// use stario_html::{Buf, Render};
///
/// struct Celsius(f32);
///
/// impl Render for Celsius {
///     fn render(&self, buf: &mut Buf) {
///         buf.push(&self.0);
///         buf.push_escaped(" °C");
///     }
/// }
///
/// assert_eq!(Celsius(21.5).into_html().as_str(), "21.5 °C");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be rendered as HTML text",
    label = "not text",
    note = "text is a string, a number, a char, `Html`, or an `Option`, slice or `Vec` of them; implement `Render`, write `display(value)` for a `Display` type, or `Raw(markup)` for trusted markup",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`",
    note = "for an iterator write `for item in items {{ .. }}`",
    note = "for bool use `if c {{ .. }}` or `{{if c {{\"yes\"}} else {{\"no\"}}}}`"
)]
pub trait Render {
    /// Writes this value to the end of `buf`.
    fn render(&self, buf: &mut Buf);

    /// Renders this value on its own.
    ///
    /// [`Html`] returns itself, so nothing is copied when a value is finished already.
    fn into_html(self) -> Html
    where
        Self: Sized,
    {
        let mut buf = Buf::new();
        self.render(&mut buf);
        buf.finish()
    }

    /// Writes the value with the static markup around it. Overridden where one capacity check can serve all three.
    #[doc(hidden)]
    #[inline]
    fn render_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
        buf.push_static(head);
        self.render(buf);
        buf.push_static(tail);
    }

    /// The bytes, if this value is a list of bytes: a response of them alone sends the bytes, not their numbers.
    #[doc(hidden)]
    #[inline]
    fn bytes_instead(&self) -> Option<&[u8]> {
        None
    }

    /// The same of a list of such values.
    #[doc(hidden)]
    #[inline]
    fn list_bytes_instead(_: &[Self]) -> Option<&[u8]>
    where
        Self: Sized,
    {
        None
    }
}

impl Buf {
    /// Renders `value` to the end of the buffer.
    pub fn push<T: Render + ?Sized>(&mut self, value: &T) {
        value.render(self);
    }
}

impl Render for str {
    #[inline]
    fn render(&self, buf: &mut Buf) {
        buf.push_escaped(self);
    }

    #[inline]
    fn render_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
        buf.push_escaped_between(head, self, tail);
    }
}

impl Render for String {
    #[inline]
    fn render(&self, buf: &mut Buf) {
        buf.push_escaped(self);
    }

    #[inline]
    fn render_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
        buf.push_escaped_between(head, self, tail);
    }
}

impl Render for Cow<'_, str> {
    #[inline]
    fn render(&self, buf: &mut Buf) {
        buf.push_escaped(self);
    }

    #[inline]
    fn render_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
        buf.push_escaped_between(head, self, tail);
    }
}

impl Render for char {
    fn render(&self, buf: &mut Buf) {
        buf.push_escaped(self.encode_utf8(&mut [0; 4]));
    }
}

/// The absolute value as a `u64`.
macro_rules! magnitude {
    ($n:expr) => {
        $n.abs_diff(0) as u64
    };
}

macro_rules! render_integers {
    ($($integer:ty $({ $($list_bytes_instead:item)* })?)*) => {$(
        impl Render for $integer {
            $($($list_bytes_instead)*)?

            #[inline]
            fn render(&self, buf: &mut Buf) {
                self.render_between(buf, "", "");
            }

            // Not lossy: `usize` has at most 64 bits on every target Rust knows.
            #[inline]
            #[allow(clippy::cast_lossless, clippy::cast_possible_truncation, unused_comparisons)]
            fn render_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
                buf.push_integer(head, *self < 0, magnitude!(*self), tail);
            }
        }
    )*};
}

render_integers! {
    u8 {
        #[inline]
        fn list_bytes_instead(list: &[u8]) -> Option<&[u8]> {
            Some(list)
        }
    }
    u16 u32 u64 usize i8 i16 i32 i64 isize
}

macro_rules! render_displayed {
    ($($number:ty)*) => {$(
        impl Render for $number {
            fn render(&self, buf: &mut Buf) {
                Escaping { buf, quote: Quote::Double }.push_display(self);
            }
        }
    )*};
}

render_displayed! { u128 i128 f32 f64 }

impl Render for fmt::Arguments<'_> {
    fn render(&self, buf: &mut Buf) {
        Escaping { buf, quote: Quote::Double }.push_display(self);
    }
}

impl Render for Html {
    fn render(&self, buf: &mut Buf) {
        buf.push_trusted_markup(self.as_str());
    }

    fn into_html(self) -> Html {
        self
    }
}

impl<T: Render> Render for Option<T> {
    fn render(&self, buf: &mut Buf) {
        if let Some(value) = self {
            value.render(buf);
        }
    }
}

impl<T: Render> Render for [T] {
    fn render(&self, buf: &mut Buf) {
        for value in self {
            value.render(buf);
        }
    }

    #[inline]
    fn bytes_instead(&self) -> Option<&[u8]> {
        T::list_bytes_instead(self)
    }
}

impl<T: Render> Render for Vec<T> {
    fn render(&self, buf: &mut Buf) {
        self.as_slice().render(buf);
    }

    #[inline]
    fn bytes_instead(&self) -> Option<&[u8]> {
        T::list_bytes_instead(self)
    }
}

impl<T: Render, const N: usize> Render for [T; N] {
    fn render(&self, buf: &mut Buf) {
        self.as_slice().render(buf);
    }

    #[inline]
    fn bytes_instead(&self) -> Option<&[u8]> {
        T::list_bytes_instead(self)
    }
}

macro_rules! render_pointers {
    ($($pointer:ty),*) => {$(
        impl<T: Render + ?Sized> Render for $pointer {
            #[inline]
            fn render(&self, buf: &mut Buf) {
                (**self).render(buf);
            }

            #[inline]
            fn render_between(&self, buf: &mut Buf, head: &'static str, tail: &'static str) {
                (**self).render_between(buf, head, tail);
            }

            #[inline]
            fn bytes_instead(&self) -> Option<&[u8]> {
                (**self).bytes_instead()
            }
        }
    )*};
}

render_pointers! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }

/// Markup that is put into the page **as it is, unescaped**: the only such door for text made at run time.
///
/// It takes text, and any `Display` type: a template of another crate goes in as it is, or as its text, such as maud's
/// `markup.into_string()`.
///
/// Each use should say why the text is safe: it came from a sanitizer, from another template engine, from a file of the
/// application. Text a user typed never is.
///
/// ```
/// use stario_html::{Raw, Render};
///
/// // Safe: the highlighter escapes the code it is given.
/// let highlighted = String::from("<code>1 &lt; 2</code>");
/// assert_eq!(Raw(highlighted).into_html().as_str(), "<code>1 &lt; 2</code>");
/// ```
///
/// # Panics
///
/// Rendering panics when the value's `Display` fails, as `to_string` does: half a template must not pass for a whole
/// one. A template that may fail is better rendered first, and its error handled: `Raw(template.render()?)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Raw<T>(pub T);

impl<T: fmt::Display> Render for Raw<T> {
    fn render(&self, buf: &mut Buf) {
        let written = fmt::Write::write_fmt(&mut Trusted(buf), format_args!("{}", self.0));
        assert!(written.is_ok(), "markup that is trusted could not be rendered");
    }
}

/// Writes trusted markup.
struct Trusted<'b>(&'b mut Buf);

impl fmt::Write for Trusted<'_> {
    fn write_str(&mut self, markup: &str) -> fmt::Result {
        self.0.push_trusted_markup(markup);
        Ok(())
    }
}

/// Shows any `Display` type as text or as an attribute value, escaped.
///
/// ```
/// use stario_html::{Render, display};
///
/// let address = std::net::Ipv4Addr::LOCALHOST;
/// assert_eq!(display(address).into_html().as_str(), "127.0.0.1");
/// assert_eq!(display(format_args!("<{}>", 1)).into_html().as_str(), "&lt;1&gt;");
/// ```
pub const fn display<T: fmt::Display>(value: T) -> Displayed<T> {
    Displayed(value)
}

/// A `Display` type on its way into a page, made by [`display`].
#[derive(Clone, Copy, Debug)]
pub struct Displayed<T>(pub(crate) T);

impl<T: fmt::Display> Render for Displayed<T> {
    fn render(&self, buf: &mut Buf) {
        Escaping { buf, quote: Quote::Double }.push_display(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::rc::Rc;
    use std::sync::Arc;

    use super::{Raw, Render, display};
    use crate::Html;

    fn check(value: impl Render, expected: &str) {
        assert_eq!(value.into_html().as_str(), expected);
    }

    #[test]
    fn renders_the_types_of_std() {
        check("a<b", "a&lt;b");
        check(String::from("\""), "&quot;");
        check(Cow::Borrowed("x"), "x");
        check('&', "&amp;");
        check('🦀', "🦀");
        check(-7_i32, "-7");
        check(u128::MAX, "340282366920938463463374607431768211455");
        check(i64::MIN, "-9223372036854775808");
        check(1.5_f64, "1.5");
        check(Some("x"), "x");
        check(None::<&str>, "");
        check(vec![1, 2, 3], "123");
        check(["a", "<"], "a&lt;");
        check(Box::new(Rc::new(Arc::new("x"))), "x");
        let one = &&1;
        check(one, "1");
    }

    #[test]
    fn leaves_finished_markup_alone() {
        check(Raw("<b>"), "<b>");
        check(Html::from_static("<b>"), "<b>");
        check([Html::from_static("<b>"), "<".into_html()], "<b>&lt;");
    }

    #[test]
    fn escapes_what_display_writes() {
        check(display("<>"), "&lt;&gt;");
        check(display(format_args!("{:>3}|", 1)), "  1|");
        check(format_args!("<{:.1}>", 0.25), "&lt;0.2&gt;");
    }
}
