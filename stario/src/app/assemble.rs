//! Puts an app together: checks it, and makes the form of it that serves requests.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

#[cfg(feature = "files")]
use super::asset_check;
use super::client_file::DATASTAR_FILE;
use super::discover::AppHook;
use super::hook::{Hook, Hooks};
use super::mount::Mount;
use super::parts::{Effective, Part, Parts, without_handlers};
use super::requirements::Followed;
use super::{
    App, Problems, Warnings, component_check, discover, durable, form_check, guards, layers, page_check,
    requirements,
};
use crate::body::BodyMemory;
use crate::datastar::ClientFile;
use crate::development::Development;
use crate::durable::Queue;
use crate::error::Result;
use crate::extract::AppHandle;
use crate::handler::{DurableEndpoint, Endpoint, EndpointRoute, RouteTarget};
use crate::inject::{Cleanups, Slots};
use crate::intern::intern;
use crate::layer::Stage;
use crate::links::LinkScope;
use crate::rate_limit::RateLimiter;
use crate::route::{EndpointInfo, LargeResponse, RouteFacts, RouteInfo};
use crate::routing::{Lookup, PathPattern, Route, RouteId, Router};
use crate::settings::PartSettings;
use crate::shared::Shared;
use crate::stop::StopSignal;
use crate::stream_places::StreamPlaces;
use crate::telemetry::LoggedRoute;
use crate::work::Work;

/// A checked app, shared by all its connections.
pub(crate) struct Assembled {
    shared: Arc<Shared>,
    /// What each route of the router leads to, in the order of their ids.
    targets: Vec<AssembledRoute>,
    parts: Parts,
    /// The layers around all that is answered, the outermost first.
    stages: Arc<[Arc<Stage>]>,
    mounts: Vec<Arc<Mount>>,
    /// Probes answer for every host, and when there are no places left.
    probe_paths: Vec<String>,
    /// Whether a handler takes the parts of a form, which may be files.
    #[cfg_attr(not(feature = "uploads"), allow(dead_code))]
    pub(crate) takes_form_parts: bool,
    hooks: Hooks,
    durable: Vec<&'static DurableEndpoint>,
}

/// What a route leads to.
pub(crate) struct AssembledRoute {
    pub(crate) endpoint: &'static Endpoint,
    /// The layers around the handler that are not around the whole app, the outermost first.
    pub(crate) stages: Arc<[Arc<Stage>]>,
}

impl Assembled {
    /// What requests, tasks and handles share.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn handle(&self) -> AppHandle {
        AppHandle::new(Arc::clone(&self.shared))
    }

    pub(crate) fn router(&self) -> &Router<RouteFacts> {
        &self.shared.router
    }

    /// What a route leads to.
    pub(crate) fn target(&self, route: RouteId) -> &AssembledRoute {
        &self.targets[route.index()]
    }

    /// The settings of the part of the app at a path, whether anything is found there or not.
    pub(crate) fn settings_at(&self, head: &http::request::Parts) -> &Arc<PartSettings> {
        self.parts.settings_at(head).unwrap_or(&self.shared.root)
    }

    pub(crate) fn stages(&self) -> &Arc<[Arc<Stage>]> {
        &self.stages
    }

    /// The service that answers the request, unless a route of the app that begins with the same literal segments
    /// is at its path. For the host of a part, and below its prefix, only the part's own services answer.
    #[inline(always)]
    pub(crate) fn mount(&self, head: &http::request::Parts, lookup: &Lookup) -> Option<&Arc<Mount>> {
        if self.mounts.is_empty() { None } else { self.find_mount(head, lookup) }
    }

    fn find_mount(&self, head: &http::request::Parts, lookup: &Lookup) -> Option<&Arc<Mount>> {
        let places = self.parts.at(head);
        let path = head.uri.path();
        let literals = |mount: &Mount| mount.prefix_pattern().segments().len();
        // The check has refused a service below the prefix of a part that is not the service's own.
        let reserved = places.prefix_segments_at(path);
        let mount = self
            .mounts
            .iter()
            .filter(|mount| mount.host() == places.host() && literals(mount) >= reserved)
            .filter(|mount| mount.prefix_pattern().strip(path).is_some())
            .max_by_key(|mount| literals(mount))?;
        let is_route = lookup
            .nearest
            .is_some_and(|nearest| self.router().route(nearest).pattern.has_literals(literals(mount)));
        (!is_route).then_some(mount)
    }

    /// The mounted services, in the order in which they were given.
    pub(crate) fn mounts(&self) -> &[Arc<Mount>] {
        &self.mounts
    }

    /// Whether the request is for a host that the app does not answer for.
    #[inline(always)]
    pub(crate) fn refuses_host(&self, head: &http::request::Parts) -> bool {
        let Some(allowed) = &self.shared.served.allowed_hosts else { return false };
        allowed.refuse(head) && !self.is_probe(head.uri.path())
    }

    /// Whether a probe answers at this path.
    pub(crate) fn is_probe(&self, path: &str) -> bool {
        self.probe_paths.iter().any(|probe| probe == path)
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// The durable handlers.
    pub(crate) fn durable(&self) -> &[&'static DurableEndpoint] {
        &self.durable
    }

    /// Runs what comes before the first request: the start hooks. Then the files of the program begin to be compressed.
    ///
    /// # Errors
    ///
    /// The first failure of a hook.
    pub(crate) async fn start(&self, handle: &AppHandle) -> Result {
        self.hooks.start(handle).await?;
        #[cfg(feature = "files")]
        crate::assets::compress_in_background(self.shared.root.compression());
        Ok(())
    }
}

