//! A frame of an event stream, and which parts of it other streams send, too.

use bytes::Bytes;

use crate::compress::SharedParts;

/// One or more whole events that are sent together.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "compression"), allow(dead_code))] // Only compression tells the parts apart.
pub(crate) struct Pieces {
    pub(crate) bytes: Bytes,
    pub(crate) shared: SharedParts,
    /// Whether it is a ping, a comment that keeps the connection open.
    pub(crate) is_ping: bool,
}

impl From<Bytes> for Pieces {
    fn from(bytes: Bytes) -> Self {
        Self { bytes, ..Self::default() }
    }
}
