//! Gives an app its layers, which are middleware of `tower`.

use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use tower::{Layer, Service};

use super::{App, Mount};
use crate::body::{Body, BodyError};
use crate::layer::{Next, Stage, layered};
use crate::routing::PathPattern;

impl App {
    /// Puts a layer of `tower` around the whole app: all that is answered passes it, also where no route is, and
    /// what is [mounted](Self::mount).
    ///
    /// Layers that are listed first are outermost; those of the app are around those of
    /// [prefixes](Self::layer_at), and these around that of a handler (`layer = ..` in its attribute). The
    /// layers of an app that is merged or nested into another are around its own routes only. Each layer is
    /// applied once, so a limit holds for all requests that pass it together.
    ///
    /// A layer gets [`Request`]s with a [`Body`] and passes on the same; it may answer with any body. In the
    /// request's extensions it finds the [`RequestId`](crate::RequestId), the
    /// [`MatchedPath`](crate::MatchedPath) if there is a route, and the client's `SocketAddr`; it must not remove
    /// any extensions. A layer around the whole app may change the path, and with it the route. Its errors are
    /// answered like all others (see [`Error`](crate::Error)), and its panics are 500. When a layer stops waiting,
    /// a query is dropped and a command goes on, as when the client leaves.
    ///
    /// Requests and failures are logged without any layer. `TraceLayer` of `tower-http` logs them a second time,
    /// in its own span of level DEBUG; its records have the request's id only if that level is shown.
    ///
    /// ```
    /// use stario::http::header::{HeaderName, HeaderValue};
    /// use stario::prelude::*;
    /// use tower_http::set_header::SetResponseHeaderLayer;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() -> &'static str {
    ///     "home"
    /// }
    ///
    /// # fn main() {
    /// let name = HeaderName::from_static("x-served-by");
    /// let served_by = SetResponseHeaderLayer::overriding(name, HeaderValue::from_static("me"));
    /// let client = TestClient::new(app::new().layer(served_by));
    /// assert_eq!(client.get("/").send().header("x-served-by"), "me");
    /// assert_eq!(client.get("/nowhere").send().header("x-served-by"), "me");
    /// # }
    /// ```
    #[track_caller]
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<Next> + Send + 'static,
        L::Service: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BodyError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        self.layers.push(None, Location::caller(), Box::new(|next| layered(layer, next)));
        self
    }

    /// Puts a layer around everything under a prefix: `/admin` is for `/admin` and `/admin/users`, also where
    /// there is no route, but not for `/administrator`. See [`layer`](Self::layer).
    ///
    /// The prefix is compared segment by segment, as the literals of routes are, whatever escapes a request's path
    /// has. One without any route under it, or without its `/`, keeps the app from starting.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use tower_http::validate_request::ValidateRequestHeaderLayer;
    ///
    /// # stario::app!();
    /// #[app::query("/admin/users")]
    /// async fn users() -> &'static str {
    ///     "users"
    /// }
    ///
    /// # fn main() {
    /// let html_only = ValidateRequestHeaderLayer::accept("text/html");
    /// let client = TestClient::new(app::new().layer_at("/admin", html_only));
    /// assert_eq!(client.get("/admin/users").header("accept", "text/html").send().status(), 200);
    /// assert_eq!(client.get("/admin/users").header("accept", "image/png").send().status(), 406);
    /// # }
    /// ```
    #[track_caller]
    pub fn layer_at<L, B>(mut self, prefix: &str, layer: L) -> Self
    where
        L: Layer<Next> + Send + 'static,
        L::Service: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BodyError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let place = Location::caller();
        if !prefix.starts_with('/') {
            self.problems
                .push(format!("the prefix of a layer begins with `/`, not as `{prefix}`, at {place}"));
            return self;
        }
        let pattern = PathPattern::new(prefix.trim_end_matches('/'));
        self.layers.push(Some(pattern), place, Box::new(|next| layered(layer, next)));
        self
    }

    /// Puts the layers around the routes that the app has so far, before it is part of another.
    pub(super) fn wrap_routes(&mut self) {
        let stages = std::mem::take(&mut self.layers).into_stages();
        self.problems.extend(idle(&stages, &self.patterns()));
        let around = |pattern: &PathPattern| -> Vec<Arc<Stage>> {
            stages.iter().filter(|stage| stage.can_cover(pattern)).cloned().collect()
        };
        for route in &mut self.routes {
            route.target.stages.splice(..0, around(&route.pattern));
        }
        for mount in &mut self.mounts {
            let around = around(&mount.pattern());
            mount.stages.splice(..0, around);
        }
    }

    /// All that is answered.
    pub(super) fn patterns(&self) -> Vec<PathPattern> {
        let routes = self.routes.iter().map(|route| route.pattern.clone());
        routes.chain(self.mounts.iter().map(Mount::pattern)).collect()
    }
}

/// The problems of layers that no request can reach, given the paths that are answered.
pub(super) fn idle(stages: &[Arc<Stage>], answered: &[PathPattern]) -> impl Iterator<Item = String> {
    stages.iter().filter(|stage| !answered.iter().any(|pattern| stage.can_cover(pattern))).flat_map(|stage| {
        let problem =
            |place| format!("no route is under `{}`, for which there is a layer at {place}", stage.prefix());
        stage.places().iter().map(problem)
    })
}
