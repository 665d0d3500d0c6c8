//! Comments, which the client ignores.

use std::borrow::Cow;

use super::encode::{Envelope, Event, lines};

/// A comment in the stream; made by [`comment`] or [`ping`].
#[derive(Debug, Clone)]
#[must_use = "an event is sent when it is yielded"]
pub struct Comment {
    pub(super) envelope: Envelope,
    text: Cow<'static, str>,
}

/// Sends a comment, which the client ignores: a note for people who read the stream, or bytes to keep it open.
///
/// Its id and its retry time work as those of any event.
pub fn comment(text: impl Into<Cow<'static, str>>) -> Comment {
    Comment { envelope: Envelope::default(), text: text.into() }
}

/// Sends an empty comment.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/live")]
/// async fn live() -> impl Stream<Item = Event> {
///     stream! { yield event::ping().id(7); }
/// }
///
/// # fn main() {
/// assert_eq!(TestClient::new(app::new()).get("/live").send().text(), "id: 7\n:\n\n");
/// # }
/// ```
pub fn ping() -> Comment {
    comment("")
}

impl Comment {
    pub(super) fn encode(self) -> Event {
        let field = |line| if str::is_empty(line) { (":", Some(line)) } else { (": ", Some(line)) };
        self.envelope.event("", &lines(&self.text).map(field).collect::<Vec<_>>())
    }
}
