//! Stands in for compression where the feature `compression` is off: no coding is known, so every body is sent and
//! read as it is.

#[cfg(feature = "files")]
#[path = "absent/files.rs"]
mod files;
#[path = "vary.rs"]
mod vary;

use std::fmt;

use http::{HeaderMap, StatusCode};

use crate::body::Body;
use crate::response::Response;

#[cfg(feature = "files")]
pub(crate) use files::{UnmodifiedFile, Variants, in_background};
pub(crate) use vary::vary;

/// A coding; there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ContentCoding {}

/// The settings for responses; there are none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compression;

impl Compression {
    pub(crate) const fn new() -> Self {
        Self
    }
}

/// The settings for request bodies; an app cannot have them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decompression;

impl Decompression {
    pub(crate) const fn trusted() -> Self {
        Self
    }
}

/// What a request says of codings; nobody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {}

impl Accepted {
    pub(crate) fn of(_: &HeaderMap) -> Option<Self> {
        None
    }
}

pub(crate) async fn respond(accepted: Accepted, _: &Compression, _: &mut Response) {
    match accepted {}
}

/// No response has variants.
pub(crate) fn note_variants(_: &Compression, _: &mut Response) {}

pub(crate) fn coding_of(_: &HeaderMap) -> Option<ContentCoding> {
    None
}

pub(crate) fn decoded(_: Body, coding: ContentCoding, _: Decompression) -> Body {
    match coding {}
}

/// Why a compressed body is refused; none is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DecodeError {}

impl DecodeError {
    pub(crate) fn status(self) -> StatusCode {
        match self {}
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for DecodeError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
