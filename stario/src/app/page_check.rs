//! Checks what only meets in a browser, across templates, events and handlers: ids, signals, actions.
//!
//! A name counts as known if anything in the program knows it. What is reported stands in the modules of the app. It is a
//! problem where the app shows whole pages and nothing is out of sight; else it is a warning.

use std::collections::BTreeSet;

use super::known::Known;
use super::literals::{Literal, Names, PROGRAM, can_stand_together, ids, is_in_loop, stand_together};
use super::parts::Part;
use super::requirements::TakenSignal;

/// What was found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) problems: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl Findings {
    /// Adds what was found, once.
    fn add(&mut self, is_certain: bool, text: String) {
        let list = if is_certain { &mut self.problems } else { &mut self.warnings };
        if !list.contains(&text) {
            list.push(text);
        }
    }
}

/// Checks the modules of the app.
pub(super) fn check(parts: &[Part], taken: &[TakenSignal], known: &Known) -> Findings {
    let own = own_literals(parts);
    let mut check = Check {
        has_pages: own.iter().any(|literal| literal.kind == 'h'),
        own,
        taken,
        findings: Findings::default(),
    };
    check.targets(known);
    check.signals(known);
    check.twice();
    check.findings
}

/// The literals of the app's own modules.
pub(super) fn own_literals(parts: &[Part]) -> Vec<&'static Literal> {
    // An app stands in the module around its own: `shop::app` in `shop`.
    let homes: Vec<&str> =
        parts.iter().map(|part| part.module.rsplit_once("::").map_or("", |(home, _)| home)).collect();
    let is_own = |literal: &&Literal| {
        homes.iter().any(|home| {
            literal.module.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
        })
    };
    PROGRAM.iter().filter(is_own).collect()
}

struct Check<'a> {
    /// The literals of the app's own modules.
    own: Vec<&'static Literal>,
    taken: &'a [TakenSignal],
    /// Whether a template of the app is a whole page.
    has_pages: bool,
    findings: Findings,
}

/// The literals of these kinds, in the whole program.
fn all(kinds: &str) -> impl Iterator<Item = &'static Literal> {
    PROGRAM.iter().filter(move |literal| kinds.contains(literal.kind))
}

