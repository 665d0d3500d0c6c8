//! A handler at the path where the app has it.

use std::sync::Arc;

use http::Method;

use super::Endpoint;
use crate::layer::Stage;
use crate::route::EndpointInfo;
use crate::routing::{PathPattern, Route};
use crate::settings::PartSettings;

/// A route that leads to a handler.
pub(crate) type EndpointRoute = Route<RouteTarget>;

/// What a route leads to.
#[derive(Debug)]
pub(crate) struct RouteTarget {
    pub(crate) endpoint: &'static Endpoint,
    /// The layers around the handler that are not around the whole app, the outermost first.
    pub(crate) stages: Vec<Arc<Stage>>,
    /// The prefix of the app that it belongs to.
    pub(crate) prefix: &'static str,
    /// The settings of the parts that it is in, the innermost first; without those of the app that is served.
    pub(crate) settings: Vec<Arc<PartSettings>>,
}

impl EndpointRoute {
    /// An endpoint where its attribute says.
    pub(crate) fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            // Attributes and `HandlerRoute` refuse what is not a method.
            method: Method::from_bytes(endpoint.info.method.as_bytes()).unwrap_or_default(),
            headers: endpoint.info.headers,
            path: endpoint.info.path,
            pattern: PathPattern::new(endpoint.info.path),
            host: None,
            target: RouteTarget { endpoint, stages: Vec::new(), prefix: "", settings: Vec::new() },
        }
    }

    /// The place of the route in reports and lists: registration has no order of its own.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let EndpointInfo { file, line, method, .. } = self.target.endpoint.info;
        (self.host, self.path, method, self.headers, file, line)
    }
}
