//! Finds the endpoint for a request: a tree of path segments, a literal before a capture before the rest.
//!
//! Paths are matched as they were sent: nothing is decoded, and no segment resolved, so `%2F` is no slash.
//! The route is the most specific one that fits in path, method and headers, segment by segment from the
//! left; of those at one place, the one that asks for most headers. So no route hides another: where the
//! more specific one does not fit, the other answers.

mod host;
mod pattern;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use http::{HeaderMap, Method, request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use smallvec::SmallVec;

use crate::handler::Endpoint;
use crate::layer::Stage;
pub(crate) use host::{Host, Hosts};
pub(crate) use pattern::Pattern;
use pattern::Segment;

/// What a request's target can hold, but no place to go to: browsers take a backslash for a slash.
const UNSAFE: &AsciiSet = &CONTROLS.add(b'\\');

/// An endpoint at the path where the app has it.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) endpoint: &'static Endpoint,
    /// The path template with the prefixes that the app puts before the endpoint's own.
    pub(crate) path: &'static str,
    /// The host it answers for, in lower case; `None` where no other host does.
    pub(crate) host: Option<&'static str>,
    pub(crate) pattern: Pattern,
    /// The layers around its handler that are not around the whole app, the outermost first.
    pub(crate) stages: Vec<Arc<Stage>>,
}

impl Route {
    /// An endpoint where its attribute says.
    pub(crate) fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            endpoint,
            path: endpoint.path,
            host: None,
            pattern: Pattern::new(endpoint.path),
            stages: Vec::new(),
        }
    }

    /// Where it stands in reports and lists: registration has no order of its own.
    pub(crate) fn order(&self) -> impl Ord + use<> {
        let Endpoint { method, headers, file, line, .. } = *self.endpoint;
        (self.host, self.path, method, headers, file, line)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Node,
    /// Where the app answers for several hosts.
    hosts: Option<Box<Hosts<Node>>>,
    /// Whether any route asks for headers.
    asks_for_headers: bool,
}

/// What matched, or why nothing did.
#[derive(Debug, Clone)]
pub(crate) enum Match {
    Found {
        endpoint: &'static Endpoint,
        captures: Captures,
    },
    /// The path has a slash too many; without it, it is known.
    Redirect {
        /// A path with the query, percent-encoded, that does not begin with two slashes.
        location: String,
    },
    /// The path is none, or none of its routes takes these headers.
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

/// Where in the request's path the captures of the matched route lie.
#[derive(Debug, Clone)]
pub(crate) struct Captures {
    route: Arc<Route>,
    ranges: Ranges,
}

type Ranges = SmallVec<[(usize, usize); 4]>;

/// What a name in a path template matched, as it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capture<'p> {
    Segment(&'p str),
    /// One or more segments, with the slashes between them.
    Rest(&'p str),
}

impl Captures {
    /// The path template that matched.
    pub(crate) fn template(&self) -> &'static str {
        self.route.path
    }

    /// The layers of the route.
    pub(crate) fn stages(&self) -> &[Arc<Stage>] {
        &self.route.stages
    }

    /// What `{name}` matched in the path.
    pub(crate) fn get<'p>(&self, path: &'p str, name: &str) -> Option<Capture<'p>> {
        let position = self.route.pattern.captures().position(|capture| capture == name)?;
        let (start, end) = *self.ranges.get(position)?;
        let text = path.get(start..end)?;
        let is_last = position + 1 == self.ranges.len();
        match self.route.pattern.segments().last() {
            Some(Segment::Rest(_)) if is_last => Some(Capture::Rest(text)),
            _ => Some(Capture::Segment(text)),
        }
    }
}

impl Router {
    /// Adds a route; the one that is already there for its method, path and headers, if any, comes back.
    pub(crate) fn insert(&mut self, route: Route) -> Result<(), Arc<Route>> {
        self.asks_for_headers |= !route.endpoint.headers.is_empty();
        let mut node = match route.host {
            Some(host) => self.hosts.get_or_insert_default().entry(host),
            None => &mut self.root,
        };
        let mut takes_rest = false;
        for segment in route.pattern.segments() {
            match segment {
                Segment::Literal(text) => node = node.literals.entry(text.clone()).or_default(),
                Segment::Capture(_) => node = node.capture.get_or_insert_default(),
                Segment::Rest(_) => takes_rest = true,
            }
        }
        let routes = if takes_rest { &mut node.rest } else { &mut node.routes };
        let Endpoint { method, headers, .. } = route.endpoint;
        let is_same = |present: &&Arc<Route>| {
            present.endpoint.method == *method && present.endpoint.headers == *headers
        };
        if let Some(present) = routes.iter().find(is_same) {
            return Err(Arc::clone(present));
        }
        routes.push(Arc::new(route));
        // The first that fits is taken.
        routes.sort_by_key(|route| (Reverse(route.endpoint.headers.len()), route.endpoint.headers));
        Ok(())
    }

