//! Finds the route for a request: a tree of path segments, a literal before a capture before the rest.
//!
//! The route is the most specific one that fits in path, method and headers, segment by segment from the
//! left; of the routes with one pattern, the one that asks for most headers. So no route hides another: where
//! the more specific one does not fit, the other answers.
//!
//! A path is split at its slashes as it was sent, so an escaped slash, `%2F`, never divides segments. A literal
//! segment is then compared decoded: `/caf%C3%A9`, `/caf%c3%a9` and `/café` are one path. Dots are not resolved.

mod bytes;
mod escapes;
mod host;
mod literal_paths;
mod pattern;
mod segment_hasher;
mod tree;

use std::borrow::Cow;
use std::cmp::Reverse;

use http::{HeaderMap, Method, request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

#[cfg(any(debug_assertions, feature = "sessions"))]
pub(crate) use host::is_of_this_machine;
#[cfg(feature = "sessions")]
pub(crate) use host::is_this_machine;
pub(crate) use host::{Host, Hosts};
use literal_paths::LiteralPaths;
pub(crate) use pattern::{Capture, PathPattern};
use tree::Node;
pub(crate) use tree::RouteId;

/// What a request's target may hold but a `location` must not: browsers read a backslash as a slash.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'\\');

/// A route: what a request must match, and its target.
#[derive(Debug)]
pub(crate) struct Route<T> {
    pub(crate) method: Method,
    /// The headers that a request must have with these values, ordered by name, in lower case.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The path template as it was written, with the prefixes that the app puts before it.
    pub(crate) path: &'static str,
    /// The same template in the form that paths are compared with.
    pub(crate) pattern: PathPattern,
    /// The host that the route answers for, in lower case; `None` for all hosts that no other route names.
    pub(crate) host: Option<&'static str>,
    pub(crate) target: T,
}

impl<T> Route<T> {
    /// What `{name}` matched in `path`, a path that this route matches.
    pub(crate) fn capture<'p>(&self, path: &'p str, name: &str) -> Option<Capture<'p>> {
        self.pattern.capture(path, name)
    }
}

/// The routes of an app.
#[derive(Debug)]
pub(crate) struct Router<T> {
    routes: Vec<Route<T>>,
    paths: Paths,
    /// The paths of each host that routes name; absent when no route names one.
    hosts: Option<Box<Hosts<Paths>>>,
}

/// The paths of one host, or of all that no route names, with their routes.
#[derive(Debug, Default)]
struct Paths {
    root: Node,
    literal: LiteralPaths,
}

/// What a router finds for a request.
#[derive(Debug, Clone)]
pub(crate) struct Lookup {
    pub(crate) result: Match,
    /// The most specific route at the path, whatever its method and headers.
    pub(crate) nearest: Option<RouteId>,
    /// Whether headers of the request decided what was found. [`Router::deciding_headers`] names them.
    pub(crate) is_by_headers: bool,
}

/// The route that matched, or why none did.
#[derive(Debug, Clone)]
pub(crate) enum Match {
    Found(RouteId),
    /// The path ends in a slash, and routes match it without that slash.
    Redirect {
        /// A path with the query, percent-encoded, that does not begin with two slashes.
        location: String,
    },
    /// The path is malformed, or none of its routes takes these headers.
    BadRequest {
        message: Cow<'static, str>,
    },
    /// The path is known, but not with this method. The methods are as in the header `allow`.
    MethodNotAllowed {
        allow: String,
    },
    /// The request is OPTIONS, and these are the methods.
    Options {
        allow: String,
    },
    NotFound,
}

impl<T> Default for Router<T> {
    fn default() -> Self {
        Self { routes: Vec::new(), paths: Paths::default(), hosts: None }
    }
}

impl<T> Router<T> {
    /// Adds a route.
    ///
    /// # Errors
    ///
    /// The route that is already there for this method, path, headers and host.
    pub(crate) fn insert(&mut self, route: Route<T>) -> Result<(), &Route<T>> {
        let paths = match route.host {
            Some(host) => self.hosts.get_or_insert_default().entry(host),
            None => &mut self.paths,
        };
        let leaf = paths.root.leaf_mut(route.pattern.segments());
        let is_same = |present: &&RouteId| {
            let present = &self.routes[present.0];
            present.method == route.method && present.headers == route.headers
        };
        if let Some(present) = leaf.iter().find(is_same) {
            return Err(&self.routes[present.0]);
        }
        // The first route that fits is taken.
        let rank = |route: &Route<T>| (Reverse(route.headers.len()), route.headers);
        let position = leaf.partition_point(|present| rank(&self.routes[present.0]) <= rank(&route));
        leaf.insert(position, RouteId(self.routes.len()));
        paths.literal.set(&route.pattern, leaf);
        self.routes.push(route);
        Ok(())
    }

