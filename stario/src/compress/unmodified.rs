//! `UnmodifiedFile`: the file that a 304 stands for.

use http::HeaderValue;

use super::settings::Compression;
use crate::body::Response;

/// The properties of the file, which decide whether the file itself would be compressed. They are an extension of the response.
#[derive(Clone)]
pub(crate) struct UnmodifiedFile {
    content_type: HeaderValue,
    length: u64,
}

impl UnmodifiedFile {
    /// Notes the file that the response stands for.
    pub(crate) fn note(response: &mut Response, content_type: HeaderValue, length: u64) {
        response.extensions_mut().insert(Self { content_type, length });
    }

    /// Takes what was noted of the file.
    pub(super) fn take(response: &mut Response) -> Option<Self> {
        response.extensions_mut().remove()
    }

    /// Whether its type and its length let it be compressed.
    pub(super) fn qualifies(&self, settings: &Compression) -> bool {
        self.length >= settings.least_bytes() as u64 && settings.compresses(&self.content_type)
    }
}
