//! The head of a response that a handler writes: its headers, and what its status and its length say of the body.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, SET_COOKIE, TRANSFER_ENCODING};

use super::error::WriteError;

/// The `content-length` that was set, if one was; an error if it is not one number.
pub(super) fn content_length(headers: &HeaderMap) -> Result<Option<u64>, WriteError> {
    let mut values = headers.get_all(CONTENT_LENGTH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let number = |value: &HeaderValue| {
        let text = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        text.parse().ok()
    };
    match (number(value), values.next()) {
        (Some(length), None) => Ok(Some(length)),
        _ => Err(WriteError::ContentLength),
    }
}

/// Statuses whose responses end with their head, or must be empty (205).
pub(super) fn has_no_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Adds the headers that were set. They replace those of the same name, except for cookies. A `transfer-encoding` is removed:
/// the connection decides how a body is delimited.
pub(super) fn merge(headers: &mut HeaderMap, set: HeaderMap) {
    for name in set.keys().filter(|name| *name != SET_COOKIE) {
        headers.remove(name);
    }
    let mut last = None;
    for (name, value) in set {
        last = name.or(last);
        if let Some(name) = &last {
            headers.append(name, value);
        }
    }
    headers.remove(TRANSFER_ENCODING);
}
