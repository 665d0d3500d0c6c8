//! The header `vary`: on which headers of the request a response depends.

use http::HeaderMap;
use http::header::{HeaderValue, VARY};

/// The members of a comma-separated list in one or more header lines. Quoted strings are not recognized.
pub(super) fn members(headers: &HeaderMap, name: http::HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(name).into_iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// Adds this header of the request to `vary`: the response depends on it.
pub(crate) fn vary(headers: &mut HeaderMap, name: &'static str) {
    if members(headers, VARY).any(|member| member == b"*" || member.eq_ignore_ascii_case(name.as_bytes())) {
        return;
    }
    let value = HeaderValue::from_static(name);
    let mut lines: Vec<&[u8]> = headers.get_all(VARY).iter().map(HeaderValue::as_bytes).collect();
    let merged = if lines.is_empty() {
        value
    } else {
        lines.push(name.as_bytes());
        // Parts of headers make a header.
        HeaderValue::from_bytes(&lines.join(&b", "[..])).unwrap_or(value)
    };
    headers.insert(VARY, merged);
}
