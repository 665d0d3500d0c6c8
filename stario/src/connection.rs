//! The connection that a request came by, as far as its answer depends on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The connection that a request came by. Clones are the same connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection {
    /// Where the connection comes from, if the server says so.
    pub(crate) peer: Option<SocketAddr>,
    /// None where no server of ours holds the connection.
    notes: Option<Arc<ConnectionNotes>>,
}

impl Connection {
    pub(crate) fn new(peer: SocketAddr, notes: Arc<ConnectionNotes>) -> Self {
        Self { peer: Some(peer), notes: Some(notes) }
    }

    /// Until the next request, the end of the client's input means that the client has left, even behind bytes that
    /// nobody reads. Otherwise it means only that no more is sent, and the answer may still be waited for.
    pub(crate) fn leave_with_input(&self) {
        if let Some(notes) = &self.notes {
            notes.leave_with_input();
        }
    }
}

impl From<Option<SocketAddr>> for Connection {
    fn from(peer: Option<SocketAddr>) -> Self {
        Self { peer, notes: None }
    }
}

/// What those who answer a request tell the connection that it came by.
#[derive(Debug, Default)]
pub(crate) struct ConnectionNotes {
    leaves_with_input: AtomicBool,
    has_unread_body: AtomicBool,
}

impl ConnectionNotes {
    /// A request begins.
    pub(crate) fn begin_request(&self) {
        self.leaves_with_input.store(false, Ordering::Relaxed);
    }

    pub(crate) fn leave_with_input(&self) {
        self.leaves_with_input.store(true, Ordering::Relaxed);
    }

    /// Whether the end of the client's input means that the client has left.
    pub(crate) fn leaves_with_input(&self) -> bool {
        self.leaves_with_input.load(Ordering::Relaxed)
    }

    /// The body of a request was dropped before its end.
    pub(crate) fn note_unread_body(&self) {
        self.has_unread_body.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_unread_body(&self) -> bool {
        self.has_unread_body.load(Ordering::Relaxed)
    }
}
