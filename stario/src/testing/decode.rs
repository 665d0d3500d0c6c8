//! Decompresses what an app answers.

use http::HeaderMap;

use crate::body::Body;
use crate::compress::{self, Decoded, Decompression};

/// The body of a response before it was compressed, if it was.
pub(super) fn decoded(headers: &HeaderMap, body: Body) -> Body {
    /// The app itself is no attacker.
    const ANY_RATIO: Decompression = Decompression::new().ratio(u32::MAX);
    match compress::coding_of(headers) {
        Some(coding) => Body::new(Decoded::new(body, coding, ANY_RATIO)),
        None => body,
    }
}
