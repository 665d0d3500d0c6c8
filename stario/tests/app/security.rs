//! What an app refuses by itself: commands of other sites' pages, and scripts that are not its own.

use stario::prelude::*;
use stario::{App, Nonce, SameOrigin, SecurityHeaders};

use crate::app;

stario::app!(local);

#[app::query("/", app = local)]
async fn home() -> Html {
    html! { <p>"home"</p> }
}

#[app::command("/buy", app = local)]
async fn buy() -> &'static str {
    "bought"
}

#[app::command("/cart", app = local, method = DELETE)]
async fn empty() -> &'static str {
    "emptied"
}

#[app::query("/search", app = local, method = QUERY)]
async fn search() -> &'static str {
    "found"
}

#[app::query("/own-policy", app = local)]
async fn own_policy() -> Response {
    let mut response = StatusCode::OK.into_response();
    response
        .headers_mut()
        .insert("content-security-policy", http::HeaderValue::from_static("default-src 'none'"));
    response.headers_mut().insert("x-frame-options", http::HeaderValue::from_static("SAMEORIGIN"));
    response
}

type Headers<'a> = &'a [(&'a str, &'a str)];

fn send(same_origin: Option<SameOrigin>, method: &str, path: &str, headers: Headers<'_>) -> (u16, String) {
    let app = match same_origin {
        Some(same_origin) => local::new().same_origin(same_origin),
        None => local::new(),
    };
    let request = TestClient::new(app).request(method.parse().unwrap(), path);
    let res = headers.iter().fold(request, |request, (name, value)| request.header(name, *value)).send();
    (res.status().as_u16(), res.text().to_owned())
}

#[test]
fn commands_of_pages_of_other_origins_are_refused() {
    let check = |headers: Headers<'_>, status: u16| {
        assert_eq!(send(None, "POST", "/buy", headers).0, status, "{headers:?}");
    };
    check(&[], 200);
    check(&[("sec-fetch-site", "same-origin")], 200);
    check(&[("sec-fetch-site", "none")], 200);
    check(&[("sec-fetch-site", "same-site")], 403);
    check(&[("sec-fetch-site", "cross-site")], 403);
    check(&[("sec-fetch-site", "")], 403);
    // A proxy or a server on the way may have looked at the other line.
    check(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], 403);
    check(&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")], 403);
    check(&[("host", "x"), ("origin", "https://x"), ("origin", "https://evil.example")], 403);
    check(&[("sec-fetch-site", "same-origin"), ("origin", "https://x"), ("origin", "https://x")], 403);
    // Only these two are schemes of pages.
    check(&[("host", "x"), ("origin", "https://x")], 200);
    check(&[("host", "x"), ("origin", "HTTP://x")], 200);
    check(&[("host", "x"), ("origin", "ftp://x")], 403);
    check(&[("host", "x"), ("origin", "chrome-extension://x")], 403);
    check(&[("sec-fetch-site", "SAME-ORIGIN")], 403);
    // It counts before `origin`, which says what the proxy's `host` does not.
    check(&[("sec-fetch-site", "same-origin"), ("origin", "https://a.example"), ("host", "10.0.0.1")], 200);
    check(&[("sec-fetch-site", "cross-site"), ("origin", "https://a.example"), ("host", "a.example")], 403);
    check(&[("origin", "https://a.example"), ("host", "a.example")], 200);
    check(&[("origin", "https://A.example:8443"), ("host", "a.EXAMPLE:8443")], 200);
    check(&[("origin", "https://a.example:8443"), ("host", "a.example")], 403);
    check(&[("origin", "https://a.example.evil.example"), ("host", "a.example")], 403);
    check(&[("origin", "https://evil.example"), ("host", "a.example")], 403);
    check(&[("origin", "null"), ("host", "a.example")], 403);
    check(&[("origin", "a.example"), ("host", "a.example")], 403);
    check(&[("origin", "https://a.example")], 403);
    check(&[("origin", "")], 403);
}

#[test]
fn what_names_the_same_host_in_another_way_is_the_same_origin() {
    let check = |origin: &str, host: &str, status: u16| {
        let found = send(None, "POST", "/buy", &[("origin", origin), ("host", host)]).0;
        assert_eq!(found, status, "{origin} {host}");
    };
    // What a browser leaves out, others may write.
    check("https://a.example", "a.example:443", 200);
    check("http://a.example", "a.example:80", 200);
    check("https://a.example", "a.example:80", 403);
    check("http://a.example", "a.example:443", 403);
    check("https://[2001:DB8::1]:8443", "[2001:db8::1]:8443", 200);
    check("https://[2001:db8::1]", "[2001:db8::1]:443", 200);
    check("https://[2001:db8::1]:8443", "[2001:db8::2]:8443", 403);
    check("file://", "a.example", 403);
    check("https://a.example, https://evil.example", "a.example", 403);
    // What a client says of a proxy is not a host.
    let forged =
        [("origin", "https://evil.example"), ("host", "a.example"), ("x-forwarded-host", "evil.example")];
    assert_eq!(send(None, "POST", "/buy", &forged).0, 403);
}

