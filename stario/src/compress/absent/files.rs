//! What files need of compression, where only the feature `compression` is off: no file is compressed.

use bytes::Bytes;
use http::HeaderValue;

use super::Compression;
use crate::response::Response;

/// The file that a 304 stands for; nobody asks for its properties.
pub(crate) enum UnmodifiedFile {}

impl UnmodifiedFile {
    pub(crate) fn note(_: &mut Response, _: HeaderValue, _: u64) {}
}

/// The codings of content that never changes; there are none.
#[derive(Clone)]
pub(crate) struct Variants;

impl Variants {
    pub(crate) fn new(_: Bytes) -> Self {
        Self
    }

    pub(crate) fn encode(&self, _: &Compression, _: &HeaderValue) {}
}

/// Nothing is compressed, so nothing is done.
pub(crate) fn in_background(_: impl FnOnce() + Send + 'static) {}
