//! Apps made of apps: several in a crate, under prefixes, by host; handlers that the app is given.

use http::Method;
use stario::prelude::*;
use stario::{App, AppHandle, MatchedPath, Warnings};

use crate::app;

stario::app!(local);
stario::app!(admin);
stario::app!(api);
stario::app!(empty);

#[app::query("/", app = local)]
async fn home() -> Html {
    html! { <a href={users::url()}>"Users"</a><a href={user::url(7)}>"User 7"</a><a href={admin_home::url()}>"Admin"</a> }
}

#[app::query("/where", app = local)]
async fn whereabouts(app: AppHandle) -> String {
    app.routes().map(|route| route.to_string()).collect::<Vec<_>>().join(", ")
}

#[app::query("/", app = admin)]
async fn admin_home(path: MatchedPath) -> String {
    path.to_string()
}

#[app::query("/users", app = admin)]
async fn users() -> &'static str {
    "users"
}

#[app::query("/users/{id}", app = admin)]
async fn user(id: PathParam<u32>, path: MatchedPath) -> String {
    format!("{path} of {id}: {}", user::url(8).as_str())
}

#[app::query("/live", app = admin)]
async fn live() -> impl Stream<Item = Event> {
    stream! {
        yield html! { <a id="link" href={user::url(1)}>"first"</a> };
        // The stream is polled again, as another part of the response.
        tokio::task::yield_now().await;
        yield html! { <a id="link" href={user::url(2)}>"second"</a> };
    }
}

mod inner {
    // The same path in another app, and an app that is named by its path: neither is a duplicate.
    #[crate::app::query("/users", app = crate::composition::api)]
    async fn users() -> &'static str {
        "users of the API"
    }
}

fn get(client: &TestClient, path: &str) -> String {
    let res = client.get(path).send();
    format!("{} {}", res.status().as_u16(), res.text())
}

#[test]
fn a_nested_app_is_below_its_prefix() {
    let client = TestClient::new(local::new().nest("/shop/admin", admin::new()));
    assert_eq!(get(&client, "/shop/admin"), "200 /shop/admin");
    assert_eq!(get(&client, "/shop/admin/users"), "200 users");
    assert_eq!(get(&client, "/shop/admin/users/7"), "200 /shop/admin/users/{id} of 7: /shop/admin/users/8");
    assert_eq!(get(&client, "/users"), "404 Not Found");
    let res = client.get("/shop/admin/").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (308, "/shop/admin"));
    assert_eq!(
        get(&client, "/"),
        r#"200 <a href="/shop/admin/users">Users</a><a href="/shop/admin/users/7">User 7</a><a href="/shop/admin">Admin</a>"#
    );
}

#[test]
fn nesting_goes_on() {
    let inner = api::new().nest("/b", admin::new());
    let client = TestClient::new(local::new().nest("/a", inner));
    assert_eq!(get(&client, "/a/users"), "200 users of the API");
    assert_eq!(get(&client, "/a/b/users/7"), "200 /a/b/users/{id} of 7: /a/b/users/8");
}

