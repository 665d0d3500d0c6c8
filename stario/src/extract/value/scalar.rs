//! Numbers and truth values in text.

use serde::de::Visitor;

/// A number, as the smallest of serde's types that holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Unsigned(u64),
    Signed(i64),
    Wide(i128),
    Widest(u128),
    Float(f64),
}

impl Number {
    /// Reads a whole number; white space around it and a `+` before it are allowed.
    pub(super) fn whole(text: &str) -> Option<Self> {
        // Most numbers have nothing around them, and to look for that takes as long as to read them.
        match text.parse() {
            Ok(number) => Some(Number::Unsigned(number)),
            Err(_) => Self::bare_whole(text.trim()),
        }
    }

    /// Reads a whole number with nothing around it.
    fn bare_whole(text: &str) -> Option<Self> {
        text.parse().map(Number::Unsigned).or_else(|_| text.parse().map(Number::Signed)).ok()
    }

    /// The same beyond 64 bits.
    pub(super) fn wide(text: &str) -> Option<Self> {
        let text = text.trim();
        text.parse().map(Number::Wide).or_else(|_| text.parse().map(Number::Widest)).ok()
    }

    /// Reads a number that is neither infinite nor "not a number".
    pub(super) fn float(text: &str) -> Option<Self> {
        text.trim().parse().ok().filter(|number: &f64| number.is_finite()).map(Number::Float)
    }

    /// The same for a type of 32 bits. It is rounded once.
    pub(super) fn short_float(text: &str) -> Option<Self> {
        let number = text.trim().parse().ok().filter(|number: &f32| number.is_finite());
        number.map(|number| Number::Float(number.into()))
    }

    pub(super) fn visit<'de, V: Visitor<'de>, E: serde::de::Error>(self, visitor: V) -> Result<V::Value, E> {
        match self {
            Number::Unsigned(number) => visitor.visit_u64(number),
            Number::Signed(number) => visitor.visit_i64(number),
            Number::Wide(number) => visitor.visit_i128(number),
            Number::Widest(number) => visitor.visit_u128(number),
            Number::Float(number) => visitor.visit_f64(number),
        }
    }
}

#[cfg(feature = "forms")]
impl std::fmt::Display for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Number::Unsigned(number) => number.fmt(formatter),
            Number::Signed(number) => number.fmt(formatter),
            Number::Wide(number) => number.fmt(formatter),
            Number::Widest(number) => number.fmt(formatter),
            Number::Float(number) => number.fmt(formatter),
        }
    }
}

/// Reads what forms and people write for a truth value.
pub(super) fn truth(text: &str) -> Option<bool> {
    let text = text.trim();
    let is_one_of = |words: [&str; 6]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(["true", "1", "yes", "on", "t", "y"]) {
        Some(true)
    } else if is_one_of(["false", "0", "no", "off", "f", "n"]) {
        Some(false)
    } else {
        None
    }
}

/// A guess at the type of a text, for a type that does not say what it needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Guess {
    Number(Number),
    Bool(bool),
    Text,
}

impl Guess {
    /// A number only if it is written exactly as it is printed, so that `007` and `1.50` stay text.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "true" => return Guess::Bool(true),
            "false" => return Guess::Bool(false),
            _ => {}
        }
        // Most texts are no numbers, which their first byte tells.
        if !text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            return Guess::Text;
        }
        let printed = |number: &Number| match number {
            Number::Unsigned(number) => number.to_string() == text,
            Number::Signed(number) => number.to_string() == text,
            Number::Float(number) => number.to_string() == text,
            Number::Wide(_) | Number::Widest(_) => false,
        };
        let number = Number::whole(text).or_else(|| Number::float(text)).filter(printed);
        number.map_or(Guess::Text, Guess::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_guessed_to_be_a_number_only_if_nothing_is_lost() {
        let check = |text: &str, expected: Guess| assert_eq!(Guess::of(text), expected, "{text}");
        check("7", Guess::Number(Number::Unsigned(7)));
        check("-7", Guess::Number(Number::Signed(-7)));
        check("1.5", Guess::Number(Number::Float(1.5)));
        check("true", Guess::Bool(true));
        for text in
            ["", "007", "+7", " 7", "1.50", "1e3", "-0", "on", "NaN", "inf", "-", "99999999999999999999999"]
        {
            check(text, Guess::Text);
        }
    }

    #[test]
    fn neither_infinite_nor_undefined_values_are_numbers() {
        for text in ["NaN", "inf", "-inf", "infinity", "1e999", "-1e999"] {
            assert_eq!(Number::float(text), None, "{text}");
        }
        assert_eq!(Number::float(" 1e3 "), Some(Number::Float(1000.0)));
    }
}
