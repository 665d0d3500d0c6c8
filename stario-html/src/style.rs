//! CSS: `style` attributes, single properties and style sheets.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::Buf;
use crate::attribute::{AttrValue, AttrWriter};
use crate::render::Displayed;

/// The text written in place of a value that could end its property or load something.
const REFUSED: &str = "unset";

/// Makes CSS of `code` that the programmer wrote: for `style={..}`, `style:color={..}` and `<style>`.
///
/// Only `'static` text is taken, so a string made at run time does not get in by accident; [`Css::trusted`] is the loud
/// way to insist.
///
/// ```
/// use stario_html::css;
///
/// assert_eq!(css("color: red").as_str(), "color: red");
/// ```
#[must_use]
pub const fn css(code: &'static str) -> Css {
    Css(Cow::Borrowed(code))
}

/// CSS code, made by [`css`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Css(Cow<'static, str>);

impl Css {
    /// Takes `code` made at run time: **trusted to be CSS**, whatever it contains.
    #[must_use]
    pub fn trusted(code: String) -> Self {
        Self(Cow::Owned(code))
    }

    /// Returns the code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A value for a whole `style` attribute: [`css`], or an `Option` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a style attribute",
    label = "not CSS",
    note = "a style is a literal, css(\"..\"), or single properties: style:color={{value}}"
)]
pub trait StyleAttr {
    /// Writes the declarations.
    fn write_style(&self, out: &mut AttrWriter<'_>);

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }
}

impl StyleAttr for Css {
    fn write_style(&self, out: &mut AttrWriter<'_>) {
        out.write_str(&self.0);
    }
}

impl<T: StyleAttr> StyleAttr for Option<T> {
    fn write_style(&self, out: &mut AttrWriter<'_>) {
        if let Some(style) = self {
            style.write_style(out);
        }
    }

    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(T::is_present)
    }
}

impl<T: StyleAttr + ?Sized> StyleAttr for &T {
    fn write_style(&self, out: &mut AttrWriter<'_>) {
        (**self).write_style(out);
    }

    fn is_present(&self) -> bool {
        (**self).is_present()
    }
}

/// A value for one CSS property: `style:width={value}`.
///
/// Numbers; strings, which are replaced by `unset` if they could end the property or load something; tuples
/// (`style:width={(percent, "%")}`), which are checked as a whole; [`css`]; and `Option`, which leaves the property out.
///
/// What a string may hold: words, numbers and colours, CSS strings without a backslash, balanced brackets, and the
/// functions that load nothing, such as `calc`, `translateX`, `repeat`, `linear-gradient` and `var`. For the others, of
/// which `url` is the one that is missed, write [`css`] or [`Css::trusted`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a CSS property",
    label = "not a CSS value",
    note = "a property takes a string, a number, a tuple such as (width, \"px\"), css(\"..\"), or an `Option` of them",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait StyleValue {
    /// Writes the value.
    fn write_value(&self, out: &mut AttrWriter<'_>);

    /// Tells whether the property is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }

    /// Writes the value as a part of a longer one, which is checked as a whole.
    #[doc(hidden)]
    fn write_part(&self, out: &mut AttrWriter<'_>) {
        self.write_value(out);
    }
}

/// The functions that load nothing, whatever is in their parentheses.
const FUNCTIONS: &str = "abs acos anchor anchor-size asin atan atan2 attr blur brightness calc calc-size circle clamp color \
    color-mix conic-gradient contrast contrast-color cos counter counters cubic-bezier device-cmyk drop-shadow ellipse env \
    exp fit-content grayscale hsl hsla hue-rotate hwb hypot inset invert lab lch light-dark linear linear-gradient log \
    matrix matrix3d max min minmax mod oklab oklch opacity palette-mix path perspective polygon pow progress \
    radial-gradient ray rect rem repeat repeating-conic-gradient repeating-linear-gradient repeating-radial-gradient rgb \
    rgba rotate rotate3d rotateX rotateY rotateZ round saturate scale scale3d scaleX scaleY scaleZ scroll sepia shape \
    sibling-count sibling-index sign sin skew skewX skewY sqrt steps superellipse tan translate translate3d translateX \
    translateY translateZ var view xywh";

/// Whether `value` stays inside its property and loads nothing.
///
/// Functions are let through by name, because a new one could load something. A backslash could spell such a name
/// another way, and what opens a bracket, a string or a comment would take in the declarations that follow.
fn is_safe(value: &str) -> bool {
    let mut open = Vec::new();
    let mut chars = value.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' | '\'' => {
                let end = chars.find(|&(_, inner)| inner == c || inner == '\\' || inner.is_control());
                if end.is_none_or(|(_, end)| end != c) {
                    return false;
                }
            }
            '(' if calls_harmless(&value[..at]) => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' => {
                if open.pop() != Some(c) {
                    return false;
                }
            }
            '/' if matches!(chars.peek(), Some((_, '*' | '/'))) => return false,
            ' ' | '\n' | '\t' | '#' | '%' | '.' | ',' | '+' | '-' | '*' | '/' | '_' | '!' => {}
            _ if c.is_alphanumeric() => {}
            _ => return false,
        }
    }
    open.is_empty()
}

