//! `Channel` connects a handler that has a `Writer` with the response it writes. It buffers the written bytes that are not sent
//! yet, and knows whether the client is still there.
//!
//! ```text
//!            begin                    end
//!   Unsent ---------> Open ---------------------> Ended
//!      |                |  error, panic, too short
//!      |                +-----------------------> Cut
//!      |                |  events, and the handler ended because of the server's stop
//!      |                +-----------------------> Stopped
//!      +--------- respond, or nothing ---------> Ended
//! ```

mod error;
mod head;
mod reader;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use http::{StatusCode, request};
use http_body::Body as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::compress::SharedEvent;
use crate::connection::Connection;
use crate::datastar::Burst;
use crate::hand_over::NoResponse;
use crate::response::{self, RefusalReason, Response, WholeResponse};
use crate::sse;

pub use error::WriteError;
use head::{content_length, has_no_body, merge};
pub(crate) use reader::{ChannelReader, WrittenResponse};

/// Connects a handler, which may run in a task of its own, with the connection of its client.
pub(crate) struct Channel {
    state: Mutex<ChannelState>,
    /// Notified when bytes were taken, and when the client has left.
    room: Notify,
    /// Cancelled when the client has left or has its response, and when the server stops.
    ended: CancellationToken,
    connection: Connection,
    /// Whether the handler has seen that its client has left or the server stops. The handler's task sets and reads this.
    is_interrupted: AtomicBool,
    /// The most bytes that wait for the client, unless one write has more.
    limit: usize,
}

#[derive(Default)]
struct ChannelState {
    /// Whether the handler answers by a `Writer`, rather than by its value.
    has_writer: bool,
    /// The status that was set, until the head is sent.
    status: Option<StatusCode>,
    headers: HeaderMap,
    phase: ChannelPhase,
    /// The head that the reader has not taken yet.
    head: Option<Head>,
    buffer: Burst,
    /// Whether only whole events were written, so that a comment may follow.
    is_between_events: bool,
    /// The length of the body, if it was declared.
    length: Option<Length>,
    /// Wakes the task that waits for the head or for bytes.
    reader: Option<Waker>,
    released: DeferredWakes,
    has_left: bool,
}

/// Wakers that are used after the lock is released: waking runs code of the runtime, which may use the channel.
#[derive(Default)]
struct DeferredWakes {
    /// The reader, to be woken.
    woken: Option<Waker>,
    /// The reader that another has replaced, to be dropped.
    replaced: Option<Waker>,
}

impl DeferredWakes {
    fn wake(self) {
        if let Some(reader) = self.woken {
            reader.wake();
        }
    }
}

#[derive(Clone, Copy, Default)]
enum ChannelPhase {
    #[default]
    Unsent,
    Open {
        status: StatusCode,
        is_events: bool,
    },
    Ended,
    /// The response ended too early, and must not look complete.
    Cut,
    /// The server's stop has ended the response, which is an event stream.
    Stopped,
}

enum Head {
    Whole(Response),
    /// The body follows; `has_events` if it begins with events.
    Open {
        response: Response,
        has_events: bool,
    },
    /// There will be no response. The reason is in the log.
    None,
}

#[derive(Clone, Copy)]
struct Length {
    declared: u64,
    written: u64,
    taken: u64,
}

/// The kind of the bytes that are written.
#[derive(Clone, Copy)]
pub(crate) enum WriteKind<'a> {
    Bytes,
    /// An event, which other responses may send, too.
    Event(Option<&'a SharedEvent>),
}

impl WriteKind<'_> {
    fn is_event(self) -> bool {
        matches!(self, WriteKind::Event(_))
    }
}

impl Channel {
    pub(crate) fn new(stop: &CancellationToken, connection: Connection, limit: usize) -> Self {
        let (ended, is_interrupted) = (stop.child_token(), AtomicBool::new(false));
        Self { state: Mutex::default(), room: Notify::new(), ended, connection, is_interrupted, limit }
    }

