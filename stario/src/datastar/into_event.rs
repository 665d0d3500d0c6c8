//! Which values a stream may yield.

use std::borrow::Cow;

use stario_html::Render;

use super::event::{Event, Mode, elements};

/// A value that can be pushed to an open browser.
///
/// | value | event |
/// |---|---|
/// | [`Event`] | itself |
/// | anything that renders | patches the element with its id |
/// | `serde_json::Value` (`json!({ .. })`) | patches signals |
/// | `(Mode, element)` | patches by mode, at the element's own id |
/// | `(Mode, selector, element)` | patches by mode, at the selector |
///
/// `K` tells the conversions apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pushed to a browser",
    label = "not an event",
    note = "yield an element, `json!({{ .. }})`, `(Mode, \"#selector\", element)` or one of `event::..`"
)]
pub trait IntoEvent<K> {
    /// Makes the event.
    fn into_event(self) -> Event;
}

#[doc(hidden)]
pub struct AsItself(());
#[doc(hidden)]
pub struct AsElements(());
#[doc(hidden)]
pub struct AsSignals(());
#[doc(hidden)]
pub struct AsPatch(());

impl IntoEvent<AsItself> for Event {
    fn into_event(self) -> Event {
        self
    }
}

impl<R: Render> IntoEvent<AsElements> for R {
    fn into_event(self) -> Event {
        elements(self)
    }
}

impl IntoEvent<AsSignals> for serde_json::Value {
    fn into_event(self) -> Event {
        Event::signals(self.to_string())
    }
}

impl<R: Render> IntoEvent<AsPatch> for (Mode, R) {
    fn into_event(self) -> Event {
        Event::elements(self.0, None, self.1.into_html())
    }
}

impl<S: Into<Cow<'static, str>>, R: Render> IntoEvent<AsPatch> for (Mode, S, R) {
    fn into_event(self) -> Event {
        Event::elements(self.0, Some(self.1.into()), self.2.into_html())
    }
}