    /// Keeps what lies below a literal prefix for the routes that begin with it: no capture of another route matches
    /// there.
    pub(crate) fn reserve(&mut self, host: Option<&str>, prefix: &PathPattern) {
        let paths = match host {
            Some(host) => self.hosts.get_or_insert_default().entry(host),
            None => &mut self.paths,
        };
        paths.root.reserve(prefix.segments());
    }

    /// The route that a lookup found.
    pub(crate) fn route(&self, id: RouteId) -> &Route<T> {
        &self.routes[id.0]
    }

    /// Looks a request up.
    #[inline(always)]
    pub(crate) fn find(&self, head: &request::Parts) -> Lookup {
        let path = head.uri.path();
        let wanted = wanted(&head.method);
        let (mut nearest, mut is_by_headers) = (None, false);
        let Paths { root, literal } = self.paths(head);
        let mut accept = |leaf: &[RouteId]| {
            nearest = nearest.or(leaf.first().copied());
            leaf.iter().copied().find(|id| {
                let Route { method, headers, .. } = self.route(*id);
                if method != wanted {
                    return false;
                }
                is_by_headers |= !headers.is_empty();
                has_headers(&head.headers, headers)
            })
        };
        // No pattern is more specific than a path without captures.
        let mut found = literal.get(path).and_then(&mut accept);
        if found.is_none() {
            let is_escaped = escapes::are_in(path);
            if is_escaped && let Some(problem) = escapes::problem(path) {
                let result = Match::BadRequest { message: problem.into() };
                return Lookup { result, nearest: None, is_by_headers: false };
            }
            found = root.search(path, is_escaped, &mut accept);
        }
        let result = match found {
            Some(route) => Match::Found(route),
            None => self.explain(root, head, wanted),
        };
        Lookup { result, nearest, is_by_headers }
    }

    /// The headers by which the routes at this path are told apart, in the order of their names.
    pub(crate) fn deciding_headers(&self, head: &request::Parts) -> Vec<&'static str> {
        self.header_names(&self.paths(head).root.at(head.uri.path()), wanted(&head.method))
    }

    /// The paths of the request's host.
    fn paths(&self, head: &request::Parts) -> &Paths {
        match &self.hosts {
            Some(hosts) => hosts.find(head).unwrap_or(&self.paths),
            None => &self.paths,
        }
    }

    /// Why no route fits.
    fn explain(&self, root: &Node, head: &request::Parts, wanted: &Method) -> Match {
        let path = head.uri.path();
        if path == "*" && *wanted == Method::OPTIONS {
            return Match::Options { allow: self.allowed(&root.all()) };
        }
        let routes = root.at(path);
        if routes.is_empty() {
            return without_slash(root, head).unwrap_or(Match::NotFound);
        }
        let headers = self.header_names(&routes, wanted);
        if !headers.is_empty() {
            let names = headers.join("`, `");
            return Match::BadRequest {
                message: format!("the routes at this path are told apart by headers, and none takes what these are: `{names}`").into(),
            };
        }
        let allow = self.allowed(&routes);
        if *wanted == Method::OPTIONS { Match::Options { allow } } else { Match::MethodNotAllowed { allow } }
    }

    /// The names of all headers that routes of this method ask for.
    fn header_names(&self, routes: &[RouteId], wanted: &Method) -> Vec<&'static str> {
        let routes = routes.iter().map(|id| self.route(*id)).filter(|route| route.method == *wanted);
        sorted(routes.flat_map(|route| route.headers).map(|(name, _)| *name).collect())
    }

    /// The value of the header `allow`: the methods of the routes, and those that are answered without one.
    fn allowed(&self, routes: &[RouteId]) -> String {
        let mut methods: Vec<&str> = routes.iter().map(|id| self.route(*id).method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        sorted(methods).join(", ")
    }
}

/// Leads to the same path without its last slash, if a route is there.
fn without_slash(root: &Node, head: &request::Parts) -> Option<Match> {
    let path = head.uri.path().strip_suffix('/').filter(|path| !path.ends_with('/'))?;
    if root.at(path).is_empty() {
        return None;
    }
    // No route matches a path that begins with two slashes, so the location cannot name another host.
    let mut location = utf8_percent_encode(path, UNSAFE).to_string();
    if let Some(query) = head.uri.query() {
        location.push('?');
        location.extend(utf8_percent_encode(query, UNSAFE));
    }
    Some(Match::Redirect { location })
}

/// The method of the routes that can answer a request with this one: HEAD is answered by what GET would get.
fn wanted(method: &Method) -> &Method {
    if *method == Method::HEAD { &Method::GET } else { method }
}

/// Whether the first value of each header is the one that the route asks for.
fn has_headers(headers: &HeaderMap, asked: &[(&str, &str)]) -> bool {
    asked
        .iter()
        .all(|(name, value)| headers.get(*name).is_some_and(|found| found.as_bytes() == value.as_bytes()))
}

/// The texts in order, each once.
fn sorted(mut texts: Vec<&str>) -> Vec<&str> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

#[cfg(test)]
mod tests;
