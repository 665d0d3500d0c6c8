//! `PathParam`.

use serde::Deserialize;
use stario::prelude::*;

use super::{app, check, get, shown};

#[app::query("/path/number/{n}")]
async fn number(n: PathParam<u8>) -> Response {
    shown(&*n)
}

#[app::query("/path/text/{t}")]
async fn text(t: PathParam<String>) -> Response {
    shown(&*t)
}

#[derive(Debug, Deserialize)]
enum Color {
    Red,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)] // Shown.
struct Id(u64);

#[app::query("/path/{color}/{id}/{c}/{yes}/{x}")]
async fn types(
    color: PathParam<Color>,
    id: PathParam<Id>,
    c: PathParam<char>,
    yes: PathParam<bool>,
    x: PathParam<f64>,
) -> Response {
    shown(&(&*color, &*id, *c, *yes, *x))
}

impl std::fmt::Display for Color {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Red")
    }
}

/// Types of other crates are read by serde too.
#[app::query("/path/address/{address}")]
async fn address(address: PathParam<std::net::IpAddr>) -> Response {
    shown(&*address)
}

#[test]
fn a_capture_is_decoded_once_and_parsed() {
    check(get("/path/number/5"), 200, "5");
    check(get("/path/number/%35"), 200, "5");
    check(get("/path/number/256"), 422, "invalid path parameter `n`: expected a whole number from 0 to 255");
    check(get("/path/number/"), 404, "Not Found");
    check(get("/path/number/%20"), 422, "invalid path parameter `n`: expected a whole number from 0 to 255");
    check(get("/path/text/a%2Fb+c%2520"), 200, r#""a/b+c%20""#);
    check(get("/path/text/%C3%A9"), 200, r#""é""#);
    check(get("/path/Red/7/%C3%A9/on/1.5"), 200, "(Red, Id(7), 'é', true, 1.5)");
    check(get("/path/Blue/7/a/on/1"), 422, "invalid path parameter `color`: expected one of `Red`");
    check(get("/path/Red/7/ab/on/1"), 422, "invalid path parameter `c`: expected one character");
    check(get("/path/Red/7/a/2/1"), 422, "invalid path parameter `yes`: expected true or false");
    check(get("/path/Red/7/a/no/one"), 422, "invalid path parameter `x`: expected a number");
    check(get("/path/Red/7/a/no/NaN"), 422, "invalid path parameter `x`: expected a number");
    check(get("/path/address/::1"), 200, "::1");
    check(get("/path/address/x"), 422, "invalid path parameter `address`: invalid IP address syntax");
}
