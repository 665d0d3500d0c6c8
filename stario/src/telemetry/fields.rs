//! The fields of spans and records, as values.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;

use serde_json::Value;
use tracing::field::{Field, Visit};

/// Named values in the order in which they were given; a later one of the same name takes the place of the
/// earlier.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(Cow<'static, str>, Value)>);

impl Fields {
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        let name = name.into();
        match self.0.iter_mut().find(|(present, _)| *present == name) {
            Some((_, present)) => *present = value,
            None => self.0.push((name, value)),
        }
    }

    /// As one JSON object, in which form they pass through `tracing`, whose own fields are fixed in number.
    pub(crate) fn to_json(&self) -> String {
        let object = self.0.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        Value::Object(object).to_string()
    }
}

/// What a span or a record holds, in the same way. All texts are one, so that a field costs no allocation.
#[derive(Debug)]
pub(super) struct Recorded {
    fields: Vec<(&'static str, Scalar<Range<usize>>)>,
    texts: String,
}

/// The value of one field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<T> {
    Text(T),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Bool(bool),
}

impl Recorded {
    /// Nothing yet, with room for what a request has.
    pub(super) fn with_room() -> Self {
        Self { fields: Vec::with_capacity(10), texts: String::with_capacity(128) }
    }

    pub(super) fn get(&self, name: &str) -> Option<Scalar<&str>> {
        self.iter().find(|(present, _)| *present == name).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, Scalar<&str>)> {
        self.fields.iter().map(|(name, value)| (*name, value.map(|range| &self.texts[range.clone()])))
    }

    fn set(&mut self, name: &'static str, value: Scalar<Range<usize>>) {
        let Some(position) = self.fields.iter().position(|(present, _)| *present == name) else {
            self.fields.push((name, value));
            return;
        };
        self.fields[position].1 = value;
        self.drop_unused();
    }

    /// Else one who sets a field again and again would fill the memory with what it was.
    fn drop_unused(&mut self) {
        let texts = std::mem::take(&mut self.texts);
        for (_, value) in &mut self.fields {
            if let Scalar::Text(range) = value {
                let start = self.texts.len();
                self.texts.push_str(&texts[range.clone()]);
                *range = start..self.texts.len();
            }
        }
    }

    fn set_text(&mut self, name: &'static str, write: impl FnOnce(&mut String)) {
        let start = self.texts.len();
        write(&mut self.texts);
        self.set(name, Scalar::Text(start..self.texts.len()));
    }
}

impl<T> Scalar<T> {
    fn map<'s, U>(&'s self, text: impl FnOnce(&'s T) -> U) -> Scalar<U> {
        match self {
            Scalar::Text(range) => Scalar::Text(text(range)),
            Scalar::Unsigned(value) => Scalar::Unsigned(*value),
            Scalar::Signed(value) => Scalar::Signed(*value),
            Scalar::Float(value) => Scalar::Float(*value),
            Scalar::Bool(value) => Scalar::Bool(*value),
        }
    }
}

impl Visit for Recorded {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), Scalar::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), Scalar::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), Scalar::Unsigned(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), Scalar::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set_text(field.name(), |texts| texts.push_str(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set_text(field.name(), |texts| {
            // A `String` takes everything; of a value that fails, what it has written is kept.
            let _ = write!(texts, "{value:?}");
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_value_takes_the_place_of_the_earlier_and_its_memory() {
        let mut recorded = Recorded::with_room();
        recorded.set_text("a", |texts| texts.push_str("one"));
        recorded.set("b", Scalar::Unsigned(1));
        recorded.set_text("c", |texts| texts.push_str("three"));
        for round in 0..1000 {
            let text = format!("one {round}");
            recorded.set_text("a", |texts| texts.push_str(&text));
        }
        let fields: Vec<_> = recorded.iter().collect();
        assert_eq!(
            fields,
            [("a", Scalar::Text("one 999")), ("b", Scalar::Unsigned(1)), ("c", Scalar::Text("three"))]
        );
        assert_eq!(recorded.texts.len(), "one 999three".len());
        recorded.set("c", Scalar::Bool(true));
        assert_eq!((recorded.get("c"), recorded.texts.as_str()), (Some(Scalar::Bool(true)), "one 999"));
    }
}
