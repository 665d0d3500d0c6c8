//! What handlers' attributes say of caches: `etag = true` and `cache = ".."`.

use stario::cookie::Key;
use stario::prelude::*;
use stario::testing::TestResponse;
use stario::{App, Error, Nonce, SecurityHeaders, SetCookie, SignedCookie, handler, query};

use crate::app;

stario::app!(local);
stario::app!(part);
stario::app!(guarded);
stario::app!(sealed);

#[app::query("/page", app = local, etag = true)]
async fn page(#[default(1)] state: QueryParam<u32>) -> Html {
    html! { <p>{"again and ".repeat(100)}{*state}</p> }
}

#[app::query("/json", app = local, etag = true, cache = "private, max-age=60")]
async fn list() -> Json<Vec<u32>> {
    Json(vec![1, 2])
}

#[app::query("/own", app = local, etag = true, cache = "max-age=60")]
async fn own() -> ([(&'static str, &'static str); 2], &'static str) {
    ([("etag", "\"own\""), ("cache-control", "no-cache")], "own")
}

#[app::query("/fails", app = local, etag = true, cache = "public, max-age=60")]
async fn fails(status: QueryParam<u16>) -> Result<Html> {
    Err(Error::new(StatusCode::from_u16(*status)?, "no"))
}

#[app::query("/created", app = local, etag = true, cache = "public, max-age=60")]
async fn created() -> (StatusCode, &'static str) {
    (StatusCode::CREATED, "created")
}

#[app::query("/cookie", app = local, etag = true, cache = "public, max-age=60, s-maxage=600")]
async fn cookie() -> (SetCookie, &'static str) {
    (SetCookie::new("a", "b"), "cookie")
}

#[app::query("/kept-cookie", app = local, cache = "no-store")]
async fn kept_cookie() -> (SetCookie, &'static str) {
    (SetCookie::new("a", "b"), "cookie")
}

#[app::query("/themed", app = local, etag = true, cache = "public, max-age=60, s-maxage=600")]
async fn themed(#[default("light")] theme: Cookie<String>) -> Html {
    html! { <body class={&*theme}></body> }
}

/// What the layout of several pages shows.
struct Layout(String);

#[dependency]
fn layout(cookie: Header<Option<String>>) -> Layout {
    Layout(cookie.0.unwrap_or_default())
}

#[app::query("/framed", app = local, cache = "public, max-age=60")]
async fn framed(layout: &Layout) -> String {
    layout.0.clone()
}

#[app::query("/stated", app = local)]
async fn stated(theme: Cookie<Option<String>>) -> ([(&'static str, &'static str); 1], String) {
    ([("cache-control", "public, max-age=60")], theme.0.unwrap_or_default())
}

#[app::query("/signed", app = sealed)]
async fn signed(user: SignedCookie<Option<u32>>) -> Json<Option<u32>> {
    Json(user.0)
}

#[app::query("/public", app = local, cache = "public, max-age=60")]
async fn public() -> &'static str {
    "public"
}

#[app::query("/nonce", app = part, etag = true, cache = "public, max-age=60")]
async fn with_nonce(nonce: Nonce) -> Html {
    html! { <script nonce={nonce}>"1"</script> }
}

#[app::query("/without", app = part, etag = true, cache = "public, max-age=60")]
async fn without_nonce() -> Html {
    html! { <p>"1"</p> }
}

struct Member;

#[dependency]
fn member(member: Header<Option<String>>) -> Result<Member> {
    member.0.map(|_| Member).ok_or_else(|| Error::new(StatusCode::UNAUTHORIZED, "members only"))
}

#[app::query("/shared", app = guarded, cache = "public, max-age=60")]
async fn shared() -> &'static str {
    "members"
}

#[app::query("/private", app = guarded, cache = "private, max-age=60")]
async fn private() -> &'static str {
    "members"
}

#[handler(etag = true)]
async fn explicit() -> &'static str {
    "explicit"
}

fn client() -> TestClient {
    TestClient::new(local::new())
}

/// The answer to a client that has what `first` is.
fn again(client: &TestClient, path: &str, first: &TestResponse) -> TestResponse {
    client.get(path).header("if-none-match", first.header("etag")).send()
}

#[test]
fn equal_bytes_are_sent_once() {
    let client = client();
    let first = client.get("/page").send();
    assert_eq!(first.status(), 200);
    assert!(first.header("etag").starts_with("W/\""), "{}", first.header("etag"));
    let res = again(&client, "/page", &first);
    assert_eq!((res.status().as_u16(), res.text()), (304, ""));
    assert_eq!(res.header("etag"), first.header("etag"));
    assert_eq!((res.header("content-type"), res.header("content-length")), ("", ""));
    assert!(!res.header("x-request-id").is_empty());
    // Another app, or process, of the same program makes the same tag.
    assert_eq!(again(&self::client(), "/page", &first).status(), 304);
    let other = again(&client, "/page?state=2", &first);
    assert_eq!(other.status(), 200);
    assert_ne!(other.header("etag"), first.header("etag"));
    let with = |tags: &str| client.get("/page").header("if-none-match", tags).send().status().as_u16();
    assert_eq!(with("*"), 304);
    assert_eq!(with(&format!("\"other\", {}", first.header("etag"))), 304);
    // The client may leave out that the tag is weak.
    assert_eq!(with(first.header("etag").strip_prefix("W/").unwrap()), 304);
    assert_eq!(with("\"other\""), 200);
    assert_eq!(with("other"), 200);
}

#[test]
fn head_is_answered_as_get_is() {
    let client = client();
    let first = client.get("/page").send();
    let head = client.request("HEAD".parse().unwrap(), "/page").send();
    assert_eq!(head.header("etag"), first.header("etag"));
    assert_eq!(head.header("content-length"), first.text().len().to_string());
    let head =
        client.request("HEAD".parse().unwrap(), "/page").header("if-none-match", first.header("etag")).send();
    assert_eq!((head.status().as_u16(), head.header("content-length")), (304, ""));
}

