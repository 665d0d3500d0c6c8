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

use attempt::Attempt;
pub(super) use json::{Json, JsonTree};
use place::ValuePlace;
pub(super) use problem::{NotText, Problem};
use reader::{Fields, Reader, View};
pub(super) use shape::field_names;
#[cfg(feature = "forms")]
pub(super) use shape::is_sequence;
#[cfg(feature = "forms")]
pub(super) use stand_in::stand_in;
pub(super) use words::{is_plain_name, json_clause};

/// Which of several texts of one name counts for a type that takes a single value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counts {
    First,
    Last,
}

/// Makes a value where the request has none: `None`, or a refusal with what is expected.
pub(super) fn from_nothing<T: DeserializeOwned>() -> Result<T, Problem> {
    read(View::Nothing)
}

/// Makes a value from one text.
pub(super) fn from_text<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let text = Cow::Borrowed(text);
    read(View::text(&text))
}

/// Makes a value from all texts of one name, of which there may be none.
pub(super) fn from_texts<'t, T: DeserializeOwned>(
    texts: impl IntoIterator<Item = Result<Cow<'t, str>, NotText>>,
    counts: Counts,
) -> Result<T, Problem> {
    let mut texts = texts.into_iter();
    let Some(first) = texts.next().transpose()? else { return from_nothing() };
    let Some(second) = texts.next().transpose()? else { return read(View::text(&first)) };
    let all: Vec<Cow<'t, str>> =
        [Ok(first), Ok(second)].into_iter().chain(texts).collect::<Result<_, _>>()?;
    let one = match counts {
        Counts::First => all.first(),
        Counts::Last => all.last(),
    };
    from_parts(&all, one.map_or("", |text| text))
}

/// Makes a list from all texts of one name. Empty texts that are no value are left out.
pub(super) fn list_from_texts<'t, T: DeserializeOwned>(
    texts: impl IntoIterator<Item = Result<Cow<'t, str>, NotText>>,
) -> Result<Vec<T>, Problem> {
    match from_texts(texts, Counts::Last) {
        Err(Problem::Missing { path, .. }) if path.is_empty() => Ok(Vec::new()),
        list => list,
    }
}

/// Makes a list of `all`, or a single value of `one`.
pub(super) fn from_parts<T: DeserializeOwned>(all: &[Cow<'_, str>], one: &str) -> Result<T, Problem> {
    read(View::Texts { all, one })
}

/// Makes a struct, a map or a list of pairs from a query or form.
pub(super) fn from_pairs<T: DeserializeOwned>(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<T, Problem> {
    let mut groups: Vec<(&str, Vec<Cow<'_, str>>)> = Vec::new();
    let mut positions: HashMap<&str, usize> = HashMap::new();
    for (name, text) in pairs {
        let position = *positions.entry(name).or_insert(groups.len());
        match groups.get_mut(position) {
            Some((_, texts)) => texts.push(Cow::Borrowed(text)),
            None => groups.push((name, vec![Cow::Borrowed(text)])),
        }
    }
    read(View::Fields(&Fields { pairs, groups }))
}

/// Whether a text stands for true, as a checkbox sends it.
#[cfg(feature = "forms")]
pub(super) fn is_true(text: &str) -> bool {
    scalar::truth(text) == Some(true)
}

/// Makes a value from a signal or from all signals.
pub(super) fn from_json<T: DeserializeOwned>(json: Json<'_>) -> Result<T, Problem> {
    read(View::Json(json))
}

fn read<'de, T: DeserializeOwned>(view: View<'de>) -> Result<T, Problem> {
    let attempt = Attempt::default();
    let mismatch = match Reader::new(view, ValuePlace::ROOT, &attempt).read(PhantomData) {
        Ok(value) => return Ok(value),
        Err(mismatch) => mismatch,
    };
    let mut value = None;
    let mut run = |attempt: &Attempt<'de>| {
        value = Some(Reader::new(view, ValuePlace::ROOT, attempt).read(PhantomData)?);
        Ok(())
    };
    retry::retry(view, attempt, mismatch, &mut run)?;
    value.ok_or(Problem::TooMuch)
}

#[cfg(test)]
mod tests;
