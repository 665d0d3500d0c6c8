//! Stands in for compression where the feature `compression` is off: no coding is known, so every body is sent and
//! read as it is.

#[cfg(feature = "files")]
#[path = "absent/files.rs"]
mod files;
#[path = "vary.rs"]
mod vary;

use std::convert::Infallible;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use bytes::Bytes;
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

/// The state that streams of a relay share: none, because nothing is compressed.
#[derive(Debug)]
pub(crate) struct Broadcast;

#[allow(clippy::unused_self)]
impl Broadcast {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self)
    }

    pub(crate) fn group(&self, _: impl Hash) -> u32 {
        0
    }

    pub(crate) fn share(&self, _: Bytes) -> Option<SharedEvent> {
        None
    }
}

/// Where an event stands among those that a subscription has received; nobody asks.
#[derive(Debug, Clone, Copy, Default)]
#[allow(dead_code)]
pub(crate) struct Sequence {
    pub(crate) group: u32,
    pub(crate) number: u32,
}

/// An event that streams share; there is none.
#[derive(Debug, Clone)]
pub(crate) struct SharedEvent(Infallible);

impl SharedEvent {
    pub(crate) fn uncompressed(_: Bytes) -> Option<Self> {
        None
    }

    pub(crate) fn bytes(&self) -> &Bytes {
        match self.0 {}
    }

    pub(crate) fn with_bytes(&self, _: Bytes) -> Option<Self> {
        match self.0 {}
    }

    pub(crate) fn is_uncompressed(&self) -> bool {
        match self.0 {}
    }

    pub(crate) fn set_sequence(&mut self, _: Sequence) {
        match self.0 {}
    }
}

/// Which parts of a frame streams share; there are none.
#[derive(Debug, Default)]
pub(crate) struct SharedParts;

impl SharedParts {
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn push(&mut self, _: usize, event: SharedEvent) {
        match event.0 {}
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

/// The codings that a request accepts; they are not read.
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
