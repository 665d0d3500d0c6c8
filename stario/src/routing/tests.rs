use proptest::prelude::*;

use super::*;

type Headers = &'static [(&'static str, &'static str)];

fn route(method: &'static str, path: &'static str, headers: Headers) -> Route<()> {
    Route {
        method: method.parse().unwrap(),
        headers,
        path,
        pattern: PathPattern::new(path),
        host: None,
        target: (),
    }
}

fn router(routes: &[(&'static str, &'static str, Headers)]) -> Router<()> {
    let mut router = Router::default();
    for (method, path, headers) in routes {
        router.insert(route(method, path, headers)).unwrap();
    }
    router
}

fn gets(paths: &[&'static str]) -> Router<()> {
    router(&paths.iter().map(|path| ("GET", *path, &[] as Headers)).collect::<Vec<_>>())
}

fn head(method: &str, path: &str, headers: &[(&str, &str)]) -> request::Parts {
    let request = http::Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(()).unwrap().into_parts().0
}

/// The outcome in one line: the matched pattern with its captures, `name=text`, or what it is instead.
fn outcome(router: &Router<()>, head: &request::Parts) -> String {
    match router.find(head).result {
        Match::Found(route) => {
            let route = router.route(route);
            let names = route.pattern.captures();
            let values = names.map(|name| match route.capture(head.uri.path(), name).unwrap() {
                Capture::Segment(text) => format!(" {name}={text}"),
                Capture::Rest(text) => format!(" {name}=..{text}"),
            });
            let headers = route.headers.iter().map(|(name, value)| format!(" {name}:{value}"));
            format!("{} {}", route.method, route.path) + &headers.chain(values).collect::<String>()
        }
        Match::Redirect { location } => format!("308 {location}"),
        Match::BadRequest { message } => format!("400 {message}"),
        Match::MethodNotAllowed { allow } => format!("405 {allow}"),
        Match::Options { allow } => format!("204 {allow}"),
        Match::NotFound => "404".to_owned(),
    }
}

fn get(router: &Router<()>, path: &str) -> String {
    outcome(router, &head("GET", path, &[]))
}

#[test]
fn literals_win_over_captures_over_the_rest_and_lost_ways_are_gone_back() {
    let router = gets(&[
        "/",
        "/users",
        "/users/{id}",
        "/users/me",
        "/{a}/x",
        "/users/{id}/posts/{post}",
        "/users/{rest...}",
        "/files/{path...}",
    ]);
    let check = |path, expected: &str| assert_eq!(get(&router, path), expected, "{path}");
    check("/", "GET /");
    check("/users", "GET /users");
    check("/users/7", "GET /users/{id} id=7");
    check("/users/me", "GET /users/me");
    check("/users/x", "GET /users/{id} id=x");
    check("/other/x", "GET /{a}/x a=other");
    check("/files/x", "GET /files/{path...} path=..x");
    check("/users/7/posts/a%2Fb", "GET /users/{id}/posts/{post} id=7 post=a%2Fb");
    check("/users/7/posts", "GET /users/{rest...} rest=..7/posts");
    check("/users/me/posts/8/x", "GET /users/{rest...} rest=..me/posts/8/x");
    check("/files/a%2Fb/..//c", "404");
    check("/files//a", "404");
    check("/files/%2F%2Fa", "GET /files/{path...} path=..%2F%2Fa");
    check("/files/a%2Fb/../c", "GET /files/{path...} path=..a%2Fb/../c");
    check("/files", "404");
    check("/filesystem", "404");
    check("//", "404");
    check("*", "404");
}

#[test]
fn a_slash_too_many_leads_to_the_path_without_it() {
    let router = router(&[
        ("GET", "/users", &[]),
        ("POST", "/orders", &[("x", "1")]),
        ("GET", "/{a}", &[]),
        ("GET", "/files/{path...}", &[]),
    ]);
    let check = |path, expected: &str| assert_eq!(get(&router, path), expected, "{path}");
    check("/users/", "308 /users");
    check("/users/?a=1&b=%20/", "308 /users?a=1&b=%20/");
    check("/orders/", "308 /orders");
    check("/files/a/b/", "308 /files/a/b");
    check("/files/", "308 /files");
    check("/users//", "404");
    check("//", "404");
    check("//example.com/", "404");
    check("//example.com", "404");
    // Browsers take a backslash for a slash.
    check("/\\example.com/", "308 /%5Cexample.com");
    check("/\u{85}é/?\\", "308 /%C2%85%C3%A9?%5C");
    check("/%5Cexample.com/", "308 /%5Cexample.com");
    check("/a/b/", "404");
    assert_eq!(outcome(&router, &head("DELETE", "/users/", &[])), "308 /users");
    assert_eq!(outcome(&router, &head("GET", "http://other.example/users/?q", &[])), "308 /users?q");
}

#[test]
fn a_path_that_is_no_text_is_refused() {
    let router = gets(&["/{a}"]);
    let check = |path: &str, expected: &str| assert_eq!(get(&router, path), expected, "{path}");
    check("/a%2Fb%20c%C3%A9%2541", "GET /{a} a=a%2Fb%20c%C3%A9%2541");
    for path in ["/%", "/%4", "/a%zz", "/%u0041", "/nowhere/at/all%2"] {
        check(path, "400 the path has a `%` that is not followed by two hex digits");
    }
    for path in ["/%C3", "/%ED%A0%80", "/%C3/%A9", "/%ff"] {
        check(path, "400 the path is not UTF-8 when its escapes are decoded");
    }
    check("/a%00b", "400 the path has a NUL, `%00`, which no text has");
}

#[test]
fn a_literal_is_matched_however_it_is_escaped() {
    for template in ["/caf\u{e9}/fixed", "/caf%C3%A9/fixed", "/caf%c3%a9/fix%65d", "/%63af\u{e9}/fixed"] {
        let router = gets(&[template]);
        for path in ["/caf\u{e9}/fixed", "/caf%C3%A9/fixed", "/caf%c3%a9/fixed", "/c%61f%C3%a9/fixe%64"] {
            assert_eq!(get(&router, path), format!("GET {template}"), "{path}");
        }
        for path in ["/cafe%CC%81/fixed", "/CAF%C3%89/fixed", "/caf%C3%A9%2Ffixed", "/caf%25C3%25A9/fixed"] {
            assert_eq!(get(&router, path), "404", "{path}");
        }
    }
    let router = gets(&["/a%2Fb", "/a/b", "/{any}"]);
    let check = |path, expected: &str| assert_eq!(get(&router, path), expected, "{path}");
    check("/a%2fb", "GET /a%2Fb");
    check("/%61%2F%62", "GET /a%2Fb");
    check("/%61/b", "GET /a/b");
    check("/a%252Fb", "GET /{any} any=a%252Fb");
    // A capture is what was sent.
    check("/%61%2F%63", "GET /{any} any=%61%2F%63");
    // What is escaped in each path of a pattern is nothing else where it is not escaped.
    let router = gets(&["/a%2Fb", "/100%25"]);
    assert_eq!(get(&router, "/a/b"), "404");
    assert_eq!(get(&router, "/100%25"), "GET /100%25");
    assert!(get(&router, "/100%").starts_with("400 "));
}

#[test]
fn templates_that_differ_in_their_escapes_are_one_path() {
    let mut router = gets(&["/caf%c3%a9", "/a%2Fb"]);
    for path in ["/caf%C3%A9", "/caf\u{e9}", "/%63af%C3%A9", "/a%2fb"] {
        assert!(router.insert(route("GET", path, &[])).is_err(), "{path}");
    }
    assert!(router.insert(route("GET", "/a/b", &[])).is_ok());
}

#[test]
fn a_pattern_is_written_as_it_can_be_read_again() {
    for path in ["/a/{b}/{c...}", "/caf\u{e9}/%7Bx%7D", "/a%2Fb/100%25", "/%20%0A/x", "/%C2%85%E2%80%A8"] {
        assert_eq!(PathPattern::checked(path).unwrap().to_string(), path);
        assert_eq!(PathPattern::new(&PathPattern::new(path).to_string()), PathPattern::new(path), "{path}");
    }
    assert_eq!(PathPattern::new("/caf%c3%a9").to_string(), "/caf\u{e9}");
}

#[test]
fn a_prefix_is_compared_as_literals_are() {
    let check = |prefix, path, expected| assert_eq!(PathPattern::new(prefix).strip(path), expected, "{path}");
    check("/admin", "/admin", Some(""));
    check("/admin", "/%61dmin/users", Some("/users"));
    check("/admin", "/admin/", Some("/"));
    check("/admin", "/administrator", None);
    check("/admin", "/admin%2Fusers", None);
    check("/caf%c3%a9", "/caf\u{e9}/x%20", Some("/x%20"));
    check("", "/x", Some("/x"));
    check("", "*", None);
    assert!(PathPattern::new("").begins("*") && !PathPattern::new("/a").begins("*"));
}

#[test]
fn what_is_no_template_is_refused() {
    let check =
        |path, expected: &str| assert_eq!(PathPattern::checked(path).unwrap_err(), expected, "{path}");
    check("a", "it does not begin with `/`");
    check("/a//b", "it has an empty segment");
    check("/a/", "it ends in `/`; requests that do are redirected");
    check("/a{b}", "`a{b}` mixes text and braces; a capture is a whole segment");
    check("/{a}/{a}", "`a` stands twice in it");
    check("/{a...}/b", "`{a...}` does not stand last");
    check("/{1}", "`1` is not the name of a parameter");
    check("/a b", "` ` does not belong in it; write it percent-encoded as a browser sends it");
    check("/a\u{2028}b", "`\\u{2028}` does not belong in it; write it percent-encoded as a browser sends it");
    for path in ["/100%", "/%zz", "/%C3", "/%00"] {
        let text = &path[1..];
        check(path, &format!("`{text}` has a `%` that begins no escape of a character"));
    }
    check("/..", "browsers resolve `..` before they ask");
    check("/%2E%2e/a", "browsers resolve `%2E%2e` before they ask");
}

#[test]
fn a_lookup_says_whether_headers_decided() {
    let router = router(&[
        ("GET", "/a", &[("x-mode", "1")]),
        ("GET", "/a", &[]),
        ("POST", "/a", &[]),
        ("GET", "/{any}", &[("x-any", "1")]),
        ("GET", "/b", &[]),
    ]);
    let check = |method, path, expected: &[&str]| {
        let head = head(method, path, &[("x-mode", "1")]);
        let lookup = router.find(&head);
        assert_eq!(lookup.is_by_headers, !expected.is_empty(), "{method} {path}");
        if lookup.is_by_headers {
            assert_eq!(router.deciding_headers(&head), expected, "{method} {path}");
        }
    };
    check("GET", "/a", &["x-any", "x-mode"]);
    check("HEAD", "/a", &["x-any", "x-mode"]);
    check("POST", "/a", &[]);
    check("GET", "/b", &[]);
    check("GET", "/c", &["x-any"]);
    check("GET", "/c/d", &[]);
}

#[test]
fn a_known_path_names_its_methods() {
    let router = router(&[
        ("GET", "/users", &[]),
        ("DELETE", "/users", &[]),
        ("POST", "/{a}", &[]),
        ("QUERY", "/search", &[]),
    ]);
    let check = |method, path, expected: &str| {
        assert_eq!(outcome(&router, &head(method, path, &[])), expected, "{method} {path}");
    };
    check("HEAD", "/users", "GET /users");
    check("DELETE", "/users", "DELETE /users");
    // The less specific route answers what the other does not.
    check("POST", "/users", "POST /{a} a=users");
    check("PUT", "/users", "405 DELETE, GET, HEAD, OPTIONS, POST");
    check("GET", "/other", "405 OPTIONS, POST");
    check("HEAD", "/other", "405 OPTIONS, POST");
    check("get", "/users", "405 DELETE, GET, HEAD, OPTIONS, POST");
    check("HEAD", "/search", "405 OPTIONS, POST, QUERY");
    check("OPTIONS", "/users", "204 DELETE, GET, HEAD, OPTIONS, POST");
    check("OPTIONS", "/search", "204 OPTIONS, POST, QUERY");
    check("OPTIONS", "/a/b", "404");
    check("OPTIONS", "*", "204 DELETE, GET, HEAD, OPTIONS, POST, QUERY");
    check("GET", "*", "404");
}

/// What is said where headers decide and none fits.
const NONE: &str = "400 the routes at this path are told apart by headers, and none takes what these are: ";

#[test]
fn headers_tell_routes_of_one_path_apart() {
    let router = router(&[
        ("GET", "/a", &[("x-mode", "1")]),
        ("GET", "/a", &[("x-mode", "2")]),
        ("GET", "/a", &[("x-mode", "1"), ("x-other", "b")]),
        ("GET", "/b", &[("x-mode", "1")]),
        ("GET", "/b", &[]),
        ("GET", "/{any}", &[("x-any", "")]),
    ]);
    let check = |path, headers: &[(&str, &str)], expected: &str| {
        assert_eq!(outcome(&router, &head("GET", path, headers)), expected, "{path} {headers:?}");
    };
    check("/a", &[("X-Mode", "1")], "GET /a x-mode:1");
    check("/a", &[("x-mode", "2")], "GET /a x-mode:2");
    check("/a", &[("x-mode", "2"), ("x-mode", "1")], "GET /a x-mode:2");
    check("/a", &[("x-other", "b"), ("x-mode", "1")], "GET /a x-mode:1 x-other:b");
    check("/a", &[("x-other", "B"), ("x-mode", "1")], "GET /a x-mode:1");
    check("/b", &[("x-mode", "1")], "GET /b x-mode:1");
    check("/b", &[("x-mode", "3")], "GET /b");
    check("/a", &[("x-any", "")], "GET /{any} x-any: any=a");
    check("/a", &[("x-mode", "3")], &format!("{NONE}`x-any`, `x-mode`, `x-other`"));
    check("/c", &[], &format!("{NONE}`x-any`"));
    // A method that is not there is no matter of headers.
    assert_eq!(outcome(&router, &head("PUT", "/a", &[])), "405 GET, HEAD, OPTIONS");
}

#[test]
fn one_method_shape_and_set_of_headers_is_one_route() {
    let mut router =
        router(&[("GET", "/a/{b}", &[]), ("GET", "/a/{b...}", &[]), ("GET", "/a", &[("x", "1")])]);
    for (method, path, headers) in
        [("GET", "/a/{c}", &[] as Headers), ("GET", "/a/{c...}", &[]), ("GET", "/a", &[("x", "1")])]
    {
        assert!(router.insert(route(method, path, headers)).is_err(), "{path}");
    }
    for (method, path, headers) in
        [("PUT", "/a/{c}", &[] as Headers), ("GET", "/a", &[]), ("GET", "/a", &[("x", "2")])]
    {
        assert!(router.insert(route(method, path, headers)).is_ok(), "{path}");
    }
}

#[test]
fn a_long_path_is_not_gone_down() {
    let router = gets(&["/{a}/{b}/{c}", "/x/{rest...}"]);
    assert_eq!(get(&router, &"/".repeat(60_000)), "404");
    assert_eq!(get(&router, &"/a".repeat(3_000)), "404");
    assert_eq!(
        get(&router, &format!("/x{}", "/a".repeat(3_000))).len(),
        "GET /x/{rest...} rest=..".len() + 5_999
    );
}

/// What the router is, said in the plainest way: all routes are looked at, and compared one with another.
mod reference {
    use super::*;

    pub(super) fn outcome(routes: &[Route<()>], head: &request::Parts) -> String {
        let path = head.uri.path();
        let asked: Option<Vec<&str>> = segments(path);
        let Some(asked) = asked else {
            return "404".to_owned();
        };
        let wanted = if head.method == Method::HEAD { "GET" } else { head.method.as_str() };
        let at_path: Vec<&Route<()>> = routes.iter().filter(|route| matches(route, &asked)).collect();
        let of_method: Vec<&Route<()>> =
            at_path.iter().copied().filter(|route| route.method == wanted).collect();
        let fitting = of_method.iter().filter(|route| {
            let mut asked = route.headers.iter();
            asked.all(|(name, value)| head.headers.get(*name).is_some_and(|found| found == value))
        });
        if let Some(route) = fitting.min_by_key(|route| rank(route)) {
            return format!("{} {} {:?}", route.method, route.path, route.headers);
        }
        if of_method.iter().any(|route| !route.headers.is_empty()) {
            return "400".to_owned();
        }
        if at_path.is_empty() {
            let shorter = path.strip_suffix('/').filter(|path| *path != "/").and_then(segments);
            let is_known = shorter.is_some_and(|asked| routes.iter().any(|route| matches(route, &asked)));
            return if is_known { "308".to_owned() } else { "404".to_owned() };
        }
        if wanted == "OPTIONS" { "204".to_owned() } else { "405".to_owned() }
    }

    /// The path template of the most specific route at a path.
    pub(super) fn nearest(routes: &[Route<()>], path: &str) -> Option<&'static str> {
        let asked = segments(path)?;
        routes
            .iter()
            .filter(|route| matches(route, &asked))
            .min_by_key(|route| rank(route))
            .map(|route| route.path)
    }

    /// The more specific route has the lower rank.
    fn rank(route: &Route<()>) -> impl Ord + use<> {
        let kinds = shape(route).into_iter().map(|segment| match segment {
            "{}" => 1,
            "{...}" => 2,
            _ => 0,
        });
        (kinds.collect::<Vec<_>>(), Reverse(route.headers.len()), route.headers)
    }

    fn segments(path: &str) -> Option<Vec<&str>> {
        let path = path.strip_prefix('/')?;
        Some(if path.is_empty() { Vec::new() } else { path.split('/').collect() })
    }

    pub(super) fn shape(route: &Route<()>) -> Vec<&str> {
        let path = route.path;
        let segments = segments(path).unwrap();
        let shape = segments.into_iter().map(|segment| match segment {
            _ if segment.ends_with("...}") => "{...}",
            _ if segment.starts_with('{') => "{}",
            _ => segment,
        });
        shape.collect()
    }

    fn matches(route: &Route<()>, asked: &[&str]) -> bool {
        let mut shape = shape(route);
        let takes_rest = shape.pop_if(|segment| *segment == "{...}").is_some();
        let fits = if takes_rest { asked.len() > shape.len() } else { asked.len() == shape.len() };
        fits && asked.iter().all(|segment| !segment.is_empty())
            && shape.iter().zip(asked).all(|(shape, segment)| shape == segment || *shape == "{}")
    }
}

