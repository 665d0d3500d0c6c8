//! An event as bytes: its name, id and retry, and the `data` lines of its fields.
//!
//! The layout is that of the Datastar SDK reference for 1.0.x: `event`, `id` and `retry`, the `data` lines in
//! their fixed order without those that say what the client assumes anyway, and a blank line. Only an id that is a
//! relay's position stands behind the data.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use stario_html::Html;

use super::burst::Burst;
use crate::compress::{Broadcast, Sequence, SharedEvent};

/// One message to an open browser, ready to be sent: patched elements or signals, a script, a comment.
///
/// What [`stream!`](crate::stream!) yields is converted into one (see [`IntoEvent`](crate::IntoEvent)); elsewhere, call
/// [`Event::new`]. A handler that has only one event to send returns it. An event is rendered and encoded once,
/// when it is made; its clones share the bytes, so one event can go to any number of browsers:
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/live")]
/// async fn live(relay: State<Relay<Event>>) -> impl Stream<Item = Event> {
///     let mut updates = relay.subscribe("score");
///     stream! {
///         while let Some((_, event)) = updates.next().await {
///             yield event;
///         }
///     }
/// }
///
/// # fn main() {
/// let relay = Relay::new();
/// let client = TestClient::new(app::new().state(relay.clone()));
/// let mut live = client.get("/live").open().send();
/// relay.publish("score", Event::new(html! { <b id="score">{3}</b> }));
/// assert_eq!(live.next().wait().unwrap().elements(), r#"<b id="score">3</b>"#);
/// # }
/// ```
///
/// An invalid event (signals that are not a JSON object, a mode that needs a selector and has none, an id that no
/// browser could send back) ends the stream in which it is yielded, as an error does, and the log says why.
#[derive(Clone)]
pub struct Event(EventKind);

#[derive(Clone)]
enum EventKind {
    /// As it goes over the wire.
    Encoded(Bytes),
    /// A patch of elements alone, on one line. A stream yields it so, and it is written where it is sent from.
    Elements(Html),
    /// What a relay delivers, and what is never compressed.
    Shared(SharedEvent),
    Invalid(Invalid),
}

impl Event {
    /// A patch of elements alone, of which there are some without any line end, for a stream to send.
    pub(super) fn of_elements(html: Html) -> Self {
        Self(EventKind::Elements(html))
    }

    /// The event as it goes over the wire, the blank line at its end included.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the log.
    pub(crate) fn into_bytes(self) -> Result<Bytes, Invalid> {
        match self.0 {
            EventKind::Encoded(bytes) => Ok(bytes),
            EventKind::Elements(html) => Ok(patch_of(&html).concat().into()),
            EventKind::Shared(event) => Ok(event.bytes().clone()),
            EventKind::Invalid(invalid) => Err(invalid),
        }
    }

