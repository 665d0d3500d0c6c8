//! Cookies that responses set: their bytes, what is refused, and what comes back.

use http::header::{CONTENT_TYPE, SET_COOKIE};
use stario::cookie::{Key, SameSite};
use stario::prelude::*;
use stario::testing::TestResponse;
use stario::{EncryptedCookie, Redirect, RetiredKeys, SetCookie, SignedCookie, Text};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::app;

stario::app!(local);

// Made by each test, and set by the handler.
#[derive(Clone)]
struct Given(Vec<SetCookie>);

#[app::query("/set", app = local)]
async fn set(given: State<Given>) -> (Vec<SetCookie>, Text<&'static str>) {
    (given.0.0.clone(), Text("set"))
}

#[app::query("/plain", app = local)]
async fn plain(#[default("absent")] session: Cookie<String>) -> Text<String> {
    Text(session.0)
}

#[app::query("/signed", app = local)]
async fn signed(#[default("absent")] session: SignedCookie<String>) -> Text<String> {
    Text(session.0)
}

#[app::query("/signed-number", app = local)]
async fn signed_number(session: SignedCookie<u32>) -> Text<String> {
    Text(session.to_string())
}

#[app::query("/encrypted", app = local)]
async fn encrypted(#[default("absent")] session: EncryptedCookie<String>) -> Text<String> {
    Text(session.0)
}

fn key() -> Key {
    Key::derive_from(&[7; 32])
}

fn client(cookies: impl Into<Vec<SetCookie>>) -> TestClient {
    TestClient::new(local::new().state(Given(cookies.into())).state(key()))
}