    fn lock(&self) -> MutexGuard<'_, ChannelState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state. If `change` wants the reader woken, it is woken after the lock is released.
    fn update<T>(&self, change: impl FnOnce(&mut ChannelState) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state);
        let released = std::mem::take(&mut state.released);
        drop(state);
        released.wake();
        changed
    }

    /// From now on, the end of the client's input means that the client has left.
    pub(crate) fn watch_client(&self) {
        self.connection.leave_with_input();
    }

    pub(crate) fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Whether the handler answers by a `Writer`.
    pub(crate) fn has_writer(&self) -> bool {
        self.lock().has_writer
    }

    /// Whether the head of the response is sent, or nothing more can be.
    pub(crate) fn has_begun(&self) -> bool {
        !matches!(self.lock().phase, ChannelPhase::Unsent)
    }

    /// Notes that the handler has seen that its client has left or the server stops.
    pub(crate) fn note_interrupted(&self) {
        self.is_interrupted.store(true, Ordering::Relaxed);
    }

    /// Notes that the handler answers by a `Writer`.
    pub(crate) fn expect_writer(&self) {
        self.lock().has_writer = true;
    }
}

/// The writing end.
impl Channel {
    pub(crate) fn set_status(&self, status: StatusCode) {
        self.lock().status = Some(status);
    }

    /// Gives the headers to `change`, if they are not sent yet.
    pub(crate) fn change_headers(&self, change: impl FnOnce(&mut HeaderMap)) -> Result<(), WriteError> {
        let mut state = self.lock();
        if state.has_no_client()? {
            return Ok(());
        }
        match state.phase {
            ChannelPhase::Unsent => change(&mut state.headers),
            _ => return Err(WriteError::HeadSent),
        }
        Ok(())
    }

    /// Sends the head.
    pub(crate) fn begin(&self, status: StatusCode, kind: WriteKind<'_>) -> Result<(), WriteError> {
        self.update(|state| {
            if state.has_no_client()? {
                return Ok(());
            }
            state.begin(status, kind)?;
            state.status = None;
            Ok(())
        })
    }

    /// Writes `data` when there is room for it: at once if nothing waits for the client.
    pub(crate) async fn write(&self, data: &Bytes, kind: WriteKind<'_>) -> Result<(), WriteError> {
        // A loop that writes to a client that has left would never yield otherwise.
        tokio::task::coop::consume_budget().await;
        loop {
            let room = self.room.notified();
            if self.update(|state| state.write(data, kind, Some(self.limit)))? {
                return Ok(());
            }
            room.await;
        }
    }

    /// Ends the response, with `data` as its last bytes.
    pub(crate) fn end(&self, data: Option<Bytes>) -> Result<(), WriteError> {
        self.update(|state| {
            if state.has_no_client()? {
                return Ok(());
            }
            if let ChannelPhase::Unsent = state.phase {
                let status = if data.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT };
                let mut response = Response::new(data.unwrap_or_default().into());
                *response.status_mut() = status;
                return state.respond(response, None);
            }
            state.write(&data.unwrap_or_default(), WriteKind::Bytes, None)?;
            state.end()
        })
    }

    /// Sends a whole response, with the headers that were set.
    pub(crate) fn respond(
        &self,
        response: Response,
        request: Option<&request::Parts>,
    ) -> Result<(), WriteError> {
        self.update(|state| if state.has_no_client()? { Ok(()) } else { state.respond(response, request) })
    }

    /// Ends what the handler has left open. `value` is what it returned: an error, or 204 for nothing. Returns why the
    /// response is cut, if the log does not have that yet.
    pub(crate) fn conclude(&self, value: Result<WholeResponse, NoResponse>) -> Option<String> {
        let value = value.map(WholeResponse::into_response);
        let is_interrupted = self.is_interrupted.load(Ordering::Relaxed);
        self.update(|state| state.conclude(value, is_interrupted))
    }
}

