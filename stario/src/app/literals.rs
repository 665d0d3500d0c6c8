//! The literals that the macros collected in the whole program: ids, selectors, names of signals. Only builds with debug
//! assertions have any.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use stario_html::__private::literals;
use stario_html::names::most_similar;

/// One literal. `stario-macros/src/literals.rs` lists the letters of the kinds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal {
    pub(super) kind: char,
    pub(super) text: &'static str,
    pub(super) place: LiteralPlace,
    /// The conditions and loops around it, the outermost first.
    pub(super) around: Vec<&'static str>,
    pub(super) module: &'static str,
    /// The macro call that it stands in.
    pub(super) call: usize,
}

impl Literal {
    /// Whether an action is the same each time that it is sent: the same arguments can be other values by then.
    pub(super) fn is_same_action(&self) -> bool {
        self.text.ends_with("()") || self.text.contains('@')
    }
}

/// Where a literal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LiteralPlace {
    file: &'static str,
    line: u32,
}

impl fmt::Display for LiteralPlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.file, self.line)
    }
}

/// The literals of the program, by their places.
pub(super) static PROGRAM: LazyLock<Vec<Literal>> = LazyLock::new(|| {
    let lines = literals().enumerate().flat_map(|(call, (module, text))| {
        let mut lines = text.lines();
        let file = lines.next().unwrap_or_default();
        lines.filter_map(move |line| {
            let mut fields = line.split('\t');
            let head = fields.next()?;
            let kind = head.chars().next()?;
            let line = head[kind.len_utf8()..].parse().ok()?;
            let text = fields.next()?;
            let around = fields.next()?.split('/').filter(|step| !step.is_empty()).collect();
            Some(Literal { kind, text, place: LiteralPlace { file, line }, around, module, call })
        })
    });
    let mut all: Vec<Literal> = lines.collect();
    // The order of the program's parts is the linker's.
    all.sort_by_key(|literal| (literal.place, literal.call));
    all
});

/// The literals of these kinds, in the whole program.
pub(super) fn all(kinds: &str) -> impl Iterator<Item = &'static Literal> {
    PROGRAM.iter().filter(move |literal| kinds.contains(literal.kind))
}

/// Names that are known, each with the first place that knows it.
#[derive(Default)]
pub(super) struct Names {
    whole: BTreeMap<String, Option<LiteralPlace>>,
    /// The beginnings of names.
    beginnings: BTreeMap<String, Option<LiteralPlace>>,
}

impl Names {
    /// Those that the user gave, `legacy-*` with a beginning.
    pub(super) fn given(names: &[String]) -> Self {
        let mut known = Self::default();
        for name in names {
            match name.strip_suffix('*') {
                Some(beginning) => known.add_beginning(beginning.to_owned(), None),
                None => known.add(name.clone(), None),
            }
        }
        known
    }

    pub(super) fn add(&mut self, name: String, place: Option<LiteralPlace>) {
        self.whole.entry(name).or_insert(place);
    }

    pub(super) fn add_beginning(&mut self, beginning: String, place: Option<LiteralPlace>) {
        self.beginnings.entry(beginning).or_insert(place);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.whole.contains_key(name)
            || self.beginnings.keys().any(|beginning| name.starts_with(&**beginning))
    }

    /// Whether a name that begins with `beginning` can be known.
    pub(super) fn has_beginning(&self, beginning: &str) -> bool {
        let fits = |known: &String| known.starts_with(beginning) || beginning.starts_with(&**known);
        self.whole.keys().any(|name| name.starts_with(beginning)) || self.beginnings.keys().any(fits)
    }

    /// The question whether a name like `name` was meant, or nothing.
    pub(super) fn did_you_mean(&self, name: &str) -> String {
        let written = self.whole.iter().filter(|(_, place)| place.is_some());
        let nearest = most_similar(name, written.map(|(known, _)| known.as_str()));
        match nearest.and_then(|known| Some((known, self.whole.get(known).copied().flatten()?))) {
            Some((known, place)) => format!("; did you mean `{known}` at {place}?"),
            None => self.did_you_mean_beginning(name),
        }
    }

    /// The same for a name that begins almost as others do.
    fn did_you_mean_beginning(&self, name: &str) -> String {
        let is_like = |known: &str| {
            let beginning: String = name.chars().take(known.chars().count()).collect();
            most_similar(&beginning, [known]).is_some()
        };
        let nearest = self.beginnings.iter().find(|(known, place)| place.is_some() && is_like(known));
        match nearest.and_then(|(known, place)| Some((known, place.as_ref()?))) {
            Some((known, place)) => format!("; did you mean `{known}..` at {place}?"),
            None => String::new(),
        }
    }
}

