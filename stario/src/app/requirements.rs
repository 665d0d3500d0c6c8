//! The requirements of handlers and providers, followed from each handler to the last provider.

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};

use stario_html::__private::signals::{SignalInfo, SignalKind};

use super::discover::AppHook;
use super::parts::Effective;
use crate::handler::EndpointRoute;
use crate::inject::Replacements;
use crate::parameter::{ProviderInfo, Requirement, Source, TakenFields};
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
    /// The fields of forms that handlers take, in builds with debug assertions.
    pub(super) forms: Vec<TakenForm>,
    /// The providers of all that is taken.
    pub(super) providers: HashSet<TypeId>,
    /// The problems that are known, so that each is reported once.
    reported: BTreeSet<String>,
}

impl Followed {
    /// Follows what hooks need: state and providers, because nothing else exists without a request.
    pub(super) fn follow_hooks(
        &mut self,
        hooks: impl Iterator<Item = &'static AppHook>,
        states: &States,
        replacements: &Replacements,
    ) {
        for hook in hooks {
            let mut walk = Walk::new(Taker::Hook(hook), false, states, replacements, self);
            walk.follow((hook.requirements)());
            let found = walk.found;
            self.report(found);
        }
    }

    fn report(&mut self, problems: Vec<String>) {
        let reported = &mut self.reported;
        self.problems.extend(problems.into_iter().filter(|problem| reported.insert(problem.clone())));
    }
}

/// A signal that a handler takes, or a provider of its.
pub(super) struct TakenSignal {
    /// Its path, `user.name`.
    pub(super) path: String,
    /// The type of the parameter's value.
    pub(super) type_name: &'static str,
    /// Whether the signal is a field of that type.
    pub(super) is_of_struct: bool,
    /// Whether the handler is called without it.
    pub(super) may_be_missing: bool,
    /// Who takes it, with its place.
    pub(super) taker: String,
    pub(super) endpoint: &'static EndpointInfo,
    /// The path of the route.
    pub(super) route: &'static str,
}

/// The fields of a form that a handler takes, and its providers.
pub(super) struct TakenForm {
    pub(super) endpoint: &'static EndpointInfo,
    /// The path of the route.
    pub(super) route: &'static str,
    pub(super) fields: Vec<TakenFields>,
    /// Whether the body is read in another way, too, which may take any field.
    pub(super) is_open: bool,
}

pub(super) fn follow(
    routes: &[EndpointRoute],
    states: &States,
    replacements: &Replacements,
    effective: &mut Effective,
) -> Followed {
    let mut followed = Followed::default();
    for route in routes {
        let settings = effective.of(&route.target.settings);
        let has_nonces = settings.has_nonces();
        let mut walk = Walk::new(Taker::Route(route), has_nonces, states, replacements, &mut followed);
        walk.follow(settings.guards().map(|guard| Some(Requirement::Provider(guard.provider))).collect());
        walk.follow((route.target.endpoint.requirements)());
        walk.conflicts(route);
        walk.untaken(route);
        let form = TakenForm {
            endpoint: &route.target.endpoint.info,
            route: route.path,
            fields: walk.form_fields,
            is_open: walk.takes_other_fields,
        };
        let found = walk.found;
        followed.report(found);
        followed.forms.push(form);
    }
    followed
}

