//! Why there is no value, and how the request is refused for it.

use std::borrow::Cow;

use super::mismatch::push_segment;
use crate::error::Rejection;

/// Why there is no value.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum ValueProblem {
    /// There is no value. `path` leads to a part of it, or is empty.
    Missing { path: String, expected: Cow<'static, str> },
    /// The value does not fit, with a clause: "expected ..", or the type's own words.
    Invalid { path: String, clause: String },
    /// The bytes are not UTF-8.
    NotText,
    /// The value has too many parts that do not fit at the first attempt.
    TooMuch,
}

impl ValueProblem {
    /// The refusal of the value called `name` of `source`.
    pub(in super::super) fn into_rejection(
        self,
        source: &'static str,
        name: impl Into<Cow<'static, str>>,
    ) -> Rejection {
        let name = name.into();
        match self {
            ValueProblem::Missing { path, expected } if path.is_empty() => {
                Rejection::missing(source, name, expected)
            }
            ValueProblem::Missing { path, .. } => Rejection::missing_field(source, joined(name, &path)),
            ValueProblem::Invalid { path, clause } => Rejection::misfit(source, joined(name, &path), clause),
            ValueProblem::NotText => Rejection::malformed(source, name, "not valid text"),
            ValueProblem::TooMuch => Rejection::misfit(source, name, "it has too many values to convert"),
        }
    }
}

/// The full name of a part: `filter.page`.
fn joined(name: Cow<'static, str>, path: &str) -> Cow<'static, str> {
    if path.is_empty() {
        return name;
    }
    let mut full = name.into_owned();
    push_segment(&mut full, path);
    full.into()
}

/// Bytes that are no UTF-8, in the place of a text.
#[derive(Debug)]
pub(in super::super) struct NotText;

impl From<NotText> for ValueProblem {
    fn from(NotText: NotText) -> Self {
        ValueProblem::NotText
    }
}
