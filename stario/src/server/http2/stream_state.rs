//! Whether a stream of HTTP/2 waits for its client or for the server. Its body notes it, and its task reads it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::unread::{Turn, UnreadBytes};

/// What a stream waits for. The body of its response notes it, and the stream's task acts on it.
#[derive(Default)]
pub(in super::super) struct StreamState {
    /// Whether the response waits for its client, not for the server.
    waits_for_client: AtomicBool,
    /// Whether the body was polled since the task has last asked.
    pub(super) has_changed: AtomicBool,
    /// The bytes handed over since the task has last asked.
    pub(super) bytes: AtomicUsize,
    /// The bytes of its connection's responses that are not taken.
    unread: Arc<UnreadBytes>,
    place: StreamPermit,
}

/// Counts a stream against the limit of requests until it ends.
#[derive(Default)]
pub(super) enum StreamPermit {
    /// It needs none: it is the only stream of its connection, whose place counts for it.
    #[default]
    OfConnection,
    /// One of its own, because its connection carries other streams.
    Own { _permit: OwnedSemaphorePermit },
    /// The limit is reached, so the request is refused.
    None,
}

impl StreamState {
    /// Whether the stream's request must be refused, because too many are open.
    pub(in super::super) fn has_no_place(&self) -> bool {
        matches!(self.place, StreamPermit::None)
    }

    /// The turn of the stream's request.
    pub(in super::super) fn turn(&self) -> Turn {
        Turn::new(&self.unread)
    }

    /// A frame of the response, counted until the client has taken it.
    pub(in super::super) fn count_unread(&self, frame: Bytes) -> Bytes {
        self.unread.count(frame)
    }

    /// So many bytes are handed over, and the client has to take them.
    pub(in super::super) fn wait_for_client(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.waits_for_client.store(true, Ordering::Relaxed);
        self.has_changed.store(true, Ordering::Relaxed);
    }

    pub(in super::super) fn waits_for_client(&self) -> bool {
        self.waits_for_client.load(Ordering::Relaxed)
    }

    /// Nothing is ready to be sent.
    pub(in super::super) fn wait_for_server(&self) {
        self.waits_for_client.store(false, Ordering::Relaxed);
        self.has_changed.store(true, Ordering::Relaxed);
    }
}

/// The state of the stream that hyper is about to execute, on one connection.
#[derive(Clone, Default)]
pub(super) struct NewStream {
    state: Arc<Mutex<Option<Arc<StreamState>>>>,
    unread: Arc<UnreadBytes>,
}

impl NewStream {
    /// The state of a new stream, which stays here for the stream's task.
    pub(super) fn create(&self, place: StreamPermit) -> Arc<StreamState> {
        let unread = Arc::clone(&self.unread);
        let state = Arc::new(StreamState { unread, place, ..StreamState::default() });
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&state));
        state
    }

    /// The connection has ended.
    pub(super) fn close(&self) {
        self.unread.close();
    }

    pub(super) fn take(&self) -> Arc<StreamState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}
