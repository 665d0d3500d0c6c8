//! Finds the names that a page shares with its handlers and its style sheet.
//!
//! Names are found by patterns of the text, which fit how the examples are written. Tests are left out: what a test
//! names is not part of the app. Paths of routes are left out too, because links are made from handlers and follow them.

use std::ops::Range;
use std::path::Path;

const ID: &str = "id";
const SELECTOR: &str = "selector";
const SIGNAL: &str = "signal";
const FIELD: &str = "form field";
const ACTION: &str = "action";

pub const KINDS: [&str; 5] = [ID, SELECTOR, SIGNAL, FIELD, ACTION];

/// A name that gets an `x` appended.
pub struct Rename {
    pub kind: &'static str,
    pub what: &'static str,
    pub name: String,
    pub line: usize,
    /// The texts that are inserted, each with the byte before which it goes, from first to last.
    edits: Vec<(usize, String)>,
}

impl Rename {
    fn new(kind: &'static str, what: &'static str, text: &str, name: Range<usize>) -> Self {
        Self {
            kind,
            what,
            line: text[..name.start].matches('\n').count() + 1,
            edits: vec![(name.end, "x".to_owned())],
            name: text[name].to_owned(),
        }
    }

    /// Renames `others` as well.
    fn with(mut self, others: impl IntoIterator<Item = (usize, String)>) -> Self {
        self.edits.extend(others);
        self.edits.sort();
        self.edits.dedup();
        self
    }

    pub fn apply(&self, text: &str) -> String {
        let mut renamed = text.to_owned();
        for (at, inserted) in self.edits.iter().rev() {
            renamed.insert_str(*at, inserted);
        }
        renamed
    }
}

/// Returns the renames of one file, in the order of their kinds.
pub fn renames(path: &Path, text: &str) -> Vec<Rename> {
    if path.extension().is_some_and(|extension| extension == "css") {
        return style_sheet(text);
    }
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    template(code, &mut found);
    declared_fields(code, "#[derive(Signals", SIGNAL, &mut found);
    declared_fields(code, "#[derive(Form", FIELD, &mut found);
    parameters(code, &mut found);
    actions(code, &mut found);
    found
}

/// Ids, classes and attributes in the selectors of a style sheet.
fn style_sheet(text: &str) -> Vec<Rename> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.trim_end().ends_with(['{', ',']) {
            for (at, _) in line.match_indices(['#', '.', '[']) {
                found.push(Rename::new(SELECTOR, "in a rule of CSS", text, word(text, start + at + 1)));
            }
        }
        start += line.len();
    }
    found
}

/// Names in the attributes of templates, and in strings that Datastar reads.
fn template(code: &str, found: &mut Vec<Rename>) {
    for (before, kind, what) in [
        (" id=\"", ID, "`id=\"..\"`"),
        (" id={(\"", ID, "`id={(\"..\", ..)}`"),
        ("\"#", SELECTOR, "`\"#..\"`"),
        (" class:", SELECTOR, "`class:..`"),
        (" data-bind=\"", SIGNAL, "`data-bind=\"..\"`"),
        (" data-signals:", SIGNAL, "`data-signals:..`"),
        ("$", SIGNAL, "`$..` in an expression"),
        (" name=\"", FIELD, "`name=\"..\"`"),
    ] {
        // The name in `<meta name>` is not a field.
        let places = ends(code, before).filter(|at| !code[..at - before.len()].ends_with("<meta"));
        found.extend(places.map(|at| Rename::new(kind, what, code, word(code, at))));
    }
    // Attributes that the style sheets select.
    for attribute in ["data-color", "role"] {
        for at in ends(code, &format!(" {attribute}=")) {
            let name = at - 1 - attribute.len()..at - 1;
            found.push(Rename::new(SELECTOR, "an attribute that CSS selects", code, name));
        }
    }
}