#[test]
fn each_app_links_to_its_own_prefix() {
    let [a, b] = ["/a", "/b"].map(|prefix| TestClient::new(local::new().nest(prefix, admin::new())));
    let alone = TestClient::new(admin::new());
    for _ in 0..2 {
        assert_eq!(get(&a, "/a/users/7"), "200 /a/users/{id} of 7: /a/users/8");
        assert_eq!(get(&b, "/b/users/7"), "200 /b/users/{id} of 7: /b/users/8");
        assert_eq!(get(&alone, "/users/7"), "200 /users/{id} of 7: /users/8");
    }
    for (client, prefix) in [(&a, "/a"), (&b, "/b"), (&alone, "")] {
        let events = client.get(format!("{prefix}/live")).send().events();
        assert_eq!(events[0].elements(), format!(r#"<a id="link" href="{prefix}/users/1">first</a>"#));
        assert_eq!(events[1].elements(), format!(r#"<a id="link" href="{prefix}/users/2">second</a>"#));
    }
}

#[test]
fn hosts_have_apps_of_their_own() {
    let app = local::new().host("API.example.com", api::new()).host("*.example.com", admin::new());
    let client = TestClient::new(app);
    let ask = |host: &'static str, path: &str| {
        let res = client.get(path).header("host", host).send();
        format!("{} {}", res.status().as_u16(), res.text())
    };
    assert_eq!(ask("api.example.com", "/users"), "200 users of the API");
    assert_eq!(ask("www.example.com:8000", "/users"), "200 users");
    assert_eq!(ask("api.example.com", "/"), "404 Not Found");
    assert_eq!(ask("example.com", "/users"), "404 Not Found");
    assert_eq!(
        ask("localhost", "/where"),
        "200 GET /, GET /where, GET *.example.com/, GET *.example.com/live, GET *.example.com/users, \
         GET *.example.com/users/{id}, GET api.example.com/users"
    );
}

#[test]
fn hosts_can_share_an_app() {
    let app = local::new().host("a.example", admin::new()).host("b.example", admin::new());
    let client = TestClient::new(app);
    for host in ["a.example", "b.example"] {
        let res = client.get("/users/7").header("host", host).send();
        assert_eq!(res.text(), "/users/{id} of 7: /users/8", "{host}");
    }
    assert_eq!(
        problems(
            local::new()
                .host("a.example", admin::new())
                .host("b.example", api::new().nest("/b", admin::new()))
        ),
        [
            "`app::composition::admin` is part of this app twice, at `/` and at `/b`: its links could lead to one only"
        ]
    );
}

#[handler]
async fn search(q: QueryParam<String>, in_what: PathParam<String>) -> Html {
    html! { <p>{q}" in "{in_what}</p> }
}

#[handler]
async fn replace(id: PathParam<u32>, body: RawBody<String>) -> String {
    format!("{id}: {}", body.0)
}

#[handler(detached)]
async fn import(id: PathParam<u32>) -> Result<()> {
    let _ = id;
    Ok(())
}

mod handlers {
    use stario::prelude::*;

    #[handler]
    pub(crate) async fn elsewhere(body: RawBody<String>, name: Signal<String>) -> String {
        body.0 + &name.0
    }
}

#[test]
fn handlers_are_given_to_the_app() {
    let app = empty::new()
        .route(query::<search>("/search/{in_what}"))
        .route(query::<search>("/search/{in_what}/again").header("X-Mode", "a"))
        .route(command::<replace>("/items/{id}").method("PUT"))
        .route(detached_command::<import>("/items/{id}"));
    let nested = local::new().nest("/explicit", app);
    let client = TestClient::new(nested);
    assert_eq!(get(&client, "/explicit/search/books?q=cats"), "200 <p>cats in books</p>");
    let res = client.get("/explicit/search/books/again?q=cats").header("x-mode", "a").send();
    assert_eq!(res.text(), "<p>cats in books</p>");
    assert_eq!(client.get("/explicit/search/books/again?q=cats").send().status(), 400);
    assert_eq!(client.request(Method::PUT, "/explicit/items/7").body("text").send().text(), "7: text");
    assert_eq!(client.post("/explicit/items/7").send().status(), 204);
    assert_eq!(client.post("/explicit/items/x").send().status(), 422);
}

#[handler(
    layer = tower::util::MapResponseLayer::new(|res: Response| (StatusCode::IM_A_TEAPOT, res).into_response()),
    body_limit = 4,
)]
async fn with_options(body: RawBody<String>) -> String {
    body.0
}

#[handler(detached, body_limit = 4)]
async fn detached_with_options(_body: RawBody<String>) {}

#[test]
fn handlers_take_options_that_are_not_their_routes() {
    let app = local::new()
        .route(command::<with_options>("/options"))
        .route(command::<with_options>("/options/again"))
        .route(detached_command::<detached_with_options>("/options/detached"));
    let client = TestClient::new(app);
    for path in ["/options", "/options/again"] {
        assert_eq!(client.post(path).body("four").send().status(), 418);
    }
    for (body, status) in [("four", 204), ("fives", 413)] {
        assert_eq!(client.post("/options/detached").body(body).send().status(), status);
    }
}

#[tokio::test]
async fn handlers_stay_functions() {
    let html = search(QueryParam("a".to_owned()), stario::PathParam("b".to_owned())).await;
    assert_eq!(html.as_str(), "<p>a in b</p>");
}

/// The lines that an app reports, without the first, and with the line numbers taken out.
fn problems(app: stario::App) -> Vec<String> {
    let text = app.check().unwrap_err().to_string();
    let lines = text.lines().skip(1).map(|line| match line.rsplit_once(".rs:") {
        Some((before, after)) => {
            format!("{before}.rs{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
        }
        None => line.to_owned(),
    });
    lines.map(|line| line.trim_start().replace("stario/tests/", "")).collect()
}

#[test]
fn given_handlers_are_checked_against_their_paths() {
    let app = empty::new()
        .route(query::<search>("/search"))
        .route(query::<search>("/{in_what}/{more}"))
        .route(query::<replace>("/items/{id}"))
        .route(command::<handlers::elsewhere>("/both"))
        .route(command::<handlers::elsewhere>("/both").method("DELETE"))
        .route(query::<search>("search/{in_what}"))
        .route(query::<search>("/a/{in_what}/"))
        .route(query::<search>("/a//{in_what}"))
        .route(query::<search>("/a-{in_what}"))
        .route(query::<search>("/{in_what...}/a"))
        .route(query::<search>("/../{in_what}"))
        .route(query::<search>("/%/{in_what}"))
        .route(query::<search>("/a b/{in_what}"))
        .route(query::<search>("/{in_what}").method("POST"))
        .route(command::<replace>("/{id}").method("put"))
        .route(command::<replace>("/{id}").header("a b", "c"))
        .route(command::<replace>("/{id}").header("a", "b").header("A", "c"));
    let search = "app::composition::search at app/composition.rs";
    let replace = "app::composition::replace at app/composition.rs";
    let elsewhere = "app::composition::handlers::elsewhere at app/composition.rs";
    assert_eq!(
        problems(app),
        [
            format!("`search/{{in_what}}` is no path template: it does not begin with `/`, for {search}"),
            format!(
                "`/a/{{in_what}}/` is no path template: it ends in `/`; requests that do are redirected, for {search}"
            ),
            format!("`/a//{{in_what}}` is no path template: it has an empty segment, for {search}"),
            format!(
                "`/a-{{in_what}}` is no path template: `a-{{in_what}}` mixes text and braces; a capture is a whole segment, for {search}"
            ),
            format!(
                "`/{{in_what...}}/a` is no path template: `{{in_what...}}` does not stand last, for {search}"
            ),
            format!(
                "`/../{{in_what}}` is no path template: browsers resolve `..` before they ask, for {search}"
            ),
            format!(
                "`/%/{{in_what}}` is no path template: `%` has a `%` that begins no escape of a character, for {search}"
            ),
            format!(
                "`/a b/{{in_what}}` is no path template: ` ` does not belong in it; write it percent-encoded as a browser sends it, for {search}"
            ),
            format!("`POST` cannot be the method: a query only reads, by GET or QUERY, for {search}"),
            format!("`put` cannot be the method: methods are written in capitals, for {replace}"),
            format!("`a b: c` is no header, for {replace}"),
            format!("the header `a` is asked for twice, for {replace}"),
            "the body of /both can be read once, and is read twice:".to_owned(),
            elsewhere.to_owned(),
            elsewhere.to_owned(),
            format!("{replace} reads the body, which a query has none of: /items/{{id}}"),
            format!("`/search` has no `{{in_what}}`, which {search} takes"),
            format!(
                "`/{{in_what}}/{{more}}` has `{{more}}`, which {search} does not take; add `more: PathParam<..>` to it"
            ),
        ]
    );
}

#[test]
fn what_cannot_be_composed_is_told() {
    let app = local::new()
        .nest("/{tenant}", empty::new())
        .nest("admin", admin::new())
        .nest("/", api::new())
        .nest("/a", admin::new())
        .nest("/b", empty::new().host("example.com", api::new()))
        .host("*", empty::new())
        .host("example.com:80", empty::new());
    let found = problems(app);
    let expected = [
        "`/{tenant}` is not a prefix for an app: links could not fill its captures; write literal segments",
        "`admin` is not a prefix for an app: it does not begin with `/`",
        "`/` is not a prefix for an app: it adds nothing; use `merge`",
        "`app::composition::admin` is part of this app twice, at `admin` and at `/a`: its links could lead to one only",
        "the app under `/b` answers for `example.com`: hosts are given to the app that is served",
        "`*` is not a host for an app: `*` is every host, for which the app itself answers",
        "`example.com:80` is not a host for an app: write it without a port, such as `api.example.com`, `*.example.com` or `[::1]`",
    ];
    for problem in expected {
        assert!(found.iter().any(|line| line == problem), "{problem}\n{found:#?}");
    }
}

#[test]
fn an_app_that_is_there_twice_is_reported_once() {
    assert_eq!(
        problems(local::new().merge(local::new())),
        [
            "`app::composition::local` is part of this app twice, at `/` and at `/`: its links could lead to one only"
        ]
    );
}

#[test]
fn an_app_with_a_name_and_no_handlers_says_how_to_give_it_some() {
    assert_eq!(
        problems(empty::new()),
        [
            "`app::composition::empty` has no handler; annotate one with #[app::query(\"/\", app = empty)], or merge the app of the crate that has them"
        ]
    );
}

/// The rest of the app would hide it: nothing but 404 tells that handlers did not name their app.
#[test]
fn a_part_without_handlers_is_reported_too() {
    let empty_part = "`app::composition::empty` has no handler; annotate one with #[app::query(\"/\", app = empty)], or merge \
         the app of the crate that has them";
    assert_eq!(problems(local::new().merge(empty::new())), [empty_part]);
    assert_eq!(problems(local::new().nest("/a", empty::new())), [empty_part]);
    assert_eq!(problems(local::new().host("a.example", empty::new())), [empty_part]);
    assert_eq!(problems(api::new().nest("/a", empty::new().merge(empty::new()))).len(), 2);
    // One that only holds others is none.
    let check = |app: App| app.known_ids(["link"]).check();
    assert_eq!(check(empty::new().nest("/a", admin::new())), Ok(Warnings::default()));
    assert_eq!(
        check(local::new().nest("/a", empty::new().nest("/b", admin::new()))),
        Ok(Warnings::default())
    );
    assert_eq!(
        check(local::new().nest("/a", empty::new().route(detached_command::<import>("/{id}")))),
        Ok(Warnings::default())
    );
}

#[test]
fn the_routes_are_listed_in_order() {
    let routes = local::new().nest("/admin", admin::new()).routes();
    let shown: Vec<String> = routes.iter().map(|route| format!("{} {route}", route.kind())).collect();
    assert_eq!(
        shown,
        [
            "query GET /",
            "query GET /admin",
            "query GET /admin/live",
            "query GET /admin/users",
            "query GET /admin/users/{id}",
            "query GET /where"
        ]
    );
    assert_eq!(routes[4].handler(), "app::composition::user");
    assert!(routes[4].place().0.ends_with("app/composition.rs"));
}
