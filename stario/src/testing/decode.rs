//! Decompresses what an app answers.

use http::HeaderMap;

use crate::body::Body;
use crate::compress::{self, Decompression};

/// The body of a response before it was compressed, if it was.
pub(super) fn decoded(headers: &HeaderMap, body: Body) -> Body {
    match compress::coding_of(headers) {
        Some(coding) => compress::decoded(body, coding, Decompression::trusted()),
        None => body,
    }
}
