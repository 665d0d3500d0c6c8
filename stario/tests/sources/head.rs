//! The head: method, target, headers, all of it, the client's address, the route and the request's id.

use std::net::IpAddr;

use stario::http::{HeaderMap, Method, Uri, Version, request};
use stario::prelude::*;
use stario::{ClientAddress, FromRequest, MatchedPath, Parameter, ProxyHeader, Rejection, RequestId, Scope};

use super::{app, check, client, complete, get, shown};

#[app::query("/head/parts/{id}")]
async fn parts(
    id: PathParam<u8>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    version: Version,
    whole: request::Parts,
    path: MatchedPath,
) -> Response {
    assert_eq!((&method, &uri, &headers), (&whole.method, &whole.uri, &whole.headers));
    shown(&(*id, method, uri, headers.len(), version, path.0))
}

#[test]
fn the_head_is_handed_over_unchanged() {
    check(
        get("/head/parts/7?a=%20").header("x-a", "1").header("x-b", "2"),
        200,
        r#"(7, GET, /head/parts/7?a=%20, 2, HTTP/1.1, "/head/parts/{id}")"#,
    );
}

/// Where the request's own target and header begin in memory.
struct Addresses {
    uri: usize,
    header: usize,
}

impl FromRequest for Addresses {
    async fn from_request(scope: &Scope, _: &Parameter) -> Result<Self, Rejection> {
        let header = scope.headers().get("x-a").map_or(0, |value| value.as_bytes().as_ptr().addr());
        Ok(Self { uri: scope.uri().path().as_ptr().addr(), header })
    }
}

#[app::query("/head/copies")]
async fn copies(own: Addresses, uri: Uri, headers: HeaderMap, whole: request::Parts) -> bool {
    let is_copied = |uri: &Uri, headers: &HeaderMap| {
        uri.path().as_ptr().addr() != own.uri && headers["x-a"].as_bytes().as_ptr().addr() != own.header
    };
    is_copied(&uri, &headers) && is_copied(&whole.uri, &whole.headers) && headers["x-a"].is_sensitive()
}

/// A clone would be a slice of the connection's read buffer, which a stream would then keep.
#[test]
fn what_a_handler_takes_of_the_head_is_copied() {
    let mut secret = stario::http::HeaderValue::from_static("1");
    secret.set_sensitive(true);
    check(get("/head/copies").header("x-a", secret), 200, "true");
}

#[app::query("/head/address")]
async fn address(address: ClientAddress) -> String {
    address.to_string()
}

fn address_of(app: stario::App, peer: &str, header: (&str, &str)) -> String {
    let request = TestClient::new(app).get("/head/address").peer(peer.parse::<IpAddr>().unwrap());
    request.header(header.0, header.1).send().text().to_owned()
}

#[test]
fn no_proxy_is_trusted_by_default() {
    check(get("/head/address"), 200, "127.0.0.1");
    for header in ["x-forwarded-for", "forwarded", "x-real-ip"] {
        assert_eq!(address_of(complete(), "10.0.0.1", (header, "203.0.113.7")), "10.0.0.1");
    }
    assert_eq!(address_of(complete(), "::ffff:10.0.0.1", ("a", "b")), "10.0.0.1");
}

#[test]
fn a_trusted_proxy_is_believed_only_in_its_header() {
    let check = |peer: &str, value: &str, expected: &str| {
        let app = complete().trust_proxies(ProxyHeader::XForwardedFor, ["10.0.0.0/8", "::1"]);
        assert_eq!(address_of(app, peer, ("x-forwarded-for", value)), expected, "{peer}, {value}");
    };
    check("10.0.0.1", "203.0.113.7", "203.0.113.7");
    check("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.9.9.9", "203.0.113.7");
    check("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3");
    check("10.0.0.1", "1.1.1.1, unknown", "10.0.0.1");
    check("10.0.0.1", "1.1.1.1, unknown, 10.0.0.2", "10.0.0.2");
    check("10.0.0.1", "", "10.0.0.1");
    check("10.0.0.1", "203.0.113.7:80", "203.0.113.7");
    check("::1", "2001:db8::1", "2001:db8::1");
    check("203.0.113.1", "1.1.1.1", "203.0.113.1");
    let app = complete().trust_proxies(ProxyHeader::XForwardedFor, ["10.0.0.1"]);
    assert_eq!(address_of(app, "10.0.0.1", ("forwarded", "for=1.1.1.1")), "10.0.0.1");
    let app = complete().trust_proxies(ProxyHeader::Forwarded, ["10.0.0.1"]);
    assert_eq!(address_of(app, "10.0.0.1", ("forwarded", "for=1.1.1.1, for=\"[::2]:80\"")), "::2");
    let app = complete().trust_proxies(ProxyHeader::XForwardedFor, ["proxy"]);
    assert!(app.check().unwrap_err().to_string().contains("`proxy` is not an address of a proxy"));
}

#[app::query("/head/id")]
async fn id(id: RequestId) -> String {
    id.to_string()
}

#[app::query("/head/own-id")]
async fn own_id() -> Response {
    let mut response = StatusCode::OK.into_response();
    response.headers_mut().insert("x-request-id", "mine".parse().unwrap());
    response
}

#[test]
fn every_response_carries_the_id_of_its_request() {
    let client = client();
    let res = client.get("/head/id").header("x-request-id", "theirs").send();
    assert_eq!(res.text(), res.header("x-request-id"));
    assert_eq!(res.text().len(), 32);
    assert_ne!(client.get("/head/id").send().text(), res.text());
    for path in ["/nowhere", "/query/number", "/head/parts/x"] {
        assert_eq!(client.get(path).send().header("x-request-id").len(), 32, "{path}");
    }
    assert_eq!(client.post("/head/id").send().header("x-request-id").len(), 32);
    assert_eq!(client.get("/head/own-id").send().header("x-request-id"), "mine");
}
