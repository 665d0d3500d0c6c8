//! `Activity`: what a connection is doing and when it times out. All parts of the connection share it.
//!
//! ```text
//! reading a head --head read--> busy with requests --last response handed over--> idle --first byte--+
//!   ^  until `head_timeout`      no limit here (bodies and writes have StallTimers)  |               |
//!   |                                                         until `keep_alive_timeout`             |
//!   +------------------------------------------------------------------------------------------------+
//! ```
//!
//! Over HTTP/2, bytes between requests are about the connection and not a head, so it is idle until the next
//! request; and responses that wait for the client's window keep it for up to `write_timeout`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::http2::StreamState;
use super::places::Role;
use super::write_mode::WriteMode;
use crate::app::Assembled;
use crate::connection::Connection;
use crate::settings::Limits;
use crate::stall::time_for;
use crate::work::UNKNOWN_HANDLER;

/// Stands for the time of the current poll. The clock is read when the poll ends, so a request that is answered in one poll reads
/// it once instead of three times.
const IN_THIS_POLL: u64 = u64::MAX;

/// A connection reads the head of a request, is idle, or is busy with at least one request.
///
/// All parts of a connection run in one task, or hand over to each other by wakes, so no order between the values
/// is needed.
pub(super) struct Activity {
    app: Arc<Assembled>,
    /// What the connection may ask for.
    role: Role,
    opened: Instant,
    head_timeout: Duration,
    keep_alive_timeout: Duration,
    write_timeout: Duration,
    /// Requests whose response is not handed over yet.
    requests: AtomicUsize,
    /// Bytes of responses wait for the system to take them.
    is_writing: AtomicBool,
    /// The bytes that were handed over to HTTP/2 and not written since: at most so many wait for the client to
    /// open its window.
    unsent: AtomicUsize,
    /// The bytes that the client sent while responses were unsent. The server answers pings with as many bytes, so as many written
    /// bytes do not count as progress of the responses.
    echoed: AtomicUsize,
    /// The bytes that the client has taken of those that were unsent.
    taken: AtomicUsize,
    /// When the connection began to be idle, or to read a head: nanoseconds since `connection` was opened, by the system's clock also where a
    /// test has paused tokio's; or [`IN_THIS_POLL`].
    since: AtomicU64,
    /// Whether the connection reads a head, of which the first byte may not have come yet.
    is_in_head: AtomicBool,
    has_asked: AtomicBool,
    is_http2: AtomicBool,
    /// Whether hyper, or the socket for it, waits for the socket to be readable. Neither does while bytes of a request wait to
    /// be used, and then nobody sees its client leave.
    is_reading: AtomicBool,
    /// The address at which the bytes end that hyper has read last.
    read_end: AtomicUsize,
    /// Whether hyper has read bytes behind the request. They hide the end of the input, as unread bytes do.
    has_bytes_behind: AtomicBool,
    /// Whether the socket has to check, at the next flush, that the client is still there.
    is_look_due: AtomicBool,
    /// Whether the socket has to ask the system for input at the next read that finds none. On a busy machine tokio hears late of what has
    /// come, and a connection that is closed with a request in it is reset.
    has_to_ask_for_input: AtomicBool,
    /// Whether the system had input when the socket asked for it.
    found_input: AtomicBool,
    /// Whether the connection was not polled since the head of the request was read. A client whose input ends by then only says
    /// that it sends no more, and waits for the answer; later it means that the client has left.
    is_new_request: AtomicBool,
    /// Whether the end of the client's input is kept from hyper, which would drop the request.
    has_withheld_end: AtomicBool,
    /// Whether the last request had a body.
    has_body: AtomicBool,
    write_mode: WriteMode,
    /// The facts of the connection that requests read.
    connection: Connection,
    /// Whether the connection speaks another protocol by now, such as WebSocket.
    is_upgraded: AtomicBool,
    /// The handler of the large response that is being written, to name it if the stop cuts it. `None` once it was counted.
    large_response: Mutex<Option<&'static str>>,
}