impl ChannelState {
    /// Does the work of [`Channel::conclude`]. `is_interrupted` says whether the handler has seen that its client has left or the
    /// server stops.
    fn conclude(&mut self, value: Result<Response, NoResponse>, is_interrupted: bool) -> Option<String> {
        if self.has_left {
            return None;
        }
        let ended = match (self.phase, value) {
            (ChannelPhase::Unsent, Ok(value)) if value.status() == StatusCode::NO_CONTENT => {
                self.respond(value, None)
            }
            (ChannelPhase::Open { .. }, Ok(value)) if value.status() == StatusCode::NO_CONTENT => {
                // The client has not left, so the server's stop has interrupted the handler.
                if is_interrupted && self.is_between_events && self.length.is_none() {
                    self.phase = ChannelPhase::Stopped;
                    self.wake();
                    return None;
                }
                self.end()
            }
            (ChannelPhase::Unsent, value) => {
                self.phase = ChannelPhase::Ended;
                self.send_head(value.map_or(Head::None, Head::Whole));
                Ok(())
            }
            (ChannelPhase::Open { .. }, value) => {
                self.phase = ChannelPhase::Cut;
                self.wake();
                // Panics and the server's errors are logged where they are caught.
                return value.ok().filter(|answer| !answer.status().is_server_error()).map(|answer| {
                    let reason =
                        answer.extensions().get().map(|RefusalReason { text, .. }| format!(" ({text})"));
                    let status = answer.status().as_u16();
                    format!(
                        "its handler returned a {status} after it had begun{}",
                        reason.unwrap_or_default()
                    )
                });
            }
            (ChannelPhase::Ended | ChannelPhase::Cut | ChannelPhase::Stopped, _) => Ok(()),
        };
        let error = ended.err()?;
        if let ChannelPhase::Unsent = self.phase {
            self.phase = ChannelPhase::Ended;
            self.send_head(Head::None);
        }
        Some(error.to_string())
    }

    /// Whether the client has left before the end: writes are then dropped without an error.
    fn has_no_client(&self) -> Result<bool, WriteError> {
        match self.phase {
            ChannelPhase::Ended | ChannelPhase::Cut | ChannelPhase::Stopped => Err(WriteError::Ended),
            ChannelPhase::Unsent | ChannelPhase::Open { .. } => Ok(self.has_left),
        }
    }

    fn begin(&mut self, status: StatusCode, kind: WriteKind<'_>) -> Result<(), WriteError> {
        let ChannelPhase::Unsent = self.phase else { return Err(WriteError::HeadSent) };
        if status.is_informational() || status.as_u16() > 599 {
            return Err(WriteError::Status(status));
        }
        let content_type = self.headers.get(CONTENT_TYPE);
        let is_event_stream = content_type.map(|value| value.as_bytes().starts_with(b"text/event-stream"));
        let is_events = status == StatusCode::OK && is_event_stream.unwrap_or(kind.is_event());
        if kind.is_event() && !is_events {
            return Err(WriteError::NotEvents);
        }
        let declared = content_length(&self.headers)?;
        let mut response = if is_events { sse::head() } else { Response::default() };
        *response.status_mut() = status;
        merge(response.headers_mut(), std::mem::take(&mut self.headers));
        self.phase = ChannelPhase::Open { status, is_events };
        self.is_between_events = kind.is_event();
        if has_no_body(status) {
            if status != StatusCode::NOT_MODIFIED {
                response.headers_mut().remove(CONTENT_LENGTH);
            }
            self.send_head(Head::Whole(response));
            return Ok(());
        }
        self.length = declared.map(|declared| Length { declared, written: 0, taken: 0 });
        self.send_head(Head::Open { response, has_events: kind.is_event() });
        Ok(())
    }

