//! A handler at the path where the app has it.

use std::sync::Arc;

use http::Method;

use super::Endpoint;
use crate::layer::Stage;
use crate::routing::{Pattern, Route};

/// A route that leads to a handler.
pub(crate) type EndpointRoute = Route<RouteTarget>;

/// What a route leads to.
#[derive(Debug)]
pub(crate) struct RouteTarget {
    pub(crate) endpoint: &'static Endpoint,
    /// The layers around the handler that are not around the whole app, the outermost first.
    pub(crate) stages: Vec<Arc<Stage>>,
}

impl EndpointRoute {
    /// An endpoint where its attribute says.
    pub(crate) fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            // Attributes and `HandlerRoute` refuse what is not a method.
            method: Method::from_bytes(endpoint.method.as_bytes()).unwrap_or_default(),
            headers: endpoint.headers,
            path: endpoint.path,
            pattern: Pattern::new(endpoint.path),
            host: None,
            target: RouteTarget { endpoint, stages: Vec::new() },
        }
    }

    /// The place of the route in reports and lists: registration has no order of its own.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let Endpoint { file, line, .. } = *self.target.endpoint;
        (self.host, self.path, self.target.endpoint.method, self.headers, file, line)
    }
}
