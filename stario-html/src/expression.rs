//! JavaScript: Datastar expressions, event handlers and scripts.
//!
//! Escaping for HTML does not stop `'+alert(1)+'` where the browser runs the value as code. So text is never written here
//! as it is: a value is a number, a bool, a whole JSON literal, or code the programmer wrote.

use std::borrow::Cow;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::Buf;
use crate::buf::Escaping;
use crate::escape::Quote;

/// Where code is written, and so what has to be escaped in it.
#[derive(Clone, Copy, Debug)]
enum Place {
    Attribute(Quote),
    Script,
    /// Text that is placed, and escaped, later.
    Code,
}

/// Writes JavaScript into an attribute or a `<script>`, escaped for the place it lands in.
///
/// Implementations of [`Expression`] get one. It is a `fmt::Write` as well, for `write!`.
#[derive(Debug)]
pub struct JsWriter<'b> {
    buf: &'b mut Buf,
    place: Place,
}

/// The code of an expression as text, escaped for no place yet.
pub fn code_of(expression: &(impl Expression + ?Sized)) -> String {
    let mut buf = Buf::new();
    expression.write_expression(&mut JsWriter { buf: &mut buf, place: Place::Code });
    buf.finish().into()
}

impl<'b> JsWriter<'b> {
    pub(crate) fn attribute(buf: &'b mut Buf, quote: Quote) -> Self {
        Self { buf, place: Place::Attribute(quote) }
    }

    pub(crate) fn script(buf: &'b mut Buf) -> Self {
        Self { buf, place: Place::Script }
    }

    /// Writes `code`, **trusted to be JavaScript**: only its characters are escaped, not its meaning.
    pub fn write_code(&mut self, code: &str) {
        match self.place {
            Place::Attribute(quote) => self.buf.push_escaped_for(code, quote),
            Place::Script => push_script(self.buf, code),
            Place::Code => self.buf.push_trusted_markup(code),
        }
    }

    /// Writes `text` as a complete JavaScript string literal in single quotes.
    ///
    /// Datastar cuts expressions into statements, and finds signals and actions in them, by their text. So what it looks
    /// for (`;`, `$`, `@`, a backslash before a quote) is in no literal: it is written as `\u` escapes.
    ///
    /// ```
    /// use stario_html::{Expression, JsWriter};
    ///
    /// /// `@get('/users/…')`, the path made at run time.
    /// struct Get(String);
    ///
    /// impl Expression for Get {
    ///     fn write_expression(&self, out: &mut JsWriter<'_>) {
    ///         out.write_code("@get(");
    ///         out.write_string(&self.0);
    ///         out.write_code(")");
    ///     }
    /// }
    /// ```
    pub fn write_string(&mut self, text: &str) {
        self.write_code("'");
        let mut clean_from = 0;
        for (at, c) in text.char_indices().filter(|&(_, c)| is_misread(c)) {
            self.write_code(&text[clean_from..at]);
            self.write_code_display(Escape(c));
            clean_from = at + c.len_utf8();
        }
        self.write_code(&text[clean_from..]);
        self.write_code("'");
    }

    /// Writes what `value` displays, **trusted to be JavaScript**.
    pub fn write_code_display(&mut self, value: impl fmt::Display) {
        match self.place {
            Place::Attribute(quote) => Escaping { buf: self.buf, quote }.push_display(value),
            Place::Script => {
                // The code is written as a whole: a sequence that must not appear in a script could begin in one piece and
                // end in the next.
                push_script(self.buf, &value.to_string());
            }
            Place::Code => self.buf.push_trusted_markup(&value.to_string()),
        }
    }
}

impl fmt::Write for JsWriter<'_> {
    fn write_str(&mut self, code: &str) -> fmt::Result {
        self.write_code(code);
        Ok(())
    }
}

/// Whether a string literal must not hold `c` as it is, because HTML, JavaScript or Datastar could misread it.
pub(crate) fn is_misread(c: char) -> bool {
    c.is_control()
        || matches!(c, '\'' | '"' | '`' | '\\' | '<' | '>' | '&' | ';' | '$' | '@' | '\u{2028}' | '\u{2029}')
}

