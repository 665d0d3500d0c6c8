//! Why serde could not make a value, with what is needed to read it another way.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use super::place::Leaf;
use super::words;

/// An error of one attempt. It is boxed, because every result of serde has room for it.
#[derive(Debug)]
pub(super) struct Mismatch(Box<Details>);

#[derive(Debug)]
struct Details {
    reason: Reason,
    found: FoundValue,
    /// The single value that was read when the error occurred, unless serde had buffered it.
    leaf: Option<Leaf>,
    /// Names and indices from the value up to the root.
    path: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is no value. Holds what serde expected.
    Missing(String),
    /// A struct's field has no value.
    MissingField(&'static str),
    /// The value does not fit. Holds what serde expected.
    Invalid(String),
    /// The type's own words, which are a statement rather than an expectation.
    Stated(String),
}

/// The value that serde reports as unexpected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum FoundValue {
    /// A text, by its address, which tells apart the texts of one request.
    Text {
        address: usize,
        length: usize,
    },
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
    List,
    Other,
}

impl Mismatch {
    fn new(reason: Reason, found: FoundValue) -> Self {
        Self(Box::new(Details { reason, found, leaf: None, path: Vec::new() }))
    }

    /// There is no value where `expected` is needed.
    pub(super) fn missing(expected: &dyn Expected) -> Self {
        Self::new(Reason::Missing(expected.to_string()), FoundValue::Other)
    }

    /// There is no value where one of `names` is needed.
    pub(super) fn missing_name(names: &[&str]) -> Self {
        Self::new(Reason::Missing(words::one_of(names)), FoundValue::Other)
    }

    /// The value is not what is needed.
    pub(super) fn invalid(expected: &dyn Expected) -> Self {
        Self::new(Reason::Invalid(expected.to_string()), FoundValue::Other)
    }

    /// The value is not one of `names`.
    pub(super) fn invalid_name(names: &[&str]) -> Self {
        Self::new(Reason::Invalid(words::one_of(names)), FoundValue::Other)
    }

    pub(super) fn reason(&self) -> &Reason {
        &self.0.reason
    }

    pub(super) fn into_reason(self) -> Reason {
        self.0.reason
    }

    pub(super) fn found(&self) -> FoundValue {
        self.0.found
    }

    pub(super) fn leaf(&self) -> Option<Leaf> {
        self.0.leaf
    }

    /// Notes the single value that was read, unless a more precise one is known. Words that repeat its text are
    /// dropped.
    pub(super) fn at(mut self, leaf: Leaf, text: &str) -> Self {
        if self.0.leaf.is_none() {
            self.0.leaf = Some(leaf);
            self.0.reason.forget(text);
        }
        self
    }

    /// Drops words that repeat `text`, which is the client's.
    pub(super) fn forget(&mut self, text: &str) {
        self.0.reason.forget(text);
    }

    /// Notes the name or index of a value on the way up to the root.
    pub(super) fn below(mut self, segment: impl Into<String>) -> Self {
        self.0.path.push(segment.into());
        self
    }

    /// The path from the root, such as `items[0].price`.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.0.path.iter().rev() {
            push_segment(&mut path, segment);
        }
        path
    }
}

impl Reason {
    /// Drops a type's own words if they repeat `text`, which is the client's.
    fn forget(&mut self, text: &str) {
        if let Reason::Stated(words) = self
            && text.len() > 2
            && words.contains(text)
        {
            *self = Reason::Invalid("another value".to_owned());
        }
    }
}

/// Appends a name with a dot, or an index in brackets.
pub(super) fn push_segment(path: &mut String, segment: &str) {
    if !path.is_empty() && !segment.starts_with('[') {
        path.push('.');
    }
    path.push_str(segment);
}

fn text(text: &str) -> FoundValue {
    FoundValue::Text { address: text.as_ptr().addr(), length: text.len() }
}

fn found(unexpected: Unexpected<'_>) -> FoundValue {
    match unexpected {
        Unexpected::Str(found) => text(found),
        Unexpected::Unsigned(number) => FoundValue::Unsigned(number),
        Unexpected::Signed(number) => FoundValue::Signed(number),
        Unexpected::Float(number) => FoundValue::Float(number),
        Unexpected::Bool(value) => FoundValue::Bool(value),
        Unexpected::Seq => FoundValue::List,
        _ => FoundValue::Other,
    }
}

impl de::Error for Mismatch {
    fn custom<T: Display>(message: T) -> Self {
        let message = message.to_string();
        Self::new(Reason::Stated(words::without_found(&message).to_owned()), FoundValue::Other)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Reason::Invalid(expected.to_string()), found(unexpected))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(unexpected, expected)
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(Reason::Invalid(expected.to_string()), FoundValue::Other)
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Reason::Invalid(words::one_of(expected)), text(found))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Reason::Invalid(words::one_of(expected)), FoundValue::Other)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(Reason::MissingField(name), FoundValue::Other)
    }
}

impl std::error::Error for Mismatch {}

impl Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.reason {
            Reason::Missing(words) | Reason::Invalid(words) | Reason::Stated(words) => {
                formatter.write_str(words)
            }
            Reason::MissingField(name) => write!(formatter, "missing `{name}`"),
        }
    }
}
