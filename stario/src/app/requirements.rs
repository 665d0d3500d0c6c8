//! What handlers and providers need, followed from each handler to the last provider.

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};
use std::fmt;

use super::{Place, Replacements, States};
use crate::extract::{Requirement, Source};
use crate::handler::Endpoint;
use crate::inject::ProviderInfo;
use crate::routing::Pattern;

/// What following all requirements comes to.
#[derive(Default)]
pub(super) struct Followed {
    /// Everything that is missing or does not go together, each told once, and every circle.
    pub(super) problems: Vec<String>,
    /// The providers that read the body, or take one that does.
    pub(super) body_readers: HashSet<TypeId>,
}

pub(super) fn follow(
    endpoints: &[&'static Endpoint],
    states: &States,
    replacements: &Replacements,
) -> Followed {
    let mut followed = Followed::default();
    let mut told = BTreeSet::new();
    for endpoint in endpoints {
        let mut walk = Walk {
            endpoint,
            states,
            replacements,
            body_readers: &mut followed.body_readers,
            path: Vec::new(),
            done: HashSet::new(),
            readings: Vec::new(),
            found: Vec::new(),
        };
        walk.follow((endpoint.requirements)());
        walk.conflicts();
        let found = walk.found;
        followed.problems.extend(found.into_iter().filter(|problem| told.insert(problem.clone())));
    }
    followed
}

struct Walk<'a> {
    endpoint: &'static Endpoint,
    states: &'a States,
    replacements: &'a Replacements,
    body_readers: &'a mut HashSet<TypeId>,
    /// The providers between the endpoint and here.
    path: Vec<ProviderInfo>,
    /// Providers that were followed to their end for this endpoint.
    done: HashSet<TypeId>,
    /// How the body is read, and by which provider, if not by the handler itself.
    readings: Vec<(Source, Option<ProviderInfo>)>,
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
                Requirement::Body(source) => self.body(source),
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

    fn body(&mut self, source: Source) {
        self.body_readers.extend(self.path.iter().map(|provider| provider.id));
        if source.needs_body() && !self.endpoint.has_body() && !self.path.is_empty() {
            self.found.push(format!(
                "{} reads the body, which a query has none of: {}",
                self.taker(),
                Place(self.endpoint)
            ));
        }
        self.readings.push((source, self.path.last().copied()));
    }

    /// The macros have checked the handler's own parameters against each other.
    fn conflicts(&mut self) {
        if !self.endpoint.has_body() {
            return;
        }
        let signals_in_query = self.endpoint.has_signals_in_query();
        for (position, (source, reader)) in self.readings.iter().enumerate() {
            let rival = self.readings[..position].iter().find(|(other, by)| {
                source.conflicts_with(*other, signals_in_query) && (reader.is_some() || by.is_some())
            });
            if let Some((_, other)) = rival {
                let show = |reader: &Option<ProviderInfo>| match reader {
                    Some(provider) => ProviderPlace(provider).to_string(),
                    None => Place(self.endpoint).to_string(),
                };
                self.found.push(format!(
                    "the body of {} can be read once, and is read twice:\n    {}\n    {}",
                    self.endpoint.path,
                    show(other),
                    show(reader)
                ));
            }
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
            if self.body_readers.contains(&info.id) {
                self.body_readers.extend(self.path.iter().map(|provider| provider.id));
            }
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