/// The escape for what [`is_misread`], the same in JavaScript and in JSON.
pub(crate) struct Escape(pub(crate) char);

impl fmt::Display for Escape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "\\u{:04x}", u32::from(self.0))
    }
}

/// Writes code into a `<script>`, keeping it from ending the element or opening a comment.
///
/// `<\/script` and `\x3c!--` mean the same inside the string literals where those sequences occur in sane code.
fn push_script(buf: &mut Buf, code: &str) {
    let mut clean_from = 0;
    for (at, _) in code.match_indices('<') {
        let rest = &code.as_bytes()[at + 1..];
        let begins = |word: &[u8]| rest.len() >= word.len() && rest[..word.len()].eq_ignore_ascii_case(word);
        // A `<` at the very end could be completed by what follows, so it is replaced as well.
        if rest.is_empty() || begins(b"/") || begins(b"!") || begins(b"script") {
            buf.push_trusted_markup(&code[clean_from..at]);
            buf.push_trusted_markup(if rest.is_empty() { "< " } else { "\\x3c" });
            clean_from = at + 1;
        }
    }
    buf.push_trusted_markup(&code[clean_from..]);
}

/// A value that is JavaScript: for Datastar expressions, event handlers and scripts.
///
/// Implemented for numbers and `bool`, for [`js`] and `json(..)`, for `Option` (the attribute is left out), and for
/// references and smart pointers. Strings are not expressions: `json(&text)` makes a complete literal of one.
///
/// # Implementing
///
/// What [`write_expression`](Self::write_expression) writes must be one complete JavaScript expression, whatever the
/// value holds: text that came from elsewhere goes through [`JsWriter::write_string`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be placed in a Datastar expression",
    label = "not JavaScript",
    note = "it is JavaScript: use a typed action, a typed signal such as `Search::page().set(1)`, json(&value), js(\"..\") or a literal",
    note = "for a `Result` write `{{value?}}`, for a future `{{value.await}}`"
)]
pub trait Expression {
    /// Writes the expression.
    fn write_expression(&self, out: &mut JsWriter<'_>);

    /// Tells whether the attribute is written at all.
    #[inline]
    fn is_present(&self) -> bool {
        true
    }

    /// Tells whether what is written needs no parentheses as an operand.
    #[doc(hidden)]
    fn is_whole(&self) -> bool {
        false
    }
}

/// A value for an `on*` attribute: everything that is an [`Expression`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an event handler",
    label = "not JavaScript",
    note = "event handlers take a literal or js(\"..\"), and values as parts: {{\"open(\", json(&id), \")\"}}; prefer data-on:click"
)]
pub trait HandlerAttr: Expression {}

#[diagnostic::do_not_recommend]
impl<T: Expression + ?Sized> HandlerAttr for T {}

/// A value that can stand in a `<script>`: a number, a `bool`, [`js`] or `json(..)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be placed in a <script>",
    label = "not JavaScript",
    note = "values inside <script> must be json(..) or js(..): entities are not decoded there"
)]
pub trait ScriptValue: Expression {}

macro_rules! integer_expressions {
    ($($integer:ty)*) => {$(
        impl Expression for $integer {
            #[inline]
            fn write_expression(&self, out: &mut JsWriter<'_>) {
                // Digits look the same everywhere.
                out.buf.push(self);
            }
        }

        impl ScriptValue for $integer {}
    )*};
}

integer_expressions! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }

impl Expression for bool {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        out.write_code(if *self { "true" } else { "false" });
    }
}

impl ScriptValue for bool {}

macro_rules! float_expressions {
    ($($float:ty)*) => {$(
        impl Expression for $float {
            fn write_expression(&self, out: &mut JsWriter<'_>) {
                if self.is_infinite() {
                    out.write_code(if *self > 0.0 { "Infinity" } else { "-Infinity" });
                } else {
                    out.write_code_display(self);
                }
            }
        }

        impl ScriptValue for $float {}
    )*};
}

float_expressions! { f32 f64 }

impl<T: Expression> Expression for Option<T> {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        match self {
            Some(value) => value.write_expression(out),
            // Only reached inside a longer expression: on its own the attribute is left out.
            None => out.write_code("undefined"),
        }
    }

    fn is_present(&self) -> bool {
        self.as_ref().is_some_and(T::is_present)
    }
}

