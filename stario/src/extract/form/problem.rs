//! The problem of a field: an id for translations, and a sentence.

use std::borrow::Cow;
use std::fmt;

use super::super::value;

/// A problem of a field of a [`Form`](struct@crate::Form).
///
/// It is shown as an English sentence, unless [`Form::messages`](crate::Form::messages) makes another text of it. The id
/// says which rule is broken, the argument what the rule asks for. These are all ids and all sentences, with `{}` for the argument:
///
/// | id | the value | argument | the sentence |
/// |---|---|---|---|
/// | `required` | is missing | | Fill this in. |
/// | `invalid` | does not fit the field's type | what is expected, in English | see below |
/// | `file-too-large` | is a file of more bytes than `max_size` | the most bytes | This file is larger than {}. |
/// | `file-type` | is a file of a type that `accept` does not list | the list | Choose a file of one of these types: {}. |
/// | `length-min` | is too short | the least length | Write at least {} characters. |
/// | `length-max` | is too long | the greatest length | Write at most {} characters. |
/// | `count-min` | is a list of too few, by the same rule | the least count | At least {} are needed. |
/// | `count-max` | is a list of too many | the greatest count | At most {} are allowed. |
/// | `range-min` | is too small | the limit | This must be {} or more. |
/// | `range-max` | is too large | the limit | This must be {} or less. |
/// | `contains` | lacks a text | the text | This must contain "{}". |
/// | `prefix` | begins otherwise | the text | This must begin with "{}". |
/// | `suffix` | ends otherwise | the text | This must end with "{}". |
/// | `pattern` | does not fit a pattern | the pattern | This is not in the expected format. |
/// | `matches` | differs from another field | the name of that field in Rust | These two are not the same. |
/// | `email` | is none | why, in English | This is not an e-mail address. |
/// | `url` | is none | why, in English | This is not a web address. |
/// | `phone-number` | is none | why, in English | This is not a phone number. |
/// | `credit-card` | is none | why, in English | This is not the number of a credit card. |
/// | `ip` | is not an address | `IP`, `IPv4` or `IPv6` | This is not an {} address. |
/// | `ascii` | has other characters | | Use only letters without accents, digits and punctuation. |
/// | `alphanumeric` | has other characters | | Use only letters and digits. |
/// | `own` | breaks a rule of yours | | your words |
///
/// The sentence has a number of bytes as `2 MiB` or `500 KiB` where that is exact, and where 1 is the least length it says: Fill this in.
///
/// The argument of `invalid` decides the sentence:
///
/// | argument | the sentence |
/// |---|---|
/// | `a whole number`, `a number` | Write a whole number. Write a number. |
/// | `a whole number, not negative` | Write a whole number that is 0 or more. |
/// | `a whole number from 0 to 255`, and the like for the other types of 8 and 16 bits | Write a whole number from 0 to 255. |
/// | `a whole number of 32 bits`, `a whole number of 32 bits, not negative` | Write a whole number from -2147483648 to 2147483647. |
/// | one of these with `, and not 0` | Write a whole number from 0 to 255, but not 0. |
/// | `true or false` | Choose yes or no. |
/// | `one character` | Write one character. |
/// | ``one of `small`, `large` `` | Choose one of these: small, large. |
/// | `text`, `a list`, `a file` | Write a text. Choose from the list. Choose a file. |
/// | another that the type expects, such as `a date` | This must be a date. |
/// | words of the type that are no expectation | This does not fit: {}. |
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

    /// The value that the rule requires, such as a length.
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
    pub(super) fn of_value(problem: value::ValueProblem) -> Self {
        match problem {
            value::ValueProblem::Missing { .. } => Self::required(),
            value::ValueProblem::Invalid { clause, .. } => match clause.strip_prefix("expected ") {
                Some(expected) => Self::of_rule("invalid", expected),
                None => Self::stated(clause),
            },
            value::ValueProblem::NotText => Self::of_rule("invalid", "text"),
            value::ValueProblem::TooMuch => Self::stated("there are too many values".to_owned()),
        }
    }

    /// A value that does not fit, in words of its type.
    fn stated(words: String) -> Self {
        let text = format!("This does not fit: {}.", words.trim_end_matches('.'));
        Self { id: "invalid".into(), argument: Some(words), text: text.into() }
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
    let is_one = argument == "1";
    match id {
        "required" => "Fill this in.".into(),
        "invalid" => expectation(argument),
        "file-too-large" => format!("This file is larger than {}.", size(argument)).into(),
        "file-type" => format!("Choose a file of one of these types: {}.", spaced(argument)).into(),
        // What has no character is not filled in.
        "length-min" if is_one => "Fill this in.".into(),
        "length-min" => format!("Write at least {argument} characters.").into(),
        "length-max" if is_one => "Write at most 1 character.".into(),
        "length-max" => format!("Write at most {argument} characters.").into(),
        "count-min" if is_one => "At least 1 is needed.".into(),
        "count-min" => format!("At least {argument} are needed.").into(),
        "count-max" if is_one => "At most 1 is allowed.".into(),
        "count-max" => format!("At most {argument} are allowed.").into(),
        "range-min" => format!("This must be {argument} or more.").into(),
        "range-max" => format!("This must be {argument} or less.").into(),
        "contains" => format!("This must contain \"{argument}\".").into(),
        "prefix" => format!("This must begin with \"{argument}\".").into(),
        "suffix" => format!("This must end with \"{argument}\".").into(),
        "matches" => "These two are not the same.".into(),
        "email" => "This is not an e-mail address.".into(),
        "url" => "This is not a web address.".into(),
        "phone-number" => "This is not a phone number.".into(),
        "credit-card" => "This is not the number of a credit card.".into(),
        "ip" => format!("This is not an {argument} address.").into(),
        "ascii" => "Use only letters without accents, digits and punctuation.".into(),
        "alphanumeric" => "Use only letters and digits.".into(),
        _ => "This is not in the expected format.".into(),
    }
}