impl App {
    /// The app in the form that serves requests. Warnings are written to the log.
    pub(crate) fn assemble(self) -> Result<Assembled, Problems> {
        let (app, warnings) = self.examine()?;
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        Ok(app)
    }

    /// The app in the form that serves requests, and what is likely wrong with it.
    pub(super) fn examine(mut self) -> Result<(Assembled, Warnings), Problems> {
        // Parts that have none say so themselves.
        if self.has_nothing_to_answer() && self.parts.len() == 1 {
            self.problems.push(without_handlers(&self.parts));
        }
        self.routes.sort_by_cached_key(EndpointRoute::order);
        let stages = std::mem::take(&mut self.layers).into_stages();
        self.problems.extend(layers::idle(&stages, &self.patterns()));
        let root = Arc::new(std::mem::take(&mut self.settings.part));
        let mut effective = Effective::new(Arc::clone(&root));
        let mut followed =
            requirements::follow(&self.routes, &self.states, &self.replacements, &mut effective);
        let eager = self.follow_hooks(&mut followed);
        self.problems.append(&mut followed.problems);
        self.problems.extend(followed.nonce_takers.iter().map(|taker| {
            format!("{taker} takes a `Nonce`, which no policy names; set one with `.security_headers(..)`")
        }));
        let warnings = self.check_names(&followed, &root);
        let parts = Parts::new(&self.parts, &mut effective);
        self.problems.extend(Parts::unreachable(&self.routes, &self.parts));
        self.problems.extend(Mount::unreachable(&self.mounts, &self.parts));
        let queue_settings = &self.settings.served.durable;
        let (durable, durable_problems) = durable::handlers(&self.routes, queue_settings.store.is_some());
        let queue = Queue::new(queue_settings, durable.iter().map(|durable| &durable.info).collect());
        self.problems.extend(durable_problems);
        let routes: Vec<RouteInfo> = self
            .routes
            .iter()
            .map(|route| guards::info(route, &guards::settings(route, &mut effective)))
            .collect();
        for route in &self.routes {
            self.problems.extend(guards::passed_by_caches(route, &effective.of(&route.target.settings)));
        }
        let hosts: BTreeSet<Option<&str>> =
            self.routes.iter().map(|route| route.host).chain([None]).collect();
        let client =
            self.datastar_file.iter().filter_map(ClientFile::path).map(|path| (&DATASTAR_FILE, path));
        let built_in = client.chain(self.probes.endpoints()).flat_map(|(endpoint, path)| {
            let path = intern(path);
            let at = move |host| EndpointRoute {
                path,
                host,
                pattern: PathPattern::new(path),
                ..EndpointRoute::new(endpoint)
            };
            hosts.iter().copied().map(at)
        });
        // What asks a probe is no user, and the client is no secret.
        let unguarded = Arc::new(PartSettings { admissions: Vec::new(), ..PartSettings::clone(&root) });
        let built_in: Vec<_> = built_in.map(|route| (route, Arc::clone(&unguarded))).collect();
        let of_handlers = self.routes.into_iter().map(|route| {
            let settings = guards::settings(&route, &mut effective);
            (route, settings)
        });
        let (router, targets) = route_requests(of_handlers.chain(built_in), &self.parts, &mut self.problems);
        if let Some(address) = &self.settings.served.probe_address
            && self.probes.endpoints().next().is_none()
        {
            self.problems.push(format!(
                "{address} is for probes, of which the app has none: give it one with `.liveness(\"/health/live\")`"
            ));
        }
        if !self.problems.is_empty() {
            return Err(Problems(self.problems));
        }
        let probe_paths = self.probes.endpoints().map(|(_, path)| path.to_owned()).collect();
        let limits = self.settings.served.limits();
        let shared = Shared {
            routes,
            router,
            root,
            links: LinkScope::note(self.parts.iter().map(Part::place)),
            states: self.states,
            datastar_file: self.datastar_file,
            replacements: self.replacements.into_iter().map(|(of, by)| (of, by.call)).collect(),
            body_readers: followed.body_readers,
            singletons: Slots::default(),
            cleanups: Cleanups::default(),
            stop: StopSignal::default(),
            work: Work::new(self.settings.served.detached_limit()),
            durable: queue,
            body_memory: BodyMemory::new(limits.body_memory, limits.body_timeout),
            streams: StreamPlaces::new(self.settings.served.streams()),
            development: Development::default(),
            readiness: self.probes.into_readiness(),
            served: self.settings.served,
        };
        let app = Assembled {
            shared: Arc::new(shared),
            targets,
            parts,
            stages: stages.into(),
            mounts: self.mounts.into_iter().map(|mount| Arc::new(mount.within(&mut effective))).collect(),
            probe_paths,
            takes_form_parts: followed.takes_form_parts,
            hooks: Hooks::new(eager, self.hooks),
            durable,
        };
        Ok((app, warnings))
    }