/// The signal that a nested one is part of.
fn root(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

impl Check<'_> {
    fn own(&self, kinds: &str) -> Vec<&'static Literal> {
        self.own.iter().copied().filter(|literal| kinds.contains(literal.kind)).collect()
    }

    /// Events whose target is in no template.
    fn targets(&mut self, known: &Known) {
        let mut names = Names::given(&known.ids);
        all("im").for_each(|id| names.add(id.text.to_owned(), Some(id.place)));
        all("p").for_each(|id| names.add_beginning(id.text.to_owned(), Some(id.place)));
        let is_certain = self.has_pages && all("x").next().is_none();
        let given = Names::given(&known.ids);
        for event in self.own("tuo") {
            let missing: Vec<(String, &str)> = match event.kind {
                't' => ids(event.text)
                    .into_iter()
                    .filter(|id| !names.has(id))
                    .map(|id| (format!("the id `{id}`"), id))
                    .collect(),
                'u' => {
                    let beginning = event.text.strip_prefix('#').filter(|text| !text.is_empty());
                    let is_id =
                        |text: &&str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
                    let beginning = beginning.filter(is_id).filter(|text| !names.has_beginning(text));
                    beginning
                        .map(|text| (format!("an id that begins with `{text}`"), text))
                        .into_iter()
                        .collect()
                }
                _ => {
                    // The element that is patched has the id, too, and so have others that only come by events.
                    let is_patch =
                        |id: &Literal| all("o").any(|own| own.text == id.text && own.place == id.place);
                    let is_other = |id: &&Literal| id.text == event.text && !is_patch(id);
                    let is_known = all("im").any(|id| is_other(&id))
                        || given.has(event.text)
                        || all("p").any(|id| event.text.starts_with(id.text));
                    (!is_known)
                        .then(|| (format!("the id `{}`", event.text), event.text))
                        .into_iter()
                        .collect()
                }
            };
            for (what, name) in missing {
                let mut others = Names::default();
                all("i")
                    .filter(|id| id.text != name)
                    .for_each(|id| others.add(id.text.to_owned(), Some(id.place)));
                all("p").for_each(|id| others.add_beginning(id.text.to_owned(), Some(id.place)));
                let (who, hint) = (
                    if event.kind == 'o' { "no other template" } else { "no template" },
                    others.did_you_mean(name),
                );
                let pattern = if event.kind == 'u' { format!("{name}*") } else { name.to_owned() };
                self.findings.add(
                    is_certain,
                    format!(
                        "{who} has {what}, which an event at {} needs{hint} (made elsewhere? `.known_ids([\"{pattern}\"])`)",
                        event.place
                    ),
                );
            }
        }
    }

    /// Signals that are read or taken, and that no page has.
    fn signals(&mut self, known: &Known) {
        let declared = Declared::new(known);
        let is_certain = self.has_pages && !declared.is_open;
        let advice = |name: &str| format!("(made elsewhere? `.known_signals([\"{name}\"])`)");
        for read in self.own("r") {
            let name = read.text;
            let is_taken = sets(name) && self.takes(name);
            if declared.has(name) || is_set_for_others(name) || is_taken {
                continue;
            }
            let hint = declared.names.did_you_mean(name);
            let advice = advice(name);
            self.findings.add(
                is_certain,
                format!("no page declares, binds or patches the signal `{name}`, which is read at {}{hint} {advice}", read.place),
            );
        }
        for taken in self.taken {
            let path = taken.path.as_str();
            if !declared.has_path(path) && !sets(root(path)) {
                let is_sure = is_certain
                    && !taken.may_be_missing
                    && !taken.type_name.starts_with("core::option::Option<")
                    && self.is_called_by_page(taken);
                let hint = declared.names.did_you_mean(path);
                let (taker, advice) = (&taken.taker, advice(path));
                self.findings.add(
                    is_sure,
                    format!("no page declares, binds or patches the signal `{path}`, which {taker} takes{hint} {advice}"),
                );
            } else if let Some((wanted, literal, found)) = contradiction(taken) {
                let taker = &taken.taker;
                self.findings.add(
                    is_certain,
                    format!(
                        "the signal `{path}` is {found} at {}, and {taker} takes {wanted}",
                        literal.place
                    ),
                );
            }
        }
        self.unread(&declared);
    }

    /// Whether a handler takes the signal, or one in it.
    fn takes(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| root(&taken.path) == name)
    }

    /// Signals that are set or patched, and that nobody reads.
    fn unread(&mut self, declared: &Declared) {
        let mut users = Names::default();
        all("sdr").for_each(|user| users.add(root(declared_path(user)).to_owned(), Some(user.place)));
        for set in self.own("wY") {
            let name = set.text;
            if users.has(name) || declared.given.has(name) || self.takes(name) {
                continue;
            }
            let hint = users.did_you_mean(name);
            self.findings.add(
                false,
                format!("nobody declares or reads the signal `{name}`, which is set at {}{hint}", set.place),
            );
        }
    }

    /// Whether a template of the app holds the action of the handler that takes a signal.
    fn is_called_by_page(&self, taken: &TakenSignal) -> bool {
        let handler = taken.endpoint.handler.rsplit("::").next().unwrap_or_default();
        let method = taken.endpoint.method.to_ascii_lowercase();
        self.own("a").iter().any(|action| match action.text.strip_prefix('@') {
            None => action.text == handler,
            Some(action) => action.split_once(' ').is_some_and(|(with, url)| {
                let path = url.split(['?', '#']).next().unwrap_or(url);
                with == method && path == taken.route
            }),
        })
    }

    /// Ids that one rendering shows twice, and requests that abort each other.
    fn twice(&mut self) {
        for (kind, what) in [('i', "id"), ('f', "action")] {
            let own: Vec<&Literal> =
                self.own.iter().copied().filter(|literal| literal.kind == kind).collect();
            let mut seen = BTreeSet::new();
            for (at, literal) in own.iter().enumerate() {
                let twins = own[at + 1..]
                    .iter()
                    .filter(|other| other.call == literal.call && other.text == literal.text);
                let mut twins: Vec<&&Literal> =
                    twins.filter(|other| can_stand_together(literal, other)).collect();
                twins.sort_by_key(|other| !stand_together(literal, other));
                let is_first = seen.insert((literal.call, literal.text));
                let Some(twin) = twins.first().filter(|_| is_first) else {
                    if is_first && is_in_loop(literal) {
                        self.in_loop(literal, what);
                    }
                    continue;
                };
                // The same arguments can be other values by then.
                let is_same = kind == 'i' || literal.text.ends_with("()") || literal.text.contains('@');
                let text = match kind {
                    'i' => format!("the id `{}` stands twice in what one template shows:", literal.text),
                    _ => format!(
                        "two elements of one template send `{}`, and Datastar aborts the first request for the second:",
                        literal.text
                    ),
                };
                self.findings.add(
                    stand_together(literal, twin) && is_same,
                    format!("{text}\n    {}\n    {}", literal.place, twin.place),
                );
            }
        }
    }

    fn in_loop(&mut self, literal: &Literal, what: &str) {
        let is_same = what == "id" || literal.text.ends_with("()") || literal.text.contains('@');
        if is_same {
            let Literal { text, place, .. } = literal;
            self.findings.add(
                false,
                format!("the {what} `{text}` stands in a loop, and so may be there more than once: {place}"),
            );
        }
    }
}

