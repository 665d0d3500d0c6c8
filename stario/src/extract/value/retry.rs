//! Repeats a failed attempt with what it has shown, until it succeeds or is final.

use std::borrow::Cow;

use super::access::shown;
use super::attempt::{Buffered, Empty, Given, ReadAttempt, ReadChange, WireForm};
use super::json::JsonValue;
use super::mismatch::{FoundValue, Mismatch, Reason, push_segment};
use super::place::ValuePlace;
use super::problem::ValueProblem;
use super::reader::View;
use super::scalar::{Guess, Number};
use super::words;

/// The most values that are read in all attempts at one value, from the attempt after [`FREE_ATTEMPTS`] on. A form of
/// 1000 fields needs far less, unless all of them are members of one flattened map.
const READ_LIMIT: usize = 100_000;

/// The attempts that are made however many values each of them reads: a long list needs one for each field of its
/// elements that is empty somewhere.
const FREE_ATTEMPTS: usize = 16;

/// The most texts of an untagged enum that are tried in a second way, all combinations of them.
const ALTERNATIVE_LIMIT: usize = 6;

/// The most texts that are left out one by one, to find out which of them does not fit.
const SUSPECT_LIMIT: usize = 32;

/// How serde begins its message about an untagged enum.
const UNTAGGED: &str = "data did not match any variant of untagged enum";

/// Makes the value and keeps it, or says what does not fit.
type ReadFn<'f, 'de> = &'f mut dyn FnMut(&ReadAttempt<'de>) -> Result<(), Mismatch>;

/// Repeats a failed attempt until it succeeds or nothing is left to try.
pub(super) fn retry<'de>(
    root: View<'de>,
    mut attempt: ReadAttempt<'de>,
    mut mismatch: Mismatch,
    run: ReadFn<'_, 'de>,
) -> Result<(), ValueProblem> {
    for attempts in 0.. {
        if attempts > FREE_ATTEMPTS && attempt.reads() > READ_LIMIT {
            break;
        }
        let buffered = attempt.take_buffered();
        match next(&attempt, &mismatch, &buffered) {
            NextStep::Change(place, change) => attempt.change(place, change),
            NextStep::Final(text) => return Err(problem(root, mismatch, text)),
            NextStep::TryAlternatives => {
                let is_made = try_alternatives(&mut attempt, &buffered, run);
                return if is_made { Ok(()) } else { Err(problem(root, mismatch, None)) };
            }
            NextStep::FindSuspect => {
                let Some(text) = suspect(&mut attempt, &mismatch, &buffered, run) else {
                    for text in &buffered {
                        mismatch.forget(text.text);
                    }
                    return Err(problem(root, mismatch, None));
                };
                if !text.text.is_empty() {
                    return Err(problem(root, mismatch, Some(text)));
                }
                attempt.change(text.place, ReadChange::Empty(Empty::LeftOut));
            }
        }
        match run(&attempt) {
            Ok(()) => return Ok(()),
            Err(next) => mismatch = next,
        }
    }
    Err(ValueProblem::TooMuch)
}

enum NextStep<'de> {
    Change(ValuePlace, ReadChange),
    /// Nothing is left to try. Holds the buffered text that does not fit, if it is known.
    Final(Option<Buffered<'de>>),
    /// No variant of an untagged enum fits, and serde does not say why.
    TryAlternatives,
    /// A type says in its own words that a text does not fit, and serde does not say which.
    FindSuspect,
}

