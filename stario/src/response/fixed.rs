//! Content that never changes under its URL, because the URL holds a hash of it.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, ETAG, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use sha2::{Digest as _, Sha384};

use super::file::{FileInMemory, media_type};
use super::{Response, set, with_type};
use crate::compress::{Compression, Variants};

/// The content, its hash, and the headers of its responses.
pub(crate) struct HashedContent {
    content: Bytes,
    content_type: HeaderValue,
    digest: [u8; 48],
    hash: String,
    etag: HeaderValue,
    variants: Variants,
}

impl HashedContent {
    /// How many characters the hash in a URL has.
    pub(crate) const HASH_LENGTH: usize = 16;

    /// The content of a file whose name says which type it has.
    pub(crate) fn new(name: &str, content: Bytes) -> Self {
        let digest: [u8; 48] = Sha384::digest(&content).into();
        let hash = format!("{:016x}", digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first)));
        let etag = HeaderValue::try_from(format!("\"{hash}\""));
        Self {
            content_type: media_type(Path::new(name)),
            digest,
            // A hash is a text of a header.
            etag: etag.unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            hash,
            variants: Variants::new(content.clone()),
            content,
        }
    }

    /// The beginning of the content's SHA-384 in hexadecimal digits.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// The content's SHA-384 as the attribute `integrity` has it.
    pub(crate) fn integrity(&self) -> String {
        format!("sha384-{}", STANDARD.encode(self.digest))
    }

    /// The content as a response that clients may keep for a year.
    pub(crate) fn respond(&self) -> Response {
        let mut response = with_type(self.content_type.clone(), self.content.clone());
        let headers = response.headers_mut();
        set(headers, CACHE_CONTROL, "public, max-age=31536000, immutable");
        set(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(headers, ACCEPT_RANGES, "bytes");
        headers.insert(ETAG, self.etag.clone());
        response.extensions_mut().insert(FileInMemory);
        response.extensions_mut().insert(self.variants.clone());
        response
    }

    /// Compresses the content, if the settings have its type compressed. This may take seconds.
    pub(crate) fn compress(&self, settings: &Compression) {
        self.variants.encode(settings, &self.content_type);
    }
}
