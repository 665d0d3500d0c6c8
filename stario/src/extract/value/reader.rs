//! `ValueReader`: the part of the request that serde reads a value from.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Visitor};

use super::attempt::{Empty, ReadAttempt};
use super::json::JsonValue;
use super::mismatch::Mismatch;
use super::place::{Leaf, ValuePlace};

/// A part of the request that a value is made from.
#[derive(Debug, Clone, Copy)]
pub(super) enum View<'de> {
    /// There is no value.
    Nothing,
    /// All texts of one name, at least one, and the text for a type that takes a single value.
    Texts {
        all: &'de [Cow<'de, str>],
        one: &'de str,
    },
    Json(JsonValue<'de>),
    /// A whole query or form.
    Fields(&'de FieldTexts<'de>),
    /// One name and text of a query or form.
    Pair(&'de (Cow<'de, str>, Cow<'de, str>)),
}

/// The names and texts of a query or form.
#[derive(Debug)]
pub(super) struct FieldTexts<'de> {
    /// In the order in which they were sent.
    pub(super) pairs: &'de [(Cow<'de, str>, Cow<'de, str>)],
    /// The texts of each name.
    pub(super) groups: Vec<(&'de str, Vec<Cow<'de, str>>)>,
}

impl<'de> View<'de> {
    /// The view of one text.
    pub(super) fn text(text: &'de Cow<'de, str>) -> Self {
        View::Texts { all: std::slice::from_ref(text), one: text }
    }

    /// The text, if the value is one.
    pub(super) fn as_text(self) -> Option<&'de str> {
        match self {
            View::Texts { one, .. } => Some(one),
            View::Json(json) => json.text(),
            _ => None,
        }
    }

    /// Whether nothing is left of the value, because it is an empty text that is not a value for its type.
    pub(super) fn is_left_out(self, place: ValuePlace, attempt: &ReadAttempt<'_>) -> bool {
        if !attempt.may_leave_out() {
            return false;
        }
        let is_left_out = |place| attempt.empty(place) == Some(Empty::LeftOut);
        // The last condition is for a list of empty texts only.
        attempt.is_removed(place)
            || (self.as_text() == Some("") && is_left_out(place))
            || (matches!(self, View::Texts { all, .. } if all.iter().all(|text| text.is_empty()))
                && is_left_out(place.of_elements()))
    }
}

/// A view at its place, in one run.
#[derive(Clone, Copy)]
pub(super) struct ValueReader<'a, 'de> {
    pub(super) view: View<'de>,
    pub(super) place: ValuePlace,
    pub(super) attempt: &'a ReadAttempt<'de>,
    is_empty: bool,
}

impl<'a, 'de> ValueReader<'a, 'de> {
    #[inline]
    pub(super) fn new(view: View<'de>, place: ValuePlace, attempt: &'a ReadAttempt<'de>) -> Self {
        attempt.count_read();
        let is_empty = view.as_text() == Some("");
        let is_nothing = attempt.may_leave_out()
            && ((is_empty && attempt.empty(place) == Some(Empty::Nothing))
                || view.is_left_out(place, attempt));
        Self { view: if is_nothing { View::Nothing } else { view }, place, attempt, is_empty }
    }

    /// Makes the value. An error notes that it is about this value, if it is a single one.
    #[inline]
    pub(super) fn read<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Mismatch> {
        seed.deserialize(self).map_err(|mismatch| match self.view.as_text() {
            None if !self.is_empty => mismatch,
            text => {
                let leaf = Leaf { place: self.place, is_empty: self.is_empty };
                mismatch.at(leaf, text.unwrap_or_default())
            }
        })
    }

    /// The refusal by a type that needs another kind of value, or any value at all.
    pub(super) fn refusal<'v, V: Visitor<'v>>(&self, visitor: &V) -> Mismatch {
        match self.view {
            View::Nothing => Mismatch::missing(visitor),
            _ => Mismatch::invalid(visitor),
        }
    }
}