fn next<'de>(attempt: &ReadAttempt<'de>, mismatch: &Mismatch, buffered: &[Buffered<'de>]) -> NextStep<'de> {
    let found = mismatch.found();
    if matches!(found, FoundValue::Text { .. })
        && let Some(text) = buffered.iter().find(|text| text.is(found))
    {
        return next_for_text(attempt, mismatch, text);
    }
    if let Some(leaf) = mismatch.leaf()
        && (leaf.is_empty || buffered.iter().all(|text| text.place != leaf.place))
    {
        return match attempt.empty(leaf.place) {
            None if leaf.is_empty => NextStep::Change(leaf.place, ReadChange::Empty(Empty::Nothing)),
            Some(Empty::Nothing) if leaf.is_empty => {
                NextStep::Change(leaf.place, ReadChange::Empty(Empty::LeftOut))
            }
            _ => NextStep::Final(None),
        };
    }
    // The same number may have been given for several texts: those that are only guessed come first. A wrong choice is
    // corrected by the error of the next attempt, which is about a text.
    let mut same = buffered.iter().filter(|text| text.is(found));
    if let Some(guessed) = same.clone().find(|text| attempt.form(text.place).is_none()) {
        return NextStep::Change(guessed.place, ReadChange::Form(WireForm::Text));
    }
    if let Some(converted) = same.next() {
        return NextStep::Final(Some(*converted));
    }
    match mismatch.reason() {
        Reason::Stated(words) if buffered.is_empty() || words.is_empty() => NextStep::Final(None),
        Reason::Stated(words) if words.starts_with(UNTAGGED) => NextStep::TryAlternatives,
        Reason::Stated(_) => NextStep::FindSuspect,
        _ => NextStep::Final(None),
    }
}

/// The next step after serde's buffer gave a text to a type that takes none.
fn next_for_text<'de>(
    attempt: &ReadAttempt<'de>,
    mismatch: &Mismatch,
    text: &Buffered<'de>,
) -> NextStep<'de> {
    let change = if text.text.is_empty() {
        Some(ReadChange::Empty(Empty::LeftOut)).filter(|_| attempt.empty(text.place) != Some(Empty::LeftOut))
    } else if let Reason::Invalid(expected) = mismatch.reason() {
        let form = WireForm::to(expected).filter(|form| form.is_possible(text));
        form.filter(|form| attempt.form(text.place) != Some(*form)).map(ReadChange::Form)
    } else {
        None
    };
    change.map_or(NextStep::Final(Some(*text)), |change| NextStep::Change(text.place, change))
}

/// Tries all combinations of the texts as they were given and in their second way. Returns whether one succeeded.
fn try_alternatives<'de>(
    attempt: &mut ReadAttempt<'de>,
    buffered: &[Buffered<'de>],
    run: ReadFn<'_, 'de>,
) -> bool {
    let mut alternatives = Vec::new();
    for text in buffered {
        let is_new = alternatives.iter().all(|(place, _)| *place != text.place);
        if is_new
            && attempt.form(text.place).is_none()
            && let Some(change) = alternative(text)
        {
            alternatives.push((text.place, change));
        }
    }
    alternatives.truncate(ALTERNATIVE_LIMIT);
    (1..1_u32 << alternatives.len()).any(|combination| {
        for (bit, (place, change)) in alternatives.iter().enumerate() {
            if combination & (1 << bit) == 0 {
                attempt.take_back(*place, *change);
            } else {
                attempt.change(*place, *change);
            }
        }
        attempt.reads() <= READ_LIMIT && run(attempt).is_ok()
    })
}

/// The second way to read a text.
fn alternative(text: &Buffered<'_>) -> Option<ReadChange> {
    if text.text.is_empty() {
        return Some(ReadChange::Empty(Empty::LeftOut));
    }
    let form = match (text.given, Guess::of(text.text)) {
        (Given::List | Given::Scalar(Guess::Number(_) | Guess::Bool(_)), _) => Some(WireForm::Text),
        (Given::Scalar(Guess::Text), Guess::Bool(_)) => Some(WireForm::Bool),
        (Given::Scalar(Guess::Text), _) => {
            [WireForm::Whole, WireForm::Float, WireForm::List].into_iter().find(|form| form.is_possible(text))
        }
    };
    form.map(ReadChange::Form)
}

/// Leaves out one text after the other, until serde no longer says the same.
fn suspect<'de>(
    attempt: &mut ReadAttempt<'de>,
    mismatch: &Mismatch,
    buffered: &[Buffered<'de>],
    run: ReadFn<'_, 'de>,
) -> Option<Buffered<'de>> {
    buffered.iter().take(SUSPECT_LIMIT).copied().find(|text| {
        if attempt.reads() > READ_LIMIT {
            return false;
        }
        attempt.remove(Some(text.place));
        let is_same = run(attempt).is_err_and(|without| without.reason() == mismatch.reason());
        attempt.remove(None);
        !is_same
    })
}

