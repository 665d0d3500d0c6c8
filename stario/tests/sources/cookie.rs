//! `Cookie`.

use stario::prelude::*;

use super::{app, check, get, shown};

#[app::query("/cookie/text")]
async fn text(sid: Cookie<String>) -> Response {
    shown(&*sid)
}

#[app::query("/cookie/number")]
async fn number(#[name("__Host-n")] n: Cookie<u8>) -> Response {
    shown(&*n)
}

#[app::query("/cookie/option")]
async fn option(sid: Cookie<Option<String>>, #[default(1)] n: Cookie<u8>) -> Response {
    shown(&(&*sid, *n))
}

#[test]
fn good_pairs_are_read_and_bad_ones_skipped() {
    let check = |header: &str, text: &str| check(get("/cookie/text").header("cookie", header), 200, text);
    check("sid=abc", r#""abc""#);
    check("a=b; sid=abc; c=d", r#""abc""#);
    check("a=b;sid=abc", r#""abc""#);
    check(";;;=;a;=b;a==b; sid=abc", r#""abc""#);
    check("sid=first; sid=second", r#""first""#);
    check("sid=\"quoted\"", r#""quoted""#);
    check("sid=\"open", r#""\"open""#);
    check("sid=a=b", r#""a=b""#);
    check("sid=%41+b", r#""%41+b""#);
    check("sid=", r#""""#);
    check(" sid = abc ", r#""abc""#);
}

#[test]
fn a_cookie_that_is_missing_invalid_or_no_text_is_refused() {
    check(get("/cookie/text"), 400, "missing cookie `sid`: expected text");
    check(get("/cookie/text").header("cookie", "SID=abc; sid"), 400, "missing cookie `sid`: expected text");
    let broken = get("/cookie/text").header("cookie", &b"a=\xff; sid=\xff"[..]);
    check(broken, 400, "missing cookie `sid`: expected text");
    let after_broken = get("/cookie/text").header("cookie", &b"a=\xff; sid=abc"[..]);
    check(after_broken, 200, r#""abc""#);
    let lines = get("/cookie/text").header("cookie", "a=b").header("cookie", "sid=abc");
    check(lines, 200, r#""abc""#);
    check(get("/cookie/number").header("cookie", "__Host-n=7"), 200, "7");
    check(
        get("/cookie/number").header("cookie", "__Host-n=x"),
        422,
        "invalid cookie `__Host-n`: expected a whole number from 0 to 255",
    );
    check(get("/cookie/option"), 200, "(None, 1)");
    check(get("/cookie/option").header("cookie", "n=2; sid=a"), 200, r#"(Some("a"), 2)"#);
    let many = (0..600).map(|n| format!("a{n}=b; ")).collect::<Vec<_>>().concat();
    check(get("/cookie/text").header("cookie", format!("{many}sid=abc")), 200, r#""abc""#);
}