    /// Reads an event as [`into_bytes`](Self::into_bytes) makes it.
    ///
    /// # Errors
    ///
    /// When the bytes are anything else than one event: it would break the stream in which it is sent.
    pub(crate) fn from_bytes(bytes: Bytes) -> Result<Self, Invalid> {
        let is_line = |line: &str| {
            let name = line.split_once(':').map(|(name, _)| name);
            matches!(name, Some("event" | "id" | "retry" | "data" | ""))
        };
        let lines = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_suffix("\n\n"));
        if lines.is_some_and(|lines| !lines.contains('\r') && lines.split('\n').all(is_line)) {
            return Ok(Self(EventKind::Encoded(bytes)));
        }
        Err(Invalid("the bytes are not those of one event".into()))
    }

    /// Sends the event as it is in a stream that is compressed, without a trace of it in what is compressed: for an event
    /// with a secret beside text that somebody else may choose; see [`Compression`](crate::Compression#secrets).
    ///
    /// Only a stream in brotli compresses it all the same; no stream is in brotli unless the app names that coding.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/token")]
    /// async fn token(name: QueryParam<String>) -> impl Stream<Item = Event> {
    ///     stream! {
    ///         yield Event::new(html! { <p id="token">{&*name}" has the token 7f3a"</p> }).uncompressed();
    ///     }
    /// }
    ///
    /// # fn main() {
    /// assert_eq!(TestClient::new(app::new()).get("/token?name=Ann").send().events().len(), 1);
    /// # }
    /// ```
    #[must_use]
    pub fn uncompressed(self) -> Self {
        let Ok(bytes) = self.clone().into_bytes() else { return self };
        SharedEvent::uncompressed(bytes).map_or(self, |event| Self(EventKind::Shared(event)))
    }

    /// Has all streams that send the event share what they compress of it.
    pub(crate) fn share(&mut self, broadcast: &Arc<Broadcast>) {
        match &self.0 {
            EventKind::Invalid(_) => {}
            EventKind::Shared(event) if event.is_uncompressed() => {}
            _ => {
                if let Ok(bytes) = self.clone().into_bytes()
                    && let Some(event) = broadcast.share(bytes)
                {
                    self.0 = EventKind::Shared(event);
                }
            }
        }
    }

    /// Notes that a subscription has received the event.
    pub(crate) fn set_sequence(&mut self, sequence: Sequence) {
        if let EventKind::Shared(event) = &mut self.0 {
            event.set_sequence(sequence);
        }
    }

    /// The event as other streams send it, too.
    pub(crate) fn shared(&self) -> Option<&SharedEvent> {
        match &self.0 {
            EventKind::Shared(event) => Some(event),
            _ => None,
        }
    }

    /// Adds the event to those that are sent together.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for the log.
    pub(crate) fn add_to(self, burst: &mut Burst) -> Result<(), Invalid> {
        match self.0 {
            EventKind::Encoded(bytes) => burst.add_event(bytes),
            EventKind::Elements(html) => burst.write_event(patch_of(&html)),
            EventKind::Shared(event) => burst.add_shared(event),
            EventKind::Invalid(invalid) => return Err(invalid),
        }
        Ok(())
    }

    /// Sets the id, which replaces the event's own. It stands behind the data: Datastar's client takes an id as soon as it
    /// has read that line, and would not ask again for an event whose data were lost with the connection.
    pub(crate) fn set_last_id(&mut self, id: &str) {
        let event = match &self.0 {
            EventKind::Encoded(bytes) => bytes.clone(),
            EventKind::Elements(html) => patch_of(html).concat().into(),
            EventKind::Shared(event) => event.bytes().clone(),
            EventKind::Invalid(_) => return,
        };
        // The blank line comes behind the id.
        let lines = without_last_id(event.strip_suffix(b"\n").unwrap_or(&event));
        let bytes = Bytes::from([lines, b"id: ", id.as_bytes(), b"\n\n"].concat());
        let shared = self.shared().and_then(|event| event.with_bytes(bytes.clone()));
        self.0 = shared.map_or(EventKind::Encoded(bytes), EventKind::Shared);
    }

    /// How many bytes go over the wire.
    pub(crate) fn len(&self) -> usize {
        match &self.0 {
            EventKind::Encoded(bytes) => bytes.len(),
            EventKind::Elements(html) => patch_of(html).iter().map(|part| part.len()).sum(),
            EventKind::Shared(event) => event.bytes().len(),
            EventKind::Invalid(_) => 0,
        }
    }
}

/// The lines of an event without the id at their end that was set before.
fn without_last_id(lines: &[u8]) -> &[u8] {
    // A position has at most 624 bytes.
    let ends = lines.len().saturating_sub(640)..lines.len().saturating_sub(1);
    // A line that begins further back is too long for an id.
    let Some(end) = lines[ends.clone()].iter().rposition(|byte| *byte == b'\n') else { return lines };
    let begin = ends.start + end + 1;
    if lines[begin..].starts_with(b"id: ") { &lines[..begin] } else { lines }
}

/// The parts of a patch of elements alone that have no line end.
pub(super) fn patch_of(html: &Html) -> [&str; 3] {
    ["event: datastar-patch-elements\ndata: elements ", html.as_str(), "\n\n"]
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.clone().into_bytes() == other.clone().into_bytes()
    }
}

impl Eq for Event {}

impl std::fmt::Debug for Event {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.clone().into_bytes() {
            Ok(bytes) => formatter.debug_tuple("Event").field(&String::from_utf8_lossy(&bytes)).finish(),
            Err(invalid) => formatter.debug_tuple("Event").field(&invalid).finish(),
        }
    }
}

/// Why an event cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invalid(Arc<str>);

