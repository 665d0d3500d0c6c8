//! The rules of garde, checked so that each broken one is known by its id.
//!
//! garde makes a text of a broken rule at once. It asks an `I18n` for the text, so [`Ids`] gives it one that holds id and
//! argument, from which [`problem`] makes a [`Problem`].

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Display;

use garde::Validate;
use garde::i18n::{I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind, with_i18n};

use super::problem::Problem;
use super::reader::{FieldInfo, FieldKind};

/// Begins a text that holds an id and an argument. No text for people begins with it.
const MARK: char = '\u{1}';

/// The rules by their ids.
const RULES: [&str; 16] = [
    "length-min",
    "length-max",
    "range-min",
    "range-max",
    "credit-card",
    "pattern",
    "contains",
    "url",
    "prefix",
    "suffix",
    "phone-number",
    "ip",
    "matches",
    "email",
    "ascii",
    "alphanumeric",
];

/// Checks the rules of a value. Returns the path of each field that breaks one. `lists` are the fields that take several values.
pub(super) fn check<T>(
    value: &T,
    fields: &'static [FieldInfo],
    lists: &HashSet<String>,
) -> Vec<(String, Problem)>
where
    T: Validate,
    T::Context: Default,
{
    let Err(report) = with_i18n(Ids, || value.validate()) else { return Vec::new() };
    let broken = report.iter().map(|(path, error)| {
        let RulePath { path, is_list } = RulePath::in_form(&path.to_string(), fields, lists);
        (path, problem(error.message(), is_list))
    });
    broken.collect()
}

/// Where a rule is broken.
struct RulePath {
    /// As the form names it. garde's path has the names that the fields have in Rust.
    path: String,
    /// Whether it is a field of several values, not one of the values.
    is_list: bool,
}

impl RulePath {
    fn in_form(path: &str, mut fields: &'static [FieldInfo], lists: &HashSet<String>) -> Self {
        let mut place = RulePath { path: String::new(), is_list: false };
        let mut names = super::entries::names(path).peekable();
        while let Some(name) = names.next() {
            let Some(info) = fields.iter().find(|info| info.in_rust == name) else { break };
            place.push(info.name);
            let FieldKind::Group { fields: below, is_list } = info.kind else {
                let is_list = matches!(info.kind, FieldKind::File(_)) || lists.contains(&place.path);
                place.is_list = is_list && names.peek().is_none();
                break;
            };
            place.is_list = is_list && names.peek().is_none();
            if is_list && let Some(index) = names.next() {
                place.push(index);
            }
            fields = below();
        }
        place
    }

    fn push(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(name);
    }
}

fn problem(message: &str, is_list: bool) -> Problem {
    let marked = message.strip_prefix(MARK).and_then(|marked| marked.split_once(MARK));
    match marked {
        Some(("required", _)) => Problem::required(),
        Some(("length-min", count)) if is_list => Problem::of_rule("count-min", count),
        Some(("length-max", count)) if is_list => Problem::of_rule("count-max", count),
        Some((id, argument)) => match RULES.iter().find(|rule| **rule == id) {
            Some(rule) => Problem::of_rule(rule, argument),
            None => Problem::from(argument.to_owned()),
        },
        None => Problem::from(message.to_owned()),
    }
}

fn marked(id: &str, argument: impl Display) -> Cow<'static, str> {
    format!("{MARK}{id}{MARK}{argument}").into()
}

/// Gives garde ids in the place of texts.
struct Ids;

impl I18n for Ids {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        marked("length-min", min)
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        marked("length-max", max)
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        marked("range-min", min)
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        marked("range-max", max)
    }

    fn credit_card_invalid(&self, reason: InvalidCreditCard) -> Cow<'static, str> {
        marked("credit-card", reason)
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        marked("pattern", pattern)
    }

    fn contains_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        marked("contains", pattern)
    }

    fn url_invalid(&self, reason: InvalidUrl) -> Cow<'static, str> {
        marked("url", reason)
    }

    fn prefix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        marked("prefix", pattern)
    }

    fn suffix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        marked("suffix", pattern)
    }

    fn phone_number_invalid(&self, reason: InvalidPhoneNumber) -> Cow<'static, str> {
        marked("phone-number", reason)
    }

    fn ip_invalid(&self, kind: IpKind) -> Cow<'static, str> {
        marked("ip", kind)
    }

    fn matches_field_mismatch(&self, field: &dyn Display) -> Cow<'static, str> {
        marked("matches", field)
    }

    fn email_invalid(&self, reason: InvalidEmail) -> Cow<'static, str> {
        marked("email", reason)
    }

    fn ascii_invalid(&self) -> Cow<'static, str> {
        marked("ascii", "")
    }

    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        marked("alphanumeric", "")
    }

    fn required_not_set(&self) -> Cow<'static, str> {
        marked("required", "")
    }
}
