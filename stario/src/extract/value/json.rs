//! JSON that was read once, for all values that are made of it.
//!
//! Its names and values lie in one list in the order of the text, and its texts in one string: 24 bytes a value and the bytes of
//! its text, whatever the shape. A `serde_json::Value` takes 32 bytes and, for an object of one member, 600 more.

#[cfg(feature = "forms")]
use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::json_bounds;
use super::scalar::Number;

/// All names and values of a JSON text.
pub(in super::super) struct JsonTree {
    nodes: Vec<JsonNode>,
    texts: String,
}

/// A value, or the name before one.
#[derive(Clone, Copy)]
enum JsonNode {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// The bytes of the text in `texts`.
    Text {
        begin: usize,
        end: usize,
    },
    /// The elements are the nodes up to `end`.
    List {
        end: usize,
    },
    /// The members are the nodes up to `end`: each a name and a value.
    Object {
        end: usize,
    },
}

/// How `serde_json` hands out a number if its feature `arbitrary_precision` is on, which any crate can cause: as an object with
/// this one name.
const NUMBER: &str = "$serde_json::private::Number";

impl JsonTree {
    /// Reads JSON whose names and values are few enough.
    pub(in super::super) fn read(json: &[u8]) -> Result<Self, serde_json::Error> {
        let count = json_bounds::count(json, usize::MAX).unwrap_or_default();
        let mut tree = Self { nodes: Vec::with_capacity(count), texts: String::new() };
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        Builder(&mut tree).deserialize(&mut deserializer)?;
        deserializer.end()?;
        Ok(tree)
    }

    pub(in super::super) fn root(&self) -> JsonValue<'_> {
        JsonValue { tree: self, at: 0 }
    }

    fn node(&self, at: usize) -> JsonNode {
        self.nodes.get(at).copied().unwrap_or(JsonNode::Null)
    }

    /// The number that stands in the object whose nodes begin at `start`, if it is [`NUMBER`]'s.
    fn number_in(&self, start: usize) -> Option<Number> {
        let mut members = JsonValue { tree: self, at: start }.members()?;
        match (members.next(), members.next()) {
            (Some((NUMBER, number)), None) => {
                let text = number.text()?;
                Number::whole(text).or_else(|| Number::float(text))
            }
            _ => None,
        }
    }
}

/// Appends one value to a tree.
struct Builder<'t>(&'t mut JsonTree);

impl Builder<'_> {
    fn push(self, node: JsonNode) {
        self.0.nodes.push(node);
    }
}

impl<'de> DeserializeSeed<'de> for Builder<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Builder<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.push(JsonNode::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.push(JsonNode::Bool(value));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.push(JsonNode::Unsigned(number));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.push(JsonNode::Signed(number));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.push(JsonNode::Float(number));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        let begin = self.0.texts.len();
        self.0.texts.push_str(text);
        let end = self.0.texts.len();
        self.push(JsonNode::Text { begin, end });
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self(tree) = self;
        let start = tree.nodes.len();
        tree.nodes.push(JsonNode::Null);
        while elements.next_element_seed(Builder(tree))?.is_some() {}
        tree.nodes[start] = JsonNode::List { end: tree.nodes.len() };
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(tree) = self;
        let start = tree.nodes.len();
        tree.nodes.push(JsonNode::Null);
        while members.next_key_seed(Builder(tree))?.is_some() {
            members.next_value_seed(Builder(tree))?;
        }
        tree.nodes[start] = JsonNode::Object { end: tree.nodes.len() };
        if let Some(number) = tree.number_in(start) {
            tree.nodes.truncate(start);
            return number.visit(Builder(tree));
        }
        Ok(())
    }
}

/// The kind of a value, with its content.
pub(super) enum JsonKind<'t> {
    Null,
    Bool(bool),
    Number(Number),
    Text(&'t str),
    List,
    Object,
}

/// One value of a [`JsonTree`].
#[derive(Clone, Copy)]
pub(in super::super) struct JsonValue<'t> {
    tree: &'t JsonTree,
    at: usize,
}

impl<'t> JsonValue<'t> {
    fn node(self) -> JsonNode {
        self.tree.node(self.at)
    }

    /// The position behind the value.
    fn end(self) -> usize {
        match self.node() {
            JsonNode::List { end } | JsonNode::Object { end } => end,
            _ => self.at + 1,
        }
    }

