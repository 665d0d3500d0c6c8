//! Finds ids that stand twice because the component stands twice that has them.

use std::collections::{BTreeMap, BTreeSet};

use super::literals::{Literal, PROGRAM, can_stand_together, is_in_loop};
use super::page_check::own_literals;
use super::parts::Part;

/// The ids of a component.
#[derive(Default)]
struct Component {
    /// The modules with a component of this name. With several it is not known which one a template has.
    modules: BTreeSet<&'static str>,
    /// Those that are there whenever the component is.
    ids: Vec<&'static Literal>,
}

/// Finds templates of the app's own modules that have a component several times. They are warnings, because components may
/// return something else.
pub(super) fn check(parts: &[Part]) -> Vec<String> {
    let mut components: BTreeMap<&str, Component> = BTreeMap::new();
    for named in PROGRAM.iter().filter(|literal| literal.kind == 'C') {
        let component = components.entry(named.text).or_default();
        component.modules.insert(named.module);
        let is_certain = |id: &&Literal| id.kind == 'i' && id.call == named.call && id.around.is_empty();
        component.ids.extend(PROGRAM.iter().filter(is_certain));
    }
    let mut uses: BTreeMap<(usize, &str), Vec<&Literal>> = BTreeMap::new();
    for used in own_literals(parts).into_iter().filter(|literal| literal.kind == 'c') {
        uses.entry((used.call, used.text)).or_default().push(used);
    }
    let mut found = Vec::new();
    for ((_, name), uses) in uses {
        let Some(component) = components.get(name).filter(|component| component.modules.len() == 1) else {
            continue;
        };
        let Some(places) = several(&uses) else { continue };
        for id in &component.ids {
            found.push(format!(
                "the id `{}` of <{name}> at {} stands twice where the component does:{places}",
                id.text, id.place
            ));
        }
    }
    found
}

/// The places of a component that one rendering shows several times, if it does.
fn several(uses: &[&Literal]) -> Option<String> {
    let twins = uses.iter().enumerate().find_map(|(at, first)| {
        uses[at + 1..].iter().find(|second| can_stand_together(first, second)).map(|second| (first, second))
    });
    match twins {
        Some((first, second)) => Some(format!("\n    {}\n    {}", first.place, second.place)),
        None => {
            uses.iter().find(|used| is_in_loop(used)).map(|used| format!("\n    {}, in a loop", used.place))
        }
    }
}
