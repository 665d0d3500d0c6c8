//! Finds the endpoint for a method and a path: a tree of path segments, a literal before a capture.

mod pattern;

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use smallvec::SmallVec;

use crate::handler::Endpoint;
pub(crate) use pattern::Pattern;
use pattern::Segment;

/// An endpoint at the path where the app has it.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) pattern: Pattern,
}

#[derive(Debug, Default)]
pub(crate) struct Router {
    root: Node,
}

/// The routes of one prefix, and of all that begin with it.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, Node>,
    capture: Option<Box<Node>>,
    /// The routes that end here, one per method.
    routes: Vec<Arc<Route>>,
}

/// What matched, or why nothing did.
#[derive(Debug)]
pub(crate) enum Match {
    Found {
        endpoint: &'static Endpoint,
        captures: Captures,
    },
    /// The path is known; these are its methods.
    MethodNotAllowed {
        allow: Vec<Method>,
    },
    NotFound,
}

/// Where in the request's path the captures of the matched route lie.
#[derive(Debug)]
pub(crate) struct Captures {
    route: Arc<Route>,
    ranges: Ranges,
}

type Ranges = SmallVec<[(usize, usize); 4]>;

impl Captures {
    /// The path template that matched.
    pub(crate) fn template(&self) -> &'static str {
        self.route.endpoint.path
    }

    /// The text of `{name}` in the path that was matched.
    pub(crate) fn get<'p>(&self, path: &'p str, name: &str) -> Option<&'p str> {
        let position = self.route.pattern.captures().position(|capture| capture == name)?;
        let (start, end) = *self.ranges.get(position)?;
        path.get(start..end)
    }
}

impl Router {
    /// Adds a route; the one that is already there for its method and path, if any, comes back.
    pub(crate) fn insert(&mut self, route: Route) -> Result<(), Arc<Route>> {
        let mut node = &mut self.root;
        for segment in route.pattern.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Capture(_) => node.capture.get_or_insert_default(),
            };
        }
        let kind = route.endpoint.kind;
        match node.routes.iter().find(|present| present.endpoint.kind.method() == kind.method()) {
            Some(present) => Err(Arc::clone(present)),
            None => {
                node.routes.push(Arc::new(route));
                Ok(())
            }
        }
    }

    pub(crate) fn find(&self, method: &Method, path: &str) -> Match {
        let mut ranges = Ranges::new();
        // `*`, the target of `OPTIONS *`, is no path.
        let Some(routes) = path.starts_with('/').then(|| self.root.descend(path, 1, &mut ranges)).flatten()
        else {
            return Match::NotFound;
        };
        // HEAD asks for what GET would answer.
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        match routes.iter().find(|route| route.endpoint.kind.method() == *wanted) {
            Some(route) => Match::Found {
                endpoint: route.endpoint,
                captures: Captures { route: Arc::clone(route), ranges },
            },
            None => Match::MethodNotAllowed { allow: allowed(routes) },
        }
    }
}

impl Node {
    /// The routes at `path`, whose next segment begins at `start`. The recursion is as deep as the longest
    /// pattern, not as the path.
    fn descend(&self, path: &str, start: usize, ranges: &mut Ranges) -> Option<&[Arc<Route>]> {
        if start > path.len() {
            return (!self.routes.is_empty()).then_some(&self.routes);
        }
        let end = path[start..].find('/').map_or(path.len(), |length| start + length);
        let segment = &path[start..end];
        if let Some(routes) = self.literals.get(segment).and_then(|node| node.descend(path, end + 1, ranges))
        {
            return Some(routes);
        }
        let capture = self.capture.as_ref().filter(|_| !segment.is_empty())?;
        ranges.push((start, end));
        let routes = capture.descend(path, end + 1, ranges);
        if routes.is_none() {
            ranges.pop();
        }
        routes
    }
}

fn allowed(routes: &[Arc<Route>]) -> Vec<Method> {
    let mut allow: Vec<Method> = routes.iter().map(|route| route.endpoint.kind.method()).collect();
    if allow.contains(&Method::GET) {
        allow.push(Method::HEAD);
    }
    allow.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    allow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::Kind;

    fn endpoint(kind: Kind, path: &'static str) -> &'static Endpoint {
        Box::leak(Box::new(Endpoint {
            kind,
            path,
            handler: path,
            file: file!(),
            line: line!(),
            requirements: Vec::new,
            call: |_| Box::pin(async { http::Response::default() }),
        }))
    }

    fn router(paths: &[&'static str]) -> Router {
        let mut router = Router::default();
        for path in paths {
            let route = Route { endpoint: endpoint(Kind::Query, path), pattern: Pattern::new(path) };
            router.insert(route).unwrap();
        }
        router
    }

    /// The matched pattern with its captures, `name=text`.
    fn found(router: &Router, path: &str) -> Option<String> {
        match router.find(&Method::GET, path) {
            Match::Found { endpoint, captures } => {
                let names = captures.route.pattern.captures();
                let values = names.map(|name| format!(" {name}={}", captures.get(path, name).unwrap()));
                Some(std::iter::once(endpoint.path.to_owned()).chain(values).collect())
            }
            _ => None,
        }
    }

    #[test]
    fn literals_win_over_captures_and_lost_ways_are_gone_back() {
        let router =
            router(&["/", "/users", "/users/{id}", "/users/me", "/{a}/x", "/users/{id}/posts/{post}"]);
        let check =
            |path, expected: Option<&str>| assert_eq!(found(&router, path).as_deref(), expected, "{path}");
        check("/", Some("/"));
        check("/users", Some("/users"));
        check("/users/7", Some("/users/{id} id=7"));
        check("/users/me", Some("/users/me"));
        check("/users/x", Some("/users/{id} id=x"));
        check("/other/x", Some("/{a}/x a=other"));
        check("/users/7/posts/a%2Fb", Some("/users/{id}/posts/{post} id=7 post=a%2Fb"));
        check("/users/", None);
        check("/users/7/posts", None);
        check("//", None);
        check("*", None);
        check("", None);
    }

    #[test]
    fn a_known_path_with_another_method_names_its_methods() {
        let mut router = router(&["/users"]);
        let command = |path| Route { endpoint: endpoint(Kind::Command, path), pattern: Pattern::new(path) };
        let Match::MethodNotAllowed { allow } = router.find(&Method::POST, "/users") else {
            panic!("POST is not there yet");
        };
        assert_eq!(allow, [Method::GET, Method::HEAD]);
        router.insert(command("/users")).unwrap();
        assert!(matches!(router.find(&Method::POST, "/users"), Match::Found { .. }));
        assert!(matches!(router.find(&Method::HEAD, "/users"), Match::Found { .. }));
        let present = router.insert(command("/users")).unwrap_err();
        assert_eq!(present.endpoint.path, "/users");
    }

    #[test]
    fn a_path_of_many_slashes_is_just_not_found() {
        let router = router(&["/{a}/{b}/{c}"]);
        assert!(matches!(router.find(&Method::GET, &"/".repeat(60_000)), Match::NotFound));
    }
}