    /// Follows what hooks and eager singletons need. Returns the eager singletons of the app: those of the crates that it is made
    /// of, and those that a handler, a guard or a hook takes.
    fn follow_hooks(&self, followed: &mut Followed) -> Vec<&'static AppHook> {
        let registered = self.hooks.iter().filter_map(|hook| match hook {
            Hook::Registered(hook) => Some(*hook),
            Hook::Start(_) | Hook::Stop(_) => None,
        });
        followed.follow_hooks(registered, &self.states, &self.replacements);
        let is_own = |hook: &AppHook| self.parts.iter().any(|part| part.routes == (hook.app)());
        let eager: Vec<&AppHook> = discover::eager_singletons()
            .filter(|(hook, provider)| is_own(hook) || followed.providers.contains(&provider.id))
            .map(|(hook, _)| hook)
            .collect();
        followed.follow_hooks(eager.iter().copied(), &self.states, &self.replacements);
        eager
    }

    /// Compares the literals of the program, which only builds with debug assertions have.
    fn check_names(&mut self, followed: &Followed, root: &PartSettings) -> Warnings {
        if !cfg!(debug_assertions) {
            return Warnings::default();
        }
        let settings = self.parts.iter().flat_map(|part| &part.settings).map(|settings| &**settings);
        let regions = settings.chain([root]).filter_map(|settings| settings.failure_region.clone()).collect();
        let mut findings = page_check::check(&self.parts, &regions, &followed.signals, &self.known);
        findings.warnings.extend(component_check::check(&self.parts));
        findings.warnings.extend(form_check::check(&self.parts, &followed.forms, &self.known));
        #[cfg(feature = "files")]
        let findings = asset_check::check(&self.parts, findings);
        self.problems.extend(findings.problems);
        Warnings(findings.warnings)
    }
}

/// Puts the routes into a router, and lists what they lead to in the order of their ids.
fn route_requests(
    routes: impl Iterator<Item = (EndpointRoute, Arc<PartSettings>)>,
    parts: &[Part],
    problems: &mut Vec<String>,
) -> (Router<RouteFacts>, Vec<AssembledRoute>) {
    let mut router = Router::default();
    let mut targets = Vec::new();
    let mut limiters = Limiters::default();
    for part in parts.iter().filter(|part| !part.prefix.is_empty()) {
        router.reserve(part.host, &PathPattern::new(part.prefix));
    }
    for (mut route, settings) in routes {
        route.target.stages.extend(route.target.endpoint.layer.map(Stage::of_handler).map(Arc::new));
        let (endpoint, info) = (&route.target.endpoint.info, guards::info(&route, &settings));
        let (facts, target) = split(route, settings, &mut limiters);
        match router.insert(facts) {
            Ok(()) => targets.push(target),
            // An app that is there twice is reported by that.
            Err(present) if std::ptr::eq(present.target.endpoint, endpoint) => {}
            Err(present) => problems
                .push(format!("{info} is answered twice:\n    {}\n    {endpoint}", present.target.endpoint)),
        }
    }
    (router, targets)
}

/// Splits a route into the facts that requests read, and what the dispatch needs of it.
fn split(
    route: EndpointRoute,
    settings: Arc<PartSettings>,
    limiters: &mut Limiters,
) -> (Route<RouteFacts>, AssembledRoute) {
    let Route { method, headers, path, pattern, host, target } = route;
    let RouteTarget { endpoint, stages, .. } = target;
    let logged = LoggedRoute::new(&method, path);
    let facts = RouteFacts {
        endpoint: &endpoint.info,
        settings,
        logged,
        large_response: LargeResponse::default(),
        rate_limiters: rate_limiters(&endpoint.info, limiters),
    };
    (
        Route { method, headers, path, pattern, host, target: facts },
        AssembledRoute { endpoint, stages: stages.into() },
    )
}

/// The rate limits of each handler that has some, by its name.
type Limiters = HashMap<&'static str, Arc<[RateLimiter]>>;

/// The rate limits of a handler. Its routes share them, so that no second path to it doubles them.
fn rate_limiters(info: &EndpointInfo, limiters: &mut Limiters) -> Option<Arc<[RateLimiter]>> {
    if info.rate_limits.is_empty() {
        return None;
    }
    let made = || info.rate_limits.iter().copied().map(RateLimiter::new).collect();
    Some(Arc::clone(limiters.entry(info.handler).or_insert_with(made)))
}
