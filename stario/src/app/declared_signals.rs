//! The signals that the pages of a program have: what declares, binds and patches them, and the kinds of their values.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Known;
use super::literals::{Literal, Names, all};

/// The signals that pages have.
pub(super) struct Declared {
    /// The paths that are declared, bound or patched.
    names: Names,
    /// The signals that these are, or are part of.
    roots: BTreeSet<String>,
    given: Names,
    /// The keys of values that patch signals.
    patched: BTreeSet<&'static str>,
    /// The signals that expressions set.
    set: BTreeSet<String>,
    /// The kinds of values that a path is declared with.
    kinds: BTreeMap<String, Vec<(char, &'static Literal)>>,
    structs: Structs,
    /// The structs of which a page declares or binds signals, or an event patches one.
    used: BTreeSet<&'static str>,
    /// Whether a value of any struct is declared.
    is_any: bool,
    /// Whether there may be other signals.
    pub(super) is_open: bool,
}

impl Declared {
    pub(super) fn new(known: &Known) -> Self {
        let structs = Structs::new();
        // A value whose type is not written may be of any struct.
        let is_any = all("Sv").next().is_some();
        let is_untyped = all("v").next().is_some() && structs.0.is_empty();
        let mut whole: BTreeSet<&str> = all("y").map(|literal| literal.text).collect();
        let mut parts: Vec<(String, &Literal)> = Vec::new();
        // Where a bound signal is out of sight, it may be any of a struct of which others are bound.
        let is_bind_unseen = all("V").next().is_some();
        for literal in all("bBgZ") {
            // `String::new()` in a component's property, and `map.is(1)`, look like signals.
            if matches!(literal.kind, 'g' | 'Z') && !structs.0.contains_key(root(literal.text)) {
                continue;
            }
            let signals = structs.resolve(literal.text);
            if signals.is_empty() || (is_bind_unseen && literal.kind != 'Z') {
                whole.insert(root(literal.text));
            }
            parts.extend(signals.into_iter().map(|path| (path, literal)));
        }
        let set_by_type = all("W").flat_map(|literal| structs.resolve(literal.text));
        let set = all("w").map(|literal| literal.text.to_owned()).chain(set_by_type);
        let mut declared = Self {
            names: Names::default(),
            roots: BTreeSet::new(),
            given: Names::given(&known.signals),
            patched: all("j").map(|literal| literal.text).collect(),
            set: set.map(|path| root(&path).to_owned()).collect(),
            kinds: BTreeMap::new(),
            used: all("ybBgZ").map(|literal| root(literal.text)).collect(),
            is_any,
            is_open: is_untyped
                || all("S").next().is_some()
                || !whole.iter().all(|name| structs.0.contains_key(name)),
            structs,
        };
        for literal in all("sj") {
            let (path, kind) = literal.text.split_once(':').unwrap_or((literal.text, ""));
            declared.add(path.to_owned(), literal);
            if literal.kind == 's' {
                declared.add_kind(path.to_owned(), last(kind), literal);
            }
        }
        for name in declared.structs.0.keys().copied().collect::<Vec<_>>() {
            for (path, kind, field) in declared.structs.signals(name) {
                if is_any || whole.contains(name) {
                    declared.add(path.clone(), field);
                }
                declared.add_kind(path, kind, field);
            }
        }
        for (path, literal) in parts {
            declared.add(path, literal);
        }
        declared
    }

    /// The signals of a struct, each with its field.
    pub(super) fn signals_of(&self, name: &str) -> Vec<(String, &'static Literal)> {
        self.structs.signals(name).into_iter().map(|(path, _, field)| (path, field)).collect()
    }

    /// The signals to which the functions of a struct lead, `Search.list.page`.
    pub(super) fn resolve(&self, functions: &str) -> Vec<String> {
        self.structs.resolve(functions)
    }

    fn add(&mut self, path: String, literal: &Literal) {
        self.roots.insert(root(&path).to_owned());
        self.names.add(path, Some(literal.place));
    }

    fn add_kind(&mut self, path: String, kind: char, literal: &'static Literal) {
        self.kinds.entry(path).or_default().push((kind, literal));
    }

    /// Whether the signal, or one in it, is declared, bound or patched.
    pub(super) fn has(&self, name: &str) -> bool {
        self.roots.contains(name) || self.given.has(name)
    }

    /// Whether the user says that the signal is there.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.has(name)
    }