impl Activity {
    pub(super) fn new(app: Arc<Assembled>, peer: SocketAddr, role: Role, limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            app,
            role,
            opened: Instant::now(),
            head_timeout: limits.head_timeout,
            keep_alive_timeout: limits.keep_alive_timeout,
            write_timeout: limits.write_timeout,
            requests: AtomicUsize::new(0),
            is_writing: AtomicBool::new(false),
            unsent: AtomicUsize::new(0),
            echoed: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            since: AtomicU64::new(0),
            // A client that connects means to send a request.
            is_in_head: AtomicBool::new(true),
            has_asked: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
            is_reading: AtomicBool::new(true),
            read_end: AtomicUsize::new(0),
            has_bytes_behind: AtomicBool::new(false),
            is_look_due: AtomicBool::new(false),
            has_to_ask_for_input: AtomicBool::new(false),
            found_input: AtomicBool::new(false),
            is_new_request: AtomicBool::new(false),
            has_withheld_end: AtomicBool::new(false),
            has_body: AtomicBool::new(false),
            write_mode: WriteMode::default(),
            connection: Connection::new(Some(peer)),
            is_upgraded: AtomicBool::new(false),
            large_response: Mutex::new(Some(UNKNOWN_HANDLER)),
        })
    }

    pub(super) fn app(&self) -> &Arc<Assembled> {
        &self.app
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    /// A head was read. The request lasts until the value is dropped.
    pub(super) fn begin_request(
        self: &Arc<Self>,
        headers: &HeaderMap,
        has_body: bool,
        stream: Option<Arc<StreamState>>,
    ) -> ActiveRequest {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.is_in_head.store(false, Ordering::Relaxed);
        self.has_asked.store(true, Ordering::Relaxed);
        self.has_body.store(has_body, Ordering::Relaxed);
        self.is_new_request.store(!has_body && stream.is_none(), Ordering::Relaxed);
        self.has_bytes_behind
            .store(!has_body && stream.is_none() && !self.ends_with(headers), Ordering::Relaxed);
        self.connection.begin_request();
        self.is_http2.store(stream.is_some(), Ordering::Relaxed);
        ActiveRequest { activity: Arc::clone(self), stream }
    }

    /// Whether nothing was read behind a head with these headers. Their values are parts of the buffer that hyper reads into,
    /// so the last ends right before the line ends of the head, which are the last bytes that were read.
    fn ends_with(&self, headers: &HeaderMap) -> bool {
        let end_of = |value: &HeaderValue| value.as_bytes().as_ptr_range().end.addr();
        let end = headers.values().map(end_of).max().unwrap_or_default();
        end + b"\r\n\r\n".len() == self.read_end.load(Ordering::Relaxed)
    }

    /// Whether bytes behind the request hide the end of the input.
    pub(super) fn has_bytes_behind(&self) -> bool {
        self.has_bytes_behind.load(Ordering::Relaxed)
    }

    /// The socket is waited for.
    pub(super) fn note_waiting(&self) {
        self.is_reading.store(true, Ordering::Relaxed);
    }

    /// So many bytes came, none at the end of the input; and this is the address at which they end.
    pub(super) fn note_read(&self, bytes: usize, end: usize) {
        self.is_reading.store(false, Ordering::Relaxed);
        self.read_end.store(end, Ordering::Relaxed);
        if bytes == 0 {
            return;
        }
        if self.unsent.load(Ordering::Relaxed) > 0 {
            self.echoed.fetch_add(bytes, Ordering::Relaxed);
        }
        if !self.is_busy() && !self.is_http2() && !self.is_in_head.swap(true, Ordering::Relaxed) {
            self.wait_from_this_poll();
        }
    }

    /// Bytes or the end of the input have come, and hyper has not read them.
    pub(super) fn note_unwatched(&self) {
        self.is_reading.store(false, Ordering::Relaxed);
    }

    /// Whether the end of input that was just read is to be kept from hyper until the request is answered.
    pub(super) fn withholds_end(&self) -> bool {
        let has_request = self.requests.load(Ordering::Relaxed) > 0;
        let is_withheld = self.has_withheld_end.load(Ordering::Relaxed);
        let withholds = has_request && (is_withheld || self.is_new_request.load(Ordering::Relaxed));
        self.has_withheld_end.store(withholds, Ordering::Relaxed);
        withholds
    }

    /// The connection was polled. Returns whether it is to be polled again, for an end of input that is withheld no
    /// longer.
    #[inline(always)]
    pub(super) fn note_polled(&self) -> bool {
        self.is_new_request.store(false, Ordering::Relaxed);
        let known = self.connection.take_time();
        if self.since.load(Ordering::Relaxed) == IN_THIS_POLL && !self.is_busy() {
            self.since.store(known.unwrap_or_else(|| self.now()), Ordering::Relaxed);
        }
        self.has_withheld_end.load(Ordering::Relaxed)
            && !self.is_busy()
            && self.has_withheld_end.swap(false, Ordering::Relaxed)
    }

    /// Bytes of a response were given to HTTP/2, which keeps them until the client opens its window.
    fn note_handed_over(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes were written, or have to wait.
    #[inline(always)]
    pub(super) fn note_written(&self, bytes: usize, is_blocked: bool) {
        let unsent = self.unsent.load(Ordering::Relaxed);
        if unsent > 0 {
            self.note_taken(bytes, unsent);
        }
        if self.is_writing.load(Ordering::Relaxed) != is_blocked {
            self.is_writing.store(is_blocked, Ordering::Relaxed);
            self.wait_from_this_poll();
        }
    }

    /// Bytes were written while so many of HTTP/2 were unsent.
    fn note_taken(&self, bytes: usize, unsent: usize) {
        let echoed = self.echoed.load(Ordering::Relaxed);
        self.echoed.store(echoed.saturating_sub(bytes), Ordering::Relaxed);
        let taken = bytes.saturating_sub(echoed);
        self.unsent.store(unsent.saturating_sub(taken), Ordering::Relaxed);
        self.taken.fetch_add(taken, Ordering::Relaxed);
        self.extend_wait(time_for(taken));
    }

    /// How many bytes the client of HTTP/2 has taken so far that had to wait for it.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Whether a request is not answered to its end.
    #[cfg(feature = "http2")]
    pub(super) fn has_requests(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    pub(super) fn has_asked(&self) -> bool {
        self.has_asked.load(Ordering::Relaxed)
    }

    /// Whether all requests that were read are answered. Not for a connection of HTTP/2 that has read one.
    pub(super) fn waits_for_request(&self) -> bool {
        !self.is_busy() && !self.is_http2()
    }

    /// Has the socket ask the system for input, when the connection is polled next.
    pub(super) fn ask_for_input(&self) {
        self.has_to_ask_for_input.store(true, Ordering::Relaxed);
    }

    /// Whether the socket has to ask now, which is once.
    pub(super) fn takes_question_for_input(&self) -> bool {
        self.has_to_ask_for_input.load(Ordering::Relaxed)
            && self.has_to_ask_for_input.swap(false, Ordering::Relaxed)
    }

    /// Notes that the system had input.
    pub(super) fn note_input(&self) {
        self.found_input.store(true, Ordering::Relaxed);
    }

    /// Whether the system had input when the socket asked for it.
    pub(super) fn found_input(&self) -> bool {
        self.found_input.load(Ordering::Relaxed)
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether a request of HTTP/1 is being answered while no waker is registered for the socket, so that the client's leaving goes
    /// unnoticed. After a request's body was dropped before its end, hyper registers none.
    pub(super) fn is_blind(&self) -> bool {
        (!self.is_reading.load(Ordering::Relaxed) || self.connection.has_unread_body())
            && self.requests.load(Ordering::Relaxed) > 0
            && !self.is_http2()
    }

    /// Whether the end of the input means that the client has left, though bytes of it are unread. Nothing of a body that was
    /// dropped before its end is read any more, so a client that ends it, or breaks it off, has left as one does whose body
    /// was read to its end.
    pub(super) fn leaves_with_input(&self) -> bool {
        self.connection.leaves_with_input()
            || self.connection.has_unread_body() && self.requests.load(Ordering::Relaxed) > 0
    }

    pub(super) fn write_mode(&self) -> &WriteMode {
        &self.write_mode
    }

    /// Whether hyper's connection must be rebuilt, because responses are to be written in the other mode. hyper must hold nothing
    /// of a request then; it may still read a body while the answer is written.
    pub(super) fn is_due_to_begin_anew(&self) -> bool {
        self.write_mode.is_due_to_change()
            && !self.is_busy()
            && !self.is_http2()
            && !self.has_body.load(Ordering::Relaxed)
            && !self.is_upgraded()
    }

    pub(super) fn is_writing(&self) -> bool {
        self.is_writing.load(Ordering::Relaxed)
    }

    /// Has the socket look for a client that has left, at the next poll.
    pub(super) fn look_for_client(&self) {
        self.is_look_due.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_look(&self) -> bool {
        self.is_look_due.load(Ordering::Relaxed) && self.is_look_due.swap(false, Ordering::Relaxed)
    }

    pub(super) fn upgrade(&self) {
        self.is_upgraded.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_upgraded(&self) -> bool {
        self.is_upgraded.load(Ordering::Relaxed)
    }

    /// When to close the connection, unless it is busy.
    pub(super) fn end(&self) -> Option<Instant> {
        let time = if self.is_in_head.load(Ordering::Relaxed) {
            self.head_timeout
        } else if self.unsent.load(Ordering::Relaxed) > 0 {
            self.keep_alive_timeout.max(self.write_timeout)
        } else {
            self.keep_alive_timeout
        };
        self.idle_since().map(|since| since + time)
    }

    /// The least time that the connection may be idle or read a head.
    pub(super) fn shortest_wait(&self) -> Duration {
        self.head_timeout.min(self.keep_alive_timeout)
    }

    /// Since when the connection is idle or reads a head, unless it is busy.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        if self.is_busy() {
            return None;
        }
        let since = self.since.load(Ordering::Relaxed);
        let since = if since == IN_THIS_POLL { self.now() } else { since };
        Some(self.opened + Duration::from_nanos(since))
    }

    /// A response begins that may take long to be written.
    pub(super) fn begin_large_response(&self, handler: Option<&'static str>) {
        *self.large_response() = Some(handler.unwrap_or(UNKNOWN_HANDLER));
    }

    /// A response was dropped before its end because the server stops. It is counted by what it reports to.
    pub(super) fn note_cut_response(&self) {
        if !self.is_http2() {
            *self.large_response() = None;
        }
    }

    /// The connection ends. If the server's stop has cut it while bytes of a response waited to be written, that
    /// response counts as cut.
    pub(super) fn note_end(&self) {
        let is_unsent = self.is_writing.load(Ordering::Relaxed) || self.unsent.load(Ordering::Relaxed) > 0;
        if is_unsent
            && self.app.shared().work.is_cut()
            && let Some(handler) = *self.large_response()
        {
            self.app.shared().work.note_cut(handler);
        }
    }

    fn large_response(&self) -> MutexGuard<'_, Option<&'static str>> {
        self.large_response.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0 || self.is_writing.load(Ordering::Relaxed)
    }

    fn is_http2(&self) -> bool {
        self.is_http2.load(Ordering::Relaxed)
    }

    fn now(&self) -> u64 {
        self.connection.age()
    }

    /// The time to be idle, or to read a head, begins.
    pub(super) fn wait_from_now(&self) {
        self.since.store(self.now(), Ordering::Relaxed);
    }

    /// Restarts the idle time in a poll of the connection. The streams of HTTP/2 are polled by other tasks, so for them the clock
    /// is read at once.
    fn wait_from_this_poll(&self) {
        if self.is_http2() {
            self.wait_from_now();
        } else {
            self.since.store(IN_THIS_POLL, Ordering::Relaxed);
        }
    }

    fn extend_wait(&self, time: Duration) {
        let since = self.since.load(Ordering::Relaxed).saturating_add(nanos(time)).min(self.now());
        self.since.store(since, Ordering::Relaxed);
    }
}

/// The duration in nanoseconds, or `u64::MAX` if it is longer.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A request whose response hyper has not taken completely.
pub(super) struct ActiveRequest {
    activity: Arc<Activity>,
    /// Over HTTP/2: its stream.
    stream: Option<Arc<StreamState>>,
}

impl ActiveRequest {
    pub(super) fn activity(&self) -> &Activity {
        &self.activity
    }

    pub(super) fn stream(&self) -> Option<&StreamState> {
        self.stream.as_deref()
    }

    /// Bytes of its response were given to the protocol.
    pub(super) fn note_handed_over(&self, bytes: usize) {
        if let Some(stream) = &self.stream {
            stream.wait_for_client(bytes);
            self.activity.note_handed_over(bytes);
        }
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        if self.activity.requests.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.activity.wait_from_this_poll();
        }
    }
}