    pub(super) fn kind(self) -> JsonKind<'t> {
        match self.node() {
            JsonNode::Null => JsonKind::Null,
            JsonNode::Bool(value) => JsonKind::Bool(value),
            JsonNode::Unsigned(number) => JsonKind::Number(Number::Unsigned(number)),
            JsonNode::Signed(number) => JsonKind::Number(Number::Signed(number)),
            JsonNode::Float(number) => JsonKind::Number(Number::Float(number)),
            JsonNode::Text { begin, end } => {
                JsonKind::Text(self.tree.texts.get(begin..end).unwrap_or_default())
            }
            JsonNode::List { .. } => JsonKind::List,
            JsonNode::Object { .. } => JsonKind::Object,
        }
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self.node(), JsonNode::Null)
    }

    pub(super) fn truth(self) -> Option<bool> {
        match self.kind() {
            JsonKind::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn number(self) -> Option<Number> {
        match self.kind() {
            JsonKind::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn text(self) -> Option<&'t str> {
        match self.kind() {
            JsonKind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A single value as the text that an input would send for it. `null`, lists and objects have none.
    #[cfg(feature = "forms")]
    pub(in super::super) fn as_input_text(self) -> Option<Cow<'t, str>> {
        match self.kind() {
            JsonKind::Text(text) => Some(text.into()),
            JsonKind::Bool(value) => Some(if value { "true" } else { "false" }.into()),
            JsonKind::Number(number) => Some(number.to_string().into()),
            JsonKind::Null | JsonKind::List | JsonKind::Object => None,
        }
    }

    /// The elements of a list.
    pub(in super::super) fn elements(self) -> Option<JsonElements<'t>> {
        match self.node() {
            JsonNode::List { end } => Some(JsonElements { tree: self.tree, next: self.at + 1, end }),
            _ => None,
        }
    }

    /// The members of an object. A name may be there twice.
    pub(in super::super) fn members(self) -> Option<JsonMembers<'t>> {
        match self.node() {
            JsonNode::Object { end } => {
                Some(JsonMembers(JsonElements { tree: self.tree, next: self.at + 1, end }))
            }
            _ => None,
        }
    }

    /// The member of this name, and the last if there are several.
    pub(in super::super) fn get(self, name: &str) -> Option<Self> {
        self.members()?.filter(|(own, _)| *own == name).last().map(|(_, value)| value)
    }
}

impl fmt::Debug for JsonValue<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("JsonValue").field("at", &self.at).finish_non_exhaustive()
    }
}

/// Values that stand side by side.
#[derive(Clone)]
pub(in super::super) struct JsonElements<'t> {
    tree: &'t JsonTree,
    next: usize,
    end: usize,
}

impl<'t> Iterator for JsonElements<'t> {
    type Item = JsonValue<'t>;

    fn next(&mut self) -> Option<JsonValue<'t>> {
        if self.next >= self.end {
            return None;
        }
        let value = JsonValue { tree: self.tree, at: self.next };
        self.next = value.end();
        Some(value)
    }
}

/// Names and their values.
#[derive(Clone)]
pub(in super::super) struct JsonMembers<'t>(JsonElements<'t>);

impl<'t> Iterator for JsonMembers<'t> {
    type Item = (&'t str, JsonValue<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.0.next()?.text()?;
        Some((name, self.0.next()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(json: &str) -> JsonTree {
        JsonTree::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn members_are_found_by_name_behind_what_is_nested() {
        let tree = tree(r#"{"a":{"b":[1,{"c":2}],"":"é\n"},"b":[],"c":-1,"a\"":null,"c":1.5}"#);
        let root = tree.root();
        let names: Vec<_> = root.members().unwrap().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "b", "c", "a\"", "c"]);
        assert_eq!(root.get("a").and_then(|a| a.get("")).and_then(JsonValue::text), Some("é\n"));
        assert_eq!(root.get("a").and_then(|a| a.get("b")?.elements()).map(Iterator::count), Some(2));
        assert_eq!(root.get("b").and_then(JsonValue::elements).map(Iterator::count), Some(0));
        assert_eq!(root.get("c").and_then(JsonValue::number), Some(Number::Float(1.5)));
        assert!(root.get("a\"").is_some_and(JsonValue::is_null));
        assert!(root.get("x").is_none());
        assert!(root.get("c").and_then(|c| c.get("x")).is_none());
    }

    #[test]
    fn a_number_of_any_precision_is_a_number() {
        let number =
            |text: &str| tree(&format!(r#"[{{"{NUMBER}":{text}}}]"#)).root().elements()?.next()?.number();
        assert_eq!(number("\"-5\""), Some(Number::Signed(-5)));
        assert_eq!(number("\"1.5e2\""), Some(Number::Float(150.0)));
        assert_eq!(number("\"x\""), None);
        assert_eq!(number("[]"), None);
        assert_eq!(number(r#""1","a":2"#), None);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for broken in ["", "[", "[1]]", "{\"a\"}", "\"\u{1}\"", "1e999", "[1,]", "nul"] {
            assert!(JsonTree::read(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(JsonTree::read(b"\"\xff\"").is_err());
    }
}
