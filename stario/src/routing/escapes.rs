//! The percent-escapes of a path.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::bytes::position;

/// Whether the path has a percent-escape.
pub(super) fn are_in(path: &str) -> bool {
    position(path.as_bytes(), b'%').is_some()
}

/// What is wrong with the escapes of a path, in one sentence.
pub(super) fn problem(path: &str) -> Option<&'static str> {
    let digits = |escape: &str| escape.as_bytes().first_chunk::<2>().copied();
    for escape in path.split('%').skip(1) {
        match digits(escape) {
            Some([b'0', b'0']) => return Some("the path has a NUL, `%00`, which no text has"),
            Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {}
            _ => return Some("the path has a `%` that is not followed by two hex digits"),
        }
    }
    let decoded = percent_decode_str(path).decode_utf8();
    decoded.is_err().then_some("the path is not UTF-8 when its escapes are decoded")
}

/// A segment with its escapes decoded; as it is where they are malformed.
pub(super) fn decode(segment: &str) -> Cow<'_, str> {
    if !are_in(segment) {
        return Cow::Borrowed(segment);
    }
    percent_decode_str(segment).decode_utf8().unwrap_or(Cow::Borrowed(segment))
}
