//! Stands in for HTTP/2 where the feature `http2` is off: every connection speaks HTTP/1.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::socket::Socket;

/// The protocols that TLS offers.
#[cfg(feature = "tls")]
pub(super) const ALPN: &[&[u8]] = &[b"http/1.1"];

pub(super) enum Protocol {
    Http1,
}

impl Protocol {
    #[allow(clippy::unused_async)] // As where there are two protocols.
    pub(super) async fn of(_: &Socket) -> io::Result<Self> {
        Ok(Self::Http1)
    }
}

/// The state of a stream; there is none.
pub(super) enum StreamState {}

impl StreamState {
    pub(super) fn has_no_place(&self) -> bool {
        match *self {}
    }

    pub(super) fn turn(&self) -> Turn {
        match *self {}
    }

    pub(super) fn count_unread(&self, _: Bytes) -> Bytes {
        match *self {}
    }

    pub(super) fn waits_for_client(&self) -> bool {
        match *self {}
    }

    pub(super) fn wait_for_client(&self, _: usize) {
        match *self {}
    }

    pub(super) fn wait_for_server(&self) {
        match *self {}
    }
}

/// The turn of a request; over HTTP/1 it comes at once.
pub(super) enum Turn {}

impl Turn {
    pub(super) fn poll(&mut self, _: usize, _: &mut Context<'_>) -> Poll<()> {
        match *self {}
    }

    pub(super) fn has_come(&self) -> bool {
        match *self {}
    }

    pub(super) fn waits_for_client(&self) -> bool {
        match *self {}
    }
}
