//! Routing as handlers have it: verbs, headers, the rest of a path, and what is answered without a handler.

use http::Method;
use stario::prelude::*;

use crate::app;

stario::app!(local);

#[app::query("/files/{path...}", app = local)]
async fn file(path: PathParam<String>) -> String {
    path.0
}

#[app::query("/segments/{path...}", app = local)]
async fn segments(path: PathParam<Vec<String>>) -> String {
    path.join(" | ")
}

#[app::query("/numbers/{of...}", app = local)]
async fn numbers(of: PathParam<Vec<u8>>) -> u8 {
    of.iter().sum()
}

#[app::query("/users/{id}", app = local)]
async fn user(id: PathParam<u8>, matched: stario::MatchedPath) -> String {
    format!("{matched} of {id}")
}

#[app::command("/users/{id}", app = local, method = PUT)]
async fn put_user(id: PathParam<u8>, name: Signal<String>) -> String {
    format!("{id} is {name}")
}

#[app::command("/users/{id}", app = local, method = DELETE)]
async fn delete_user(id: PathParam<u8>, reason: Signal<String>, body: RawBody<String>) -> String {
    format!("{id} is gone, {reason}: {}", body.0)
}

#[app::detached_command("/users/{id}", app = local, method = PATCH)]
async fn patch_user(id: PathParam<u8>) {
    let _ = id;
}

#[app::query("/users/{id}", app = local, method = QUERY)]
async fn query_user(id: PathParam<u8>, question: RawBody<String>) -> String {
    format!("{id}: {}", question.0)
}

#[app::command("/cache", app = local, method = "X-PURGE")]
async fn purge() {}

#[app::query("/mode", app = local, headers("X-Mode" = "a"))]
async fn mode_a() -> &'static str {
    "a"
}

#[app::query("/mode", app = local, headers("x-mode" = "b"))]
async fn mode_b() -> &'static str {
    "b"
}

#[app::query("/mode", app = local, headers("X-Mode" = "b", "Accept" = "x/y"))]
async fn mode_b_and_more() -> &'static str {
    "b, x/y"
}

fn client() -> TestClient {
    TestClient::new(local::new())
}

fn check(method: &str, path: &str, status: u16, text: &str) {
    let res = client().request(method.parse::<Method>().unwrap(), path).send();
    assert_eq!((res.status().as_u16(), res.text()), (status, text), "{method} {path}");
}

#[test]
fn the_rest_is_text_or_a_list_decoded_once() {
    check("GET", "/files/a/b%20c", 200, "a/b c");
    check("GET", "/files/a%2Fb", 200, "a/b");
    check("GET", "/segments/a%2Fb/%252F", 200, "a/b | %2F");
    check("GET", "/segments/a", 200, "a");
    check("GET", "/numbers/1/%32", 200, "3");
    check("GET", "/numbers/1/x", 422, "invalid path parameter `of`: expected a whole number from 0 to 255");
    check("GET", "/files", 404, "Not Found");
    check("GET", "/files/a//b", 404, "Not Found");
}

#[test]
fn links_fill_the_rest() {
    assert_eq!(file::url("a/b c").as_str(), "/files/a/b%20c");
    assert_eq!(segments::url(["a/b", "c"]).as_str(), "/segments/a%2Fb/c");
    assert_eq!(numbers::url(vec![1, 2]).as_str(), "/numbers/1/2");
    assert_eq!(numbers::url(&[1, 2][..]).as_str(), "/numbers/1/2");
    // None of these leads out of its place, or to another host.
    assert_eq!(file::url("").as_str(), "/files/%EF%BF%BD");
    assert_eq!(file::url("../a").as_str(), "/files/%EF%BF%BD/a");
    assert_eq!(segments::url(["", "a"]).as_str(), "/segments/%EF%BF%BD/a");
}

#[test]
fn an_empty_segment_of_the_rest_survives_the_round_trip() {
    for (path, url) in [
        ("/a", "/files/%2Fa"),
        ("a/", "/files/a%2F"),
        ("/", "/files/%2F"),
        ("a/b//c/d", "/files/a/b%2F%2Fc/d"),
        ("//evil.example", "/files/%2F%2Fevil.example"),
        ("a///", "/files/a%2F%2F%2F"),
    ] {
        assert_eq!(file::url(path).as_str(), url);
        check("GET", url, 200, path);
    }
}

#[app::query("/café/{name}", app = local)]
async fn in_unicode(name: PathParam<String>) -> String {
    name.0
}

#[app::query("/%63af%c3%a9", app = local)]
async fn in_escapes() -> &'static str {
    "in escapes"
}

#[test]
fn a_literal_is_matched_in_every_equivalent_escape() {
    assert_eq!(in_unicode::url("é").as_str(), "/caf%C3%A9/%C3%A9");
    for path in
        ["/caf%C3%A9/x", "/caf%c3%a9/x", "/café/x", "/%63%61%66%c3%A9/x", in_unicode::url("x").as_str()]
    {
        check("GET", path, 200, "x");
    }
    for path in ["/caf%C3%A9", "/caf%c3%a9", "/café", in_escapes::url().as_str()] {
        check("GET", path, 200, "in escapes");
    }
    check("GET", "/%6dode", 400, &format!("{BY_HEADERS}`accept`, `x-mode`"));
    check("GET", "/files%2Fa", 404, "Not Found");
    let res = client().get("/caf%C3%A9/x/").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (308, "/caf%C3%A9/x"));
}