    pub(crate) fn find(&self, head: &request::Parts) -> Match {
        self.root(head).find(head)
    }

    /// The headers that decide which route answers this request, whether or not one does.
    pub(crate) fn deciding_headers(&self, head: &request::Parts) -> BTreeSet<&'static str> {
        if !self.asks_for_headers {
            return BTreeSet::new();
        }
        deciding_headers(&self.root(head).at(head.uri.path()), wanted(&head.method))
    }

    /// The layers around the routes at this path, without those of handlers. Routes of different apps can be at
    /// one path; then those of the first count.
    pub(crate) fn common_stages(&self, head: &request::Parts) -> Vec<Arc<Stage>> {
        let routes = self.root(head).at(head.uri.path());
        let stages = routes.first().into_iter().flat_map(|route| &route.stages);
        stages.filter(|stage| !stage.is_of_handler).cloned().collect()
    }

    /// Whether a route at this path begins with so many literal segments.
    pub(crate) fn has_literals(&self, head: &request::Parts, count: usize) -> bool {
        let is_literal = |segment: &Segment| matches!(segment, Segment::Literal(_));
        let begins = |route: &&Arc<Route>| {
            let segments = route.pattern.segments();
            segments.len() >= count && segments[..count].iter().all(is_literal)
        };
        self.root(head).at(head.uri.path()).iter().any(begins)
    }

    /// The node for the request's host.
    fn root(&self, head: &request::Parts) -> &Node {
        match &self.hosts {
            Some(hosts) => hosts.find(head).unwrap_or(&self.root),
            None => &self.root,
        }
    }
}

/// The routes of one prefix, and of all that begin with it.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    capture: Option<Box<Node>>,
    /// The routes that take all that is left.
    rest: Vec<Arc<Route>>,
    /// The routes that end here. Those that ask for most headers stand first.
    routes: Vec<Arc<Route>>,
}

/// The node at the root.
impl Node {
    fn find(&self, head: &request::Parts) -> Match {
        let path = head.uri.path();
        if let Some(problem) = malformed(path) {
            return Match::BadRequest { message: problem.into() };
        }
        let mut ranges = Ranges::new();
        let wanted = wanted(&head.method);
        let found = self.search(path, &mut ranges, &mut |routes| {
            routes.iter().find(|route| {
                route.endpoint.method == wanted && has_headers(&head.headers, route.endpoint.headers)
            })
        });
        match found {
            Some(route) => Match::Found {
                endpoint: route.endpoint,
                captures: Captures { route: Arc::clone(route), ranges },
            },
            None => self.explain(head, wanted),
        }
    }

    /// Why no route fits.
    fn explain(&self, head: &request::Parts, wanted: &str) -> Match {
        let path = head.uri.path();
        if path == "*" && wanted == "OPTIONS" {
            let mut routes = Vec::new();
            self.all(&mut routes);
            return Match::Options { allow: allowed(&routes) };
        }
        let routes = self.at(path);
        if routes.is_empty() {
            return self.without_slash(head).unwrap_or(Match::NotFound);
        }
        let headers = deciding_headers(&routes, wanted);
        if !headers.is_empty() {
            let names = headers.into_iter().collect::<Vec<_>>().join("`, `");
            return Match::BadRequest {
                message: format!("the routes at this path are told apart by headers, and none takes what these are: `{names}`").into(),
            };
        }
        let allow = allowed(&routes);
        if wanted == "OPTIONS" { Match::Options { allow } } else { Match::MethodNotAllowed { allow } }
    }

    /// The routes whose patterns match, whatever they ask for besides.
    fn at(&self, path: &str) -> Vec<&Arc<Route>> {
        let mut all = Vec::new();
        self.search(path, &mut Ranges::new(), &mut |routes| {
            all.extend(routes);
            None::<()>
        });
        all
    }