#[test]
fn without_a_host_header_the_authority_of_the_target_is_the_host() {
    let check = |target: &str, status: u16| {
        let headers: Headers<'_> = &[("origin", "https://a.example")];
        assert_eq!(send(None, "POST", target, headers).0, status, "{target}");
    };
    check("https://a.example/buy", 200);
    check("https://b.example/buy", 403);
}

#[test]
fn a_layer_for_other_origins_and_the_check_must_both_allow_them() {
    let cors = || {
        tower_http::cors::CorsLayer::new()
            .allow_origin(["https://shop.example".parse().unwrap()])
            .allow_methods([http::Method::POST])
    };
    let from = |app: App, site: &str| {
        let request =
            TestClient::new(app.layer(cors())).post("/buy").header("origin", "https://shop.example");
        let res = request.header("sec-fetch-site", site).send();
        (res.status().as_u16(), res.header("access-control-allow-origin").to_owned())
    };
    let shop = "https://shop.example".to_owned();
    assert_eq!(from(local::new(), "cross-site"), (403, shop.clone()));
    let both = || local::new().same_origin(SameOrigin::new().allow("https://shop.example"));
    assert_eq!(from(both(), "cross-site"), (200, shop.clone()));
    assert_eq!(from(both(), "same-site"), (200, shop));
    // What is asked before is no command.
    let res = TestClient::new(local::new().layer(cors()))
        .request(http::Method::OPTIONS, "/buy")
        .header("origin", "https://shop.example")
        .header("sec-fetch-site", "cross-site")
        .header("access-control-request-method", "POST")
        .send();
    assert_eq!((res.status().as_u16(), res.header("access-control-allow-methods")), (200, "POST"));
}

stario::app!(inner);

#[app::command("/order", app = inner)]
async fn order() {}

#[test]
fn the_check_holds_for_all_that_an_app_is_made_of() {
    let service = || {
        tower::service_fn(async |_: http::Request<stario::Body>| {
            Ok::<_, std::convert::Infallible>(http::Response::new("a service".to_owned()))
        })
    };
    let ask = |nested: App, path: &str, site: &'static str| {
        let nested = nested.mount("/service", service());
        let client = TestClient::new(local::new().nest("/inner", nested).mount("/service", service()));
        client.post(path).header("sec-fetch-site", site).send().status()
    };
    for path in ["/buy", "/inner/order", "/inner/service/x", "/service/x", "/nowhere"] {
        assert_eq!(ask(inner::new(), path, "cross-site"), 403, "{path}");
        assert_ne!(ask(inner::new(), path, "same-origin"), 403, "{path}");
        // A setting of a nested app holds for every path below its prefix, and for no other.
        let is_refused = ask(inner::new().same_origin(SameOrigin::off()), path, "cross-site") == 403;
        assert_eq!(is_refused, !path.starts_with("/inner/"), "{path}");
    }
}

#[test]
fn the_refusal_says_what_to_do_and_is_a_page_if_there_is_one() {
    let (_, text) = send(None, "POST", "/buy", &[("sec-fetch-site", "cross-site")]);
    assert_eq!(
        text,
        "Cross-origin request blocked: a page of another origin sent this. If that is meant to be, allow it with \
         `App::same_origin`; behind a proxy, have it pass `host` on with its port"
    );
    let client = TestClient::new(local::new().on_status(403, |_, _| "sorry"));
    let res = client.post("/buy").header("sec-fetch-site", "cross-site").send();
    assert_eq!((res.status().as_u16(), res.text()), (403, "sorry"));
}

#[test]
fn every_method_that_changes_something_is_checked_and_no_other() {
    let cross: Headers<'_> = &[("sec-fetch-site", "cross-site")];
    assert_eq!(send(None, "DELETE", "/cart", cross).0, 403);
    assert_eq!(send(None, "PUT", "/nowhere", cross).0, 403);
    assert_eq!(send(None, "GET", "/", cross).0, 200);
    assert_eq!(send(None, "HEAD", "/", cross).0, 200);
    assert_eq!(send(None, "OPTIONS", "/cart", cross).0, 204);
    assert_eq!(send(None, "QUERY", "/search", cross), (200, "found".into()));
}

