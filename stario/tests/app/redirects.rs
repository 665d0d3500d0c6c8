//! Where redirects lead, and where they do not.

use std::str::FromStr;

use stario::prelude::*;
use stario::{Location, Redirect};

use crate::app;

stario::app!(local);

#[derive(serde::Deserialize)]
struct Target {
    to: String,
}

#[app::query("/local", app = local)]
async fn go_to(target: Query<Target>) -> Redirect {
    Redirect::to(&target.to)
}

#[app::query("/external", app = local)]
async fn external(target: Query<Target>) -> Redirect {
    Redirect::to(Location::external(&target.to))
}

#[app::query("/event", app = local)]
async fn by_event(target: Query<Target>) -> impl Stream<Item = Event> {
    stream! { yield event::redirect(&target.to); }
}

#[app::query("/status/{status}", app = local)]
async fn by_status(status: PathParam<u16>) -> Result<Redirect> {
    Ok(Redirect::to("/there").with_status(StatusCode::from_u16(*status)?))
}

#[app::query("/next", app = local)]
async fn next(#[default("/home")] next: QueryParam<Location>) -> Redirect {
    Redirect::see_other(next.0)
}

#[app::query("/users/{name}/{page}", app = local)]
async fn user(name: PathParam<String>, page: PathParam<u32>) -> Redirect {
    Redirect::permanent(user::url(name.0, *page + 1))
}

fn ask(way: &str, target: &str) -> stario::testing::TestResponse {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("to", target).finish();
    TestClient::new(local::new()).get(format!("/{way}?{query}")).send()
}

/// What is refused everywhere as a place of this site.
const UNSAFE: [&str; 40] = [
    // Another host, in every way that a browser reads as one.
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/%2f..",
    "//",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/ok/\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\u{a0}//evil.example",
    "\u{1}//evil.example",
    "http://evil.example",
    "https://evil.example",
    "HTTPS://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "ftp://evil.example",
    // Code.
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\tscript:alert(1)",
    "java\nscript:alert(1)",
    "javascript&colon;alert(1)",
    "&#106;avascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    // Other headers.
    "/a\r\nset-cookie: a=b",
    "/a\nset-cookie: a=b",
    "/a\rset-cookie: a=b",
    "/a\0b",
    "/a\u{7f}",
    // Places whose meaning depends on where the browser is.
    "relative",
    "../up",
    "",
];

#[test]
fn an_unsafe_place_is_not_gone_to() {
    for target in UNSAFE {
        let res = ask("local", target);
        assert_eq!(res.status(), 500, "{target:?}");
        assert!(!res.headers().contains_key("location"), "{target:?}");
        assert_eq!(res.text(), "Internal Server Error", "{target:?}");
        assert!(Location::from_str(target).is_err(), "{target:?}");
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", target).finish();
        let res = TestClient::new(local::new()).get(format!("/next?{query}")).send();
        if target.is_empty() {
            // An empty value counts as absent, and the default is used.
            assert_eq!((res.status().as_u16(), res.header("location")), (303, "/home"));
        } else {
            assert_eq!(res.status(), 422, "{target:?}");
        }
        let events = ask("event", target).events();
        assert!(events[0].elements().contains("console.error("), "{target:?}");
        assert!(!events[0].elements().contains("location ="), "{target:?}");
        assert!(!events[0].elements().contains("evil"), "{target:?}");
    }
}

#[test]
fn a_place_of_this_site_is_encoded_where_it_must_be() {
    let cases = [
        ("/", "/"),
        ("/home?a=1&b=2#c", "/home?a=1&b=2#c"),
        ("?page=2", "?page=2"),
        ("#end", "#end"),
        (
            "/dashboard with spaces?tab=team settings#profile section",
            "/dashboard%20with%20spaces?tab=team%20settings#profile%20section",
        ),
        ("/login?next=https://example.com/docs page#s", "/login?next=https://example.com/docs%20page#s"),
        ("/50%25", "/50%25"),
        ("/é", "/%C3%A9"),
        ("/\"<>^`{|}", "/%22%3C%3E%5E%60%7B%7C%7D"),
        (":/%#?=@[]!$&'()*+,;", ""),
        ("/:/%#?=@[]!$&'()*+,;-._~", "/:/%#?=@[]!$&'()*+,;-._~"),
        ("/a//b", "/a//b"),
        ("/javascript:alert(1)", "/javascript:alert(1)"),
    ];
    for (target, expected) in cases {
        let res = ask("local", target);
        assert_eq!(res.header("location"), expected, "{target:?}");
        assert_eq!(res.status(), if expected.is_empty() { 500 } else { 307 }, "{target:?}");
    }
}

