//! The content of a form: the texts and files of its fields, as a tree of their names.
//!
//! `address.street` is the field `street` in `address`, `items.0.name` the field `name` in the first of `items`; brackets
//! mean the same, as in `items[0].name`, `items[0][name]` and `tags[]`. Signals become the same tree: what is an object or a
//! list there has the names of its parts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::value::JsonValue;
use super::files::ReceivedFile;

/// The most names in one another. Deeper fields are skipped: each level costs a call.
const DEPTH_LIMIT: usize = 16;

/// One field, or a group of fields.
#[derive(Debug, Default)]
pub(super) struct FormEntry {
    pub(super) texts: Vec<String>,
    pub(super) files: Vec<ReceivedFile>,
    fields: BTreeMap<FieldName, FormEntry>,
}

/// A name of a field in its group. Elements of a list have numbers, and stand in their order.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum FieldName {
    Element(u32),
    Field(String),
}

impl FieldName {
    fn new(name: &str) -> Self {
        name.parse().map_or_else(|_| FieldName::Field(name.to_owned()), FieldName::Element)
    }
}

/// The names in a path, such as `items`, `0` and `name` of `items.0.name`.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[', ']']).filter(|name| !name.is_empty())
}

impl FormEntry {
    /// The field with this path, which is added if there is none. `None` if it is too deep.
    pub(super) fn at_path(&mut self, path: &str) -> Option<&mut FormEntry> {
        let mut entry = self;
        for (depth, name) in names(path).enumerate() {
            if depth == DEPTH_LIMIT {
                return None;
            }
            entry = entry.fields.entry(FieldName::new(name)).or_default();
        }
        Some(entry)
    }

    /// Adds a value of signals, with everything in it.
    pub(super) fn add_json(&mut self, json: JsonValue<'_>) {
        self.add_json_at(json, 0);
    }

    fn add_json_at(&mut self, json: JsonValue<'_>, depth: usize) {
        if let Some(text) = json.as_input_text() {
            self.texts.push(text.into_owned());
        }
        if depth == DEPTH_LIMIT {
            return;
        }
        for (name, member) in json.members().into_iter().flatten() {
            self.fields.entry(FieldName::new(name)).or_default().add_json_at(member, depth + 1);
        }
        for (index, element) in (0..).zip(json.elements().into_iter().flatten()) {
            match element.as_input_text() {
                Some(text) => self.texts.push(text.into_owned()),
                None => {
                    self.fields.entry(FieldName::Element(index)).or_default().add_json_at(element, depth + 1);
                }
            }
        }
    }

    /// Gives the elements of each list the numbers from 0 on: a page may have removed some of them.
    pub(super) fn renumber(&mut self) {
        let fields = std::mem::take(&mut self.fields);
        let mut next = 0;
        for (name, mut entry) in fields {
            entry.renumber();
            let name = match name {
                FieldName::Element(_) => {
                    next += 1;
                    FieldName::Element(next - 1)
                }
                name @ FieldName::Field(_) => name,
            };
            self.fields.insert(name, entry);
        }
    }

    /// How many texts, files, fields and groups there are.
    pub(super) fn size(&self) -> usize {
        self.texts.len()
            + self.files.len()
            + self.fields.values().map(|field| 1 + field.size()).sum::<usize>()
    }

    /// Drops the files of all fields.
    pub(super) fn drop_files(&mut self) {
        self.files = Vec::new();
        self.fields.values_mut().for_each(FormEntry::drop_files);
    }

    /// The field of this name in the group.
    pub(super) fn field(&self, name: &str) -> Option<&FormEntry> {
        self.fields.get(&FieldName::new(name))
    }

    /// The field with this path.
    pub(super) fn find(&self, path: &str) -> Option<&FormEntry> {
        names(path).try_fold(self, FormEntry::field)
    }

    /// The elements of a list, in their order.
    pub(super) fn elements(&self) -> impl Iterator<Item = &FormEntry> {
        self.fields
            .iter()
            .take_while(|(name, _)| matches!(name, FieldName::Element(_)))
            .map(|(_, entry)| entry)
    }

    /// Whether nothing was typed or chosen in the field, and in the fields of the group.
    pub(super) fn is_blank(&self) -> bool {
        self.texts.iter().all(String::is_empty)
            && self.files.iter().all(|file| matches!(file, ReceivedFile::Nothing))
            && self.fields.values().all(FormEntry::is_blank)
    }

    /// Whether the field has a text, or is a group of fields.
    pub(super) fn is_typed(&self) -> bool {
        !self.fields.is_empty() || self.texts.iter().any(|text| !text.is_empty())
    }

    /// The texts of the field, for serde.
    pub(super) fn borrowed_texts(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.texts.iter().map(|text| Cow::Borrowed(&**text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::value::JsonTree;
    use super::*;

    fn tree(pairs: &[(&str, &str)]) -> FormEntry {
        let mut root = FormEntry::default();
        for (name, text) in pairs {
            root.at_path(name).unwrap().texts.push((*text).to_owned());
        }
        root.renumber();
        root
    }

    fn texts<'e>(root: &'e FormEntry, path: &str) -> Option<Vec<&'e str>> {
        Some(root.find(path)?.texts.iter().map(String::as_str).collect())
    }

    #[test]
    fn brackets_and_dots_name_the_same_field() {
        let root =
            tree(&[("items[0][name]", "a"), ("items.0.name", "b"), ("items[0].name", "c"), ("tags[]", "d")]);
        assert_eq!(texts(&root, "items.0.name"), Some(vec!["a", "b", "c"]));
        assert_eq!(texts(&root, "tags"), Some(vec!["d"]));
        assert_eq!(texts(&root, "items.1"), None);
    }

    #[test]
    fn elements_are_numbered_in_their_order() {
        let root = tree(&[("items.10.name", "c"), ("items.2.name", "b"), ("items.1.name", "a")]);
        let names: Vec<_> = root
            .find("items")
            .unwrap()
            .elements()
            .map(|item| &*item.find("name").unwrap().texts[0])
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert_eq!(texts(&root, "items.2.name"), Some(vec!["c"]));
    }

    #[test]
    fn signals_are_the_same_fields() {
        let json = br#"{"age":7,"news":true,"note":null,"tags":["a","b"],"items":[{"name":"x"},{"name":"y"}],"rows":{"3":{"n":1.5}}}"#;
        let json = JsonTree::read(json).unwrap();
        let mut root = FormEntry::default();
        root.add_json(json.root());
        root.renumber();
        assert_eq!(texts(&root, "age"), Some(vec!["7"]));
        assert_eq!(texts(&root, "news"), Some(vec!["true"]));
        assert_eq!(texts(&root, "note"), Some(vec![]));
        assert_eq!(texts(&root, "tags"), Some(vec!["a", "b"]));
        assert_eq!(texts(&root, "items.1.name"), Some(vec!["y"]));
        assert_eq!(texts(&root, "rows.0.n"), Some(vec!["1.5"]));
    }

    #[test]
    fn fields_that_are_too_deep_are_skipped() {
        let mut root = FormEntry::default();
        assert!(root.at_path(&"a.".repeat(DEPTH_LIMIT)).is_some());
        assert!(root.at_path(&"a.".repeat(DEPTH_LIMIT + 1)).is_none());
        let json = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
        root.add_json(JsonTree::read(json.as_bytes()).unwrap().root());
        assert!(root.find(&"a.".repeat(DEPTH_LIMIT)).is_some());
        assert!(root.find(&"a.".repeat(DEPTH_LIMIT + 1)).is_none());
    }
}
