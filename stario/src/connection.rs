//! The connection that requests come by, as far as their answers depend on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::moment::Moment;
use crate::telemetry::Listeners;

/// The connection that a request came by. Clones are the same connection.
#[derive(Debug, Clone)]
pub(crate) struct Connection(Arc<ConnectionFacts>);

#[derive(Debug)]
struct ConnectionFacts {
    peer: Option<SocketAddr>,
    /// The listeners to its requests, if they are the same for all of them: to find them takes 80 instructions.
    listeners: Option<Listeners>,
    opened: Moment,
    /// The last time that was read from the clock, in nanoseconds since `opened`; [`NO_TIME`] once it was taken.
    time: AtomicU64,
    leaves_with_input: AtomicBool,
    has_unread_body: AtomicBool,
}

/// Stands for no time.
const NO_TIME: u64 = u64::MAX;

impl Connection {
    /// A connection from `peer`, if the server says where it comes from.
    pub(crate) fn new(peer: Option<SocketAddr>) -> Self {
        Self(Arc::new(ConnectionFacts {
            peer,
            listeners: Listeners::lasting(),
            opened: Moment::now(),
            time: AtomicU64::new(NO_TIME),
            leaves_with_input: AtomicBool::new(false),
            has_unread_body: AtomicBool::new(false),
        }))
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.0.peer
    }

    /// The listeners to what is logged of a request that begins now.
    #[inline(always)]
    pub(crate) fn listeners(&self) -> Listeners {
        self.0.listeners.unwrap_or_else(Listeners::find)
    }

    /// How many nanoseconds ago the connection was opened.
    pub(crate) fn age(&self) -> u64 {
        Moment::now().nanos_since(self.0.opened)
    }

    /// Keeps a time that was just read from the clock.
    pub(crate) fn note_time(&self, now: Moment) {
        self.0.time.store(now.nanos_since(self.0.opened), Ordering::Relaxed);
    }

    /// Takes the last time that was kept, in nanoseconds since the connection was opened; `None` if it was taken before. So
    /// a poll that needs the time twice reads the clock once.
    pub(crate) fn take_time(&self) -> Option<u64> {
        let time = self.0.time.load(Ordering::Relaxed);
        if time == NO_TIME {
            return None;
        }
        self.0.time.store(NO_TIME, Ordering::Relaxed);
        Some(time)
    }

    /// A request begins.
    pub(crate) fn begin_request(&self) {
        self.0.leaves_with_input.store(false, Ordering::Relaxed);
        self.0.has_unread_body.store(false, Ordering::Relaxed);
    }

    /// Until the next request, treats the end of the client's input as its leaving, even if bytes before it are unread.
    /// Otherwise the end only means that the client sends no more, and may wait for the answer.
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