macro_rules! pointer_expressions {
    ($($pointer:ty),*) => {$(
        impl<T: Expression + ?Sized> Expression for $pointer {
            fn write_expression(&self, out: &mut JsWriter<'_>) {
                (**self).write_expression(out);
            }

            fn is_present(&self) -> bool {
                (**self).is_present()
            }

            fn is_whole(&self) -> bool {
                (**self).is_whole()
            }
        }

        impl<T: ScriptValue + ?Sized> ScriptValue for $pointer {}
    )*};
}

pointer_expressions! { &T, &mut T, Box<T>, Rc<T>, Arc<T> }

/// Makes an expression of `code` that the programmer wrote.
///
/// Only `'static` text is taken, so a string made at run time does not get in by accident; [`Js::trusted`] is the loud
/// way to insist.
///
/// ```
/// use stario_html::js;
///
/// let toggle = js("$open = !$open");
/// assert_eq!(toggle.as_str(), "$open = !$open");
/// ```
#[must_use]
pub const fn js(code: &'static str) -> Js {
    Js(Cow::Borrowed(code))
}

/// JavaScript code, made by [`js`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Js(Cow<'static, str>);

impl Js {
    /// Takes `code` made at run time: **trusted to be JavaScript**, whatever it contains.
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

impl Expression for Js {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        out.write_code(&self.0);
    }
}

impl ScriptValue for Js {}

#[cfg(test)]
mod tests {
    use super::{Expression, Js, JsWriter, js};
    use crate::Buf;
    use crate::escape::Quote;

    fn check(value: &dyn Expression, attribute: &str, script: &str) {
        let mut buf = Buf::new();
        value.write_expression(&mut JsWriter::attribute(&mut buf, Quote::Double));
        assert_eq!(buf.finish().as_str(), attribute);
        let mut buf = Buf::new();
        value.write_expression(&mut JsWriter::script(&mut buf));
        assert_eq!(buf.finish().as_str(), script);
    }

    struct Text(&'static str);

    impl Expression for Text {
        fn write_expression(&self, out: &mut JsWriter<'_>) {
            out.write_string(self.0);
        }
    }

    #[test]
    fn writes_values() {
        check(&7, "7", "7");
        check(&-1.5, "-1.5", "-1.5");
        check(&f64::INFINITY, "Infinity", "Infinity");
        check(&f64::NAN, "NaN", "NaN");
        check(&true, "true", "true");
        check(&js("a < \"b\" && c"), "a &lt; &quot;b&quot; &amp;&amp; c", "a < \"b\" && c");
    }

    #[test]
    fn makes_whole_literals_of_text() {
        check(&Text("'+alert(1)+'"), "'\\u0027+alert(1)+\\u0027'", "'\\u0027+alert(1)+\\u0027'");
        check(
            &Text("\\\n\u{2028}</script>"),
            "'\\u005c\\u000a\\u2028\\u003c/script\\u003e'",
            "'\\u005c\\u000a\\u2028\\u003c/script\\u003e'",
        );
        check(&Text("é`"), "'é\\u0060'", "'é\\u0060'");
    }

    /// Datastar reads expressions by their text: `$name` and `@name(` anywhere in 1.0.2, statements by a pattern that
    /// takes the `\\'` at the end of a string for a quote inside it.
    #[test]
    fn leaves_nothing_to_datastar_in_a_literal() {
        check(
            &Text("$a;@post('x')\\"),
            "'\\u0024a\\u003b\\u0040post(\\u0027x\\u0027)\\u005c'",
            "'\\u0024a\\u003b\\u0040post(\\u0027x\\u0027)\\u005c'",
        );
    }

    #[test]
    fn keeps_a_script_open() {
        let code = Js::trusted("'</ScRiPt><!-- <script' < a <".into());
        check(
            &code,
            "'&lt;/ScRiPt&gt;&lt;!-- &lt;script' &lt; a &lt;",
            "'\\x3c/ScRiPt>\\x3c!-- \\x3cscript' < a < ",
        );
    }
}
