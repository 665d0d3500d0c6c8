//! One run of serde over a value, and the changes that earlier runs have shown to be necessary.
//!
//! A text does not carry its type: the type that serde makes asks for what it needs. In two cases the question comes too
//! late, and the run fails:
//!
//! - An empty text may be a value or none. An `Option<T>` must know which before it asks `T`.
//! - serde buffers a flattened field, an internally tagged enum and an untagged enum before it asks for their types. Its
//!   buffer then gives a text to a number, which refuses it.
//!
//! The run is then repeated with one [`ReadChange`] to the value that it failed at:
//!
//! ```text
//! empty text:   as it is -> Nothing -> LeftOut
//! buffered:     as it looks -> Text -> Whole, Float, Bool or List
//! ```
//!
//! Each value moves only to the right, so the runs end.

use std::cell::{Cell, RefCell};

use super::mismatch::FoundValue;
use super::place::ValuePlace;
use super::scalar::{Guess, Number, truth};

/// How a text is given to a type that does not say what it needs, instead of by its look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WireForm {
    Text,
    Whole,
    Float,
    Bool,
    /// All texts of the name, however many there are.
    List,
}

/// How an empty text is read that its type does not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Empty {
    /// As no value: `None`.
    Nothing,
    /// Left out: the struct or list that contains it is read without it.
    LeftOut,
}

/// A change to how a value is read in the next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadChange {
    Form(WireForm),
    Empty(Empty),
}

impl WireForm {
    /// The form that makes a text what serde expects, by serde's names of types.
    pub(super) fn to(expected: &str) -> Option<Self> {
        match expected.strip_prefix("a nonzero ").unwrap_or(expected) {
            "i8" | "i16" | "i32" | "i64" | "isize" | "u8" | "u16" | "u32" | "u64" | "usize" => {
                Some(Self::Whole)
            }
            "f32" | "f64" => Some(Self::Float),
            "a boolean" => Some(Self::Bool),
            "a sequence" => Some(Self::List),
            other if other.starts_with("a tuple of") || other.starts_with("tuple struct") => Some(Self::List),
            _ => None,
        }
    }

    /// Whether `text` can be read so.
    pub(super) fn is_possible(self, text: &Buffered<'_>) -> bool {
        match self {
            Self::Whole => Number::whole(text.text).is_some(),
            Self::Float => Number::float(text.text).is_some(),
            Self::Bool => truth(text.text).is_some(),
            Self::List => text.may_be_list,
            Self::Text => true,
        }
    }
}

/// A text that was read by a type that did not say what it needs, usually serde's buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buffered<'de> {
    pub(super) place: ValuePlace,
    pub(super) text: &'de str,
    /// Whether it is of a query or form, where a list is several texts of one name.
    pub(super) may_be_list: bool,
    /// The values that serde was given.
    pub(super) given: Given,
}

/// The form in which a buffered text was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Given {
    Scalar(Guess),
    List,
}

impl Buffered<'_> {
    /// Whether serde's error is about this text as it was given.
    pub(super) fn is(&self, found: FoundValue) -> bool {
        match (self.given, found) {
            (Given::Scalar(Guess::Text), FoundValue::Text { address, length }) => {
                self.text.as_ptr().addr() == address && self.text.len() == length
            }
            (Given::Scalar(Guess::Number(Number::Unsigned(given))), FoundValue::Unsigned(found)) => {
                given == found
            }
            (Given::Scalar(Guess::Number(Number::Signed(given))), FoundValue::Signed(found)) => {
                given == found
            }
            (Given::Scalar(Guess::Number(Number::Float(given))), FoundValue::Float(found)) => {
                given.to_bits() == found.to_bits()
            }
            (Given::Scalar(Guess::Bool(given)), FoundValue::Bool(found)) => given == found,
            (Given::List, FoundValue::List) => true,
            _ => false,
        }
    }
}

/// Gives each empty text an address of its own, by which an error can be traced to it.
static BLANKS: &str =
    "                                                                                                ";

/// One run of serde.
#[derive(Default)]
pub(super) struct ReadAttempt<'de> {
    /// `None` in the first run, which is the only one of most values.
    changes: Option<Box<ReadChanges>>,
    buffered: RefCell<Vec<Buffered<'de>>>,
    /// The number of values that were read, in all runs.
    reads: Cell<usize>,
}

/// What a run does otherwise than the first one.
#[derive(Default)]
struct ReadChanges {
    /// These two are short in most runs.
    forms: Vec<(ValuePlace, WireForm)>,
    empties: Vec<(ValuePlace, Empty)>,
    /// The value that is left out, to find out whether it is the one that does not fit.
    removed: Option<ValuePlace>,
}

impl<'de> ReadAttempt<'de> {
    pub(super) fn form(&self, place: ValuePlace) -> Option<WireForm> {
        let mut forms = self.changes.as_ref()?.forms.iter();
        forms.find(|(own, _)| *own == place).map(|(_, form)| *form)
    }

    pub(super) fn empty(&self, place: ValuePlace) -> Option<Empty> {
        let mut empties = self.changes.as_ref()?.empties.iter();
        empties.find(|(own, _)| *own == place).map(|(_, empty)| *empty)
    }

    pub(super) fn is_removed(&self, place: ValuePlace) -> bool {
        self.changes.as_ref().is_some_and(|changes| changes.removed == Some(place))
    }

    /// Whether any value may be left out. It is false in the first run, which then need not look.
    pub(super) fn may_leave_out(&self) -> bool {
        self.changes.is_some()
    }

    fn changes(&mut self) -> &mut ReadChanges {
        self.changes.get_or_insert_default()
    }

    pub(super) fn change(&mut self, place: ValuePlace, change: ReadChange) {
        self.take_back(place, change);
        match change {
            ReadChange::Form(form) => self.changes().forms.push((place, form)),
            ReadChange::Empty(empty) => self.changes().empties.push((place, empty)),
        }
    }

    pub(super) fn take_back(&mut self, place: ValuePlace, change: ReadChange) {
        match change {
            ReadChange::Form(_) => self.changes().forms.retain(|(own, _)| *own != place),
            ReadChange::Empty(_) => self.changes().empties.retain(|(own, _)| *own != place),
        }
    }

    pub(super) fn remove(&mut self, place: Option<ValuePlace>) {
        self.changes().removed = place;
    }

    pub(super) fn count_read(&self) {
        self.reads.set(self.reads.get() + 1);
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.get()
    }

    /// Reads a text for a type that does not say what it needs. Returns the text to give, which has an address of
    /// its own.
    pub(super) fn buffer(
        &self,
        place: ValuePlace,
        text: &'de str,
        may_be_list: bool,
        given: Given,
    ) -> &'de str {
        let mut buffered = self.buffered.borrow_mut();
        let text =
            if text.is_empty() { BLANKS.get(buffered.len()..buffered.len()).unwrap_or(text) } else { text };
        buffered.push(Buffered { place, text, may_be_list, given });
        text
    }

    /// The texts that this run has buffered. The next run begins without any.
    pub(super) fn take_buffered(&mut self) -> Vec<Buffered<'de>> {
        std::mem::take(self.buffered.get_mut())
    }
}