#[cfg(feature = "compression")]
#[test]
fn one_tag_is_for_all_codings() {
    let client = client();
    let in_coding = |coding: &str, tag: &str| {
        client.get("/page").header("accept-encoding", coding).header("if-none-match", tag).send()
    };
    let plain = client.get("/page").send();
    assert_eq!(plain.header("vary"), "accept-encoding");
    let zstd = in_coding("zstd", "\"none\"");
    assert_eq!((zstd.header("content-encoding"), zstd.header("vary")), ("zstd", "accept-encoding"));
    assert_eq!(zstd.header("etag"), plain.header("etag"));
    let res = in_coding("gzip", zstd.header("etag"));
    assert_eq!(
        (res.status().as_u16(), res.header("content-encoding"), res.header("vary")),
        (304, "", "accept-encoding")
    );
}

#[test]
fn what_a_response_says_itself_counts() {
    let client = client();
    let res = client.get("/own").send();
    assert_eq!((res.header("etag"), res.header("cache-control")), ("\"own\"", "no-cache"));
    let res = client.get("/own").header("if-none-match", "\"own\"").send();
    assert_eq!((res.status().as_u16(), res.header("cache-control")), (304, "no-cache"));
}

#[test]
fn only_a_success_is_kept() {
    let client = client();
    for status in [404, 500, 503] {
        let res = client.get(format!("/fails?status={status}")).header("if-none-match", "*").send();
        assert_eq!(res.status(), status);
        assert_eq!((res.header("etag"), res.header("cache-control")), ("", ""), "{status}");
    }
    let res = client.get("/created").header("if-none-match", "*").send();
    assert_eq!((res.status().as_u16(), res.header("etag")), (201, ""));
    assert_eq!(res.header("cache-control"), "public, max-age=60");
    let res = client.get("/json").send();
    assert_eq!(res.header("cache-control"), "private, max-age=60");
    let res = again(&client, "/json", &res);
    assert_eq!((res.status().as_u16(), res.header("cache-control")), (304, "private, max-age=60"));
}

#[test]
fn a_response_with_a_cookie_is_private() {
    let client = client();
    let res = client.get("/cookie").send();
    assert_eq!(res.header("cache-control"), "private, max-age=60");
    assert_eq!(again(&client, "/cookie", &res).header("cache-control"), "private, max-age=60");
    assert_eq!(client.get("/kept-cookie").send().header("cache-control"), "no-store");
    assert_eq!(client.get("/public").send().header("cache-control"), "public, max-age=60");
    // A cookie that a layer sets is one, too.
    let cookie = http::HeaderValue::from_static("a=b");
    let layer = tower_http::set_header::SetResponseHeaderLayer::overriding(http::header::SET_COOKIE, cookie);
    let res = TestClient::new(local::new().layer(layer)).get("/public").send();
    assert_eq!(res.header("cache-control"), "private, max-age=60");
}

#[test]
fn a_response_that_depends_on_a_cookie_is_private() {
    let client = client();
    for path in ["/themed", "/framed", "/stated"] {
        // The answer to a client without the cookie depends on it, too.
        for request in [client.get(path), client.get(path).cookie("theme", "dark")] {
            let res = request.send();
            assert_eq!(
                (res.status().as_u16(), res.header("cache-control")),
                (200, "private, max-age=60"),
                "{path}"
            );
            assert!(res.header("vary").split(", ").any(|name| name == "cookie"), "{path}");
        }
    }
    let first = client.get("/themed").send();
    let again = again(&client, "/themed", &first);
    assert_eq!((again.status().as_u16(), again.header("cache-control")), (304, "private, max-age=60"));
    assert!(!client.get("/public").send().header("vary").contains("cookie"));
    let res = TestClient::new(sealed::new().state(Key::derive_from(&[7; 32]))).get("/signed").send();
    assert_eq!(res.header("cache-control"), "private, no-cache");
}

#[test]
fn a_page_with_a_nonce_is_for_one_response() {
    let headers = SecurityHeaders::new().content_security_policy("script-src 'nonce-{nonce}'");
    let client = TestClient::new(part::new().security_headers(headers));
    let res = client.get("/nonce").send();
    assert_eq!((res.header("etag"), res.header("cache-control")), ("", "private, max-age=60"));
    let res = client.get("/without").send();
    assert_eq!(res.header("cache-control"), "public, max-age=60");
    assert_eq!(again(&client, "/without", &res).status(), 304);
}

#[test]
fn what_a_guard_protects_is_for_no_shared_cache() {
    let app = || guarded::new().guard(app::require::<Member>());
    let problems = app().check().unwrap_err().to_string();
    assert!(problems.contains("caching::shared at "), "{problems}");
    assert!(
        problems.contains("has the guard `app::caching::Member`, which a shared cache would not ask: add `private` to `cache = \"public, max-age=60\"`"),
        "{problems}"
    );
    assert!(!problems.contains("caching::private"), "{problems}");
    guarded::new().check().unwrap();
}

#[test]
fn a_handler_without_a_path_has_a_tag_as_a_query() {
    let client = TestClient::new(local::new().route(query::<explicit>("/explicit")));
    let first = client.get("/explicit").send();
    assert_eq!(again(&client, "/explicit", &first).status(), 304);
    let app: App = local::new().route(stario::command::<explicit>("/explicit"));
    let problems = app.check().unwrap_err().to_string();
    assert!(
        problems.contains("`etag` and `cache` are for queries: nothing keeps the answer to a command"),
        "{problems}"
    );
}
