//! The settings of an app that is made of apps: those of a part hold for its routes, and below its prefix or host.

use stario::prelude::*;
use stario::{App, Limits, SecurityHeaders};

use crate::app;

stario::app!(local);
stario::app!(inner);
stario::app!(other);
stario::app!(catch_all);

#[app::query("/", app = local)]
async fn home() -> &'static str {
    "home"
}

#[app::query("/{section}/{page}", app = local)]
async fn page_of_the_outer_app(section: PathParam<String>, page: PathParam<String>) -> String {
    format!("{page} in {section}")
}

#[app::query("/page", app = inner)]
async fn page() -> &'static str {
    "page"
}

#[app::command("/save", app = inner)]
async fn save(body: RawBody<Vec<u8>>) -> String {
    body.len().to_string()
}

#[app::query("/inner/literal", app = other)]
async fn below_the_prefix() -> &'static str {
    "never found"
}

#[app::query("/{path...}", app = catch_all)]
async fn every_path(path: PathParam<String>) -> String {
    format!("{path} of the outer app")
}

/// An app whose every answer names it, in a header and in its page for what is not found.
fn named(app: App, name: &'static str) -> App {
    app.security_headers(SecurityHeaders::new().referrer_policy(name))
        .on_status(404, move |_, _| format!("{name} has no such page"))
}

/// The status, the name in the header, and the text.
fn ask(client: &TestClient, host: &'static str, path: &str) -> String {
    let response = client.get(path).header("host", host).send();
    let name = response.header("referrer-policy");
    format!("{} {name}: {}", response.status().as_u16(), response.text())
}

#[test]
fn settings_hold_below_the_prefix_of_their_part() {
    let client = TestClient::new(named(local::new(), "outer").nest("/inner", named(inner::new(), "nested")));
    assert_eq!(ask(&client, "localhost", "/"), "200 outer: home");
    assert_eq!(ask(&client, "localhost", "/inner/page"), "200 nested: page");
    assert_eq!(ask(&client, "localhost", "/inner/nowhere"), "404 nested: nested has no such page");
    assert_eq!(ask(&client, "localhost", "/nowhere"), "404 outer: outer has no such page");
    assert_eq!(ask(&client, "localhost", "/innermost"), "404 outer: outer has no such page");
}

#[test]
fn settings_hold_for_the_host_of_their_part() {
    let app = named(local::new(), "outer").host("in.example", named(inner::new(), "hosted"));
    let client = TestClient::new(app);
    assert_eq!(ask(&client, "localhost", "/"), "200 outer: home");
    assert_eq!(ask(&client, "in.example", "/page"), "200 hosted: page");
    assert_eq!(ask(&client, "in.example", "/"), "404 hosted: hosted has no such page");
    assert_eq!(ask(&client, "localhost", "/page"), "404 outer: outer has no such page");
}

#[test]
fn settings_of_a_merged_app_hold_for_its_routes() {
    let client = TestClient::new(named(local::new(), "outer").merge(named(inner::new(), "merged")));
    assert_eq!(ask(&client, "localhost", "/"), "200 outer: home");
    assert_eq!(ask(&client, "localhost", "/page"), "200 merged: page");
    assert_eq!(ask(&client, "localhost", "/nowhere"), "404 outer: outer has no such page");
}

#[test]
fn a_part_without_a_setting_has_that_of_the_app_around_it() {
    let save = |inner: App| {
        let client = TestClient::new(local::new().body_limit(3).nest("/inner", inner));
        client.post("/inner/save").body("12345").send().status().as_u16()
    };
    assert_eq!(save(inner::new()), 413);
    assert_eq!(save(inner::new().body_limit(5)), 200);
    assert_eq!(save(inner::new().body_limit(4)), 413);
}

#[test]
fn settings_of_the_server_belong_to_the_app_that_is_served() {
    let given = || inner::new().limits(Limits::default()).allowed_hosts(["in.example"]).detached_limit(7);
    for app in [
        local::new().merge(given()),
        local::new().nest("/inner", given()),
        local::new().host("in.example", given()),
    ] {
        let problems = app.check().unwrap_err().to_string();
        for setting in ["limits", "allowed_hosts", "detached_limit"] {
            let problem = format!(
                "`{setting}` of the app of `app::parts::inner` belongs to the app that is served: give it to that one"
            );
            assert!(problems.contains(&problem), "{problems}");
        }
    }
    given().check().unwrap();
}

