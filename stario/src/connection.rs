//! The connection that requests come by, as far as their answers depend on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The connection that a request came by. Clones are the same connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    peer: Option<SocketAddr>,
    leaves_with_input: AtomicBool,
    has_unread_body: AtomicBool,
}

impl Connection {
    /// A connection from `peer`, if the server says where it comes from.
    pub(crate) fn new(peer: Option<SocketAddr>) -> Self {
        Self(Arc::new(Shared { peer, ..Shared::default() }))
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// A request begins.
    pub(crate) fn begin_request(&self) {
        self.0.leaves_with_input.store(false, Ordering::Relaxed);
        self.0.has_unread_body.store(false, Ordering::Relaxed);
    }

    /// Until the next request, the end of the client's input means that the client has left, even after bytes that
    /// nobody reads. Otherwise it means only that no more is sent, and the answer may still be waited for.
    pub(crate) fn leave_with_input(&self) {
        self.0.leaves_with_input.store(true, Ordering::Relaxed);
    }

    /// Whether the end of the client's input means that the client has left.
    pub(crate) fn leaves_with_input(&self) -> bool {
        self.0.leaves_with_input.load(Ordering::Relaxed)
    }

    /// The body of a request was dropped before its end.
    pub(crate) fn note_unread_body(&self) {
        self.0.has_unread_body.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_unread_body(&self) -> bool {
        self.0.has_unread_body.load(Ordering::Relaxed)
    }
}