/// Whether the parenthesis after `code` only groups, or belongs to a function that loads nothing.
fn calls_harmless(code: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let name = &code[code.trim_end_matches(is_name).len()..];
    name.is_empty() || FUNCTIONS.split(' ').any(|function| function.eq_ignore_ascii_case(name))
}

/// Checks what was written from `start` on and replaces it when it is not safe.
fn refuse_unsafe(out: &mut AttrWriter<'_>, start: usize) {
    // The text is escaped already. Of the entities only that of the quote may stand outside of a string.
    let written = out.buf().written_from(start);
    let is_safe =
        if written.contains('&') { is_safe(&written.replace("&quot;", "\"")) } else { is_safe(written) };
    if !is_safe {
        out.buf().truncate(start);
        out.write_str(REFUSED);
    }
}

macro_rules! string_values {
    ($($string:ty)*) => {$(
        impl StyleValue for $string {
            fn write_value(&self, out: &mut AttrWriter<'_>) {
                out.write_str(if is_safe(self) { self } else { REFUSED });
            }

            fn write_part(&self, out: &mut AttrWriter<'_>) {
                out.write_str(self);
            }
        }
    )*};
}

string_values! { str String Cow<'_, str> }

macro_rules! displayed_values {
    ($([$($generics:tt)*] $displayed:ty)*) => {$(
        impl<$($generics)*> StyleValue for $displayed {
            fn write_value(&self, out: &mut AttrWriter<'_>) {
                let start = out.buf().len();
                self.write_part(out);
                refuse_unsafe(out, start);
            }

            fn write_part(&self, out: &mut AttrWriter<'_>) {
                self.write_attr(out);
            }
        }
    )*};
}

displayed_values! { [] fmt::Arguments<'_> [T: fmt::Display] Displayed<T> }

macro_rules! number_values {
    ($($number:ty)*) => {$(
        impl StyleValue for $number {
            fn write_value(&self, out: &mut AttrWriter<'_>) {
                // Digits look the same everywhere.
                out.buf().push(self);
            }
        }
    )*};
}

number_values! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 }

impl StyleValue for Css {
    fn write_value(&self, out: &mut AttrWriter<'_>) {
        out.write_str(&self.0);
    }
}

impl<T: StyleValue> StyleValue for Option<T> {
    fn write_value(&self, out: &mut AttrWriter<'_>) {
        if let Some(value) = self {
            value.write_value(out);
        }
    }

    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(T::is_present)
    }

    fn write_part(&self, out: &mut AttrWriter<'_>) {
        if let Some(value) = self {
            value.write_part(out);
        }
    }
}

macro_rules! pointer_values {
    ($($pointer:ty),*) => {$(
        impl<T: StyleValue + ?Sized> StyleValue for $pointer {
            fn write_value(&self, out: &mut AttrWriter<'_>) {
                (**self).write_value(out);
            }

            fn is_present(&self) -> bool {
                (**self).is_present()
            }

            fn write_part(&self, out: &mut AttrWriter<'_>) {
                (**self).write_part(out);
            }
        }
    )*};
}

pointer_values! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }

macro_rules! tuple_values {
    ($(($($part:ident)+))*) => {$(
        impl<$($part: StyleValue),+> StyleValue for ($($part,)+) {
            fn write_value(&self, out: &mut AttrWriter<'_>) {
                let start = out.buf().len();
                self.write_part(out);
                refuse_unsafe(out, start);
            }

            #[allow(non_snake_case)]
            fn write_part(&self, out: &mut AttrWriter<'_>) {
                let ($($part,)+) = self;
                $($part.write_part(out);)+
            }
        }
    )*};
}