/// A function that takes parameters.
#[derive(Clone, Copy)]
enum Taker<'a> {
    Route(&'a EndpointRoute),
    Hook(&'static AppHook),
}

struct Walk<'a> {
    root: Taker<'a>,
    /// Whether the responses of the route have nonces.
    has_nonces: bool,
    states: &'a States,
    replacements: &'a Replacements,
    body_readers: &'a mut HashSet<TypeId>,
    nonce_takers: &'a mut BTreeSet<String>,
    takes_form_parts: &'a mut bool,
    signals: &'a mut Vec<TakenSignal>,
    providers: &'a mut HashSet<TypeId>,
    /// The providers between the root and here.
    path: Vec<ProviderInfo>,
    /// Providers that were followed to their end for this root.
    done: HashSet<TypeId>,
    /// The captures of the path that something takes.
    captures: Vec<&'static str>,
    /// How the body is read, and by which provider, if not by the handler itself.
    readings: Vec<(Source, Option<ProviderInfo>)>,
    form_fields: Vec<TakenFields>,
    takes_other_fields: bool,
    found: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(
        root: Taker<'a>,
        has_nonces: bool,
        states: &'a States,
        replacements: &'a Replacements,
        followed: &'a mut Followed,
    ) -> Self {
        Self {
            root,
            has_nonces,
            states,
            replacements,
            body_readers: &mut followed.body_readers,
            nonce_takers: &mut followed.nonce_takers,
            takes_form_parts: &mut followed.takes_form_parts,
            signals: &mut followed.signals,
            providers: &mut followed.providers,
            path: Vec::new(),
            done: HashSet::new(),
            captures: Vec::new(),
            readings: Vec::new(),
            form_fields: Vec::new(),
            takes_other_fields: false,
            found: Vec::new(),
        }
    }

    /// The route, if the parameters are those of a handler or of what it takes.
    fn route(&self) -> Option<(&'a EndpointRoute, &'static EndpointInfo)> {
        match self.root {
            Taker::Route(route) => Some((route, &route.target.endpoint.info)),
            Taker::Hook(_) => None,
        }
    }

    fn follow(&mut self, requirements: Vec<Option<Requirement>>) {
        // A parameter that reads the body says before which fields it takes.
        let mut says_what = false;
        for requirement in requirements {
            let said_what = std::mem::replace(&mut says_what, requirement.is_some());
            let Some(requirement) = requirement else { continue };
            match requirement {
                Requirement::State { id, .. } if self.states.contains(id) => {}
                Requirement::State { type_name, .. } => {
                    let taker = self.taker();
                    self.found.push(format!(
                        "no state of type `{type_name}`, taken by {taker}; give it with `.state(..)`"
                    ));
                }
                Requirement::Capture { name } => self.capture(name),
                Requirement::Body(source) => {
                    self.takes_other_fields |= source.needs_body() && !said_what;
                    self.body(source);
                }
                Requirement::FormFields(fields) => self.form_fields.push(fields),
                Requirement::Nonce if self.has_nonces => {}
                Requirement::Nonce => {
                    let taker = self.taker();
                    self.nonce_takers.insert(taker);
                }
                Requirement::Durable(type_name) => self.durable(type_name),
                Requirement::Signal { name, separator, type_name, may_be_missing } => {
                    let Some((route, endpoint)) = self.route() else { continue };
                    self.signals.push(TakenSignal {
                        path: name.replace(separator, "."),
                        type_name,
                        is_of_struct: false,
                        may_be_missing,
                        taker: self.taker(),
                        endpoint,
                        route: route.path,
                    });
                }
                Requirement::Signals { type_name, signals } => {
                    self.signals_of(type_name, signals, "");
                }
                Requirement::Provider(info) => self.provider(info()),
                Requirement::Fields(requirements) => self.follow(requirements()),
            }
        }
    }

    /// Adds the signals that a page has to send of a struct.
    fn signals_of(&mut self, type_name: &'static str, signals: &'static [SignalInfo], outer: &str) {
        let Some((route, endpoint)) = self.route() else { return };
        for signal in signals.iter().filter(|signal| !signal.is_local && !signal.may_be_missing) {
            let path = format!("{outer}{}", signal.name);
            if let SignalKind::Nested(inner) = signal.kind {
                self.signals_of(type_name, inner, &format!("{path}."));
                continue;
            }
            self.signals.push(TakenSignal {
                path,
                type_name,
                is_of_struct: true,
                may_be_missing: false,
                taker: self.taker(),
                endpoint,
                route: route.path,
            });
        }
    }

    /// Who takes what is being looked at.
    fn taker(&self) -> String {
        match self.path.last() {
            Some(provider) => provider.to_string(),
            None => match self.root {
                Taker::Route(route) => route.target.endpoint.info.to_string(),
                Taker::Hook(hook) => hook.to_string(),
            },
        }
    }

    fn durable(&mut self, type_name: &'static str) {
        if let Taker::Route(route) = self.root
            && route.target.endpoint.durable.is_some()
        {
            return;
        }
        self.found.push(format!(
            "{} takes `{type_name}`, which only a durable command has: `#[app::detached_command(\"/import\", durable = \"import\")]`",
            self.taker()
        ));
    }

    fn capture(&mut self, name: &'static str) {
        let Some((route, endpoint)) = self.route() else { return };
        self.captures.push(name);
        let is_checked = self.path.is_empty() && endpoint.is_checked;
        if is_checked || route.pattern.captures().any(|capture| capture == name) {
            return;
        }
        let whom = if self.path.is_empty() { String::new() } else { format!(" for {endpoint}") };
        let path = route.path;
        self.found.push(format!("`{path}` has no `{{{name}}}`, which {} takes{whom}", self.taker()));
    }

    /// Captures that nothing takes. In an attribute they do not compile.
    fn untaken(&mut self, route: &EndpointRoute) {
        let handler = &route.target.endpoint.info;
        if handler.is_checked {
            return;
        }
        let EndpointRoute { path, pattern, .. } = route;
        for name in pattern.captures().filter(|name| !self.captures.contains(name)) {
            self.found.push(format!(
                "`{path}` has `{{{name}}}`, which {handler} does not take; add `{name}: PathParam<..>` to it"
            ));
        }
    }

    fn body(&mut self, source: Source) {
        let Some((route, endpoint)) = self.route() else { return };
        *self.takes_form_parts |= source == Source::Parts;
        self.body_readers.extend(self.path.iter().map(|provider| provider.id));
        let is_checked = self.path.is_empty() && endpoint.is_checked;
        if source.needs_body() && !endpoint.has_body() && !is_checked {
            let of = if self.path.is_empty() { route.path.to_owned() } else { endpoint.to_string() };
            self.found.push(format!("{} reads the body, which a query has none of: {of}", self.taker()));
        }
        self.readings.push((source, self.path.last().copied()));
    }

    /// Two that read one body. Where the macros know the path, they have checked the handler's own parameters.
    fn conflicts(&mut self, route: &EndpointRoute) {
        let endpoint = &route.target.endpoint.info;
        if !endpoint.has_body() {
            return;
        }
        let signals_in_query = endpoint.has_signals_in_query();
        for (position, (source, reader)) in self.readings.iter().enumerate() {
            let rival = self.readings[..position].iter().find(|(other, by)| {
                let is_checked = endpoint.is_checked && reader.is_none() && by.is_none();
                source.conflicts_with(*other, signals_in_query) && !is_checked
            });
            if let Some((_, other)) = rival {
                let show = |reader: &Option<ProviderInfo>| match reader {
                    Some(provider) => provider.to_string(),
                    None => endpoint.to_string(),
                };
                self.found.push(format!(
                    "the body of {} can be read once, and is read twice:\n    {}\n    {}",
                    route.path,
                    show(other),
                    show(reader)
                ));
            }
        }
    }

    fn provider(&mut self, mut info: ProviderInfo) {
        self.providers.insert(info.id);
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