fn lines(res: &TestResponse) -> Vec<&str> {
    res.headers().get_all(SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect()
}

#[track_caller]
fn check(cookie: SetCookie, expected: &str) {
    let res = client([cookie]).get("/set").send();
    assert_eq!(lines(&res), [expected]);
    assert_eq!((res.status().as_u16(), res.text()), (200, "set"));
}

/// The cookie as a browser sends it back.
fn sent_back(cookie: SetCookie) -> String {
    let res = client([cookie]).get("/set").send();
    lines(&res)[0].split_once(';').unwrap().0.to_owned()
}

#[track_caller]
fn check_read(path: &str, cookie: &str, expected: &str) {
    let res = client([]).get(path).header("cookie", cookie).send();
    assert_eq!((res.status().as_u16(), res.text()), (200, expected), "{cookie}");
}

#[test]
fn attributes_are_safe_unless_said_otherwise() {
    let session = || SetCookie::new("session", "tok");
    check(session(), "session=tok; HttpOnly; SameSite=Lax; Path=/");
    check(
        session().path("/app").domain("example.com").max_age(Duration::from_millis(90_500)).secure(true),
        "session=tok; HttpOnly; SameSite=Lax; Secure; Path=/app; Domain=example.com; Max-Age=90",
    );
    check(session().http_only(false).same_site(SameSite::Strict), "session=tok; SameSite=Strict; Path=/");
    check(
        session().expires(UNIX_EPOCH + Duration::from_secs(1_000_000_000)),
        "session=tok; HttpOnly; SameSite=Lax; Path=/; Expires=Sun, 09 Sep 2001 01:46:40 GMT",
    );
    check(SetCookie::new("empty", ""), "empty=; HttpOnly; SameSite=Lax; Path=/");
    check(stario::cookie::Cookie::new("bare", "1").into(), "bare=1");
}

#[test]
fn a_removal_is_for_the_same_place() {
    check(
        SetCookie::removal("session"),
        "session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    );
    check(
        SetCookie::removal("session").path("/app").domain("example.com"),
        "session=; HttpOnly; SameSite=Lax; Path=/app; Domain=example.com; Max-Age=0; \
         Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    );
}

#[test]
fn what_must_be_secure_is() {
    check(
        SetCookie::new("a", "1").same_site(SameSite::None).secure(false),
        "a=1; HttpOnly; SameSite=None; Secure; Path=/",
    );
    check(
        SetCookie::new("__Host-a", "1").secure(false),
        "__Host-a=1; HttpOnly; SameSite=Lax; Secure; Path=/",
    );
    check(
        SetCookie::new("__Secure-a", "1").path("/app").domain("example.com"),
        "__Secure-a=1; HttpOnly; SameSite=Lax; Secure; Path=/app; Domain=example.com",
    );
    check(
        SetCookie::removal("__Host-a"),
        concat!(
            "__Host-a=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0; ",
            "Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        ),
    );
}

#[test]
fn times_beyond_all_calendars_do_no_harm() {
    let res = client([SetCookie::new("a", "1").max_age(Duration::MAX)]).get("/set").send();
    assert!(lines(&res)[0].starts_with("a=1; HttpOnly; SameSite=Lax; Path=/; Max-Age=9223372036854775807"));
    check(
        SetCookie::new("a", "1").expires(UNIX_EPOCH - Duration::from_secs(1)),
        "a=1; HttpOnly; SameSite=Lax; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    );
}

#[test]
fn what_no_browser_would_take_is_refused_and_never_split() {
    let cookie = |name: &str, value: &str| SetCookie::new(name, value);
    let mut refused = vec![
        cookie("a", "1").path("app"),
        cookie("a", "1").path(""),
        cookie("a", "1").path("/;Domain=evil.example"),
        cookie("a", "1").path("/\r\nx: y"),
        cookie("a", "1").path("/é"),
        cookie("a", "1").domain(""),
        cookie("a", "1").domain("example.com; Secure"),
        cookie("a", "1").domain("a.example,b.example"),
        cookie("a", "1").domain("exam\nple.com"),
        cookie("__Host-a", "1").path("/app"),
        cookie("__Host-a", "1").domain("example.com"),
        cookie("__host-a", "1").domain("example.com"),
        cookie("a", &"x".repeat(4096)),
        cookie("a", "1").expires(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)),
    ];
    for name in ["", " ", "a b", "a=b", "a;b", "a,b", "a\r\nb", "a\0", "é", "a\"", "a(", "a/b"] {
        refused.push(cookie(name, "1"));
    }
    for value in
        ["a;b", "a,b", "a b", "a\"b", "a\\b", "a\r\nset-cookie: b=c", "a\nb", "a\0", "a\u{7f}", "é", "\t"]
    {
        refused.push(cookie("a", value));
    }
    for cookie in refused {
        let res = client([SetCookie::new("good", "1"), cookie.clone()]).get("/set").send();
        assert_eq!((res.status().as_u16(), res.text()), (500, "Internal Server Error"), "{cookie:?}");
        assert_eq!(lines(&res), [""; 0], "{cookie:?}");
    }
    check(
        cookie("!#$%&'*+-.^_`|~", "!#$%&'()*+-./:<=>?@[]^_`{|}~"),
        "!#$%&'*+-.^_`|~=!#$%&'()*+-./:<=>?@[]^_`{|}~; HttpOnly; SameSite=Lax; Path=/",
    );
    check(cookie("a", &"x".repeat(4095)), &format!("a={}; HttpOnly; SameSite=Lax; Path=/", "x".repeat(4095)));
}

#[app::query("/several", app = local)]
async fn several() -> ([SetCookie; 2], [(http::HeaderName, &'static str); 2], Option<SetCookie>, Html) {
    let headers = [(SET_COOKIE, "c=3"), (CONTENT_TYPE, "text/html")];
    let cookies = [SetCookie::new("a", "1"), SetCookie::new("b", "2")];
    (cookies, headers, Some(SetCookie::new("d", "4")), html! { <p></p> })
}

#[app::command("/login", app = local)]
async fn login(key: State<Key>) -> (SetCookie, Redirect) {
    (SetCookie::new("session", "user 7").encrypted(&key), Redirect::see_other("/"))
}

#[test]
fn each_cookie_has_a_line() {
    let res = client([]).get("/several").send();
    let rest = "HttpOnly; SameSite=Lax; Path=/";
    assert_eq!(
        lines(&res),
        [format!("a=1; {rest}"), format!("b=2; {rest}"), "c=3".to_owned(), format!("d=4; {rest}")]
    );
    let res = client([]).post("/login").send();
    assert_eq!((res.status().as_u16(), res.header("location")), (303, "/"));
    assert_eq!(lines(&res).len(), 1);
}

#[test]
fn a_cookie_comes_back_as_it_was_set() {
    check_read("/plain", &sent_back(SetCookie::new("session", "a=b|{c}")), "a=b|{c}");
    check_read("/signed", &sent_back(SetCookie::new("session", "a=b").signed(&key())), "a=b");
    check_read("/signed", &sent_back(SetCookie::new("session", "").signed(&key())), "");
    let text = "any text; with \"quotes\", é and\r\nlines";
    check_read("/encrypted", &sent_back(SetCookie::new("session", text).encrypted(&key())), text);
    check_read("/encrypted", &sent_back(SetCookie::new("session", "").encrypted(&key())), "");
}

#[test]
fn an_encrypted_cookie_says_nothing_and_is_new_each_time() {
    let seal = || sent_back(SetCookie::new("session", "secret").encrypted(&key()));
    assert!(!seal().contains("secret"));
    assert_ne!(seal(), seal());
}

#[test]
fn what_is_not_genuine_is_absent() {
    type Seal = fn(SetCookie, &Key) -> SetCookie;
    let ways: [(&str, Seal); 2] = [("/signed", SetCookie::signed), ("/encrypted", SetCookie::encrypted)];
    for (path, seal) in ways {
        let genuine = sent_back(seal(SetCookie::new("session", "user7"), &key()));
        check_read(path, &genuine, "user7");
        let value = genuine.strip_prefix("session=").unwrap();
        let other = sent_back(seal(SetCookie::new("other", "user7"), &key()));
        let old = sent_back(seal(SetCookie::new("session", "user7"), &Key::derive_from(&[8; 32])));
        let mut forged = vec![
            "session=".to_owned(),
            "session=user7".to_owned(),
            "session=session=user7".to_owned(),
            format!("session=\"{value}"),
            format!("session={value}8"),
            format!("session={}", "A".repeat(100_000)),
            format!("session={}é", "A".repeat(43)),
            other.replacen("other", "session", 1),
            old,
        ];
        for end in 0..value.len() {
            forged.push(format!("session={}", &value[..end]));
            let mut flipped = value.as_bytes().to_vec();
            flipped[end] = if flipped[end] == b'A' { b'B' } else { b'A' };
            forged.push(format!("session={}", String::from_utf8(flipped).unwrap()));
        }
        for cookie in &forged {
            check_read(path, cookie, "absent");
        }
        // The genuine one counts, wherever it stands among others.
        check_read(path, &format!("session=junk; a=b; {genuine}"), "user7");
    }
    // One is not the other.
    check_read("/signed", &sent_back(SetCookie::new("session", "7").encrypted(&key())), "absent");
    check_read("/encrypted", &sent_back(SetCookie::new("session", "7").signed(&key())), "absent");
}

#[test]
fn a_sealed_cookie_has_a_type() {
    let ask = |value: &str| {
        let cookie = sent_back(SetCookie::new("session", value).signed(&key()));
        let res = client([]).get("/signed-number").header("cookie", cookie).send();
        (res.status().as_u16(), res.text().to_owned())
    };
    assert_eq!(ask("7"), (200, "7".to_owned()));
    assert_eq!(ask("x").0, 422);
    let res = client([]).get("/signed-number").send();
    assert_eq!(
        (res.status().as_u16(), res.text()),
        (400, "missing signed cookie `session`: expected a whole number of 32 bits, not negative")
    );
}

#[test]
fn an_app_without_a_key_does_not_start() {
    let problems = local::new().state(Given(Vec::new())).check().unwrap_err().to_string();
    assert!(problems.contains("cookie::secure::key::Key"), "{problems}");
}

#[test]
fn a_retired_key_reads_and_does_not_write() {
    let before = Key::derive_from(&[1; 32]);
    let other = Key::derive_from(&[3; 32]);
    let app = || local::new().state(Given(Vec::new())).state(key());
    let retired = || TestClient::new(app().state(RetiredKeys::new([other.clone(), before.clone()])));
    for (path, cookie) in [
        ("/signed", SetCookie::new("session", "tok").signed(&before)),
        ("/encrypted", SetCookie::new("session", "tok").encrypted(&before)),
        ("/signed", SetCookie::new("session", "tok").signed(&key())),
    ] {
        let res = client([cookie]).get("/set").send();
        let sealed = res.cookie("session").unwrap().value().to_owned();
        assert_eq!(retired().get(path).cookie("session", &sealed).send().text(), "tok");
        assert_eq!(retired().get(path).cookie("session", &sealed[1..]).send().text(), "absent");
    }
    let sealed = sent_back(SetCookie::new("session", "tok").signed(&before));
    assert_eq!(TestClient::new(app()).get("/signed").header("cookie", sealed).send().text(), "absent");
}