    /// The way to the same path without its last slash, if there is something.
    fn without_slash(&self, head: &request::Parts) -> Option<Match> {
        let path = head.uri.path().strip_suffix('/').filter(|path| !path.ends_with('/'))?;
        if self.at(path).is_empty() {
            return None;
        }
        // A path that is matched has no empty segment, so it does not begin with two slashes.
        let mut location = utf8_percent_encode(path, UNSAFE).to_string();
        if let Some(query) = head.uri.query() {
            location.push('?');
            location.extend(utf8_percent_encode(query, UNSAFE));
        }
        Some(Match::Redirect { location })
    }
}

/// Any node.
impl Node {
    /// Shows `accept` the routes at `path`, the most specific first, until it has taken one.
    fn search<'r, T>(
        &'r self,
        path: &str,
        ranges: &mut Ranges,
        accept: &mut impl FnMut(&'r [Arc<Route>]) -> Option<T>,
    ) -> Option<T> {
        // `*`, the target of `OPTIONS *`, is no path. One that ends in a slash ends in an empty segment.
        if !path.starts_with('/') || (path.len() > 1 && path.ends_with('/')) {
            return None;
        }
        self.descend(path, 1, ranges, accept)
    }

    /// The same below this node, where the next segment begins at `start`.
    ///
    /// The recursion is as deep as the longest pattern, not as the path, and comes to each node once.
    fn descend<'r, T>(
        &'r self,
        path: &str,
        start: usize,
        ranges: &mut Ranges,
        accept: &mut impl FnMut(&'r [Arc<Route>]) -> Option<T>,
    ) -> Option<T> {
        if start >= path.len() {
            return if self.routes.is_empty() { None } else { accept(&self.routes) };
        }
        let end = path[start..].find('/').map_or(path.len(), |length| start + length);
        let segment = &path[start..end];
        if segment.is_empty() {
            return None;
        }
        if let Some(node) = self.literals.get(segment)
            && let Some(taken) = node.descend(path, end + 1, ranges, accept)
        {
            return Some(taken);
        }
        if let Some(node) = &self.capture {
            ranges.push((start, end));
            if let Some(taken) = node.descend(path, end + 1, ranges, accept) {
                return Some(taken);
            }
            ranges.pop();
        }
        if !self.rest.is_empty() && !path[start..].contains("//") {
            ranges.push((start, path.len()));
            if let Some(taken) = accept(&self.rest) {
                return Some(taken);
            }
            ranges.pop();
        }
        None
    }

    /// Every route at this node and below.
    fn all<'r>(&'r self, into: &mut Vec<&'r Arc<Route>>) {
        into.extend(self.routes.iter().chain(&self.rest));
        self.literals.values().chain(self.capture.as_deref()).for_each(|node| node.all(into));
    }
}

/// The method of the routes that can answer a request with this one: HEAD asks for what GET would answer.
fn wanted(method: &Method) -> &str {
    if method == Method::HEAD { "GET" } else { method.as_str() }
}

/// The headers by which routes of one path are told apart.
fn deciding_headers(routes: &[&Arc<Route>], wanted: &str) -> BTreeSet<&'static str> {
    let routes = routes.iter().filter(|route| route.endpoint.method == wanted);
    routes.flat_map(|route| route.endpoint.headers.iter().map(|(name, _)| *name)).collect()
}

/// Whether the first value of each header is the one that is asked for.
fn has_headers(headers: &HeaderMap, asked: &[(&str, &str)]) -> bool {
    asked
        .iter()
        .all(|(name, value)| headers.get(*name).is_some_and(|found| found.as_bytes() == value.as_bytes()))
}

/// What is wrong with the path before anything is looked for, in one sentence.
fn malformed(path: &str) -> Option<&'static str> {
    if !path.as_bytes().contains(&b'%') {
        return None;
    }
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Some("the path has a `%` that is not followed by two hex digits");
                };
                u8::try_from(high * 16 + low).unwrap_or_default()
            }
            other => other,
        };
        if byte == 0 {
            return Some("the path has a NUL, `%00`, which no text has");
        }
        decoded.push(byte);
    }
    std::str::from_utf8(&decoded).is_err().then_some("the path is not UTF-8 when its escapes are decoded")
}

/// The value of the header `allow`: what the routes answer, and what is answered for them.
fn allowed(routes: &[&Arc<Route>]) -> String {
    let mut methods: BTreeSet<&str> = routes.iter().map(|route| route.endpoint.method).collect();
    if methods.contains("GET") {
        methods.insert("HEAD");
    }
    methods.insert("OPTIONS");
    methods.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
