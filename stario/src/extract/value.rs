//! Typed values from text and from JSON, by serde.
//!
//! All sources of text share these rules:
//!
//! - Numbers, truth values, enums and lists are read from text.
//! - An empty text is a value for a type that accepts it, such as `String` or `Option<String>`. For any other type it is
//!   no value: `None`, the default, or a refusal as "missing".
//! - Of several texts of one name, a list gets all. For any other type the source says which one counts.
//!
//! Signals are JSON, but an HTML input sends text whatever the type of its signal. Therefore strings in signals are
//! read by the same rules.

mod access;
mod attempt;
mod deserialize;
mod json;
mod mismatch;
mod place;
mod problem;
mod reader;
mod retry;
mod scalar;
mod shape;
#[cfg(feature = "forms")]
mod stand_in;
mod words;

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use attempt::ReadAttempt;
pub(super) use json::{JsonTree, JsonValue};
use mismatch::Mismatch;
use place::ValuePlace;
pub(super) use problem::{NotText, ValueProblem};
use reader::{FieldTexts, ValueReader, View};
pub(super) use shape::field_names;
#[cfg(feature = "forms")]
pub(super) use shape::is_sequence;
#[cfg(feature = "forms")]
pub(super) use stand_in::stand_in;
pub(super) use words::{is_plain_name, json_clause};

/// Which of several texts of one name a single value takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SingleValue {
    First,
    Last,
}

/// Makes a value where the request has none: `None`, or a refusal with what is expected.
pub(super) fn from_nothing<T: DeserializeOwned>() -> Result<T, ValueProblem> {
    read(View::Nothing)
}

/// Makes a value from one text.
pub(super) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, ValueProblem> {
    let text = Cow::Borrowed(text);
    read(View::text(&text))
}

/// Makes a value from all texts of one name, of which there may be none.
pub(super) fn from_texts<'t, T: DeserializeOwned>(
    texts: impl IntoIterator<Item = Result<Cow<'t, str>, NotText>>,
    single: SingleValue,
) -> Result<T, ValueProblem> {
    let mut texts = texts.into_iter();
    let Some(first) = texts.next().transpose()? else { return from_nothing() };
    let Some(second) = texts.next().transpose()? else { return read(View::text(&first)) };
    let all: Vec<Cow<'t, str>> =
        [Ok(first), Ok(second)].into_iter().chain(texts).collect::<Result<_, _>>()?;
    let one = match single {
        SingleValue::First => all.first(),
        SingleValue::Last => all.last(),
    };
    from_parts(&all, one.map_or("", |text| text))
}

/// Makes a list from all texts of one name. Empty texts that are no value are left out.
pub(super) fn list_from_texts<'t, T: DeserializeOwned>(
    texts: impl IntoIterator<Item = Result<Cow<'t, str>, NotText>>,
) -> Result<Vec<T>, ValueProblem> {
    match from_texts(texts, SingleValue::Last) {
        Err(ValueProblem::Missing { path, .. }) if path.is_empty() => Ok(Vec::new()),
        list => list,
    }
}

/// Makes a list of `all`, or a single value of `one`.
pub(super) fn from_parts<T: DeserializeOwned>(all: &[Cow<'_, str>], one: &str) -> Result<T, ValueProblem> {
    read(View::Texts { all, one })
}

/// Makes a struct, a map or a list of pairs from a query or form.
pub(super) fn from_pairs<T: DeserializeOwned>(
    pairs: &[(Cow<'_, str>, Cow<'_, str>)],
) -> Result<T, ValueProblem> {
    let mut groups: Vec<(&str, Vec<Cow<'_, str>>)> = Vec::new();
    let mut positions: HashMap<&str, usize> = HashMap::new();
    for (name, text) in pairs {
        let position = *positions.entry(name).or_insert(groups.len());
        match groups.get_mut(position) {
            Some((_, texts)) => texts.push(Cow::Borrowed(text)),
            None => groups.push((name, vec![Cow::Borrowed(text)])),
        }
    }
    read(View::Fields(&FieldTexts { pairs, groups }))
}

/// Whether a text stands for true, as a checkbox sends it.
#[cfg(feature = "forms")]
pub(super) fn is_true(text: &str) -> bool {
    scalar::truth(text) == Some(true)
}

/// Makes a value from a signal or from all signals.
pub(super) fn from_json<T: DeserializeOwned>(json: JsonValue<'_>) -> Result<T, ValueProblem> {
    read(View::Json(json))
}

#[inline]
fn read<T: DeserializeOwned>(view: View<'_>) -> Result<T, ValueProblem> {
    let attempt = ReadAttempt::default();
    match ValueReader::new(view, ValuePlace::ROOT, &attempt).read(PhantomData) {
        Ok(value) => Ok(value),
        Err(mismatch) => read_again(view, attempt, mismatch),
    }
}

/// Reads a value again with what the first run has shown to be necessary.
#[cold]
fn read_again<'de, T: DeserializeOwned>(
    view: View<'de>,
    attempt: ReadAttempt<'de>,
    mismatch: Mismatch,
) -> Result<T, ValueProblem> {
    let mut value = None;
    let mut run = |attempt: &ReadAttempt<'de>| {
        value = Some(ValueReader::new(view, ValuePlace::ROOT, attempt).read(PhantomData)?);
        Ok(())
    };
    retry::retry(view, attempt, mismatch, &mut run)?;
    value.ok_or(ValueProblem::TooMuch)
}

#[cfg(test)]
mod tests;