#[test]
fn captures_of_an_outer_app_find_nothing_below_the_prefix_of_a_part() {
    let alone = TestClient::new(local::new());
    assert_eq!(alone.get("/inner/nowhere").send().text(), "nowhere in inner");
    let client = TestClient::new(local::new().nest("/inner", inner::new()));
    assert_eq!(client.get("/inner/nowhere").send().status(), 404);
    assert_eq!(client.get("/inner/page").send().text(), "page");
    assert_eq!(client.get("/innermost/page").send().text(), "page in innermost");
    let client = TestClient::new(catch_all::new().nest("/inner", inner::new()));
    assert_eq!(client.get("/inner/nowhere/at/all").send().status(), 404);
    assert_eq!(client.get("/inner/page").send().text(), "page");
    assert_eq!(client.get("/other/page").send().text(), "other/page of the outer app");
}

#[test]
fn a_route_that_no_request_finds_is_a_problem() {
    let problems = other::new().nest("/inner", inner::new()).check().unwrap_err().to_string();
    let problem = "`/inner/literal` is below `/inner`, where the app of `app::parts::inner` answers, and is not of that app: \
         app::parts::below_the_prefix at ";
    assert!(problems.contains(problem), "{problems}");
}

/// A service that says by which path it was found.
fn service() -> axum::Router {
    axum::Router::new().fallback(async |uri: http::Uri| format!("service at {uri}"))
}

#[test]
fn a_service_of_the_outer_app_answers_nothing_for_the_host_of_a_part() {
    let outer = named(local::new().mount("/", service()).mount("/in", service()), "outer");
    let client = TestClient::new(outer.host("in.example", named(inner::new(), "hosted")));
    assert_eq!(ask(&client, "localhost", "/nowhere"), "200 outer: service at /nowhere");
    assert_eq!(ask(&client, "localhost", "/in/x"), "200 outer: service at /x");
    assert_eq!(ask(&client, "in.example", "/page"), "200 hosted: page");
    assert_eq!(ask(&client, "in.example", "/nowhere"), "404 hosted: hosted has no such page");
    assert_eq!(ask(&client, "in.example", "/in/x"), "404 hosted: hosted has no such page");
}

#[test]
fn a_service_of_a_part_answers_for_its_host_alone() {
    let hosted = || named(inner::new().mount("/in", service()), "hosted");
    let app = named(local::new().mount("/in", service()), "outer").host("in.example", hosted());
    let client = TestClient::new(app.host("*.in.example", hosted()));
    assert_eq!(ask(&client, "localhost", "/in/x"), "200 outer: service at /x");
    for host in ["in.example", "deep.in.example"] {
        assert_eq!(ask(&client, host, "/in/x"), "200 hosted: service at /x");
        assert_eq!(ask(&client, host, "/nowhere"), "404 hosted: hosted has no such page");
    }
    let twice = inner::new().mount("/in", service()).mount("/in", service());
    let problems = local::new().host("in.example", twice).check().unwrap_err().to_string();
    assert!(problems.contains("two services are mounted at `/in/`"), "{problems}");
}

#[test]
fn a_service_of_the_outer_app_answers_nothing_below_the_prefix_of_a_part() {
    let outer = || named(local::new().mount("/", service()), "outer");
    let client = TestClient::new(outer().nest("/inner", named(inner::new(), "nested")));
    assert_eq!(ask(&client, "localhost", "/nowhere"), "200 outer: service at /nowhere");
    assert_eq!(ask(&client, "localhost", "/inner/page"), "200 nested: page");
    assert_eq!(ask(&client, "localhost", "/inner/nowhere"), "404 nested: nested has no such page");
    // The part's own service does.
    let client = TestClient::new(outer().nest("/inner", named(inner::new().mount("/", service()), "nested")));
    assert_eq!(ask(&client, "localhost", "/inner/page"), "200 nested: page");
    assert_eq!(ask(&client, "localhost", "/inner/nowhere"), "200 nested: service at /nowhere");
    assert_eq!(ask(&client, "localhost", "/nowhere"), "200 outer: service at /nowhere");
}

#[test]
fn a_service_that_no_request_finds_is_a_problem() {
    for path in ["/inner", "/inner/deeper"] {
        let problems =
            local::new().mount(path, service()).nest("/inner", inner::new()).check().unwrap_err().to_string();
        let problem = format!(
            "a service is mounted at `{path}`, below `/inner`, where the app of `app::parts::inner` answers: mount it on that app, \
             at stario/tests/app/parts.rs:"
        );
        assert!(problems.contains(&problem), "{problems}");
    }
    local::new().mount("/innermost", service()).nest("/inner", inner::new()).check().unwrap();
}
