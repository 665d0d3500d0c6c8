//! JSON literals in pages: valid JSON, valid JavaScript, harmless in any script or attribute.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use crate::expression::{Escape, Expression, Js, JsWriter, ScriptValue, is_misread};

/// Makes a complete JavaScript literal of any serializable value, text included.
///
/// The characters that HTML, JavaScript or Datastar could misread (`<`, `>`, `&`, quotes, `\`, `;`, `$`, `@`, U+2028,
/// U+2029) are written as `\u` escapes, so the literal stays one literal in scripts, event handlers and Datastar
/// expressions.
///
/// A value that cannot be serialized is written as `null`; [`try_json`] reports it instead.
///
/// ```
/// use stario_html::try_json;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// assert_eq!(try_json(&"</script>")?.as_str(), r#""\u003c/script\u003e""#);
/// # Ok(())
/// # }
/// ```
pub const fn json<T: Serialize + ?Sized>(value: &T) -> Json<'_, T> {
    Json(value)
}

/// Makes the literal of [`json`] at once.
///
/// # Errors
///
/// When the value cannot be serialized, such as a map whose keys are not strings.
pub fn try_json<T: Serialize + ?Sized>(value: &T) -> Result<Js, serde_json::Error> {
    to_code(value).map(Js::trusted)
}

/// A serializable value on its way into a page, made by [`json`].
#[derive(Clone, Copy, Debug)]
pub struct Json<'v, T: ?Sized>(&'v T);

impl<T: Serialize + ?Sized> Expression for Json<'_, T> {
    fn write_expression(&self, out: &mut JsWriter<'_>) {
        match to_code(self.0) {
            Ok(code) => out.write_code(&code),
            Err(_) => out.write_code("null"),
        }
    }
}

impl<T: Serialize + ?Sized> ScriptValue for Json<'_, T> {}

pub(crate) fn to_code<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    let mut code = Vec::with_capacity(64);
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut code, ScriptSafe))?;
    String::from_utf8(code).map_err(serde::ser::Error::custom)
}

/// Escapes in strings what a script or an attribute could misread; the rest of JSON contains none of it.
struct ScriptSafe;

impl Formatter for ScriptSafe {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut clean_from = 0;
        for (at, c) in fragment.char_indices().filter(|&(_, c)| is_misread(c)) {
            CompactFormatter.write_string_fragment(writer, &fragment[clean_from..at])?;
            write!(writer, "{}", Escape(c))?;
            clean_from = at + c.len_utf8();
        }
        CompactFormatter.write_string_fragment(writer, &fragment[clean_from..])
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            // Datastar takes a backslash before a quote for an escape of it, even the second of two.
            CharEscape::Quote => write!(writer, "{}", Escape('"')),
            CharEscape::ReverseSolidus => write!(writer, "{}", Escape('\\')),
            other => CompactFormatter.write_char_escape(writer, other),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Expression, JsWriter, json, try_json};
    use crate::Buf;
    use crate::escape::Quote;

    fn check(value: impl serde::Serialize, expected: &str) {
        assert_eq!(try_json(&value).unwrap().as_str(), expected);
    }

    #[test]
    fn stays_one_literal_everywhere() {
        check("</script><!--", r#""\u003c/script\u003e\u003c!--""#);
        check("'&\u{2028}\u{2029}\"\\", r#""\u0027\u0026\u2028\u2029\u0022\u005c""#);
        check(BTreeMap::from([("a<", [1, 2])]), r#"{"a\u003c":[1,2]}"#);
        check("$a;@b`\n", r#""\u0024a\u003b\u0040b\u0060\n""#);
        check("é🦀", "\"é🦀\"");
        check(None::<u8>, "null");
    }

    #[test]
    fn writes_null_for_what_json_cannot_say() {
        let unspeakable = BTreeMap::from([([1, 2], 3)]);
        assert!(try_json(&unspeakable).is_err());
        let mut buf = Buf::new();
        json(&unspeakable).write_expression(&mut JsWriter::attribute(&mut buf, Quote::Double));
        assert_eq!(buf.finish().as_str(), "null");
    }
}