fn pattern() -> impl Strategy<Value = String> {
    let segment = prop_oneof![3 => "[ab]", 2 => "\\{[xy]\\}"];
    (proptest::collection::vec(segment, 0..4), any::<bool>()).prop_map(|(mut segments, has_rest)| {
        // A name stands once in a path; here names matter to nobody.
        for (position, segment) in segments.iter_mut().enumerate() {
            if segment.starts_with('{') {
                *segment = format!("{{{}{position}}}", &segment[1..2]);
            }
        }
        if has_rest {
            segments.push("{rest...}".to_owned());
        }
        format!("/{}", segments.join("/"))
    })
}

fn constraints() -> impl Strategy<Value = Headers> {
    prop_oneof![
        4 => Just(&[] as Headers),
        1 => Just(&[("x", "1")] as Headers),
        1 => Just(&[("x", "2")] as Headers),
        1 => Just(&[("y", "1")] as Headers),
        1 => Just(&[("x", "1"), ("y", "1")] as Headers),
    ]
}

proptest! {
    #[test]
    fn the_router_does_as_the_reference(
        routes in proptest::collection::vec(
            (prop_oneof![Just("GET"), Just("POST"), Just("DELETE")], pattern(), constraints()), 0..12),
        asked in proptest::collection::vec(
            (
                prop_oneof![Just("GET"), Just("HEAD"), Just("POST"), Just("DELETE"), Just("OPTIONS")],
                prop_oneof![4 => "(/[abc]){1,5}", 1 => "(/[ab]?){1,4}", 1 => "(/[abc]){1,3}/"],
                constraints(),
            ),
            1..20,
        ),
    ) {
        let mut router = Router::default();
        let mut kept: Vec<Route<()>> = Vec::new();
        for (method, path, headers) in routes {
            let path: &'static str = Box::leak(path.into_boxed_str());
            let [given, compared] = [(); 2].map(|()| route(method, path, headers));
            let is_new = !kept.iter().any(|present| {
                present.method == method
                    && present.headers == headers
                    && reference::shape(present) == reference::shape(&compared)
            });
            prop_assert_eq!(router.insert(given).is_ok(), is_new, "{} {}", method, path);
            if is_new {
                kept.push(compared);
            }
        }
        for (method, path, headers) in asked {
            let head = head(method, &path, headers);
            let lookup = router.find(&head);
            prop_assert_eq!(
                lookup.nearest.map(|route| router.route(route).path),
                reference::nearest(&kept, &path),
                "{} {}", method, path
            );
            let found = match lookup.result {
                Match::Found(route) => {
                    let route = router.route(route);
                    // The captures are what stands in the path in their place.
                    let filled = route.pattern.captures().fold(route.path.to_owned(), |filled, name| {
                        match route.capture(&path, name).unwrap() {
                            Capture::Segment(text) => filled.replace(&format!("{{{name}}}"), text),
                            Capture::Rest(text) => filled.replace(&format!("{{{name}...}}"), text),
                        }
                    });
                    prop_assert_eq!(filled, path.clone());
                    format!("{} {} {:?}", route.method, route.path, route.headers)
                }
                Match::Redirect { location } => {
                    prop_assert_eq!(format!("{location}/"), path.clone());
                    prop_assert!(!location.starts_with("//"), "{}", location);
                    "308".to_owned()
                }
                Match::BadRequest { .. } => "400".to_owned(),
                Match::MethodNotAllowed { .. } => "405".to_owned(),
                Match::Options { .. } => "204".to_owned(),
                Match::NotFound => "404".to_owned(),
            };
            prop_assert_eq!(found, reference::outcome(&kept, &head), "{} {}", method, path);
        }
    }
}
