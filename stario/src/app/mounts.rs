//! Mounts services of others under a prefix of an app.

use std::panic::Location;

use bytes::Bytes;
use http::Request;
use tower::Service;

use super::App;
use super::mount::Mount;
use crate::body::{Body, BodyError};

impl App {
    /// Passes all requests under a prefix to a service, whatever their method: `/api` is for `/api` and
    /// `/api/users`.
    ///
    /// It can be any HTTP service of `tower`, such as a router of axum. It sees the path without the prefix,
    /// `/users` or `/`, and the query as it was; the whole target is in the request's extensions as
    /// [`OriginalUri`](crate::OriginalUri). A route of the app that begins with the same literal segments comes first, so a service
    /// at `/` gets whatever has no route. The app's [layers](Self::layer), its refusal of cross-origin commands
    /// and its error handlers apply to the service too; its errors are answered like those of a handler. Its
    /// event streams end when the server stops. So do connections that it upgrades, such as those of a web
    /// socket: their input ends at the stop, and the requests' deadline applies to them.
    ///
    /// For the hosts of an app given by [`host`](Self::host), and below the prefix of one given by [`nest`](Self::nest), this app's
    /// services do not answer: mount them on that app. One that no request could find keeps the app from starting.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::query("/")]
    /// async fn home() -> &'static str {
    ///     "home"
    /// }
    ///
    /// # fn main() {
    /// let api = axum::Router::new()
    ///     .route("/users", axum::routing::get(async || "users"));
    /// let client = TestClient::new(app::new().mount("/api", api));
    /// assert_eq!(client.get("/").send().text(), "home");
    /// assert_eq!(client.get("/api/users").send().text(), "users");
    /// # }
    /// ```
    #[track_caller]
    pub fn mount<S, B>(mut self, prefix: &str, service: S) -> Self
    where
        S: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BodyError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let place = Location::caller();
        let trimmed = prefix.trim_end_matches('/');
        if !prefix.starts_with('/') || trimmed.contains(['{', '}', '?', '#']) || trimmed.contains("//") {
            self.problems.push(format!(
                "a service is mounted at literal segments, such as `/api`, or at `/`, not at `{prefix}`, at {place}"
            ));
            return self;
        }
        self.add_mount(Mount::new(trimmed, place, service));
        self
    }

    pub(super) fn add_mount(&mut self, mount: Mount) {
        if let Some(present) = self.mounts.iter().find(|present| {
            present.host() == mount.host() && present.prefix_pattern() == mount.prefix_pattern()
        }) {
            self.problems.push(format!(
                "two services are mounted at `{}/`:\n    {}\n    {}",
                mount.prefix(),
                present.place(),
                mount.place()
            ));
        }
        self.mounts.push(mount);
    }
}
