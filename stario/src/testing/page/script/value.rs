//! Values of expressions and signals.

use std::fmt::Write;

use crate::testing::page::dom::NodeId;

/// A value. Objects keep the order of their fields, because JSON is sent in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::testing) enum Value {
    #[default]
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    String(String),
    Array(Vec<Value>),
    Object(Vec<(String, Value)>),
    /// `/source/flags`, which the filters of signals take.
    Regex(String, String),
    Element(NodeId),
}

impl Value {
    pub(in crate::testing) fn text(text: impl Into<String>) -> Self {
        Self::String(text.into())
    }

    /// `value == null`.
    pub(in crate::testing) fn is_nullish(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    pub(in crate::testing) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Array(_) | Self::Object(_) | Self::Regex(..) | Self::Element(_) => true,
        }
    }

    /// What `typeof` says.
    pub(in crate::testing) fn type_name(&self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Null | Self::Array(_) | Self::Object(_) | Self::Regex(..) | Self::Element(_) => "object",
        }
    }

    /// `Number(value)`.
    pub(in crate::testing) fn to_number(&self) -> f64 {
        match self {
            Self::Undefined | Self::Object(_) | Self::Regex(..) | Self::Element(_) => f64::NAN,
            Self::Null => 0.0,
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(value) => *value,
            Self::String(text) => number_of(text),
            Self::Array(_) => number_of(&self.to_text()),
        }
    }

    /// `String(value)`.
    pub(in crate::testing) fn to_text(&self) -> String {
        match self {
            Self::Undefined => "undefined".to_owned(),
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => text_of(*value),
            Self::String(text) => text.clone(),
            Self::Array(items) => {
                let text = |item: &Self| if item.is_nullish() { String::new() } else { item.to_text() };
                items.iter().map(text).collect::<Vec<_>>().join(",")
            }
            Self::Object(_) => "[object Object]".to_owned(),
            Self::Regex(source, flags) => format!("/{source}/{flags}"),
            Self::Element(_) => "[object HTMLElement]".to_owned(),
        }
    }

    pub(in crate::testing) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(field, _)| field == name).map(|(_, value)| value),
            Self::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Sets a field of an object or an item of an array; what is neither becomes an object.
    pub(in crate::testing) fn set_field(&mut self, name: &str, value: Self) {
        *self.field_mut(name) = value;
    }

    /// The field, made if it is not there.
    pub(in crate::testing) fn field_mut(&mut self, name: &str) -> &mut Self {
        if !matches!(self, Self::Array(_) if name.parse::<usize>().is_ok())
            && !matches!(self, Self::Object(_))
        {
            *self = Self::Object(Vec::new());
        }
        match self {
            Self::Array(items) => {
                let index = name.parse().unwrap_or_default();
                // The client fills what is between when it is read, as when it is sent.
                if items.len() <= index {
                    items.resize(index + 1, Self::text(""));
                }
                &mut items[index]
            }
            Self::Object(fields) => {
                let index = fields.iter().position(|(field, _)| field == name).unwrap_or_else(|| {
                    fields.push((name.to_owned(), Self::Undefined));
                    fields.len() - 1
                });
                &mut fields[index].1
            }
            _ => unreachable!("made an object above"),
        }
    }

    pub(in crate::testing) fn remove_field(&mut self, name: &str) {
        match self {
            Self::Object(fields) => fields.retain(|(field, _)| field != name),
            Self::Array(items) => {
                if let Some(item) = name.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                    *item = Self::Undefined;
                }
            }
            _ => {}
        }
    }

    /// `JSON.stringify(value)`.
    pub(in crate::testing) fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }

    fn write_json(&self, json: &mut String) {
        match self {
            Self::Undefined | Self::Null => json.push_str("null"),
            Self::Number(value) if !value.is_finite() => json.push_str("null"),
            Self::Bool(_) | Self::Number(_) => json.push_str(&self.to_text()),
            Self::String(text) => json.push_str(&quoted(text)),
            Self::Regex(..) | Self::Element(_) => json.push_str("{}"),
            Self::Array(items) => {
                json.push('[');
                for (index, item) in items.iter().enumerate() {
                    json.push_str(if index > 0 { "," } else { "" });
                    item.write_json(json);
                }
                json.push(']');
            }
            Self::Object(fields) => {
                json.push('{');
                let written = fields.iter().filter(|(_, value)| *value != Self::Undefined);
                for (index, (name, value)) in written.enumerate() {
                    let _ = write!(json, "{}{}:", if index > 0 { "," } else { "" }, quoted(name));
                    value.write_json(json);
                }
                json.push('}');
            }
        }
    }

    /// The value as tests compare it.
    pub(in crate::testing) fn to_serde(&self) -> serde_json::Value {
        match self {
            Self::Undefined | Self::Null | Self::Regex(..) | Self::Element(_) => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(value) => serde_json::from_str(&text_of(*value)).unwrap_or_default(),
            Self::String(text) => text.clone().into(),
            Self::Array(items) => items.iter().map(Self::to_serde).collect(),
            Self::Object(fields) => {
                fields.iter().map(|(name, value)| (name.clone(), value.to_serde())).collect()
            }
        }
    }
}

impl From<serde_json::Value> for Value {
    fn from(json: serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => {
                Self::Object(fields.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// As JavaScript writes a number, but for those of 22 digits and more.
fn text_of(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

fn number_of(text: &str) -> f64 {
    let text = text.trim();
    let is_plain =
        |character: char| character.is_ascii_digit() || matches!(character, '.' | '-' | '+' | 'e' | 'E');
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ if text.chars().all(is_plain) => text.parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}
