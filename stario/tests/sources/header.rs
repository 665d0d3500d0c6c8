//! `Header` and `Headers`.

use stario::prelude::*;
use stario::testing::TestRequest;

use super::{app, check, get, shown};

#[app::query("/header/one")]
async fn one(x_num: Header<u8>) -> Response {
    shown(&*x_num)
}

#[app::query("/header/option")]
async fn option(x_num: Header<Option<u8>>, #[default("none")] x_text: Header<String>) -> Response {
    shown(&(*x_num, &*x_text))
}

#[app::query("/header/named")]
async fn named(#[name("X_Num")] number: Header<u8>) -> Response {
    shown(&*number)
}

#[app::query("/header/all")]
async fn all(x_num: Headers<u8>) -> Response {
    shown(&*x_num)
}

fn with(path: &str, values: &[&'static [u8]]) -> TestRequest {
    values.iter().fold(get(path), |request, value| request.header("X-Num", *value))
}

#[test]
fn one_value_is_the_first_and_has_its_type() {
    check(with("/header/one", &[b"5"]), 200, "5");
    check(with("/header/one", &[b"5", b"x"]), 200, "5");
    check(get("/header/one"), 400, "missing header `x-num`: expected a whole number from 0 to 255");
    check(with("/header/one", &[b"x"]), 422, "invalid header `x-num`: expected a whole number from 0 to 255");
    check(with("/header/one", &[b""]), 400, "missing header `x-num`: expected a whole number from 0 to 255");
    check(
        with("/header/one", &[b"1, 2"]),
        422,
        "invalid header `x-num`: expected a whole number from 0 to 255",
    );
    check(
        with("/header/one", &[b"%35"]),
        422,
        "invalid header `x-num`: expected a whole number from 0 to 255",
    );
    check(with("/header/one", &[b"\xff"]), 400, "header `x-num` is not valid text");
    check(get("/header/named").header("x_num", "5"), 200, "5");
    check(
        get("/header/named").header("x-num", "5"),
        400,
        "missing header `X_Num`: expected a whole number from 0 to 255",
    );
}

#[test]
fn a_missing_header_is_none_or_the_default() {
    check(get("/header/option"), 200, r#"(None, "none")"#);
    check(
        get("/header/option").header("x-num", "5").header("x-text", "é".as_bytes()),
        200,
        r#"(Some(5), "é")"#,
    );
    check(get("/header/option").header("x-text", ""), 200, r#"(None, "")"#);
    check(with("/header/option", &[b""]), 200, r#"(None, "none")"#);
    check(
        with("/header/option", &[b"x"]),
        422,
        "invalid header `x-num`: expected a whole number from 0 to 255",
    );
}

#[test]
fn a_list_has_the_values_of_all_lines() {
    check(with("/header/all", &[b"1", b"2"]), 200, "[1, 2]");
    check(get("/header/all"), 200, "[]");
    check(with("/header/all", &[b"1", b"", b"2"]), 200, "[1, 2]");
    check(
        with("/header/all", &[b"1", b"x"]),
        422,
        "invalid header `x-num`: expected a whole number from 0 to 255",
    );
    check(with("/header/all", &[b"1", b"\xff"]), 400, "header `x-num` is not valid text");
}
