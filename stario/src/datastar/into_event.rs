//! Which values a stream may yield.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::marker::PhantomData;

use serde::Serialize;
use stario_html::{PageSignals, Render, SignalPatch};

use super::event::{Event, Mode, patch, remove_rendered, signals, to_stream};
use crate::error::{Error, Result};
use crate::response::{IntoResponse, Response};

/// A value that can be pushed to an open browser.
///
/// | value | event |
/// |---|---|
/// | [`Event`], and what the functions of [`event`](crate::event) build | itself |
/// | anything that renders | patches the element with its id |
/// | `serde_json::Value` (`json!({ .. })`), and maps | patches signals |
/// | `Search::page().is(2)`, a [`SignalPatch`] | patches these signals |
/// | a struct with [`derive(Signals)`](macro@crate::Signals), or a reference to one | patches all signals of it but the local ones |
/// | `(Mode, element)` | patches by mode, at the element's own id (`Outer` and `Replace` only) |
/// | `(Mode::Remove, selector)` | removes the elements that match the selector |
/// | `(Mode, selector, element)` | patches by mode, at the selector |
///
/// `K` tells the conversions apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pushed to a browser",
    label = "not an event",
    note = "yield an element, `json!({{ .. }})`, `Search::page().is(2)`, `(Mode, \"#selector\", element)` or one of `event::..`"
)]
pub trait IntoEvent<K> {
    /// Makes the event.
    fn into_event(self) -> Event;

    /// Makes the event for one stream, which sends it once.
    #[doc(hidden)]
    fn into_streamed_event(self) -> Event
    where
        Self: Sized,
    {
        self.into_event()
    }
}

impl Event {
    /// Makes an event of anything that a stream can yield.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// let event = Event::new((Mode::Append, "#list", html! { <li>"milk"</li> }));
    /// assert_eq!(event, Event::new(event::patch(html! { <li>"milk"</li> }).mode(Mode::Append).selector("#list")));
    /// ```
    pub fn new<K>(value: impl IntoEvent<K>) -> Self {
        value.into_event()
    }
}

#[doc(hidden)]
pub struct AsItself(());
#[doc(hidden)]
pub struct AsElements(());
#[doc(hidden)]
pub struct AsSignals(());
#[doc(hidden)]
pub struct AsPatch(());
#[doc(hidden)]
pub struct AsPage(());
#[doc(hidden)]
pub struct AsBorrowedPage(());

/// An item of a stream: an event, or the error that ends the stream. `K` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be pushed to a browser",
    label = "not an event",
    note = "a stream's items are elements, `json!({{ .. }})`, `(Mode, \"#selector\", element)`, `event::..`, or one of them in a `Result`"
)]
pub trait StreamItem<K> {
    /// The event.
    ///
    /// # Errors
    ///
    /// The stream's.
    fn into_item(self) -> Result<Event>;
}

#[doc(hidden)]
pub struct AsEvent<K>(PhantomData<K>);
#[doc(hidden)]
pub struct AsTried<K>(PhantomData<K>);

impl<T: IntoEvent<K>, K> StreamItem<AsEvent<K>> for T {
    fn into_item(self) -> Result<Event> {
        Ok(self.into_streamed_event())
    }
}

impl<T: IntoEvent<K>, E: Into<Error>, K> StreamItem<AsTried<K>> for Result<T, E> {
    fn into_item(self) -> Result<Event> {
        self.map(T::into_streamed_event).map_err(Into::into)
    }
}

impl IntoEvent<AsItself> for Event {
    fn into_event(self) -> Event {
        self
    }
}

impl<R: Render> IntoEvent<AsElements> for R {
    fn into_event(self) -> Event {
        patch(self).into()
    }

    fn into_streamed_event(self) -> Event {
        to_stream(self.into_html())
    }
}

impl IntoEvent<AsSignals> for serde_json::Value {
    fn into_event(self) -> Event {
        signals(self).into()
    }
}

/// As a struct with a name for each signal.
impl IntoEvent<AsSignals> for serde_json::Map<String, serde_json::Value> {
    fn into_event(self) -> Event {
        signals(self).into()
    }
}

impl<K: Serialize, V: Serialize> IntoEvent<AsSignals> for BTreeMap<K, V> {
    fn into_event(self) -> Event {
        signals(self).into()
    }
}

impl<K: Serialize, V: Serialize, H> IntoEvent<AsSignals> for HashMap<K, V, H> {
    fn into_event(self) -> Event {
        signals(self).into()
    }
}

impl IntoEvent<AsSignals> for SignalPatch {
    fn into_event(self) -> Event {
        signals(self).into()
    }
}

/// A stream of this one event.
impl IntoResponse for SignalPatch {
    fn into_response(self) -> Response {
        Event::new(self).into_response()
    }
}

impl<T: PageSignals> IntoEvent<AsPage> for T {
    fn into_event(self) -> Event {
        SignalPatch::of(&self).into_event()
    }
}

impl<T: PageSignals> IntoEvent<AsBorrowedPage> for &T {
    fn into_event(self) -> Event {
        SignalPatch::of(self).into_event()
    }
}

impl<R: Render> IntoEvent<AsPatch> for (Mode, R) {
    fn into_event(self) -> Event {
        match self {
            (Mode::Remove, selector) => remove_rendered(&selector.into_html()).into(),
            (mode, elements) => patch(elements).mode(mode).into(),
        }
    }
}

impl<S: Into<Cow<'static, str>>, R: Render> IntoEvent<AsPatch> for (Mode, S, R) {
    fn into_event(self) -> Event {
        patch(self.2).mode(self.0).selector(self.1).into()
    }
}
