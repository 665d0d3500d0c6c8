//! What handlers and providers need, followed from each handler to the last provider.

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};
use std::fmt;

use super::{Place, Replacements, States};
use crate::extract::Requirement;
use crate::handler::Endpoint;
use crate::inject::ProviderInfo;
use crate::routing::Pattern;

/// Everything that is missing, each told once, and every cycle.
pub(super) fn problems(
    endpoints: &[&'static Endpoint],
    states: &States,
    replacements: &Replacements,
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut told = BTreeSet::new();
    for endpoint in endpoints {
        let mut walk = Walk {
            endpoint,
            states,
            replacements,
            path: Vec::new(),
            done: HashSet::new(),
            found: Vec::new(),
        };
        walk.follow((endpoint.requirements)());
        problems.extend(walk.found.into_iter().filter(|problem| told.insert(problem.clone())));
    }
    problems
}

struct Walk<'a> {
    endpoint: &'static Endpoint,
    states: &'a States,
    replacements: &'a Replacements,
    /// The providers between the endpoint and here.
    path: Vec<ProviderInfo>,
    /// Providers that were followed to their end for this endpoint.
    done: HashSet<TypeId>,
    found: Vec<String>,
}

impl Walk<'_> {
    fn follow(&mut self, requirements: Vec<Option<Requirement>>) {
        for requirement in requirements.into_iter().flatten() {
            match requirement {
                Requirement::State { id, .. } if self.states.contains(id) => {}
                Requirement::State { type_name, .. } => {
                    let taker = self.taker();
                    self.found.push(format!(
                        "no state of type `{type_name}`, taken by {taker}; give it with `.state(..)`"
                    ));
                }
                Requirement::Capture { name } => self.capture(name),
                Requirement::Provider(info) => self.provider(info()),
                Requirement::Fields(requirements) => self.follow(requirements()),
            }
        }
    }

    /// Who takes what is being looked at.
    fn taker(&self) -> String {
        match self.path.last() {
            Some(provider) => ProviderPlace(provider).to_string(),
            None => Place(self.endpoint).to_string(),
        }
    }

    /// The macros have checked the handler's own captures.
    fn capture(&mut self, name: &str) {
        if !self.path.is_empty()
            && !Pattern::new(self.endpoint.path).captures().any(|capture| capture == name)
        {
            self.found.push(format!(
                "`{}` has no `{{{name}}}`, which {} takes for {}",
                self.endpoint.path,
                self.taker(),
                Place(self.endpoint)
            ));
        }
    }

    fn provider(&mut self, mut info: ProviderInfo) {
        if let Some(replaced) = self.replacements.get(&info.id) {
            info = (replaced.infos[1])();
        }
        if let Some(start) = self.path.iter().position(|provider| provider.id == info.id) {
            let cycle: Vec<String> = self.path[start..]
                .iter()
                .chain([&info])
                .map(|provider| format!("\n    {}", ProviderPlace(provider)))
                .collect();
            self.found.push(format!("providers need each other in a circle:{}", cycle.concat()));
            return;
        }
        if !self.done.insert(info.id) {
            return;
        }
        self.path.push(info);
        self.follow((info.requirements)());
        self.path.pop();
    }
}

/// Where a provider stands.
pub(super) struct ProviderPlace<'a>(pub(super) &'a ProviderInfo);

impl fmt::Display for ProviderPlace<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProviderInfo { name, file, line, .. } = self.0;
        write!(formatter, "{name} at {file}:{line}")
    }
}
