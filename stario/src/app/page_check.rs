//! Checks what only meets in a browser, across templates, events and handlers: ids, signals, actions.
//!
//! A name counts as known if anything in the program knows it. What is reported stands in the modules of the app. It is a
//! problem where the app shows whole pages and nothing is out of sight; else it is a warning.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::declared_signals::{Declared, root};
use super::known::Known;
use super::literals::{Literal, Names, PROGRAM, all, can_stand_together, ids, is_in_loop, stand_together};
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
pub(super) fn check(
    parts: &[Part],
    regions: &BTreeSet<Arc<str>>,
    taken: &[TakenSignal],
    known: &Known,
) -> Findings {
    let own = own_literals(parts);
    let mut check = Check {
        has_pages: own.iter().any(|literal| literal.kind == 'h') || has_pages_of_libraries(parts),
        own,
        taken,
        findings: Findings::default(),
    };
    check.targets(known);
    check.regions(regions, known);
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

/// Whether a crate that has no part of the app has a template of a whole page, such as the frame of several apps.
fn has_pages_of_libraries(parts: &[Part]) -> bool {
    let crate_of = |module: &'static str| module.split("::").next().unwrap_or_default();
    let own: BTreeSet<&str> = parts.iter().map(|part| crate_of(part.module)).chain(["stario"]).collect();
    all("h").any(|page| !own.contains(crate_of(page.module)))
}

struct Check<'a> {
    /// The literals of the app's own modules.
    own: Vec<&'static Literal>,
    taken: &'a [TakenSignal],
    /// Whether a template is a whole page.
    has_pages: bool,
    findings: Findings,
}