#[test]
fn an_external_place_is_http_with_a_host() {
    let safe = [
        ("https://example.com", "https://example.com"),
        ("HTTP://example.com:8080/a b?c d", "HTTP://example.com:8080/a%20b?c%20d"),
        ("https://[::1]:3000/", "https://[::1]:3000/"),
        ("https://example.com?next=//evil.example@x", "https://example.com?next=//evil.example@x"),
    ];
    for (target, expected) in safe {
        assert_eq!(ask("external", target).header("location"), expected, "{target:?}");
    }
    let unsafe_targets = [
        "/local",
        "//example.com",
        "example.com",
        "https:example.com",
        "https:/example.com",
        "https://",
        "https:///path",
        "https://?x",
        "https://:80",
        "https://user:secret@example.com",
        "https://good.example@evil.example",
        "https://bücher.example",
        "https://a b.example",
        "https://exa\tmple.com",
        "https://example.com\r\nset-cookie: a=b",
        "https://example.com\\@evil.example",
        "javascript://example.com/%0aalert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
    ];
    for target in unsafe_targets {
        let res = ask("external", target);
        assert_eq!(res.status(), 500, "{target:?}");
        assert!(!res.headers().contains_key("location"), "{target:?}");
    }
}

#[test]
fn the_status_is_one_of_a_redirect() {
    let client = TestClient::new(local::new());
    for status in [300, 301, 302, 303, 305, 307, 308] {
        let res = client.get(format!("/status/{status}")).send();
        assert_eq!(res.status(), status);
        assert_eq!(res.header("location"), "/there");
        assert_eq!(res.bytes(), b"");
    }
    for status in [200, 201, 204, 304, 309, 404, 500] {
        let res = client.get(format!("/status/{status}")).send();
        assert_eq!(res.status(), 500, "{status}");
        assert!(!res.headers().contains_key("location"), "{status}");
    }
}

#[test]
fn a_place_is_a_parameter_with_a_default() {
    let client = TestClient::new(local::new());
    assert_eq!(client.get("/next").send().header("location"), "/home");
    let res = client.get("/next?next=%2Fcart%3Fa%3D1").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (303, "/cart?a=1"));
}

#[test]
fn a_handlers_url_is_a_place() {
    let client = TestClient::new(local::new());
    let res = client.get("/users/a%2Fb%20%3F/1").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (308, "/users/a%2Fb%20%3F/2"));
    // What would lead to another host does not come about.
    let res = client.get("/users/%5Cevil/1").send();
    assert_eq!(res.header("location"), "/users/%5Cevil/2");
}

#[app::query("/not-a-redirect-value", app = local_status)]
async fn not_a_redirect_value() -> (StatusCode, stario::Redirect) {
    (StatusCode::OK, stario::Redirect::to("/elsewhere"))
}

#[app::query("/not-a-redirect-written", app = local_status)]
async fn not_a_redirect_written(w: Writer) -> Result {
    w.set_header(b"X-Multi", b"one")?.add_header(b"X-Multi", "two")?;
    let refused = w.status(StatusCode::OK).redirect("/elsewhere").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "200 is not a status of a redirect, and this response redirects to `/elsewhere`: expected 300 to 308, but not 304"
    );
    Err(refused)?
}

#[app::query("/see-other-written", app = local_status)]
async fn see_other_written(w: Writer) -> Result {
    w.set_header(b"X-Multi", b"one")?.add_header(b"X-Multi", "two")?;
    Ok(w.status(StatusCode::SEE_OTHER).redirect("/elsewhere")?)
}

stario::app!(local_status);

#[test]
fn a_redirect_has_the_status_of_one() {
    let client = TestClient::new(local_status::new());
    for path in ["/not-a-redirect-value", "/not-a-redirect-written"] {
        let res = client.get(path).send();
        assert_eq!(res.status(), 500, "{path}");
        assert!(!res.headers().contains_key("location"), "{path}");
    }
    let res = client.get("/see-other-written").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (303, "/elsewhere"));
    assert_eq!(res.headers().get_all("x-multi").iter().collect::<Vec<_>>(), ["one", "two"]);
}