#[test]
fn more_can_be_allowed() {
    let check = |same_origin: SameOrigin, headers: Headers<'_>, status: u16| {
        assert_eq!(
            send(Some(same_origin.clone()), "POST", "/buy", headers).0,
            status,
            "{same_origin:?} {headers:?}"
        );
    };
    check(SameOrigin::off(), &[("sec-fetch-site", "cross-site")], 200);
    let same_site = || SameOrigin::new().allow_same_site();
    check(same_site(), &[("sec-fetch-site", "same-site")], 200);
    check(same_site(), &[("sec-fetch-site", "cross-site")], 403);
    let admin = || SameOrigin::new().allow("https://Admin.example:8443");
    for site in ["same-site", "cross-site"] {
        let from = |origin| [("sec-fetch-site", site), ("origin", origin), ("host", "a.example")];
        check(admin(), &from("https://admin.example:8443"), 200);
        check(admin(), &from("https://admin.example"), 403);
        check(admin(), &from("http://admin.example:8443"), 403);
    }
    check(admin(), &[("origin", "https://admin.example:8443"), ("host", "10.0.0.1")], 200);
    check(admin(), &[("sec-fetch-site", "cross-site")], 403);
}

#[test]
fn what_is_no_origin_keeps_the_app_from_starting() {
    for origin in [
        "admin.example",
        "https://admin.example/",
        "https://",
        "null",
        "*",
        "ftp://a.example",
        "https://u@a.example/x",
    ] {
        let problems =
            local::new().same_origin(SameOrigin::new().allow(origin)).check().unwrap_err().to_string();
        assert!(problems.contains(&format!("`{origin}` is not an origin")), "{problems}");
    }
    local::new()
        .same_origin(SameOrigin::new().allow("http://localhost:3000").allow("http://[::1]"))
        .check()
        .unwrap();
}