/// The signals that pages have.
struct Declared {
    /// The paths that are declared, bound or patched.
    names: Names,
    /// The signals that these are, or are part of.
    roots: BTreeSet<&'static str>,
    given: Names,
    /// Whether there may be others.
    is_open: bool,
}

impl Declared {
    fn new(known: &Known) -> Self {
        let (mut names, mut roots) = (Names::default(), BTreeSet::new());
        let mut add = |path: &'static str, literal: &Literal| {
            names.add(path.to_owned(), Some(literal.place));
            roots.insert(root(path));
        };
        all("sj").for_each(|literal| add(declared_path(literal), literal));
        let types: BTreeSet<&str> = all("y").map(|literal| literal.text).collect();
        let derived: BTreeSet<&str> = all("d").map(|literal| root(literal.text)).collect();
        // A value whose type is not written may be of any of these types.
        let is_any = all("Sv").next().is_some();
        for field in all("d").filter(|field| is_any || types.contains(root(field.text))) {
            add(declared_path(field), field);
        }
        let is_untyped = all("v").next().is_some() && derived.is_empty();
        let is_open = is_untyped || all("S").next().is_some() || !types.is_subset(&derived);
        Self { names, roots, given: Names::given(&known.signals), is_open }
    }

    /// Whether the signal, or one in it, is declared, bound or patched.
    fn has(&self, name: &str) -> bool {
        self.roots.contains(name) || self.given.has(name)
    }

    /// The same for the path of a nested signal. What is in a signal whose keys are not known counts as known.
    fn has_path(&self, path: &str) -> bool {
        let mut outer = path.match_indices('.').map(|(at, _)| &path[..at]);
        self.given.has(root(path))
            || self.names.has_beginning(&format!("{path}."))
            || self.names.has(path)
            || outer.any(|outer| {
                all("j").any(|patch| patch.text == outer) || kinds_of(outer).any(|(kind, _)| kind != 'o')
            })
    }
}

/// Whether an expression sets the signal, and another place mentions it.
fn is_set_for_others(name: &str) -> bool {
    let places: BTreeSet<_> =
        all("rw").filter(|literal| literal.text == name).map(|literal| literal.place).collect();
    sets(name) && places.len() > 1
}

/// Whether an expression sets the signal.
fn sets(name: &str) -> bool {
    all("w").any(|literal| literal.text == name)
}

/// What a handler takes and a declaration contradicts, if all of them do: the wanted kind, and one of them.
fn contradiction(taken: &TakenSignal) -> Option<(&'static str, &'static Literal, &'static str)> {
    let wanted = wanted(taken.type_name)?;
    let kinds: Vec<(char, &Literal)> = kinds_of(&taken.path).filter(|(kind, _)| *kind != '*').collect();
    let is_patched = all("j").any(|patch| patch.text == taken.path);
    if is_patched || !kinds.iter().all(|(kind, _)| contradicts(wanted, *kind)) {
        return None;
    }
    let (kind, literal) = *kinds.first()?;
    Some((named(wanted), literal, named(kind)))
}
/// The path of a signal in a literal: `user.name` of `user.name:t`, and of `Page.user.name:t` for the field of a type.
fn declared_path(literal: &Literal) -> &'static str {
    let path = literal.text.split(':').next().unwrap_or_default();
    if literal.kind == 'd' { path.split_once('.').map_or("", |(_, path)| path) } else { path }
}

/// The kinds of a signal's values, as they are declared.
fn kinds_of(path: &str) -> impl Iterator<Item = (char, &'static Literal)> {
    all("sd")
        .filter(move |literal| declared_path(literal) == path)
        .map(|literal| (literal.text.chars().next_back().unwrap_or('?'), literal))
}

/// The kind of signal that a type takes, if it takes one alone.
fn wanted(type_name: &str) -> Option<char> {
    let inner = type_name.strip_prefix("core::option::Option<").and_then(|inner| inner.strip_suffix('>'));
    match inner.unwrap_or(type_name) {
        "bool" => Some('b'),
        "alloc::string::String" => Some('t'),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize"
        | "f32" | "f64" => Some('n'),
        _ => None,
    }
}

/// Whether no value of the kind `found` is taken as `wanted`. A text may be anything, because inputs send texts.
fn contradicts(wanted: char, found: char) -> bool {
    wanted != found && matches!(found, 'b' | 'n' | 'o' | 'l')
}

fn named(kind: char) -> &'static str {
    match kind {
        'b' => "true or false",
        'n' => "a number",
        't' => "text",
        'l' => "a list",
        _ => "an object",
    }
}