/// Fields of structs with `#[derive(Signals)]` or `#[derive(Form)]`: alone, with what this side calls by the name, and each use.
fn declared_fields(code: &str, derive: &str, kind: &'static str, found: &mut Vec<Rename>) {
    for derive in ends(code, derive) {
        let Some(keyword) = code[derive..].find("struct ").map(|at| derive + at + "struct ".len()) else {
            continue;
        };
        let structure = &code[word(code, keyword)];
        let body = keyword..code[keyword..].find("\n}").map_or(code.len(), |at| keyword + at);
        // The variable that holds such a struct is called like it.
        let variable = structure.to_lowercase();
        for at in ends(&code[body.clone()], "\n    ") {
            let field = word(code, body.start + at);
            let name = &code[field.clone()];
            // Attributes, and the bodies of what follows.
            if name.is_empty() || !code[field.end..].starts_with(": ") {
                continue;
            }
            let references: Vec<_> = ends(code, &format!("{structure}::{name}("))
                .map(|end| end - 1 - name.len()..end - 1)
                .collect();
            let short: Vec<_> = ends(code, &format!("{structure} {{ "))
                .filter_map(|start| {
                    let end = start + code[start..].find('}')?;
                    let inside = code[start..end].split(", ").find(|entry| entry.trim() == name)?;
                    let at = inside.as_ptr() as usize - code.as_ptr() as usize;
                    Some(at..at + name.len())
                })
                .collect();
            let access = format!("{variable}.{name}");
            let accesses = ends(code, &access)
                .filter(|end| word(code, end - name.len()).end == *end && !code[*end..].starts_with('('));
            let everywhere = references.iter().map(|use_| (use_.end, "x".to_owned()));
            let everywhere = everywhere.chain(short.iter().map(|use_| (use_.end, format!("x: {name}"))));
            let everywhere = everywhere.chain(accesses.map(|end| (end, "x".to_owned())));
            found.push(Rename::new(kind, "a field", code, field.clone()));
            found.push(
                Rename::new(kind, "a field and its uses, not the parameters", code, field).with(everywhere),
            );
            found.extend(
                references.into_iter().map(|use_| Rename::new(kind, "`Struct::field()`", code, use_)),
            );
            found.extend(short.into_iter().map(|use_| Rename::new(kind, "`Struct { field }`", code, use_)));
        }
    }
}

/// Parameters that are called like a signal or a field of a form: alone, and with their uses in the function.
fn parameters(code: &str, found: &mut Vec<Rename>) {
    for (kind, source) in [(SIGNAL, ": Signal<"), (FIELD, ": FormField<"), (FIELD, ": UploadedFile")] {
        for end in ends(code, source) {
            let name = word_before(code, end - source.len());
            let function =
                name.start..code[name.start..].find("\n}").map_or(code.len(), |at| name.start + at);
            let called = &code[name.clone()];
            let uses = ends(&code[function.clone()], called).map(|at| function.start + at).filter(|end| {
                let start = end - called.len();
                let is_path_or_field = start > name.start && code[..start].ends_with([':', '.']);
                word(code, start).end == *end && word_before(code, *end).start == start && !is_path_or_field
            });
            let uses: Vec<_> = uses.map(|end| (end, "x".to_owned())).collect();
            found.push(Rename::new(kind, "a parameter", code, name.clone()));
            found.push(Rename::new(kind, "a parameter and its uses", code, name).with(uses));
        }
    }
}

/// Handlers where they are defined, and where a page or a redirect refers to them.
fn actions(code: &str, found: &mut Vec<Rename>) {
    for attribute in ["\n#[app::query(", "\n#[app::command(", "\n#[app::detached_command("] {
        for at in ends(code, attribute) {
            if let Some(keyword) = code[at..].find("async fn ") {
                let name = word(code, at + keyword + "async fn ".len());
                found.push(Rename::new(ACTION, "a handler", code, name));
            }
        }
    }
    for (reference, what) in [("::action(", "`handler::action(..)`"), ("::url(", "`handler::url(..)`")] {
        for end in ends(code, reference) {
            found.push(Rename::new(ACTION, what, code, word_before(code, end - reference.len())));
        }
    }
}

/// Returns where each occurrence of `pattern` ends.
fn ends(text: &str, pattern: &str) -> impl Iterator<Item = usize> {
    text.match_indices(pattern).map(|(at, found)| at + found.len())
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-')
}

/// Returns the word that begins at `start`.
fn word(text: &str, start: usize) -> Range<usize> {
    let rest = &text[start..];
    start..start + rest.find(|character| !is_word(character)).unwrap_or(rest.len())
}

/// Returns the word that ends at `end`.
fn word_before(text: &str, end: usize) -> Range<usize> {
    let start = text[..end].rfind(|character| !is_word(character)).map_or(0, |at| at + 1);
    start..end
}