tuple_values! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H) }

/// A value that can stand in a `<style>`: [`css`] alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be placed in a <style>",
    label = "not CSS",
    note = "values inside <style> must be css(..): entities are not decoded there"
)]
pub trait StyleSheet {
    /// Writes the rules. Nothing that ends the element may be written.
    #[doc(hidden)]
    fn write_sheet(&self, buf: &mut Buf);
}

impl StyleSheet for Css {
    fn write_sheet(&self, buf: &mut Buf) {
        let mut clean_from = 0;
        for (at, _) in self.0.match_indices('<') {
            // Alone it compares in media queries. At the very end it could be completed by what follows.
            if matches!(self.0.as_bytes().get(at + 1), None | Some(b'/' | b'!')) {
                buf.push_trusted_markup(&self.0[clean_from..at]);
                buf.push_trusted_markup("\\3c ");
                clean_from = at + 1;
            }
        }
        buf.push_trusted_markup(&self.0[clean_from..]);
    }
}

impl<T: StyleSheet + ?Sized> StyleSheet for &T {
    fn write_sheet(&self, buf: &mut Buf) {
        (**self).write_sheet(buf);
    }
}

#[cfg(test)]
mod tests {
    use super::{Css, StyleSheet, StyleValue, css};
    use crate::attribute::AttrWriter;
    use crate::{Buf, display};

    fn check(value: impl StyleValue, expected: &str) {
        let mut buf = Buf::new();
        value.write_value(&mut AttrWriter::new(&mut buf));
        assert_eq!(buf.finish().as_str(), expected);
    }

    #[test]
    fn lets_values_through() {
        for value in [
            "red",
            "#ff0000",
            "10px",
            "16 / 9",
            "calc(100% - (2 * 3px))",
            "rgb(1, 2, 3)",
            "1px solid red !important",
            "translateX(5px) TRANSLATEx(-5px)",
            "repeat(auto-fill, minmax(10rem, 1fr))",
            "[full-start] 1fr [full-end]",
            "linear-gradient(to right, var(--from), rgb(0 0 0 / 50%))",
            "cubic-bezier(.4, 0, 1, 1)",
            "Inter, 'Segoe UI'",
            "'a;b{c(/*'",
        ] {
            check(value, value);
        }
        check("\"a b\" \"c\"", "&quot;a b&quot; &quot;c&quot;");
        check(1.5, "1.5");
        check(format_args!("{:.1}%", 12.34), "12.3%");
        check((50, "%"), "50%");
        check(("rgb(", 1, ",", 2, ",", 3, ")"), "rgb(1,2,3)");
        check((("scale(", 2), (Some(")"), None::<&str>)), "scale(2)");
        check(("'", "a & b", "'"), "'a &amp; b'");
        check(("\"", "a b", "\""), "&quot;a b&quot;");
        check(css("url(/x.png)"), "url(/x.png)");
    }

    #[test]
    fn refuses_what_leaves_the_property() {
        for value in [
            "red; background: blue",
            "url(//evil)",
            "URL(x)",
            "image-set('x')",
            "src('x')",
            "linear-gradient(url(x))",
            "xcalc(1)",
            "expression(x)",
            "a\\b",
            "'x",
            "\"x",
            "'a\\'",
            "'a\n'",
            "{",
            "/* ",
            "(",
            ")(",
            "[",
            "([)]",
            "a:b",
            "<",
        ] {
            check(value, "unset");
        }
        check(format_args!("red; {}", "x: y"), "unset");
        check(display("url(x)"), "unset");
        check(("u", "rl", "(x)"), "unset");
        check(("/", "* x"), "unset");
        check(("'", "a'; b: c", "'"), "unset");
        check(("rgb(", "1", ""), "unset");
        check(("a", "&quot;"), "unset");
    }

    #[test]
    fn keeps_a_style_sheet_open() {
        let mut buf = Buf::new();
        Css::trusted("a::after { content: '</style>' }".into()).write_sheet(&mut buf);
        css("@media (width < 9px) {}<").write_sheet(&mut buf);
        assert_eq!(buf.finish().as_str(), "a::after { content: '\\3c /style>' }@media (width < 9px) {}\\3c ");
    }
}
