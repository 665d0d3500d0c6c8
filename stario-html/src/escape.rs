//! Turning text into something HTML reads back as the same text.
//!
//! One set of characters serves element content and quoted attributes alike: `&`, `<`, `>` and the quote that would end
//! the attribute. Everything else is copied as it is.

/// The quote that encloses an attribute value, and therefore may not appear in it unescaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// `"`, also the choice for element content.
    Double,
    /// `'`, shorter on the wire for JSON and other text full of `"`.
    Single,
}

impl Quote {
    /// The quote as it is written in markup.
    #[must_use]
    pub const fn as_char(self) -> char {
        match self {
            Self::Double => '"',
            Self::Single => '\'',
        }
    }

    /// The quote that needs fewer entities around `text`; `"` when both need the same.
    #[must_use]
    pub fn best_for(text: &str) -> Self {
        let count = |quote: char| text.chars().filter(|&c| c == quote).count();
        if count('"') > count('\'') { Self::Single } else { Self::Double }
    }
}

/// The entity for a byte that may not stand for itself, or `None` for a byte that may.
pub(crate) const fn entity(byte: u8, quote: Quote) -> Option<&'static str> {
    match (byte, quote) {
        (b'&', _) => Some("&amp;"),
        (b'<', _) => Some("&lt;"),
        (b'>', _) => Some("&gt;"),
        (b'"', Quote::Double) => Some("&quot;"),
        (b'\'', Quote::Single) => Some("&#39;"),
        _ => None,
    }
}

/// Appends `text` to `out`, escaped for element content and for attributes in `quote`s.
///
/// This is the plain definition: the macros use it for literals, and the fast routine is tested against it.
pub fn escape_into(text: &str, quote: Quote, out: &mut String) {
    let mut clean_from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if let Some(entity) = entity(byte, quote) {
            out.push_str(&text[clean_from..at]);
            out.push_str(entity);
            clean_from = at + 1;
        }
    }
    out.push_str(&text[clean_from..]);
}

#[cfg(test)]
mod tests {
    use super::{Quote, escape_into};

    fn check(text: &str, double: &str, single: &str) {
        for (quote, expected) in [(Quote::Double, double), (Quote::Single, single)] {
            let mut out = String::new();
            escape_into(text, quote, &mut out);
            assert_eq!(out, expected, "{quote:?}");
        }
    }

    #[test]
    fn replaces_what_markup_would_read() {
        check("", "", "");
        check("plain", "plain", "plain");
        check("<a>&</a>", "&lt;a&gt;&amp;&lt;/a&gt;", "&lt;a&gt;&amp;&lt;/a&gt;");
        check("\"'", "&quot;'", "\"&#39;");
        check("é<漢>🦀", "é&lt;漢&gt;🦀", "é&lt;漢&gt;🦀");
    }

    #[test]
    fn prefers_the_quote_with_fewer_entities() {
        assert_eq!(Quote::best_for("a"), Quote::Double);
        assert_eq!(Quote::best_for("'a' \"b\""), Quote::Double);
        assert_eq!(Quote::best_for("{\"a\": 'b\"}"), Quote::Single);
    }
}
