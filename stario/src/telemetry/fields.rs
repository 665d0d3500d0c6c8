//! The fields of spans and records, as values.

use std::borrow::Cow;
use std::fmt;

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

    /// None yet, with room for those of a request.
    pub(super) fn with_room() -> Self {
        Self(Vec::with_capacity(10))
    }

    /// Takes the value of `name` out.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        let position = self.0.iter().position(|(present, _)| present == name)?;
        Some(self.0.remove(position).1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Cow<'static, str>, &Value)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// As one JSON object, in which form they pass through `tracing`, whose own fields are fixed in number.
    pub(crate) fn to_json(&self) -> String {
        let object = self.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        Value::Object(object).to_string()
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}").into());
    }
}
