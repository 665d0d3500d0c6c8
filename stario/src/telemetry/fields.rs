//! The fields that a `Logger` was given, whose names are known only at run time.

use std::borrow::Cow;

use serde_json::Value;

/// Named values in the order in which they were given; a later one of the same name takes the place of the
/// earlier.
#[derive(Debug, Clone, Default)]
pub(crate) struct LogFields(Vec<(Cow<'static, str>, Value)>);

impl LogFields {
    pub(crate) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: Value) {
        let name = name.into();
        match self.0.iter_mut().find(|(present, _)| *present == name) {
            Some((_, present)) => *present = value,
            None => self.0.push((name, value)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// As one JSON object, in which form they pass through `tracing`, whose own fields are fixed in number.
    pub(crate) fn to_json(&self) -> String {
        let object = self.0.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
        Value::Object(object).to_string()
    }
}
