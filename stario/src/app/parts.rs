//! The parts of an app: where each stands in the whole, and which settings hold there.

use std::any::TypeId;
use std::sync::Arc;

use http::request;

use crate::handler::EndpointRoute;
use crate::routing::{Hosts, PathPattern};
use crate::settings::PartSettings;

/// The app of one `app::new()`, and where in the whole it is.
#[derive(Clone)]
pub(super) struct Part {
    /// The type of its `Routes`.
    pub(super) routes: TypeId,
    /// The module whose `new()` made it, for messages.
    pub(super) module: &'static str,
    pub(super) prefix: &'static str,
    pub(super) host: Option<&'static str>,
    /// Its settings and those of the parts around it, the innermost first; without those of the app that is served.
    pub(super) settings: Vec<Arc<PartSettings>>,
}

impl Part {
    pub(super) fn new(routes: TypeId, module: &'static str) -> Self {
        Self { routes, module, prefix: "", host: None, settings: Vec::new() }
    }

    /// Where its links lead.
    pub(super) fn place(&self) -> (TypeId, &'static str) {
        (self.routes, self.prefix)
    }
}

/// The settings that hold in effect, each chain of parts resolved once.
pub(super) struct Effective {
    root: Arc<PartSettings>,
    resolved: Vec<(Vec<Arc<PartSettings>>, Arc<PartSettings>)>,
}

impl Effective {
    pub(super) fn new(root: Arc<PartSettings>) -> Self {
        Self { root, resolved: Vec::new() }
    }

    /// The settings of a chain of parts, the innermost first, within those of the app that is served.
    pub(super) fn of(&mut self, chain: &[Arc<PartSettings>]) -> Arc<PartSettings> {
        if chain.is_empty() {
            return Arc::clone(&self.root);
        }
        let is_same = |(present, _): &&(Vec<Arc<PartSettings>>, Arc<PartSettings>)| {
            present.len() == chain.len() && present.iter().zip(chain).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        if let Some((_, resolved)) = self.resolved.iter().find(is_same) {
            return Arc::clone(resolved);
        }
        let parts = chain.iter().map(|part| &**part).chain([&*self.root]);
        let resolved = Arc::new(parts.fold(PartSettings::default(), PartSettings::within));
        self.resolved.push((chain.to_vec(), Arc::clone(&resolved)));
        resolved
    }
}

/// The parts that have a prefix or a host, to find the settings of a path where no route is.
#[derive(Default)]
pub(super) struct Parts {
    hosts: Hosts<Places>,
    /// Those of no host.
    anywhere: Places,
}

/// The prefixes of one host's parts.
#[derive(Default)]
pub(super) struct Places {
    host: Option<&'static str>,
    /// The longest prefix comes first. Of parts at one prefix, the first counts.
    prefixes: Vec<(PathPattern, Arc<PartSettings>)>,
}

impl Parts {
    pub(super) fn new(parts: &[Part], effective: &mut Effective) -> Self {
        let mut found = Self::default();
        for part in parts.iter().filter(|part| !part.prefix.is_empty() || part.host.is_some()) {
            let places = match part.host {
                Some(host) => found.hosts.entry(host),
                None => &mut found.anywhere,
            };
            places.host = part.host;
            places.prefixes.push((PathPattern::new(part.prefix), effective.of(&part.settings)));
            places.prefixes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.segments().len()));
        }
        found
    }

    /// The prefixes of the host that the request is for.
    pub(super) fn at(&self, head: &request::Parts) -> &Places {
        self.hosts.find(head).unwrap_or(&self.anywhere)
    }

    /// The settings of the part whose prefix or host the request is for.
    pub(super) fn settings_at(&self, head: &request::Parts) -> Option<&Arc<PartSettings>> {
        self.at(head).longest(head.uri.path()).map(|(_, settings)| settings)
    }

    /// Routes that stand below the prefix of a nested part and are not of it, where no request finds them.
    pub(super) fn unreachable(routes: &[EndpointRoute], parts: &[Part]) -> Vec<String> {
        let mut problems = Vec::new();
        for route in routes {
            let is_outer = |part: &&Part| {
                let prefix = PathPattern::new(part.prefix);
                let is_of_it =
                    PathPattern::new(route.target.prefix).segments().starts_with(prefix.segments());
                let is_below =
                    prefix.can_begin(&route.pattern) && route.pattern.has_literals(prefix.segments().len());
                !part.prefix.is_empty() && part.host == route.host && is_below && !is_of_it
            };
            if let Some(part) = parts.iter().find(is_outer) {
                problems.push(format!(
                    "`{}` is below `{}`, where the app of `{}` answers, and is not of that app: {}",
                    route.path, part.prefix, part.module, route.target.endpoint.info
                ));
            }
        }
        problems
    }
}

impl Places {
    /// The host as the parts name it; `None` for all hosts that none of them names.
    pub(super) fn host(&self) -> Option<&'static str> {
        self.host
    }

    /// The number of segments of the longest prefix with which the path begins, or 0.
    pub(super) fn prefix_segments_at(&self, path: &str) -> usize {
        self.longest(path).map_or(0, |(prefix, _)| prefix.segments().len())
    }

    fn longest(&self, path: &str) -> Option<&(PathPattern, Arc<PartSettings>)> {
        self.prefixes.iter().find(|(prefix, _)| prefix.begins(path))
    }
}

/// The problem of an app without handlers, with its usual causes.
pub(super) fn without_handlers(parts: &[Part]) -> String {
    let modules: Vec<&str> = parts.iter().map(|part| part.module).collect();
    let attribute = match parts.first().and_then(|part| part.module.rsplit("::").next()) {
        Some(name) if name != "app" => format!("#[app::query(\"/\", app = {name})]"),
        _ => "#[app::query(\"/\")]".to_owned(),
    };
    format!(
        "`{}` has no handler; annotate one with {attribute}, or merge the app of the crate that has them",
        modules.join("`, `")
    )
}
