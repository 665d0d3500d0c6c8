//! `Shared`: what all requests of one app share.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;

use crate::body::BodyMemory;
use crate::datastar::ClientFile;
use crate::development::Development;
use crate::durable::Queue;
use crate::error::Result;
use crate::inject::{Cleanups, Slots};
use crate::links::LinkScope;
use crate::route::{RouteFacts, RouteInfo};
use crate::routing::Router;
use crate::settings::{PartSettings, ServedSettings};
use crate::states::States;
use crate::stop::StopSignal;
use crate::stream_places::StreamPlaces;
use crate::work::Work;

/// What requests, tasks and handles of one app share for as long as it runs.
pub(crate) struct Shared {
    /// In the order of their paths.
    pub(crate) routes: Vec<RouteInfo>,
    pub(crate) router: Router<RouteFacts>,
    /// The settings of the app that is served, where no part of it answers.
    pub(crate) root: Arc<PartSettings>,
    pub(crate) served: ServedSettings,
    pub(crate) links: LinkScope,
    pub(crate) states: States,
    pub(crate) datastar_file: Option<ClientFile>,
    /// Providers that are called instead of others, by the type of the provider that is replaced.
    pub(crate) replacements: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    /// Providers whose value is made of the request's body.
    pub(crate) body_readers: HashSet<TypeId>,
    pub(crate) singletons: Slots,
    /// What the providers of singletons have deferred.
    pub(crate) cleanups: Cleanups,
    /// Given when the server begins to stop.
    pub(crate) stop: StopSignal,
    pub(crate) work: Work,
    /// The durable commands, if the app has a store of them.
    pub(crate) durable: Option<Queue>,
    pub(crate) body_memory: Arc<BodyMemory>,
    pub(crate) streams: StreamPlaces,
    /// Whether developers are shown more than users.
    pub(crate) development: Development,
    /// Whether requests should be sent here, as the app says.
    pub(crate) readiness: Option<Box<ReadinessCheck>>,
}

/// Checks whether an app is ready for requests.
pub(crate) type ReadinessCheck =
    dyn Fn(Arc<Shared>) -> Pin<Box<dyn Future<Output = Result> + Send>> + Send + Sync;

impl Shared {
    /// Whether the provider, or one that it needs, reads the request's body.
    pub(crate) fn reads_body(&self, provider: TypeId) -> bool {
        // An empty set is not hashed for.
        self.body_readers.contains(&provider)
    }
}
