//! Patched signals.

use serde::Serialize;

use super::encode::{Envelope, Event};

/// Signals to be patched; made by [`signals`].
#[derive(Debug, Clone)]
#[must_use = "an event is sent when it is yielded"]
pub struct PatchSignals {
    pub(super) envelope: Envelope,
    json: String,
    only_if_missing: bool,
}

/// Patches signals with any value that serializes to a JSON object.
///
/// Objects merge with the signals of the page (RFC 7386): `null`, and so a `None`, removes a signal. A value that
/// is not written as a JSON object makes the event invalid, which ends its stream.
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(serde::Serialize)]
/// struct Score {
///     points: u32,
/// }
///
/// # stario::app!();
/// #[app::query("/score")]
/// async fn score() -> impl Stream<Item = Event> {
///     stream! {
///         yield event::signals(Score { points: 3 });
///         yield event::signals(json!({ "name": "nobody" })).only_if_missing();
///     }
/// }
///
/// # fn main() {
/// let events = TestClient::new(app::new()).get("/score").send().events();
/// assert_eq!(events[0].signals(), Some(json!({ "points": 3 })));
/// assert_eq!(events[1].data("onlyIfMissing").as_deref(), Some("true"));
/// # }
/// ```
#[allow(clippy::needless_pass_by_value)] // References serialize too.
pub fn signals(value: impl Serialize) -> PatchSignals {
    let mut envelope = Envelope::default();
    let json = serde_json::to_string(&value).unwrap_or_else(|error| {
        envelope.reject(format!("these signals cannot be written as JSON: {error}"));
        String::new()
    });
    if !json.starts_with('{') {
        envelope.reject("these signals are no JSON object".to_owned());
    }
    PatchSignals { envelope, json, only_if_missing: false }
}

impl PatchSignals {
    /// Sets only signals that the page does not have yet.
    pub fn only_if_missing(mut self) -> Self {
        self.only_if_missing = true;
        self
    }

    pub(super) fn encode(self) -> Event {
        let only_if_missing = self.only_if_missing.then_some("true");
        self.envelope.event(
            "event: datastar-patch-signals\n",
            &[("data: onlyIfMissing ", only_if_missing), ("data: signals ", Some(&self.json))],
        )
    }
}
