//! Names and values of a query or form in `application/x-www-form-urlencoded`, as the URL standard defines it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::value::NotText;

/// A name and a value as they were sent.
pub(super) type RawPair<'t> = (&'t str, &'t str);

/// A name and a value, decoded.
pub(super) type TextPair<'t> = (Cow<'t, str>, Cow<'t, str>);

/// The pairs in their order. Nothing is decoded yet.
pub(super) fn raw_pairs(text: &str) -> impl Iterator<Item = RawPair<'_>> {
    let mut rest = text;
    let pairs = std::iter::from_fn(move || {
        let (pair, after) = (!rest.is_empty()).then(|| cut(rest, b'&'))?;
        rest = after;
        Some(pair)
    });
    pairs.filter(|pair| !pair.is_empty()).map(|pair| cut(pair, b'='))
}

/// The text before the first `separator`, and the text after it, which is empty if there is none.
fn cut(text: &str, separator: u8) -> (&str, &str) {
    match text.bytes().position(|byte| byte == separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

/// The pairs in their order, decoded.
pub(super) fn pairs(text: &str) -> Result<Vec<TextPair<'_>>, NotText> {
    raw_pairs(text).map(|(name, value)| Ok((decoded(name)?, decoded(value)?))).collect()
}

/// The values of one name, decoded.
pub(super) fn values<'t>(
    text: &'t str,
    name: &'static str,
) -> impl Iterator<Item = Result<Cow<'t, str>, NotText>> {
    raw_pairs(text).filter(move |(raw, _)| is_name(raw, name)).map(|(_, value)| decoded(value))
}

/// Whether a name as it was sent is `name`. Names that are sent as they are, which is usual, are not decoded.
fn is_name(raw: &str, name: &str) -> bool {
    raw == name || (is_encoded(raw) && decoded(raw).is_ok_and(|decoded| decoded == name))
}

/// The text, where `+` is a space and `%` begins the code of a byte. An incomplete code is text.
#[inline]
pub(super) fn decoded(raw: &str) -> Result<Cow<'_, str>, NotText> {
    if is_encoded(raw) { decode(raw).map(Cow::Owned) } else { Ok(Cow::Borrowed(raw)) }
}

fn decode(raw: &str) -> Result<String, NotText> {
    let mut bytes = Vec::with_capacity(raw.len());
    for (index, part) in raw.split('+').enumerate() {
        if index > 0 {
            bytes.push(b' ');
        }
        bytes.extend(percent_decode_str(part));
    }
    String::from_utf8(bytes).map_err(|_| NotText)
}

fn is_encoded(raw: &str) -> bool {
    raw.bytes().any(|byte| matches!(byte, b'%' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_split_and_decoded() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found = pairs(text).unwrap();
            let found: Vec<_> = found.iter().map(|(name, value)| (&**name, &**value)).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("", &[]);
        check("a=1&b=2", &[("a", "1"), ("b", "2")]);
        check("&&a&=1&==&", &[("a", ""), ("", "1"), ("", "=")]);
        check("a%62=c+d%2B%C3%A9", &[("ab", "c d+é")]);
        check("a=%zz%&b=%4", &[("a", "%zz%"), ("b", "%4")]);
        assert!(pairs("a=%FF").is_err());
        assert!(pairs("%FF=a").is_err());
    }

    #[test]
    fn text_without_codes_is_borrowed() {
        assert!(matches!(decoded("été"), Ok(Cow::Borrowed("été"))));
        assert!(matches!(decoded("a+b"), Ok(Cow::Owned(_))));
    }

    #[test]
    fn values_are_found_by_their_decoded_name() {
        let found: Vec<_> = values("id=1&%69d=2&i=3&id=4", "id").map(Result::unwrap).collect();
        assert_eq!(found, ["1", "2", "4"]);
    }
}
