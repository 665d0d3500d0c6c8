//! Services of others under a prefix of an app.

use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Uri, request};
use tower::Service;

use super::parts::Effective;
use super::{App, Assembled};
use crate::body::{Body, BodyError};
use crate::layer::{BoxedService, Stage};
use crate::response::Response;
use crate::routing::{Lookup, Pattern};
use crate::settings::PartSettings;

/// A service that answers all that begins with a prefix.
#[derive(Clone)]
pub(crate) struct Mount {
    /// Without a slash at its end: empty for `/`.
    prefix: Box<str>,
    pattern: Pattern,
    /// The layers around it that are not around the whole app.
    pub(super) stages: Vec<Arc<Stage>>,
    /// The settings of the parts that it is in, the innermost first; in an assembled app, those that hold.
    pub(super) settings: Vec<Arc<PartSettings>>,
    /// The service's type, for people.
    name: &'static str,
    /// Where the app was given it.
    place: &'static Location<'static>,
    service: BoxedService<BodyError>,
}

/// The target of a request as the client sent it. A [mounted](App::mount) service finds it in the request's
/// extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalUri(pub Uri);

impl App {
    /// Passes all requests under a prefix to a service, whatever their method: `/api` is for `/api` and
    /// `/api/users`.
    ///
    /// It can be any HTTP service of `tower`, such as a router of axum. It sees the path without the prefix,
    /// `/users` or `/`, and the query as it was; the whole target is in the request's extensions as
    /// [`OriginalUri`]. A route of the app that begins with the same literal segments comes first, so a service
    /// at `/` gets whatever has no route. The app's [layers](Self::layer), its refusal of cross-origin commands
    /// and its error handlers apply to the service too; its errors are answered like those of a handler. Its
    /// event streams end when the server stops. So do connections that it upgrades, such as those of a web
    /// socket: their input ends at the stop, and the requests' deadline applies to them.
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
        self.add_mount(Mount {
            prefix: trimmed.into(),
            pattern: Pattern::new(trimmed),
            stages: Vec::new(),
            settings: Vec::new(),
            name: std::any::type_name::<S>(),
            place,
            service: BoxedService::new(service),
        });
        self
    }

    pub(super) fn add_mount(&mut self, mount: Mount) {
        if let Some(present) = self.mounts.iter().find(|present| present.pattern == mount.pattern) {
            self.problems.push(format!(
                "two services are mounted at `{}/`:\n    {}\n    {}",
                mount.prefix, present.place, mount.place
            ));
        }
        self.mounts.push(mount);
    }
}

impl std::fmt::Debug for Mount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mount").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Assembled {
    /// The service that answers the request, unless a route of the app that begins with the same literal segments
    /// is at its path.
    pub(crate) fn mount(&self, head: &request::Parts, lookup: &Lookup) -> Option<&Arc<Mount>> {
        if self.mounts().is_empty() {
            return None;
        }
        let path = head.uri.path();
        let literals = |mount: &Mount| mount.pattern.segments().len();
        let mount = self
            .mounts()
            .iter()
            .filter(|mount| mount.pattern.strip(path).is_some())
            .max_by_key(|mount| literals(mount))?;
        let is_route = lookup
            .nearest
            .is_some_and(|nearest| self.router().route(nearest).pattern.has_literals(literals(mount)));
        (!is_route).then_some(mount)
    }
}

impl Mount {
    /// The same in an assembled app.
    pub(super) fn within(self, effective: &mut Effective) -> Self {
        let settings = vec![effective.of(&self.settings)];
        Self { settings, ..self }
    }

    /// The settings that hold here, in an assembled app.
    pub(crate) fn settings(&self) -> Option<&Arc<PartSettings>> {
        self.settings.first()
    }

    /// The same in an app that is nested under a prefix.
    pub(super) fn move_under(&mut self, prefix: &str) {
        self.prefix = format!("{prefix}{}", self.prefix).into();
        self.pattern = Pattern::new(&self.prefix);
        self.stages.iter_mut().for_each(|stage| *stage = Arc::new(stage.under(prefix)));
    }

    /// What the start shows of it, as of a route: methods, paths, kind, service, place.
    pub(crate) fn row(&self) -> [String; 5] {
        let place = format!("{}:{}", self.place.file(), self.place.line());
        ["*".to_owned(), self.pattern().to_string(), "service".to_owned(), self.name.to_owned(), place]
    }

    pub(crate) fn stages(&self) -> &[Arc<Stage>] {
        &self.stages
    }

    /// All paths that it answers.
    pub(super) fn pattern(&self) -> Pattern {
        Pattern::new(&format!("{}/{{path...}}", self.prefix))
    }

    pub(crate) async fn call(&self, mut request: Request<Body>) -> Result<Response, BodyError> {
        let original = request.uri().clone();
        if let Some(inner) = self.strip(&original) {
            *request.uri_mut() = inner;
        }
        request.extensions_mut().insert(OriginalUri(original));
        self.service.clone().oneshot(request).await
    }

    /// The target behind the prefix.
    fn strip(&self, uri: &Uri) -> Option<Uri> {
        let rest = self.pattern.strip(uri.path())?;
        let slash = if rest.starts_with('/') { "" } else { "/" };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(format!("{slash}{rest}{query}").parse().ok()?);
        Uri::from_parts(parts).ok()
    }
}
