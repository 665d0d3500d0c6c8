//! A service of others under a prefix of an app.

use std::panic::Location;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Uri};
use tower::Service;

use super::parts::{Effective, Part};
use crate::body::{Body, BodyError};
use crate::intern::intern;
use crate::layer::{BoxedService, Stage};
use crate::response::Response;
use crate::routing::PathPattern;
use crate::settings::PartSettings;

/// A service that answers all that begins with a prefix.
#[derive(Clone)]
pub(crate) struct Mount {
    /// Without a slash at its end: empty for `/`.
    prefix: Box<str>,
    pattern: PathPattern,
    /// The host that it answers for, in lower case; `None` for all hosts that no part of the app names.
    host: Option<&'static str>,
    /// The prefix of the part that it was given to, in the same form as its own.
    part_prefix: Box<str>,
    /// The layers around it that are not around the whole app.
    pub(super) stages: Vec<Arc<Stage>>,
    /// The settings of the parts that it is in, the innermost first; in an assembled app, those that hold.
    pub(super) settings: Vec<Arc<PartSettings>>,
    /// The service's type, for people.
    name: &'static str,
    /// Its name in the log, in an assembled app.
    label: &'static str,
    /// Where the app was given it.
    place: &'static Location<'static>,
    service: BoxedService<BodyError>,
}

/// The target of a request as the client sent it. A [mounted](crate::App::mount) service finds it in the request's
/// extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalUri(pub Uri);

impl std::fmt::Debug for Mount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mount").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Mount {
    /// Mounts the service at `prefix`, which has no slash at its end.
    pub(super) fn new<S, B>(prefix: &str, place: &'static Location<'static>, service: S) -> Self
    where
        S: Service<Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BodyError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        Self {
            prefix: prefix.into(),
            pattern: PathPattern::new(prefix),
            host: None,
            part_prefix: "".into(),
            stages: Vec::new(),
            settings: Vec::new(),
            name: std::any::type_name::<S>(),
            label: "",
            place,
            service: BoxedService::new(service),
        }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The literal segments of the prefix.
    pub(super) fn prefix_pattern(&self) -> &PathPattern {
        &self.pattern
    }

    pub(super) fn host(&self) -> Option<&'static str> {
        self.host
    }

    /// The same in an app that answers for one host, in lower case.
    pub(super) fn set_host(&mut self, host: &'static str) {
        self.host = Some(host);
    }

    /// Services that are mounted below the prefix of a nested part and do not belong to it, where no request finds them.
    pub(super) fn unreachable(mounts: &[Self], parts: &[Part]) -> Vec<String> {
        let mut problems = Vec::new();
        for mount in mounts {
            let own = PathPattern::new(&mount.part_prefix);
            let is_outside = |part: &&Part| {
                let prefix = PathPattern::new(part.prefix);
                let is_below = mount.pattern.segments().starts_with(prefix.segments());
                part.host == mount.host && is_below && !own.segments().starts_with(prefix.segments())
            };
            if let Some(part) = parts.iter().find(is_outside) {
                problems.push(format!(
                    "a service is mounted at `{}`, below `{}`, where the app of `{}` answers: mount it on that app, at {}",
                    mount.prefix, part.prefix, part.module, mount.place
                ));
            }
        }
        problems
    }

    /// Where the app was given it.
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// The same in an assembled app.
    pub(super) fn within(self, effective: &mut Effective) -> Self {
        let settings = vec![effective.of(&self.settings)];
        let path = if self.prefix.is_empty() { "/" } else { &*self.prefix };
        let label = intern(&format!("the service mounted at {path}"));
        Self { settings, label, ..self }
    }

    /// Its name in the log, in an assembled app.
    pub(crate) fn label(&self) -> &'static str {
        self.label
    }

    /// The settings that hold here, in an assembled app.
    pub(crate) fn settings(&self) -> &Arc<PartSettings> {
        &self.settings[0]
    }

    /// The same in an app that is nested under a prefix.
    pub(super) fn move_under(&mut self, prefix: &str) {
        self.prefix = format!("{prefix}{}", self.prefix).into();
        self.pattern = PathPattern::new(&self.prefix);
        self.part_prefix = format!("{prefix}{}", self.part_prefix).into();
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
    pub(super) fn pattern(&self) -> PathPattern {
        PathPattern::new(&format!("{}/{{path...}}", self.prefix))
    }

    pub(crate) async fn call(&self, mut request: Request<Body>) -> Result<Response, BodyError> {
        let original = request.uri().clone();
        if let Some(inner) = self.strip(&original) {
            *request.uri_mut() = inner;
        }
        request.extensions_mut().insert(OriginalUri(original));
        self.service.clone().oneshot(request).await
    }

    /// The target after the prefix.
    fn strip(&self, uri: &Uri) -> Option<Uri> {
        let rest = self.pattern.strip(uri.path())?;
        let slash = if rest.starts_with('/') { "" } else { "/" };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(format!("{slash}{rest}{query}").parse().ok()?);
        Uri::from_parts(parts).ok()
    }
}
