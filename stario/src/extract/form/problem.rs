//! What is wrong with a field: an id for those who translate, and a sentence.

use std::borrow::Cow;
use std::fmt;

use super::super::value;

/// What is wrong with a field of a [`Form`](struct@crate::Form).
///
/// It is shown as an English sentence, unless [`Form::messages`](crate::Form::messages) makes another text of it. The id
/// says which rule is broken, the argument what the rule asks for:
///
/// | id | the value | argument |
/// |---|---|---|
/// | `required` | is missing | |
/// | `invalid` | does not fit the field's type | what is expected, in English |
/// | `file-too-large` | is a file of more bytes than `max_size` | the most bytes |
/// | `file-type` | is a file of a type that `accept` does not list | the list |
/// | `length-min`, `length-max` | is too short or too long | the length |
/// | `range-min`, `range-max` | is too small or too large | the limit |
/// | `contains`, `prefix`, `suffix`, `pattern` | lacks a text, or does not fit a pattern | the text or the pattern |
/// | `matches` | differs from another field | the name of that field in Rust |
/// | `email`, `url`, `phone-number`, `credit-card` | is none | why, in English |
/// | `ip` | is no address | `IP`, `IPv4` or `IPv6` |
/// | `ascii`, `alphanumeric` | has other characters | |
/// | `own` | breaks a rule of yours, whose words it has | |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    id: Cow<'static, str>,
    argument: Option<String>,
    text: Cow<'static, str>,
}

impl Problem {
    /// A problem with an id and a sentence of your own.
    pub fn new(id: impl Into<Cow<'static, str>>, text: impl Into<Cow<'static, str>>) -> Self {
        Self { id: id.into(), argument: None, text: text.into() }
    }

    /// Which rule is broken.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the rule asks for, such as a length.
    pub fn argument(&self) -> Option<&str> {
        self.argument.as_deref()
    }

    /// A rule that is known by its id.
    pub(super) fn of_rule(id: &'static str, argument: impl Into<String>) -> Self {
        let argument = Some(argument.into()).filter(|argument| !argument.is_empty());
        let text = sentence(id, argument.as_deref().unwrap_or_default());
        Self { id: id.into(), argument, text }
    }

    pub(super) fn required() -> Self {
        Self::of_rule("required", "")
    }

    /// Why a value could not be read.
    pub(super) fn of_value(problem: value::Problem) -> Self {
        match problem {
            value::Problem::Missing { .. } => Self::required(),
            value::Problem::Invalid { clause, .. } => {
                let expected = clause.strip_prefix("expected ").unwrap_or(&clause);
                Self::of_rule("invalid", expected)
            }
            value::Problem::NotText => Self::of_rule("invalid", "text"),
            value::Problem::TooMuch => Self::of_rule("invalid", "fewer values"),
        }
    }
}

/// A problem in your own words.
impl From<&'static str> for Problem {
    fn from(text: &'static str) -> Self {
        Self::new("own", text)
    }
}

/// A problem in your own words.
impl From<String> for Problem {
    fn from(text: String) -> Self {
        Self::new("own", text)
    }
}

/// Writes the English sentence.
impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The English sentence for a broken rule.
fn sentence(id: &str, argument: &str) -> Cow<'static, str> {
    match id {
        "required" => "Fill this in.".into(),
        "invalid" => format!("Expected: {argument}.").into(),
        "file-too-large" => format!("This file is larger than {}.", size(argument)).into(),
        "file-type" => format!("This file is of another type than {argument}.").into(),
        "length-min" => format!("Too short: the least is {argument}.").into(),
        "length-max" => format!("Too long: the most is {argument}.").into(),
        "range-min" => format!("The least is {argument}.").into(),
        "range-max" => format!("The most is {argument}.").into(),
        "contains" => format!("\"{argument}\" must be in it.").into(),
        "prefix" => format!("It must begin with \"{argument}\".").into(),
        "suffix" => format!("It must end with \"{argument}\".").into(),
        "matches" => "This is not the same.".into(),
        "email" => "This is not an e-mail address.".into(),
        "url" => "This is not a URL.".into(),
        "phone-number" => "This is not a phone number.".into(),
        "credit-card" => "This is not the number of a credit card.".into(),
        "ip" => format!("This is not an {argument} address.").into(),
        "ascii" => "Only unaccented letters, digits and signs are allowed.".into(),
        "alphanumeric" => "Only letters and digits are allowed.".into(),
        _ => "This does not have the expected form.".into(),
    }
}

/// A number of bytes, for people.
fn size(bytes: &str) -> String {
    match bytes.parse::<u64>() {
        Ok(bytes) if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        Ok(bytes) if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}
