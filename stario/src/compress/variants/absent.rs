//! Stands in for the codings of content that never changes where the feature `files` is off: there is no such content.

use bytes::Bytes;

use super::settings::ContentCoding;
use crate::body::Response;

/// The codings of one content; there are none.
pub(super) enum Variants {}

impl Variants {
    pub(super) fn of(_: &Response) -> Option<Self> {
        None
    }

    pub(super) fn get(&self, _: ContentCoding) -> Option<&Bytes> {
        match *self {}
    }

    pub(super) fn want(&self, _: &[ContentCoding]) {
        match *self {}
    }
}