    /// Whether an expression sets the signal.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.set.contains(name)
    }

    /// Whether the path of a nested signal is declared, bound or patched. What is in a signal whose keys are not known counts as
    /// known.
    pub(super) fn has_path(&self, path: &str) -> bool {
        let mut outer = path.match_indices('.').map(|(at, _)| &path[..at]);
        self.given.has(path)
            || self.names.has_beginning(&format!("{path}."))
            || self.names.has(path)
            || outer.any(|outer| {
                self.given.has(outer)
                    || self.patched.contains(outer)
                    || self.kinds(outer).iter().any(|(kind, _)| *kind != 'o')
            })
    }

    /// Whether an event patches the signal at this path.
    pub(super) fn is_patched(&self, path: &str) -> bool {
        self.patched.contains(path)
    }

    /// The kinds of a signal's values, as they are declared.
    pub(super) fn kinds(&self, path: &str) -> &[(char, &'static Literal)] {
        self.kinds.get(path).map_or(&[], Vec::as_slice)
    }

    /// The first signal of a struct of which no page has any, or `None` if one has some.
    pub(super) fn without_page(&self, name: &str) -> Option<String> {
        if self.is_any || self.used.contains(name) {
            return None;
        }
        let signals = self.structs.signals(name);
        let is_absent = signals.iter().all(|(path, ..)| !self.has(root(path)));
        signals.into_iter().next().filter(|_| is_absent).map(|(path, ..)| path)
    }

    /// The question whether a name like `name` was meant, or nothing.
    pub(super) fn did_you_mean(&self, name: &str) -> String {
        self.names.did_you_mean(name)
    }
}

/// The structs that derive `Signals`, by name, each with its fields.
struct Structs(BTreeMap<&'static str, Vec<SignalField>>);

/// A field of a struct that derives `Signals`.
struct SignalField {
    /// The name of the signal.
    signal: &'static str,
    /// The kind of its values, or the name of the nested struct and `@`.
    kind: &'static str,
    /// The function that refers to it.
    function: &'static str,
    literal: &'static Literal,
}

/// How deep structs are nested at most. One that seems to nest itself is two of the same name.
const DEEPEST: usize = 8;

impl Structs {
    fn new() -> Self {
        let mut structs: BTreeMap<&str, Vec<SignalField>> = BTreeMap::new();
        for literal in all("d") {
            let (name, field) = literal.text.split_once('.').unwrap_or_default();
            let (signal, rest) = field.split_once(':').unwrap_or_default();
            let (kind, function) = rest.split_once(' ').unwrap_or_default();
            structs.entry(name).or_default().push(SignalField { signal, kind, function, literal });
        }
        Self(structs)
    }

    /// The name of the struct that a field nests.
    fn nested<'f>(&self, field: &'f SignalField) -> Option<&'f str> {
        field.kind.strip_suffix('@').filter(|nested| self.0.contains_key(nested))
    }

    /// The signals of a struct and of those that it nests: path, kind of its values, and the field.
    fn signals(&self, name: &str) -> Vec<(String, char, &'static Literal)> {
        let mut found = Vec::new();
        self.add_signals(name, "", 0, &mut found);
        found
    }

    fn add_signals(
        &self,
        name: &str,
        prefix: &str,
        depth: usize,
        found: &mut Vec<(String, char, &'static Literal)>,
    ) {
        for field in self.0.get(name).into_iter().flatten() {
            let path = format!("{prefix}{}", field.signal);
            let nested = self.nested(field).filter(|_| depth < DEEPEST);
            let kind = if nested.is_some() {
                'o'
            } else {
                Some(last(field.kind)).filter(|kind| *kind != '@').unwrap_or('?')
            };
            found.push((path.clone(), kind, field.literal));
            if let Some(nested) = nested {
                self.add_signals(nested, &format!("{path}."), depth + 1, found);
            }
        }
    }

    /// The signals to which functions lead, `Search.list.page`: one of each struct of that name. A function that no field has
    /// is a method of the reference.
    fn resolve(&self, functions: &str) -> Vec<String> {
        let (name, functions) = functions.split_once('.').unwrap_or((functions, ""));
        let (function, behind) = functions.split_once('.').unwrap_or((functions, ""));
        let fields = self.0.get(name).into_iter().flatten().filter(|field| field.function == function);
        let signals = fields.flat_map(|field| {
            let inner = match self.nested(field) {
                Some(nested) if !behind.is_empty() => self.resolve(&format!("{nested}.{behind}")),
                _ => Vec::new(),
            };
            match &inner[..] {
                [] => vec![field.signal.to_owned()],
                _ => inner.iter().map(|path| format!("{}.{path}", field.signal)).collect(),
            }
        });
        signals.collect()
    }
}

/// The signal that a nested one is part of.
pub(super) fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn last(kind: &str) -> char {
    kind.chars().next_back().unwrap_or('?')
}
