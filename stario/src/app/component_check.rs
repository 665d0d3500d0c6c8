//! Finds ids that stand twice, and actions that are sent twice, because a template has a component that has them.

use std::collections::{BTreeMap, BTreeSet};

use super::literals::{Literal, PROGRAM, all, can_stand_together, is_in_loop};
use super::page_check::own_literals;
use super::parts::Part;

/// How deep components are followed. One that seems to have itself ends somewhere, or is two of the same name.
const DEEPEST: usize = 8;

/// The literals that a component shows.
#[derive(Default)]
struct Component {
    /// The modules with a component of this name. With several it is not known which one a template has.
    modules: BTreeSet<&'static str>,
    /// The ids, actions and components that are there whenever the component is.
    shown: Vec<&'static Literal>,
}

/// An id or an action that a template shows, itself or by a component.
struct Shown {
    literal: &'static Literal,
    /// The component that has it.
    component: Option<&'static str>,
    /// The literal that stands in the template itself: the id or the action, or the outermost component.
    stands_by: &'static Literal,
}

/// Finds templates of the app's own modules that show something twice by a component. They are warnings, because components may
/// return something else.
pub(super) fn check(parts: &[Part]) -> Vec<String> {
    let components = components();
    let mut templates: BTreeMap<usize, Vec<&Literal>> = BTreeMap::new();
    for literal in own_literals(parts).into_iter().filter(|literal| "ifc".contains(literal.kind)) {
        templates.entry(literal.call).or_default().push(literal);
    }
    let mut found = Vec::new();
    for literals in templates.values().filter(|literals| literals.iter().any(|literal| literal.kind == 'c')) {
        let mut shown = Vec::new();
        for literal in literals {
            add_shown(&components, literal, None, literal, &mut shown);
        }
        let mut alike: BTreeMap<(char, &str), Vec<Shown>> = BTreeMap::new();
        for shown in shown {
            alike.entry((shown.literal.kind, shown.literal.text)).or_default().push(shown);
        }
        found.extend(alike.values().filter_map(|alike| describe(alike)));
    }
    found
}

fn components() -> BTreeMap<&'static str, Component> {
    let mut components: BTreeMap<&str, Component> = BTreeMap::new();
    let mut by_call: BTreeMap<usize, Vec<&Literal>> = BTreeMap::new();
    for literal in all("ifc").filter(|literal| literal.around.is_empty()) {
        by_call.entry(literal.call).or_default().push(literal);
    }
    for named in PROGRAM.iter().filter(|literal| literal.kind == 'C') {
        let component = components.entry(named.text).or_default();
        component.modules.insert(named.module);
        component.shown.extend(by_call.get(&named.call).into_iter().flatten());
    }
    components
}

/// Adds what a literal of a template shows: an id, or an action that is the same each time, or those of a component.
fn add_shown(
    components: &BTreeMap<&'static str, Component>,
    literal: &'static Literal,
    component: Option<&'static str>,
    stands_by: &'static Literal,
    found: &mut Vec<Shown>,
) {
    let mut next = vec![(literal, component, 0)];
    while let Some((literal, component, depth)) = next.pop() {
        match literal.kind {
            'c' if depth < DEEPEST => {
                let known = components.get(literal.text).filter(|component| component.modules.len() == 1);
                let shown = known.into_iter().flat_map(|component| component.shown.iter().rev());
                next.extend(shown.map(|shown| (*shown, Some(literal.text), depth + 1)));
            }
            'c' => {}
            'f' if !literal.is_same_action() => {}
            _ => found.push(Shown { literal, component, stands_by }),
        }
    }
}

/// Tells of what is shown twice, if a component has a part in it.
fn describe(alike: &[Shown]) -> Option<String> {
    let twins = alike.iter().enumerate().find_map(|(at, first)| {
        let is_twin = |second: &&Shown| {
            let is_by_component = first.component.is_some() || second.component.is_some();
            // An id that one component shows twice is found in its own template.
            let are_two = !std::ptr::eq(first.stands_by, second.stands_by);
            is_by_component && are_two && can_stand_together(first.stands_by, second.stands_by)
        };
        alike[at + 1..].iter().find(is_twin).map(|second| (first, second))
    });
    let (shown, places) = match twins {
        Some((first, second)) => {
            let of_component = if first.component.is_some() { first } else { second };
            (of_component, format!("\n    {}\n    {}", first.stands_by.place, second.stands_by.place))
        }
        None => {
            let repeated =
                alike.iter().find(|shown| shown.component.is_some() && is_in_loop(shown.stands_by))?;
            (repeated, format!("\n    {}, in a loop", repeated.stands_by.place))
        }
    };
    let Literal { text, place, .. } = shown.literal;
    let name = shown.component.unwrap_or_default();
    Some(match shown.literal.kind {
        'i' => {
            format!("the id `{text}` of <{name}> at {place} stands twice in what one template shows:{places}")
        }
        _ => format!(
            "<{name}> at {place} sends `{text}`, which is sent twice in what one template shows, and Datastar aborts the first request for the second:{places}"
        ),
    })
}