impl Display for Invalid {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

/// The id and the retry time that every event may have, and the first problem of this one.
#[derive(Debug, Clone, Default)]
pub(super) struct Envelope {
    id: Option<String>,
    /// In milliseconds.
    retry: Option<u32>,
    problem: Option<String>,
}

/// The client's own wait before it connects again, in milliseconds.
const DEFAULT_RETRY: u32 = 1000;

/// The longest wait that a browser's timer takes, in milliseconds; after a longer one it would fire at once.
const LONGEST_RETRY: u32 = i32::MAX.unsigned_abs();

impl Envelope {
    pub(super) fn set_id(&mut self, id: String) {
        // The client sends it back as a header: what that could not carry unchanged would name another
        // event, or fail each time the client connects again.
        let is_carried = id.bytes().all(|byte| matches!(byte, b' '..=b'~')) && id.trim().len() == id.len();
        if is_carried {
            self.id = Some(id);
        } else {
            self.reject(format!("{id:?} is no event id: expected visible ASCII, without spaces around it"));
        }
    }

    pub(super) fn set_retry(&mut self, after: Duration) {
        let milliseconds = u32::try_from(after.as_millis()).unwrap_or(LONGEST_RETRY);
        self.retry = Some(milliseconds.clamp(1, LONGEST_RETRY));
    }

    pub(super) fn reject(&mut self, problem: String) {
        self.problem.get_or_insert(problem);
    }

    /// Writes the event: the line of its name (none for a comment), the lines of this envelope, then the fields that
    /// are there, in their order.
    ///
    /// Datastar's client takes an id as soon as it has read that line. So a position stands behind the data: the client
    /// would not ask again for an event whose data were lost with the connection.
    pub(super) fn event(self, name: &str, fields: &[(Prefix, Option<&str>)]) -> Event {
        if let Some(problem) = self.problem {
            return Event(EventKind::Invalid(Invalid(problem.into())));
        }
        let retry = self.retry.filter(|retry| *retry != DEFAULT_RETRY).map(|retry| retry.to_string());
        let (position, id) = match self.id.as_deref() {
            Some(id) if is_position(id) => (Some(id), None),
            id => (None, id),
        };
        let (before, behind) = ([("id: ", id), ("retry: ", retry.as_deref())], [("id: ", position)]);
        let fields = || [&before[..], fields, &behind].into_iter().flatten();
        // Text whose room is all used becomes shared bytes without another allocation.
        let (mut room, mut line_ends) = (name.len() + 1, 0);
        for (prefix, value) in fields() {
            let Some(value) = value else { continue };
            let ends = memchr::memchr2_iter(b'\n', b'\r', value.as_bytes()).count();
            // Exact but for CR LF, which is one line end and is counted as two.
            room += (ends + 1) * prefix.len() + value.len() + 1;
            line_ends += ends;
        }
        let mut text = String::with_capacity(room);
        text.push_str(name);
        for (prefix, value) in fields() {
            match value {
                Some(value) if line_ends == 0 => write_line(prefix, value, &mut text),
                Some(value) => lines(value).for_each(|line| write_line(prefix, line, &mut text)),
                None => {}
            }
        }
        text.push('\n');
        Event(EventKind::Encoded(text.into()))
    }
}

/// Whether an id begins as a relay's position does: with the 16 hexadecimal digits of a publisher, and a dot.
fn is_position(id: &str) -> bool {
    id.split_once('.').is_some_and(|(publisher, _)| {
        publisher.len() == 16 && publisher.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// The beginning of each line of a field, to the space before its value.
pub(super) type Prefix = &'static str;

fn write_line(prefix: Prefix, line: &str, text: &mut String) {
    text.push_str(prefix);
    text.push_str(line);
    text.push('\n');
}

/// The lines of `text`, by every line end of the event stream format (CR LF, LF and CR alone): one left in
/// place would end the field, and let the text forge others.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = memchr::memchr2(b'\n', b'\r', text.as_bytes()) else { return rest.take() };
        let width = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&text[end + width..]);
        Some(&text[..end])
    })
}

/// Replaces the line ends in a selector, where they are white space, by spaces.
pub(super) fn one_line(selector: Cow<'static, str>) -> Cow<'static, str> {
    if selector.contains(['\n', '\r']) { selector.replace(['\n', '\r'], " ").into() } else { selector }
}
