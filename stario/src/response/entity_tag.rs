//! Entity tags (RFC 9110 section 8.8.3): what tells one state of a response from another.

use http::HeaderMap;
use http::header::{ETAG, HeaderName};

/// An entity tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EntityTag {
    pub(super) is_weak: bool,
    /// The text between the quotes.
    pub(super) opaque: Vec<u8>,
}

impl EntityTag {
    /// The tag of the response with this head.
    pub(super) fn of(response: &HeaderMap) -> Option<Self> {
        let (tag, _) = Self::read(response.get(ETAG)?.as_bytes())?;
        Some(tag)
    }

    /// The tag that `text` begins with, and what follows it.
    pub(super) fn read(text: &[u8]) -> Option<(Self, &[u8])> {
        let (is_weak, quoted) = match text.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, text),
        };
        let opaque = quoted.strip_prefix(b"\"")?;
        let end = opaque.iter().position(|byte| *byte == b'"')?;
        Some((Self { is_weak, opaque: opaque[..end].to_owned() }, &opaque[end + 1..]))
    }

    /// Weak comparison (RFC 9110, section 8.8.3.2): a reader takes both states for the same.
    pub(super) fn matches_weakly(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }

    /// Whether a header of the request, such as `if-none-match`, lists a tag that is the same by `is_same`, or `*`, which stands for
    /// every state. `etag` is the response's tag, if it has one.
    pub(super) fn is_among(
        etag: Option<&Self>,
        request: &HeaderMap,
        name: &HeaderName,
        is_same: fn(&Self, &Self) -> bool,
    ) -> bool {
        request.get_all(name).iter().any(|line| {
            let mut rest = line.as_bytes().trim_ascii();
            if rest == b"*" {
                return true;
            }
            let Some(etag) = etag else {
                return false;
            };
            while let Some((tag, after)) = Self::read(rest) {
                if is_same(&tag, etag) {
                    return true;
                }
                let after = after.trim_ascii_start();
                rest = after.strip_prefix(b",").unwrap_or_default().trim_ascii_start();
            }
            false
        })
    }
}