#[test]
fn security_headers_are_on_every_response_that_does_not_say_otherwise() {
    let client = TestClient::new(local::new().security_headers(SecurityHeaders::new()));
    for path in ["/", "/nowhere"] {
        let res = client.get(path).send();
        assert_eq!(res.header("x-content-type-options"), "nosniff");
        assert_eq!(res.header("x-frame-options"), "DENY");
        assert_eq!(res.header("referrer-policy"), "strict-origin-when-cross-origin");
        assert_eq!(res.header("strict-transport-security"), "");
        assert!(res.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    let res = client.get("/own-policy").send();
    assert_eq!(res.header("content-security-policy"), "default-src 'none'");
    assert_eq!(
        (res.header("x-frame-options"), res.header("x-content-type-options")),
        ("SAMEORIGIN", "nosniff")
    );
    assert_eq!(TestClient::new(local::new()).get("/").send().header("x-content-type-options"), "");
}

stario::app!(caching);

#[app::query("/cached", app = caching)]
async fn cached(nonce: Nonce, if_none_match: Header<Option<String>>) -> Response {
    let status = if if_none_match.as_deref() == Some("\"1\"") { 304 } else { 200 };
    let page = html! { <script nonce={nonce}>"1"</script> };
    let mut response = (StatusCode::from_u16(status).unwrap(), page).into_response();
    response.headers_mut().insert("etag", http::HeaderValue::from_static("\"1\""));
    response
}

/// A cache takes the headers of 304 over into the page that it has.
#[test]
fn a_page_that_a_cache_has_keeps_the_policy_with_its_nonce() {
    let client = TestClient::new(caching::new().security_headers(SecurityHeaders::new()));
    let res = client.get("/cached").send();
    assert!(res.header("content-security-policy").contains("'nonce-"));
    let res = client.get("/cached").header("if-none-match", "\"1\"").send();
    assert_eq!((res.status().as_u16(), res.header("content-security-policy")), (304, ""));
    assert_eq!(res.header("x-content-type-options"), "nosniff");
}

#[test]
fn each_of_them_can_be_set() {
    let headers = SecurityHeaders::new()
        .frames_of_same_origin()
        .referrer_policy("no-referrer")
        .https_only(60)
        .content_security_policy("default-src 'self'");
    let res = TestClient::new(local::new().security_headers(headers)).get("/").send();
    assert_eq!(res.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(res.header("referrer-policy"), "no-referrer");
    assert_eq!(res.header("strict-transport-security"), "max-age=60; includeSubDomains");
    assert_eq!(res.header("content-security-policy"), "default-src 'self'");
    let headers = SecurityHeaders::new().without_content_security_policy();
    let res = TestClient::new(local::new().security_headers(headers)).get("/").send();
    assert_eq!(res.header("content-security-policy"), "");
    let framed = SecurityHeaders::new().frames_of_same_origin();
    let res = TestClient::new(local::new().security_headers(framed)).get("/").send();
    assert!(res.header("content-security-policy").ends_with("frame-ancestors 'self'"));
    let bad = SecurityHeaders::new().referrer_policy("a\r\nb");
    let problems = local::new().security_headers(bad).check().unwrap_err().to_string();
    assert!(problems.contains("cannot be sent as `referrer-policy`"), "{problems}");
}

mod pages {
    use stario::Nonce;
    use stario::prelude::*;

    pub(super) struct Layout(Nonce);

    #[dependency]
    pub(super) fn layout(nonce: Nonce) -> Layout {
        Layout(nonce)
    }

    pub(super) fn page(datastar: &DatastarScript, layout: &Layout, nonce: Nonce) -> Html {
        html! {
            <html lang="en" data-nonce={nonce}>
                <head><title>"x"</title>{datastar}</head>
                <body><script nonce={layout.0}>"1"</script></body>
            </html>
        }
    }
}

stario::app!(paged);

#[app::query("/", app = paged)]
async fn page(datastar: DatastarScript, layout: &pages::Layout, nonce: Nonce) -> Html {
    pages::page(&datastar, layout, nonce)
}

#[test]
fn one_response_has_one_nonce_and_no_two_the_same() {
    let client = TestClient::new(paged::new().security_headers(SecurityHeaders::new()));
    let ask = || {
        let res = client.get("/").send();
        let (_, rest) = res.header("content-security-policy").split_once("'nonce-").unwrap();
        let nonce = rest.split_once('\'').unwrap().0.to_owned();
        assert!(nonce.len() == 32 && nonce.bytes().all(|byte| byte.is_ascii_hexdigit()), "{nonce}");
        let text = res.text();
        assert_eq!(text.matches(&format!("nonce=\"{nonce}\"")).count(), 4, "{text}");
        nonce
    };
    assert_ne!(ask(), ask());
}

#[test]
fn a_nonce_without_a_policy_that_names_it_keeps_the_app_from_starting() {
    let check = |app: App| {
        let problems = app.check().unwrap_err().to_string();
        let lines: Vec<&str> = problems.lines().skip(1).collect();
        assert_eq!(lines.len(), 2, "{problems}");
        assert!(lines[0].contains("page at ") && lines[1].contains("layout at "), "{problems}");
        let end = "takes a `Nonce`, which no policy names; set one with `.security_headers(..)`";
        assert!(lines.iter().all(|line| line.ends_with(end)), "{problems}");
    };
    check(paged::new());
    check(
        paged::new().security_headers(SecurityHeaders::new().content_security_policy("default-src 'self'")),
    );
    check(paged::new().security_headers(SecurityHeaders::new().without_content_security_policy()));
}

#[test]
fn only_allowed_hosts_are_answered_for() {
    let app = || local::new().allowed_hosts(["shop.example", "*.Shop.example", "127.0.0.1", "[::1]"]);
    let client = TestClient::new(app().liveness("/live").readiness("/ready", |_| async { Ok(()) }));
    let check = |path: &str, host: &str, status: u16| {
        let res = client.get(path).header("host", host).send();
        assert_eq!(res.status(), status, "{path} {host}");
    };
    for host in
        ["shop.example", "SHOP.example:8000", "shop.example.", "a.b.shop.example", "127.0.0.1:80", "[::1]"]
    {
        check("/", host, 200);
    }
    for host in ["evil.example", "shop.example.evil", "xshop.example", "localhost", "", ":80"] {
        check("/", host, 421);
        check("/nowhere", host, 421);
        check("/live", host, 200);
        check("/ready", host, 200);
    }
    // No browser sends a request that names none.
    assert_eq!(client.get("/").send().status(), 200);
    let res =
        client.post("/buy").header("host", "evil.example").header("origin", "http://evil.example").send();
    assert_eq!(res.text(), "Misdirected request: this server does not answer for this host");
}

#[test]
fn what_is_no_host_keeps_the_app_from_starting() {
    for host in ["", "*", "shop.example:80", "https://shop.example", "a b"] {
        let problems = local::new().allowed_hosts([host]).check().unwrap_err().to_string();
        assert!(problems.contains(&format!("`{host}` is not a host for `allowed_hosts`: ")), "{problems}");
    }
}