/// The ids that a selector names. None, where it says more than this reads.
pub(super) fn ids(selector: &str) -> Vec<&str> {
    if selector.contains(['[', '(', '"', '\'', '\\']) {
        return Vec::new();
    }
    let name = |rest: &'_ str| {
        rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'))).unwrap_or(rest.len())
    };
    selector.split('#').skip(1).map(|rest| &rest[..name(rest)]).filter(|id| !id.is_empty()).collect()
}

/// Whether both can be shown by one rendering: not in two arms of one condition, and in no `<template>`.
pub(super) fn can_stand_together(a: &Literal, b: &Literal) -> bool {
    let arm = |step: &&'static str| step.split_once('.');
    let excludes = |one: (&str, &str), other: (&str, &str)| one.0 == other.0 && one.1 != other.1;
    let in_template = |literal: &Literal| literal.around.contains(&"t");
    let mut arms = a.around.iter().filter_map(arm);
    !in_template(a)
        && !in_template(b)
        && !arms.any(|one| b.around.iter().filter_map(arm).any(|other| excludes(one, other)))
}

/// Whether one is shown whenever the other is.
pub(super) fn stand_together(a: &Literal, b: &Literal) -> bool {
    let is_loop_left_early = |step: &&'static str| step.starts_with('g');
    let contains = |outer: &Literal, inner: &Literal| inner.around.starts_with(&outer.around);
    (contains(a, b) || contains(b, a)) && !a.around.iter().chain(&b.around).any(is_loop_left_early)
}

/// Whether it may be shown several times by one rendering.
pub(super) fn is_in_loop(literal: &Literal) -> bool {
    literal.around.iter().any(|step| step.starts_with('f')) && !literal.around.contains(&"t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_names_ids() {
        assert_eq!(ids("#a"), ["a"]);
        assert_eq!(ids("ul#a-b > li, #c_1.d"), ["a-b", "c_1"]);
        assert_eq!(ids(".a [href='#b']"), [""; 0]);
        assert_eq!(ids("#a:not(#b)"), [""; 0]);
        assert_eq!(ids("# b"), [""; 0]);
    }

    fn at(around: &'static str) -> Literal {
        let around = around.split('/').filter(|step| !step.is_empty()).collect();
        Literal {
            kind: 'i',
            text: "",
            place: LiteralPlace { file: "", line: 0 },
            around,
            module: "",
            call: 0,
        }
    }

    #[test]
    fn what_stands_together_is_told_by_what_is_around() {
        let check = |a, b, can: bool, does: bool| {
            assert_eq!(
                (can_stand_together(&at(a), &at(b)), stand_together(&at(a), &at(b))),
                (can, does),
                "{a} {b}"
            );
        };
        check("", "", true, true);
        check("", "i1.0", true, true);
        check("i1.0/f2", "i1.0", true, true);
        check("i1.0", "i2.0", true, false);
        check("i1.0", "i1.1", false, false);
        check("f1/i2.0", "f1/i2.1/i3.0", false, false);
        check("g1/i2.0", "g1", true, false);
        check("t", "", false, true);
    }

    #[test]
    fn names_are_known_whole_or_by_their_beginning() {
        let mut names = Names::given(&["legacy-*".to_owned(), "own".to_owned()]);
        names.add_beginning("row-".to_owned(), Some(LiteralPlace { file: "a.rs", line: 5 }));
        names.add("list".to_owned(), Some(LiteralPlace { file: "a.rs", line: 3 }));
        assert!(names.has("own") && names.has("legacy-1") && names.has("row-7") && !names.has("legacy"));
        assert!(names.has_beginning("li") && names.has_beginning("row-old-") && names.has_beginning("r"));
        assert!(!names.has_beginning("rows"));
        assert_eq!(names.did_you_mean("lsit"), "; did you mean `list` at a.rs:3?");
        assert_eq!(names.did_you_mean("rwo-7"), "; did you mean `row-..` at a.rs:5?");
        // What the user gave has no place.
        assert_eq!(names.did_you_mean("owm"), "");
        assert_eq!(names.did_you_mean("legcay-7"), "");
    }
}
