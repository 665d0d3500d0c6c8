//! Names and values of a query or form in `application/x-www-form-urlencoded`, as the URL standard defines it.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::value::NotText;

/// A name and a value as they were sent.
pub(super) type RawPair<'t> = (&'t [u8], &'t [u8]);

/// A name and a value, decoded.
pub(super) type Pair<'t> = (Cow<'t, str>, Cow<'t, str>);

/// The pairs in their order. Nothing is decoded yet.
pub(super) fn raw_pairs(text: &[u8]) -> impl Iterator<Item = RawPair<'_>> {
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| match pair.iter().position(|byte| *byte == b'=') {
        Some(equals) => (&pair[..equals], &pair[equals + 1..]),
        None => (pair, &[][..]),
    })
}

/// The pairs in their order, decoded.
pub(super) fn pairs(text: &[u8]) -> Result<Vec<Pair<'_>>, NotText> {
    raw_pairs(text).map(|(name, value)| Ok((decoded(name)?, decoded(value)?))).collect()
}

/// The values of one name, decoded.
pub(super) fn values<'t>(
    text: &'t [u8],
    name: &'static str,
) -> impl Iterator<Item = Result<Cow<'t, str>, NotText>> {
    raw_pairs(text).filter(move |(raw, _)| is_name(raw, name)).map(|(_, value)| decoded(value))
}

/// Whether a name as it was sent is `name`. Names that are sent as they are, which is usual, are not decoded.
fn is_name(raw: &[u8], name: &str) -> bool {
    raw == name.as_bytes() || (is_encoded(raw) && decoded(raw).is_ok_and(|decoded| decoded == name))
}

/// The text, where `+` is a space and `%` begins the code of a byte. An incomplete code is text.
pub(super) fn decoded(raw: &[u8]) -> Result<Cow<'_, str>, NotText> {
    if !is_encoded(raw) {
        return std::str::from_utf8(raw).map(Cow::Borrowed).map_err(|_| NotText);
    }
    let mut bytes = Vec::with_capacity(raw.len());
    for (index, part) in raw.split(|byte| *byte == b'+').enumerate() {
        if index > 0 {
            bytes.push(b' ');
        }
        bytes.extend(percent_decode(part));
    }
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| NotText)
}

fn is_encoded(raw: &[u8]) -> bool {
    raw.iter().any(|byte| matches!(byte, b'%' | b'+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_split_and_decoded() {
        let check = |text: &str, expected: &[(&str, &str)]| {
            let found = pairs(text.as_bytes()).unwrap();
            let found: Vec<_> = found.iter().map(|(name, value)| (&**name, &**value)).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("", &[]);
        check("a=1&b=2", &[("a", "1"), ("b", "2")]);
        check("&&a&=1&==&", &[("a", ""), ("", "1"), ("", "=")]);
        check("a%62=c+d%2B%C3%A9", &[("ab", "c d+é")]);
        check("a=%zz%&b=%4", &[("a", "%zz%"), ("b", "%4")]);
        assert!(pairs(b"a=%FF").is_err());
        assert!(pairs(b"a=\xff").is_err());
        assert!(pairs(b"%FF=a").is_err());
    }

    #[test]
    fn text_without_codes_is_borrowed() {
        assert!(matches!(decoded("été".as_bytes()), Ok(Cow::Borrowed("été"))));
        assert!(matches!(decoded(b"a+b"), Ok(Cow::Owned(_))));
    }

    #[test]
    fn values_are_found_by_their_decoded_name() {
        let found: Vec<_> = values(b"id=1&%69d=2&i=3&id=4", "id").map(Result::unwrap).collect();
        assert_eq!(found, ["1", "2", "4"]);
    }
}