/// The final answer: what does not fit, and where.
fn problem<'de>(root: View<'de>, mut mismatch: Mismatch, text: Option<Buffered<'de>>) -> ValueProblem {
    let mut path = match text {
        Some(text) => {
            mismatch.forget(text.text);
            path_of(root, text.text).unwrap_or_default()
        }
        None => path_of_found(root, mismatch.found()).unwrap_or_else(|| mismatch.path()),
    };
    match mismatch.into_reason() {
        Reason::Missing(expected) => {
            ValueProblem::Missing { path, expected: words::text_expectation(&expected) }
        }
        Reason::MissingField(name) => {
            push_segment(&mut path, name);
            ValueProblem::Missing { path, expected: Cow::default() }
        }
        Reason::Invalid(expected) => {
            ValueProblem::Invalid { path, clause: format!("expected {}", words::text_expectation(&expected)) }
        }
        Reason::Stated(words) if words.starts_with(UNTAGGED) => {
            ValueProblem::Invalid { path, clause: "expected another combination of values".to_owned() }
        }
        Reason::Stated(words) => ValueProblem::Invalid { path, clause: words },
    }
}

/// Where in the value a text stands, found by its address.
fn path_of(root: View<'_>, text: &str) -> Option<String> {
    let is_it = |other: &str| std::ptr::eq(other, text);
    match root {
        View::Fields(fields) => {
            let mut groups = fields.groups.iter();
            let group = groups.find(|(_, texts)| texts.iter().any(|other| is_it(other)));
            group.map(|(name, _)| shown(name, &[]).to_owned())
        }
        View::Json(json) => {
            let below = |mut path: String, json| {
                let below = path_of(View::Json(json), text)?;
                if !below.is_empty() {
                    push_segment(&mut path, &below);
                }
                Some(path)
            };
            if json.text().is_some_and(is_it) {
                return Some(String::new());
            }
            let mut elements = json.elements().into_iter().flatten().enumerate();
            let mut members = json.members().into_iter().flatten();
            elements
                .find_map(|(index, element)| below(format!("[{index}]"), element))
                .or_else(|| members.find_map(|(name, member)| below(shown(name, &[]).to_owned(), member)))
        }
        _ => None,
    }
}

/// Where the number or truth value that does not fit stands in JSON, if it is there once. Of a flattened struct, serde
/// says only the value.
fn path_of_found(root: View<'_>, found: FoundValue) -> Option<String> {
    let View::Json(root) = root else { return None };
    let is_it = |json: JsonValue<'_>| match found {
        FoundValue::Unsigned(number) => json.number() == Some(Number::Unsigned(number)),
        FoundValue::Signed(number) => json.number() == Some(Number::Signed(number)),
        FoundValue::Float(number) => json.number() == Some(Number::Float(number)),
        FoundValue::Bool(value) => json.truth() == Some(value),
        FoundValue::Text { .. } | FoundValue::List | FoundValue::Other => false,
    };
    let mut paths = Vec::new();
    add_paths(root, &mut String::new(), &is_it, &mut paths);
    paths.pop().filter(|_| paths.is_empty())
}

/// Adds the paths of all values that are meant. `path` is that of `json`.
fn add_paths(
    json: JsonValue<'_>,
    path: &mut String,
    is_it: &dyn Fn(JsonValue<'_>) -> bool,
    paths: &mut Vec<String>,
) {
    if is_it(json) {
        paths.push(path.clone());
    }
    let end = path.len();
    for (index, element) in json.elements().into_iter().flatten().enumerate() {
        push_segment(path, &format!("[{index}]"));
        add_paths(element, path, is_it, paths);
        path.truncate(end);
    }
    for (name, member) in json.members().into_iter().flatten() {
        push_segment(path, shown(name, &[]));
        add_paths(member, path, is_it, paths);
        path.truncate(end);
    }
}
