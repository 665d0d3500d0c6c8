//! Stands in for content with a hash where the feature `files` is off: without ranges, conditions and `integrity`.

use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderValue};

use super::{Response, set, with_type};

/// The content of a script.
pub(crate) struct HashedContent {
    content: Bytes,
    hash: String,
}

impl HashedContent {
    /// The content of a script, whatever its name is.
    pub(crate) fn new(_: &str, content: Bytes) -> Self {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Self { content, hash: format!("{:016x}", hasher.finish()) }
    }

    /// A hash of the content.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// The content as a response that clients may keep for a year.
    pub(crate) fn respond(&self) -> Response {
        let script = HeaderValue::from_static("text/javascript; charset=utf-8");
        let mut response = with_type(script, self.content.clone());
        set(response.headers_mut(), CACHE_CONTROL, "public, max-age=31536000, immutable");
        response
    }
}
