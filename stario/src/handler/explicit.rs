//! Handlers that are not registered by themselves: the app gives them their path, `.route(query::<f>("/"))`.

use std::sync::{Mutex, PoisonError};

use http::header::HeaderName;

use super::{Endpoint, EndpointRoute};
use crate::intern::intern;
use crate::route::{EndpointInfo, HandlerKind};
use crate::routing::PathPattern;

/// A function with [`#[handler]`](macro@crate::handler).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler for a query or a command",
    note = "write `#[handler]` on the function; one with `#[handler(detached)]` goes with `detached_command`"
)]
pub trait Handler {
    #[doc(hidden)]
    fn endpoint() -> Endpoint;
}

/// A function with `#[handler(detached)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler for a detached command",
    note = "write `#[handler(detached)]` on the function: it is answered before it runs"
)]
pub trait DetachedHandler {
    #[doc(hidden)]
    fn endpoint() -> Endpoint;
}

/// A handler with its path, for [`App::route`](crate::App::route).
#[derive(Debug)]
#[must_use = "a handler is called where the app has it: `app.route(..)`"]
pub struct HandlerRoute {
    endpoint: Endpoint,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

/// Serves the handler `H` at `path` as a query, for GET; like `#[app::query("..")]` for one that registers itself.
///
/// See [`handler`](macro@crate::handler) for an example.
pub fn query<H: Handler>(path: impl Into<String>) -> HandlerRoute {
    HandlerRoute::new(H::endpoint(), HandlerKind::Query, path.into())
}

/// Serves the handler `H` at `path` as a command, for POST; like `#[app::command("..")]`.
pub fn command<H: Handler>(path: impl Into<String>) -> HandlerRoute {
    HandlerRoute::new(H::endpoint(), HandlerKind::Command, path.into())
}

/// Serves the handler `H` at `path` as a detached command, for POST; like `#[app::detached_command("..")]`. What it has
/// not finished is lost if the process is killed, see [`app!`](crate::app!). A durable one has its path in its attribute.
pub fn detached_command<H: DetachedHandler>(path: impl Into<String>) -> HandlerRoute {
    HandlerRoute::new(H::endpoint(), HandlerKind::DetachedCommand, path.into())
}

impl HandlerRoute {
    fn new(endpoint: Endpoint, kind: HandlerKind, path: String) -> Self {
        let method = if kind == HandlerKind::Query { "GET" } else { "POST" };
        let info = EndpointInfo { kind, ..endpoint.info };
        Self { endpoint: Endpoint { info, ..endpoint }, method: method.to_owned(), path, headers: Vec::new() }
    }

    /// Sets another method: QUERY for a query, any but GET for the others.
    pub fn method(self, method: impl Into<String>) -> Self {
        Self { method: method.into(), ..self }
    }

    /// Answers only requests whose first header of this name has this value.
    pub fn header(mut self, name: impl AsRef<str>, value: impl Into<String>) -> Self {
        self.headers.push((name.as_ref().to_ascii_lowercase(), value.into()));
        self.headers.sort();
        self
    }

    /// The route, or what is wrong with it.
    pub(crate) fn into_route(self) -> Result<EndpointRoute, String> {
        let refused = |problem: String| {
            let EndpointInfo { handler, file, line, .. } = self.endpoint.info;
            format!("{problem}, for {handler} at {file}:{line}")
        };
        let pattern = PathPattern::checked(&self.path)
            .map_err(|problem| refused(format!("`{}` is no path template: {problem}", self.path)))?;
        check_method(self.endpoint.info.kind, &self.method).map_err(refused)?;
        if self.endpoint.info.kind != HandlerKind::Query && self.endpoint.info.caching.is_some() {
            return Err(refused(
                "`etag` and `cache` are for queries: nothing keeps the answer to a command".to_owned(),
            ));
        }
        for (position, (name, value)) in self.headers.iter().enumerate() {
            let is_value = value.trim() == value && value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            if HeaderName::try_from(name).is_err() || !is_value {
                return Err(refused(format!("`{name}: {value}` is no header")));
            }
            if position > 0 && self.headers[position - 1].0 == *name {
                return Err(refused(format!("the header `{name}` is asked for twice")));
            }
        }
        let path = intern(&self.path);
        Ok(EndpointRoute { path, pattern, ..EndpointRoute::new(self.into_endpoint()) })
    }

    /// The endpoint for as long as the process runs: the same one, however often the app is made.
    fn into_endpoint(self) -> &'static Endpoint {
        static ENDPOINTS: Mutex<Vec<&'static Endpoint>> = Mutex::new(Vec::new());
        let mut endpoints = ENDPOINTS.lock().unwrap_or_else(PoisonError::into_inner);
        let is_this = |present: &&&'static Endpoint| {
            let EndpointInfo { kind, method, path, headers, handler, file, line, .. } = present.info;
            (kind, handler, file, line)
                == (
                    self.endpoint.info.kind,
                    self.endpoint.info.handler,
                    self.endpoint.info.file,
                    self.endpoint.info.line,
                )
                && (method, path) == (self.method.as_str(), self.path.as_str())
                && headers.iter().copied().eq(self.headers.iter().map(|(name, value)| (&**name, &**value)))
        };
        if let Some(present) = endpoints.iter().find(is_this) {
            return present;
        }
        let headers = self.headers.iter().map(|(name, value)| (intern(name), intern(value)));
        let info = EndpointInfo {
            method: intern(&self.method),
            path: intern(&self.path),
            headers: Box::leak(headers.collect()),
            ..self.endpoint.info
        };
        let endpoint = Box::leak(Box::new(Endpoint { info, ..self.endpoint }));
        endpoints.push(endpoint);
        endpoint
    }
}

/// What the macros check of a method that is written in an attribute.
fn check_method(kind: HandlerKind, method: &str) -> Result<(), String> {
    let problem = match (kind, method) {
        (_, "HEAD" | "OPTIONS" | "CONNECT" | "TRACE") => "no handler answers it",
        (HandlerKind::Query, "GET" | "QUERY") => return Ok(()),
        (HandlerKind::Query, _) => "a query only reads, by GET or QUERY",
        (_, "GET") => "a command changes something, which GET must not",
        _ if http::Method::from_bytes(method.as_bytes()).is_err() => "it is no method",
        _ if method.bytes().any(|byte| byte.is_ascii_lowercase()) => "methods are written in capitals",
        _ => return Ok(()),
    };
    Err(format!("`{method}` cannot be the method: {problem}"))
}
