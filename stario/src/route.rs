//! The description of a handler and its route, apart from its code.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Method;

use crate::intern::intern;
use crate::rate_limit::{RateLimit, RateLimiter};
use crate::response::Caching;
use crate::routing::Route;
use crate::settings::PartSettings;
use crate::telemetry::LoggedRoute;

/// The kind of a handler. The method named here is its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandlerKind {
    /// GET: reads, and is dropped when its client leaves.
    Query,
    /// POST: changes something, and runs to its end whether the client waits or not.
    Command,
    /// POST: answers 204 once its parameters are resolved, then goes on in the background.
    DetachedCommand,
    /// POST: answers 204 once its parameters are stored, and runs after that, again if need be.
    DurableCommand,
    /// GET: no handler, but the files of [`assets!`](crate::assets), for which no guard holds.
    Files,
}

impl fmt::Display for HandlerKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            HandlerKind::Query => "query",
            HandlerKind::Command => "command",
            HandlerKind::DetachedCommand => "detached command",
            HandlerKind::DurableCommand => "durable command",
            HandlerKind::Files => "files",
        })
    }
}

/// Which requests a handler answers, and where it stands in the code. The macros write one per annotated function.
#[derive(Debug, Clone, Copy)]
pub struct EndpointInfo {
    /// The kind of the handler.
    pub kind: HandlerKind,
    /// The method it answers; a text, because that is what a request's is compared with.
    pub method: &'static str,
    /// The path template, without what the app puts before it.
    pub path: &'static str,
    /// The headers that a request must have with these values, ordered by name, in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// The function's path: `crate::module::name`.
    pub handler: &'static str,
    /// The file of the attribute.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
    /// Whether its parameters were checked against its path and method when it was compiled.
    pub is_checked: bool,
    /// The most bytes of a body that its attribute allows.
    pub body_limit: Option<fn() -> usize>,
    /// How long it may take to answer, if its attribute says so.
    pub timeout: Option<Duration>,
    /// How often it may be called, as its attribute says.
    pub rate_limits: &'static [RateLimit],
    /// The caching rules in its attribute.
    pub caching: Option<&'static Caching>,
}

impl EndpointInfo {
    /// A handler whose attribute has no options, and whose parameters were checked.
    #[must_use]
    pub const fn new(
        kind: HandlerKind,
        method: &'static str,
        path: &'static str,
        handler: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        Self {
            kind,
            method,
            path,
            headers: &[],
            handler,
            file,
            line,
            is_checked: true,
            body_limit: None,
            timeout: None,
            rate_limits: &[],
            caching: None,
        }
    }

    /// Whether a request has a body here: browsers send none with GET.
    pub(crate) fn has_body(&self) -> bool {
        self.method != "GET"
    }

    /// Whether signals are in the query, and leave the body to others.
    pub(crate) fn has_signals_in_query(&self) -> bool {
        matches!(self.method, "GET" | "DELETE")
    }
}

/// `crate::module::name at file:line`.
impl fmt::Display for EndpointInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}:{}", self.handler, self.file, self.line)
    }
}

/// The facts of a route that requests read.
#[derive(Clone)]
pub(crate) struct RouteFacts {
    pub(crate) endpoint: &'static EndpointInfo,
    /// The settings that hold here.
    pub(crate) settings: Arc<PartSettings>,
    pub(crate) logged: LoggedRoute,
    pub(crate) large_response: LargeResponse,
    /// The limits of the handler, in the order of its attribute, which all of its routes share; `None` if it has none.
    pub(crate) rate_limiters: Option<Arc<[RateLimiter]>>,
}

/// How large the responses of a route have been lately, if they are large. Clones are of the same route.
#[derive(Debug, Clone, Default)]
pub(crate) struct LargeResponse(Arc<AtomicUsize>);

impl LargeResponse {
    /// Smaller responses are not noted.
    const LEAST: usize = 64 * 1024;

    /// How many bytes another response may be expected to have: none if they are small, or not known.
    pub(crate) fn expected(&self) -> usize {
        let bytes = self.0.load(Ordering::Relaxed);
        if bytes > Self::LEAST { bytes } else { 0 }
    }

    /// Notes a response of so many bytes. Smaller ones lower what is expected bit by bit.
    pub(crate) fn note(&self, bytes: usize) {
        let before = self.0.load(Ordering::Relaxed);
        if bytes > before && bytes > Self::LEAST {
            self.0.store(bytes, Ordering::Relaxed);
        } else if before > Self::LEAST {
            self.0.store(before - before.saturating_sub(bytes).div_ceil(8), Ordering::Relaxed);
        }
    }
}

/// One route of an app.
///
/// Its `Display` form is `GET /users/{user_id}`, with the host before the path and the headers after it if the
/// route has any.
#[derive(Debug, Clone, Copy)]
pub struct RouteInfo {
    endpoint: &'static EndpointInfo,
    path: &'static str,
    host: Option<&'static str>,
    /// The types of its guards, each followed by a line end.
    guards: &'static str,
}

impl RouteInfo {
    pub(crate) fn new<T>(
        route: &Route<T>,
        endpoint: &'static EndpointInfo,
        guards: impl Iterator<Item = &'static str>,
    ) -> Self {
        let guards: String = guards.flat_map(|guard| [guard, "\n"]).collect();
        Self { endpoint, path: route.path, host: route.host, guards: intern(&guards) }
    }

    /// The method it answers.
    pub fn method(&self) -> Method {
        // The macros have checked that it is one.
        Method::from_bytes(self.endpoint.method.as_bytes()).unwrap_or_default()
    }

    /// The kind of its handler.
    pub fn kind(&self) -> HandlerKind {
        self.endpoint.kind
    }

    /// The path template with the prefix of its app, such as `/users/{user_id}`.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The host it answers for, such as `api.example.com` or `*.example.com`; `None` for any that no other
    /// route names.
    pub fn host(&self) -> Option<&'static str> {
        self.host
    }

    /// The headers that a request must have, ordered by name; names are in lower case.
    pub fn headers(&self) -> &'static [(&'static str, &'static str)] {
        self.endpoint.headers
    }

    /// The handler's path, such as `shop::users::get_user`.
    pub fn handler(&self) -> &'static str {
        self.endpoint.handler
    }

    /// The types of the guards that a request must pass first, such as `shop::admin::Admin`, in their order; see
    /// [`App::guard`](crate::App::guard).
    pub fn guards(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.guards.lines()
    }

    /// The file the handler's attribute stands in, and its line.
    pub fn place(&self) -> (&'static str, u32) {
        (self.endpoint.file, self.endpoint.line)
    }
}

impl fmt::Display for RouteInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.endpoint.method, TargetText(self))
    }
}

/// Writes the path and the headers of a route.
pub(crate) struct TargetText<'a>(pub(crate) &'a RouteInfo);

impl fmt::Display for TargetText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.0.host.unwrap_or_default(), self.0.path)?;
        self.0.headers().iter().try_for_each(|(name, value)| write!(formatter, " [{name}: {value}]"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_follows_the_responses() {
        let size = LargeResponse::default();
        assert_eq!(size.expected(), 0);
        size.note(10_000);
        assert_eq!(size.expected(), 0);
        size.note(1_000_000);
        assert_eq!(size.expected(), 1_000_000);
        size.note(200_000);
        assert_eq!(size.expected(), 900_000);
        (0..50).for_each(|_| size.note(10));
        assert_eq!(size.expected(), 0);
    }
}