    /// Whether there was room for `data`, which is only written as a whole.
    fn write(&mut self, data: &Bytes, kind: WriteKind<'_>, limit: Option<usize>) -> Result<bool, WriteError> {
        if let ChannelPhase::Open { status, .. } = self.phase
            && has_no_body(status)
            && !data.is_empty()
        {
            return Err(WriteError::NoBody(status));
        }
        if self.has_no_client()? {
            return Ok(true);
        }
        if let ChannelPhase::Unsent = self.phase {
            self.begin(self.status.unwrap_or(StatusCode::OK), kind)?;
            self.status = None;
        }
        let ChannelPhase::Open { status, is_events } = self.phase else { return Err(WriteError::Ended) };
        if self.status.is_some() {
            return Err(WriteError::HeadSent);
        }
        if kind.is_event() && !is_events {
            return Err(WriteError::NotEvents);
        }
        if data.is_empty() {
            return Ok(true);
        }
        if has_no_body(status) {
            return Err(WriteError::NoBody(status));
        }
        let written = self.length.map(|length| length.written + data.len() as u64);
        if let (Some(Length { declared, .. }), Some(written)) = (self.length, written)
            && written > declared
        {
            return Err(WriteError::Length { declared, written });
        }
        let is_full = limit.is_some_and(|limit| self.buffer.len() + data.len() > limit);
        if is_full && self.buffer.len() > 0 {
            return Ok(false);
        }
        if let (Some(length), Some(written)) = (&mut self.length, written) {
            length.written = written;
        }
        self.is_between_events &= kind.is_event();
        match kind {
            WriteKind::Event(Some(shared)) => self.buffer.add_shared(shared.clone()),
            WriteKind::Event(None) => self.buffer.add_event(data.clone()),
            WriteKind::Bytes => self.buffer.add(data.clone()),
        }
        self.wake();
        Ok(true)
    }

    /// Sends a whole response. `request` is the head whose range and conditions decide how much of a file is sent.
    fn respond(
        &mut self,
        mut response: Response,
        request: Option<&request::Parts>,
    ) -> Result<(), WriteError> {
        let ChannelPhase::Unsent = self.phase else { return Err(WriteError::HeadSent) };
        if let Some(status) = self.status {
            if let Some(location) = response::redirects_to(&response)
                && !response::is_redirect(status)
            {
                let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
                return Err(WriteError::NotRedirect { status, location });
            }
            *response.status_mut() = status;
        }
        if let Some(request) = request {
            response::finish_file(&mut response, request);
        }
        let status = response.status();
        if status.is_informational() || status.as_u16() > 599 {
            return Err(WriteError::Status(status));
        }
        let length = response.body().size_hint().exact();
        if has_no_body(status) && length != Some(0) {
            return Err(WriteError::NoBody(status));
        }
        if let (Some(declared), Some(written)) = (content_length(&self.headers)?, length)
            && declared != written
            && !has_no_body(status)
        {
            return Err(WriteError::Length { declared, written });
        }
        merge(response.headers_mut(), std::mem::take(&mut self.headers));
        if status == StatusCode::NO_CONTENT {
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        self.phase = ChannelPhase::Ended;
        self.send_head(Head::Whole(response));
        Ok(())
    }

    /// Ends an open response.
    fn end(&mut self) -> Result<(), WriteError> {
        self.wake();
        match self.length {
            Some(Length { declared, written, .. }) if written < declared => {
                self.phase = ChannelPhase::Cut;
                Err(WriteError::Length { declared, written })
            }
            _ => {
                self.phase = ChannelPhase::Ended;
                Ok(())
            }
        }
    }

    fn send_head(&mut self, head: Head) {
        self.head = Some(head);
        self.wake();
    }

    /// Makes [`Channel::update`] wake the reader once the lock is released.
    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.released.woken = Some(reader);
        }
    }

    /// Makes the task of `ctx` the reader that is woken for what is written next.
    fn wait(&mut self, ctx: &Context<'_>) {
        if self.reader.as_ref().is_none_or(|reader| !reader.will_wake(ctx.waker())) {
            self.released.replaced = self.reader.replace(ctx.waker().clone());
        }
    }
}

#[cfg(test)]
mod interleaved;
#[cfg(test)]
mod tests;