/// The English sentence for a value that does not fit its type, which expects this.
fn expectation(expected: &str) -> Cow<'static, str> {
    if let Some(number) = expected.strip_suffix(", and not 0") {
        let sentence = expectation(number);
        return format!("{}, but not 0.", sentence.trim_end_matches('.')).into();
    }
    let names = expected.strip_prefix("one of `").and_then(|names| names.strip_suffix('`'));
    if let Some(names) = names {
        return format!("Choose one of these: {}.", names.replace("`, `", ", ")).into();
    }
    match expected {
        "a whole number of 16 bits" => "Write a whole number from -32768 to 32767.".into(),
        "a whole number of 32 bits" => "Write a whole number from -2147483648 to 2147483647.".into(),
        "a whole number of 32 bits, not negative" => "Write a whole number from 0 to 4294967295.".into(),
        "a whole number, not negative" => "Write a whole number that is 0 or more.".into(),
        "text" => "Write a text.".into(),
        "one character" => "Write one character.".into(),
        "true or false" => "Choose yes or no.".into(),
        "a list" => "Choose from the list.".into(),
        "a file" => "Choose a file.".into(),
        number if number.starts_with("a whole number") || number == "a number" => {
            format!("Write {number}.").into()
        }
        other => format!("This must be {other}.").into(),
    }
}

/// A list as people write it.
fn spaced(list: &str) -> String {
    list.split(',').map(str::trim).collect::<Vec<_>>().join(", ")
}

/// A number of bytes, for people.
fn size(bytes: &str) -> String {
    match bytes.parse::<u64>() {
        Ok(bytes) if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => format!("{} MiB", bytes >> 20),
        Ok(bytes) if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    /// The sentence for a text that is not a value of the type.
    fn of<T: DeserializeOwned>(text: &str) -> String {
        let Err(problem) = value::from_text::<T>(text) else { panic!("{text:?} is a value") };
        Problem::of_value(problem).to_string()
    }

    #[derive(serde::Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Size {
        Small,
        Large,
    }

    #[test]
    fn a_value_that_does_not_fit_is_told_in_words_of_people() {
        assert_eq!(of::<u8>("old"), "Write a whole number from 0 to 255.");
        assert_eq!(of::<u32>("-1"), "Write a whole number from 0 to 4294967295.");
        assert_eq!(of::<i16>("x"), "Write a whole number from -32768 to 32767.");
        assert_eq!(of::<i32>("x"), "Write a whole number from -2147483648 to 2147483647.");
        assert_eq!(of::<i64>("x"), "Write a whole number.");
        assert_eq!(of::<usize>("-1"), "Write a whole number that is 0 or more.");
        assert_eq!(of::<f64>("x"), "Write a number.");
        assert_eq!(of::<std::num::NonZeroU8>("0"), "Write a whole number from 0 to 255, but not 0.");
        assert_eq!(of::<bool>("x"), "Choose yes or no.");
        assert_eq!(of::<char>("xy"), "Write one character.");
        assert_eq!(of::<Size>("huge"), "Choose one of these: small, large.");
        assert!(matches!(value::from_text("large"), Ok(Size::Large)));
        assert!(matches!(value::from_text("small"), Ok(Size::Small)));
        assert_eq!(of::<std::net::Ipv4Addr>("x"), "This does not fit: invalid IPv4 address syntax.");
        assert_eq!(Problem::of_value(value::ValueProblem::NotText).to_string(), "Write a text.");
    }

    #[test]
    fn a_rule_that_is_broken_is_told_in_words_of_people() {
        let check = |id, argument: &str, expected: &str| {
            assert_eq!(Problem::of_rule(id, argument).to_string(), expected);
        };
        check("length-min", "1", "Fill this in.");
        check("length-min", "8", "Write at least 8 characters.");
        check("length-max", "1", "Write at most 1 character.");
        check("count-min", "1", "At least 1 is needed.");
        check("count-max", "2", "At most 2 are allowed.");
        check("range-min", "1", "This must be 1 or more.");
        check("contains", "@", "This must contain \"@\".");
        check("file-type", "image/*,.txt", "Choose a file of one of these types: image/*, .txt.");
        check("file-too-large", "2097152", "This file is larger than 2 MiB.");
        check("pattern", "[a-z]+", "This is not in the expected format.");
    }
}
