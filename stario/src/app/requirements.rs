//! What handlers and providers need, followed from each handler to the last provider.

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};

use super::parts::Effective;
use crate::handler::EndpointRoute;
use crate::inject::Replacements;
use crate::parameter::{ProviderInfo, Requirement, Source};
use crate::route::EndpointInfo;
use crate::states::States;

/// The result of following all requirements.
#[derive(Default)]
pub(super) struct Followed {
    /// Everything that is missing or in conflict, each reported once, and every circle.
    pub(super) problems: Vec<String>,
    /// The providers that read the body, or take one that does.
    pub(super) body_readers: HashSet<TypeId>,
    /// Who takes a nonce.
    pub(super) nonce_takers: BTreeSet<String>,
    /// Whether anything takes the parts of a form, which may be files.
    pub(super) takes_form_parts: bool,
    /// The signals that are taken, in builds with debug assertions.
    pub(super) signals: Vec<TakenSignal>,
}

/// A signal that a handler takes, or a provider of its.
pub(super) struct TakenSignal {
    /// Its path, `user.name`.
    pub(super) path: String,
    /// The type of the parameter's value.
    pub(super) type_name: &'static str,
    /// Whether the handler is called without it.
    pub(super) may_be_missing: bool,
    /// Who takes it, with its place.
    pub(super) taker: String,
    pub(super) endpoint: &'static EndpointInfo,
    /// The path of the route.
    pub(super) route: &'static str,
}

pub(super) fn follow(
    routes: &[EndpointRoute],
    states: &States,
    replacements: &Replacements,
    effective: &mut Effective,
) -> Followed {
    let mut followed = Followed::default();
    let mut told = BTreeSet::new();
    for route in routes {
        let mut walk = Walk {
            route,
            has_nonces: effective.of(&route.target.settings).has_nonces(),
            endpoint: &route.target.endpoint.info,
            states,
            replacements,
            body_readers: &mut followed.body_readers,
            nonce_takers: &mut followed.nonce_takers,
            takes_form_parts: &mut followed.takes_form_parts,
            signals: &mut followed.signals,
            path: Vec::new(),
            done: HashSet::new(),
            captures: Vec::new(),
            readings: Vec::new(),
            found: Vec::new(),
        };
        let settings = effective.of(&route.target.settings);
        walk.follow(settings.guards().map(|guard| Some(Requirement::Provider(guard.provider))).collect());
        walk.follow((route.target.endpoint.requirements)());
        walk.conflicts();
        walk.untaken();
        let found = walk.found;
        followed.problems.extend(found.into_iter().filter(|problem| told.insert(problem.clone())));
    }
    followed
}

struct Walk<'a> {
    route: &'a EndpointRoute,
    /// Whether the responses of the route have nonces.
    has_nonces: bool,
    endpoint: &'static EndpointInfo,
    states: &'a States,
    replacements: &'a Replacements,
    body_readers: &'a mut HashSet<TypeId>,
    nonce_takers: &'a mut BTreeSet<String>,
    takes_form_parts: &'a mut bool,
    signals: &'a mut Vec<TakenSignal>,
    /// The providers between the endpoint and here.
    path: Vec<ProviderInfo>,
    /// Providers that were followed to their end for this endpoint.
    done: HashSet<TypeId>,
    /// The captures of the path that something takes.
    captures: Vec<&'static str>,
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
                Requirement::Nonce if self.has_nonces => {}
                Requirement::Nonce => {
                    let taker = self.taker();
                    self.nonce_takers.insert(taker);
                }
                Requirement::Signal { name, separator, type_name, may_be_missing } => {
                    self.signals.push(TakenSignal {
                        path: name.replace(separator, "."),
                        type_name,
                        may_be_missing,
                        taker: self.taker(),
                        endpoint: self.endpoint,
                        route: self.route.path,
                    });
                }
                Requirement::Provider(info) => self.provider(info()),
                Requirement::Fields(requirements) => self.follow(requirements()),
            }
        }
    }

    /// Who takes what is being looked at.
    fn taker(&self) -> String {
        match self.path.last() {
            Some(provider) => provider.to_string(),
            None => self.endpoint.to_string(),
        }
    }

    /// Whether what is being looked at was checked when it was compiled.
    fn is_checked(&self) -> bool {
        self.path.is_empty() && self.endpoint.is_checked
    }

    fn capture(&mut self, name: &'static str) {
        self.captures.push(name);
        if self.is_checked() || self.route.pattern.captures().any(|capture| capture == name) {
            return;
        }
        let whom = if self.path.is_empty() { String::new() } else { format!(" for {}", self.endpoint) };
        let path = self.route.path;
        self.found.push(format!("`{path}` has no `{{{name}}}`, which {} takes{whom}", self.taker()));
    }

    /// Captures that nothing takes. In an attribute they do not compile.
    fn untaken(&mut self) {
        if self.endpoint.is_checked {
            return;
        }
        let EndpointRoute { path, pattern, .. } = self.route;
        for name in pattern.captures().filter(|name| !self.captures.contains(name)) {
            let handler = self.endpoint;
            self.found.push(format!(
                "`{path}` has `{{{name}}}`, which {handler} does not take; add `{name}: PathParam<..>` to it"
            ));
        }
    }

    fn body(&mut self, source: Source) {
        *self.takes_form_parts |= source == Source::Parts;
        self.body_readers.extend(self.path.iter().map(|provider| provider.id));
        if source.needs_body() && !self.endpoint.has_body() && !self.is_checked() {
            let of =
                if self.path.is_empty() { self.route.path.to_owned() } else { self.endpoint.to_string() };
            self.found.push(format!("{} reads the body, which a query has none of: {of}", self.taker()));
        }
        self.readings.push((source, self.path.last().copied()));
    }

    /// Two that read one body. Where the macros know the path, they have checked the handler's own parameters.
    fn conflicts(&mut self) {
        if !self.endpoint.has_body() {
            return;
        }
        let signals_in_query = self.endpoint.has_signals_in_query();
        for (position, (source, reader)) in self.readings.iter().enumerate() {
            let rival = self.readings[..position].iter().find(|(other, by)| {
                let is_checked = self.endpoint.is_checked && reader.is_none() && by.is_none();
                source.conflicts_with(*other, signals_in_query) && !is_checked
            });
            if let Some((_, other)) = rival {
                let show = |reader: &Option<ProviderInfo>| match reader {
                    Some(provider) => provider.to_string(),
                    None => self.endpoint.to_string(),
                };
                self.found.push(format!(
                    "the body of {} can be read once, and is read twice:\n    {}\n    {}",
                    self.route.path,
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
                .map(|provider| format!("\n    {provider}"))
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