impl Check<'_> {
    fn own(&self, kinds: &str) -> Vec<&'static Literal> {
        self.own.iter().copied().filter(|literal| kinds.contains(literal.kind)).collect()
    }

    /// Whether an id that no template has is in no page.
    fn is_target_certain(&self) -> bool {
        self.has_pages && all("x").next().is_none()
    }

    /// Events whose target is in no template.
    fn targets(&mut self, known: &Known) {
        let names = ids_of_templates(known);
        let is_certain = self.is_target_certain();
        let given = Names::given(&known.ids);
        for event in self.own("tuoO") {
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
                'O' => {
                    // The element that is patched has such an id, too.
                    let is_patch =
                        |id: &Literal| all("O").any(|own| own.text == id.text && own.place == id.place);
                    let is_like =
                        |id: &Literal| id.text.starts_with(event.text) || event.text.starts_with(id.text);
                    let is_known = all("im").any(|id| id.text.starts_with(event.text))
                        || given.has_beginning(event.text)
                        || all("p").any(|id| is_like(id) && !is_patch(id));
                    let missing = (format!("an id that begins with `{}`", event.text), event.text);
                    (!is_known).then_some(missing).into_iter().collect()
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
                all("p")
                    .filter(|id| id.text != name)
                    .for_each(|id| others.add_beginning(id.text.to_owned(), Some(id.place)));
                let (who, hint) = (
                    if matches!(event.kind, 'o' | 'O') { "no other template" } else { "no template" },
                    others.did_you_mean(name),
                );
                let pattern =
                    if matches!(event.kind, 'u' | 'O') { format!("{name}*") } else { name.to_owned() };
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

    /// Regions for failures that are in no template.
    fn regions(&mut self, regions: &BTreeSet<Arc<str>>, known: &Known) {
        let (names, is_certain) = (ids_of_templates(known), self.is_target_certain());
        for region in regions {
            for id in ids(region).into_iter().filter(|id| !names.has(id)) {
                let hint = names.did_you_mean(id);
                self.findings.add(
                    is_certain,
                    format!(
                        "no template has the id `{id}`, which `.failure_region({region:?})` needs{hint} (made elsewhere? `.known_ids([\"{id}\"])`)"
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
        for read in self.own("rR") {
            let name = root(read.text);
            let is_taken = declared.is_set(name) && self.takes(name);
            let unknown = if declared.has(name) {
                // A part of a signal that an expression sets may be anything.
                let is_known = declared.is_set(name) || declared.has_path(read.text);
                Some(read.text).filter(|_| !is_known)
            } else {
                Some(name).filter(|name| !is_set_for_others(name, &declared) && !is_taken)
            };
            let Some(name) = unknown else { continue };
            let hint = declared.did_you_mean(name);
            let advice = advice(name);
            self.findings.add(
                is_certain,
                format!("no page declares, binds or patches the signal `{name}`, which is read at {}{hint} {advice}", read.place),
            );
        }
        for used in self.own("zW") {
            let name = root(used.text);
            let Some(signal) = declared.without_page(name) else { continue };
            let (advice, how) = (advice(root(&signal)), if used.kind == 'W' { "set" } else { "read" });
            // An event may bring them that a plain function makes.
            self.findings.add(
                false,
                format!(
                    "no page declares the signals of `{name}`, of which one is {how} at {}: `data-signals={{{name}::default()}}` does {advice}",
                    used.place
                ),
            );
        }
        for taken in self.taken {
            let path = taken.path.as_str();
            if self.is_called(taken, 'P') && !self.is_called(taken, 'a') {
                continue;
            }
            if !declared.has_path(path) && !declared.is_set(root(path)) {
                let is_sure = is_certain
                    && !taken.may_be_missing
                    && !taken.type_name.starts_with("core::option::Option<")
                    && self.is_called(taken, 'a');
                let name = taken.type_name.split('<').next().and_then(|path| path.rsplit("::").next());
                let hint = match name.filter(|_| taken.is_of_struct) {
                    Some(name) => {
                        format!(" as part of `{name}`: `data-signals={{{name}::default()}}` declares it")
                    }
                    None => declared.did_you_mean(path),
                };
                let (taker, advice) = (&taken.taker, advice(path));
                self.findings.add(
                    is_sure,
                    format!("no page declares, binds or patches the signal `{path}`, which {taker} takes{hint} {advice}"),
                );
            } else if let Some((wanted, literal, found)) = contradiction(taken, &declared) {
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
        self.unread_locals(&declared);
    }

    /// Whether a handler takes the signal, or one in it.
    fn takes(&self, name: &str) -> bool {
        self.taken.iter().any(|taken| root(&taken.path) == name)
    }

    /// Signals that are set or patched, and that nobody reads.
    fn unread(&mut self, declared: &Declared) {
        let mut users = Names::default();
        for user in all("sdrR") {
            let path = user.text.split(':').next().unwrap_or_default();
            let path =
                if user.kind == 'd' { path.split_once('.').map_or("", |(_, path)| path) } else { path };
            users.add(root(path).to_owned(), Some(user.place));
        }
        for set in self.own("wY") {
            let name = set.text;
            if users.has(name) || declared.is_given(name) || self.takes(name) {
                continue;
            }
            let hint = users.did_you_mean(name);
            self.findings.add(
                false,
                format!("nobody declares or reads the signal `{name}`, which is set at {}{hint}", set.place),
            );
        }
    }

    /// Signals that are declared and stay in the page, where nothing reads them.
    fn unread_locals(&mut self, declared: &Declared) {
        // Markup and expressions that are out of sight may read any signal.
        if all("S").next().is_some() || !self.own("UV").is_empty() {
            return;
        }
        let is_bound = |literal: &&Literal| literal.kind != 's' || literal.text.ends_with(":*");
        let mut read = Names::default();
        for literal in all("rRs").filter(is_bound) {
            let path = literal.text.split(':').next().unwrap_or_default();
            read.add(path.to_owned(), Some(literal.place));
        }
        for literal in all("bgz") {
            declared.resolve(literal.text).into_iter().for_each(|path| read.add(path, Some(literal.place)));
        }
        let written = self.own("s").into_iter().map(|literal| {
            let path = literal.text.split(':').next().unwrap_or_default();
            (path.to_owned(), literal)
        });
        let of_structs = self.own("y").into_iter().flat_map(|literal| declared.signals_of(literal.text));
        let is_local = |path: &str| path.split('.').any(|name| name.starts_with('_'));
        let locals: Vec<(String, &Literal)> =
            written.chain(of_structs).filter(|(path, _)| is_local(path)).collect();
        for (path, literal) in locals {
            let is_read = read.has(&path)
                || read.has_beginning(&format!("{path}."))
                || path.match_indices('.').any(|(end, _)| read.has(&path[..end]));
            if is_read || declared.is_given(root(&path)) || self.takes(root(&path)) {
                continue;
            }
            self.findings.add(
                false,
                format!(
                    "nothing in a page reads the signal `{path}`, which is declared at {} and never sent (read elsewhere? `.known_signals([\"{}\"])`)",
                    literal.place,
                    root(&path)
                ),
            );
        }
    }

    /// Whether a template of the app holds an action of this kind of the handler that takes a signal.
    fn is_called(&self, taken: &TakenSignal, kind: char) -> bool {
        let handler = taken.endpoint.handler.rsplit("::").next().unwrap_or_default();
        let method = taken.endpoint.method.to_ascii_lowercase();
        let mut actions = self.own.iter().filter(|action| action.kind == kind);
        actions.any(|action| match action.text.strip_prefix('@') {
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
                let is_same = kind == 'i' || literal.is_same_action();
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
        if what == "id" || literal.is_same_action() {
            let Literal { text, place, .. } = literal;
            self.findings.add(
                false,
                format!("the {what} `{text}` stands in a loop, and so may be there more than once: {place}"),
            );
        }
    }
}

/// The ids of all templates, and those that the user gave.
fn ids_of_templates(known: &Known) -> Names {
    let mut names = Names::given(&known.ids);
    all("im").for_each(|id| names.add(id.text.to_owned(), Some(id.place)));
    all("p").for_each(|id| names.add_beginning(id.text.to_owned(), Some(id.place)));
    names
}

/// Whether an expression sets the signal, and another one mentions it.
fn is_set_for_others(name: &str, declared: &Declared) -> bool {
    let is_it = |literal: &&Literal| root(literal.text) == name;
    let places: BTreeSet<_> = all("Rw").filter(is_it).map(|literal| literal.place).collect();
    declared.is_set(name) && (places.len() > 1 || all("r").any(|literal| is_it(&literal)))
}

/// What a handler takes and a declaration contradicts, if all of them do: the wanted kind, and one of them.
fn contradiction(
    taken: &TakenSignal,
    declared: &Declared,
) -> Option<(&'static str, &'static Literal, &'static str)> {
    let wanted = wanted(taken.type_name)?;
    let mut kinds = declared.kinds(&taken.path).iter().filter(|(kind, _)| *kind != '*').peekable();
    let (kind, literal) = **kinds.peek()?;
    let is_contradicted =
        !declared.is_patched(&taken.path) && kinds.all(|(kind, _)| contradicts(wanted, *kind));
    is_contradicted.then(|| (named(wanted), literal, named(kind)))
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