/// What surrounds a route must surround it under all of its names.
#[test]
fn prefixes_of_layers_and_services_are_matched_in_every_escape() {
    let refuse = tower_http::validate_request::ValidateRequestHeaderLayer::accept("x/none");
    let inner = axum::Router::new().route("/{x}", axum::routing::get(async |uri: http::Uri| uri.to_string()));
    let app = local::new().layer_at("/caf%C3%A9", refuse).mount("/caf%c3%a9s", inner);
    let client = TestClient::new(app);
    let status = |path| client.get(path).header("accept", "text/html").send().status().as_u16();
    for path in ["/café/x", "/caf%C3%A9/x", "/%63af%c3%a9/x", "/c%61f%C3%A9/nowhere"] {
        assert_eq!(status(path), 406, "{path}");
    }
    assert_eq!(status("/users/7"), 200);
    assert_eq!(client.get("/c%61fés/%61?b").send().text(), "/%61?b");
}

#[test]
fn equivalent_templates_are_a_conflict() {
    let twice = local::new().route(stario::query::<by_hand>("/c%61f%C3%A9"));
    let problems = twice.check().unwrap_err().to_string();
    assert!(problems.contains("GET /c%61f%C3%A9 is answered twice:"), "{problems}");
}

#[handler]
async fn by_hand() {}

#[test]
fn a_handler_has_the_method_it_names() {
    check("GET", "/users/7", 200, "/users/{id} of 7");
    let put = client().request(Method::PUT, "/users/7").signals(&json!({ "name": "Ada" })).send();
    assert_eq!(put.text(), "7 is Ada");
    check("PATCH", "/users/7", 204, "");
    let query = client().request("QUERY".parse().unwrap(), "/users/7").body("who?").send();
    assert_eq!(query.text(), "7: who?");
    check("X-PURGE", "/cache", 204, "");
    let res = client().post("/users/7").send();
    assert_eq!(res.status(), 405);
    assert_eq!(res.header("allow"), "DELETE, GET, HEAD, OPTIONS, PATCH, PUT, QUERY");
}

/// As Datastar sends them; so the body is free for others.
#[test]
fn signals_of_delete_are_in_the_query() {
    let delete = client().request(Method::DELETE, "/users/7").signals(&json!({ "reason": "left" }));
    assert_eq!(delete.body("bye").send().text(), "7 is gone, left: bye");
}

#[test]
fn actions_have_the_handler_s_method() {
    assert_eq!(put_user::action(7).to_string(), "@put('/users/7')");
    assert_eq!(delete_user::action(7).to_string(), "@delete('/users/7')");
    assert_eq!(patch_user::action(7).to_string(), "@patch('/users/7')");
    assert_eq!(purge::url().as_str(), "/cache");
}

/// What is said where headers decide and none fits.
const BY_HEADERS: &str = "the routes at this path are told apart by headers, and none takes what these are: ";

#[test]
fn headers_tell_handlers_apart() {
    let ask = |headers: &[(&str, &'static str)]| {
        let request = client().get("/mode");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, *value));
        let res = request.send();
        format!("{} {}", res.status().as_u16(), res.text())
    };
    assert_eq!(ask(&[("x-mode", "a")]), "200 a");
    assert_eq!(ask(&[("X-MODE", "b")]), "200 b");
    assert_eq!(ask(&[("x-mode", "b"), ("accept", "x/y")]), "200 b, x/y");
    let refusal = format!("400 {BY_HEADERS}`accept`, `x-mode`");
    assert_eq!(ask(&[]), refusal);
    assert_eq!(ask(&[("x-mode", "<script>")]), refusal);
}

/// A cache must not give the answer to one header for another, nor a refusal.
#[test]
fn what_headers_decide_says_so_to_caches() {
    let vary = |method: Method, path: &str, mode: &'static str| {
        let res = client().request(method, path).header("x-mode", mode).send();
        format!("{} {:?}", res.status().as_u16(), res.headers().get("vary"))
    };
    let both = r#"Some("accept, x-mode")"#;
    assert_eq!(vary(Method::GET, "/mode", "a"), format!("200 {both}"));
    assert_eq!(vary(Method::HEAD, "/mode", "b"), format!("200 {both}"));
    assert_eq!(vary(Method::GET, "/mode", "c"), format!("400 {both}"));
    assert_eq!(vary(Method::PUT, "/mode", "a"), "405 None");
    assert_eq!(vary(Method::GET, "/users/7", "a"), "200 None");
}

#[test]
fn options_and_redirects_are_answered_without_a_handler() {
    let res = client().request(Method::OPTIONS, "/mode").send();
    assert_eq!((res.status().as_u16(), res.header("allow"), res.text()), (204, "GET, HEAD, OPTIONS", ""));
    let res = client().request(Method::OPTIONS, "*").send();
    assert_eq!(
        (res.status().as_u16(), res.header("allow")),
        (204, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT, QUERY, X-PURGE")
    );
    let res = client().get("/users/7/?a=b").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (308, "/users/7?a=b"));
    check("GET", "/users/7%", 400, "the path has a `%` that is not followed by two hex digits");
    check("GET", "/nowhere/%00", 400, "the path has a NUL, `%00`, which no text has");
}
