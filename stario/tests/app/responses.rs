//! What the values that handlers return become: status, headers and body.

use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use stario::prelude::*;
use stario::{Body, Bytes, ResponsePart, Text};

use crate::app;

stario::app!(local);

/// Checks a GET: status, content type, body.
#[track_caller]
fn check(
    path: &str,
    status: u16,
    content_type: &str,
    body: impl AsRef<[u8]>,
) -> stario::testing::TestResponse {
    let res = TestClient::new(local::new()).get(path).send();
    let found = (res.status().as_u16(), res.header("content-type"), res.bytes());
    assert_eq!(found, (status, content_type, body.as_ref()), "{path}");
    res
}

const HTML: &str = "text/html; charset=utf-8";

// Values alone.

#[app::query("/json", app = local)]
async fn in_json() -> Json<serde_json::Value> {
    Json(json!({ "status": "success", "page": 1, "é": [1, 2] }))
}

#[app::query("/text", app = local)]
async fn in_text() -> Text<String> {
    Text("<b> & é".to_owned())
}

#[app::query("/bytes", app = local)]
async fn in_bytes() -> Bytes {
    Bytes::from_static(b"\0\xff")
}

#[app::query("/byte-list", app = local)]
async fn in_byte_list() -> Vec<u8> {
    b"\0\xff".to_vec()
}

#[app::query("/byte-slice", app = local)]
async fn in_byte_slice() -> Option<&'static [u8]> {
    Some(b"\0\xff")
}

#[app::query("/byte-array", app = local)]
async fn in_byte_array() -> (StatusCode, [(&'static str, &'static str); 1], [u8; 2]) {
    (StatusCode::CREATED, [("content-type", "image/x-dot")], *b"\0\xff")
}

#[app::query("/no-bytes", app = local)]
async fn in_no_bytes() -> Vec<u8> {
    Vec::new()
}

#[app::query("/number-list", app = local)]
async fn in_number_list() -> Vec<u16> {
    vec![1, 2]
}

#[app::query("/body", app = local)]
async fn in_body() -> Body {
    Body::from("as it is")
}

#[app::query("/status", app = local)]
async fn by_status() -> StatusCode {
    StatusCode::GONE
}

#[app::query("/http", app = local)]
async fn by_http() -> http::Response<String> {
    let response = http::Response::builder().status(418).header("X-Mode", "a").header("x-mode", "b");
    response.header(CONTENT_TYPE, "application/xml").body("<a/>".to_owned()).unwrap()
}

#[app::query("/bool", app = local)]
async fn in_bool() -> bool {
    false
}

#[app::query("/zero", app = local)]
async fn in_number() -> u32 {
    0
}

#[app::query("/empty-text", app = local)]
async fn in_empty_text() -> &'static str {
    ""
}

#[app::query("/empty-list", app = local)]
async fn in_empty_list() -> Vec<Html> {
    Vec::new()
}

#[app::query("/nothing", app = local)]
async fn nothing() {}

#[app::query("/none", app = local)]
async fn none() -> Option<Json<u8>> {
    None
}

#[test]
fn values_alone() {
    check("/json", 200, "application/json", r#"{"page":1,"status":"success","é":[1,2]}"#);
    check("/text", 200, "text/plain; charset=utf-8", "<b> & é");
    check("/bytes", 200, "application/octet-stream", b"\0\xff");
    check("/byte-list", 200, "application/octet-stream", b"\0\xff");
    check("/byte-slice", 200, "application/octet-stream", b"\0\xff");
    check("/byte-array", 201, "image/x-dot", b"\0\xff");
    check("/no-bytes", 200, "application/octet-stream", "");
    check("/number-list", 200, HTML, "12");
    check("/body", 200, "", "as it is");
    check("/status", 410, "", "");
    let res = check("/http", 418, "application/xml", "<a/>");
    let modes: Vec<&HeaderValue> = res.headers().get_all("x-mode").iter().collect();
    assert_eq!(modes, ["a", "b"]);
    check("/bool", 200, HTML, "false");
    check("/zero", 200, HTML, "0");
    check("/empty-text", 200, HTML, "");
    check("/empty-list", 200, HTML, "");
    check("/nothing", 204, "", "");
    check("/none", 204, "", "");
}

// Values with parts.

#[app::query("/status-html", app = local)]
async fn status_and_html() -> (StatusCode, Html) {
    (StatusCode::NOT_FOUND, html! { <h1>"Not here"</h1> })
}

#[app::query("/status-escaped", app = local)]
async fn status_and_text() -> (StatusCode, &'static str) {
    (StatusCode::CREATED, "<made>")
}

#[app::query("/status-json", app = local)]
async fn status_and_json() -> (StatusCode, Json<u8>) {
    (StatusCode::CREATED, Json(7))
}

#[app::query("/opaque", app = local)]
async fn opaque() -> impl IntoResponse {
    (StatusCode::CREATED, [("x-mode", "a")], Json(7))
}

#[app::query("/fallible", app = local)]
async fn fallible(#[default(false)] fail: QueryParam<bool>) -> Result<(StatusCode, Json<u8>)> {
    if *fail {
        return Err(stario::Error::new(StatusCode::CONFLICT, "taken"));
    }
    Ok((StatusCode::CREATED, Json(7)))
}

#[app::query("/xml", app = local)]
async fn xml() -> ([(HeaderName, &'static str); 2], Bytes) {
    let headers = [(CONTENT_TYPE, "application/xml"), (CACHE_CONTROL, "no-store")];
    (headers, Bytes::from_static(b"<a/>"))
}

#[app::query("/headers-html", app = local)]
async fn headers_and_html() -> ([(&'static str, String); 1], Html) {
    ([("X-Name", "Ada".to_owned())], html! { <p>"hi"</p> })
}

#[app::query("/map", app = local)]
async fn map() -> (StatusCode, HeaderMap, Option<[(&'static str, u64); 1]>, Text<&'static str>) {
    let mut headers = HeaderMap::new();
    headers.append("x-mode", HeaderValue::from_static("a"));
    headers.append("x-mode", HeaderValue::from_static("b"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/css"));
    (StatusCode::ACCEPTED, headers, Some([("x-count", 3)]), Text("p {}"))
}

#[app::query("/status-nothing", app = local)]
async fn status_and_nothing() -> (StatusCode, [(&'static str, &'static str); 1], ()) {
    (StatusCode::MOVED_PERMANENTLY, [("location", "/there")], ())
}

#[app::query("/nested", app = local)]
async fn nested() -> (StatusCode, ([(&'static str, &'static str); 1], Json<u8>)) {
    (StatusCode::CREATED, ([("x-mode", "a")], Json(7)))
}

#[test]
fn values_with_parts() {
    check("/status-html", 404, HTML, "<h1>Not here</h1>");
    check("/status-escaped", 201, HTML, "&lt;made&gt;");
    check("/status-json", 201, "application/json", "7");
    assert_eq!(check("/opaque", 201, "application/json", "7").header("x-mode"), "a");
    check("/fallible", 201, "application/json", "7");
    check("/fallible?fail=true", 409, "text/plain; charset=utf-8", "taken");
    let res = check("/xml", 200, "application/xml", "<a/>");
    assert_eq!(res.header("cache-control"), "no-store");
    assert_eq!(check("/headers-html", 200, HTML, "<p>hi</p>").header("x-name"), "Ada");
    let res = check("/map", 202, "text/css", "p {}");
    let modes: Vec<&HeaderValue> = res.headers().get_all("x-mode").iter().collect();
    assert_eq!(modes, ["a", "b"]);
    assert_eq!(res.header("x-count"), "3");
    assert_eq!(check("/status-nothing", 301, "", "").header("location"), "/there");
    assert_eq!(check("/nested", 201, "application/json", "7").header("x-mode"), "a");
}

// What cannot be sent.

#[app::query("/header", app = local)]
async fn header(
    name: QueryParam<String>,
    value: QueryParam<String>,
) -> (StatusCode, [(String, String); 1], Html) {
    (StatusCode::OK, [(name.0, value.0)], html! { <p>"hi"</p> })
}

#[test]
fn a_header_that_http_cannot_carry_is_not_split() {
    let names = ["", "a b", "a:b", "a\r\nb", "é", "a\0"];
    let values = ["a\r\nset-cookie: b=c", "a\nb", "a\rb", "a\0b", "a\u{7f}b"];
    let pairs = names.map(|name| (name, "value")).into_iter().chain(values.map(|value| ("x-mode", value)));
    for (name, value) in pairs {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.append_pair("name", name).append_pair("value", value).finish();
        let res =
            check(&format!("/header?{query}"), 500, "text/plain; charset=utf-8", "Internal Server Error");
        assert!(!res.headers().contains_key("set-cookie"), "{name:?}: {value:?}");
        assert!(!res.headers().contains_key("x-mode"), "{name:?}: {value:?}");
    }
    assert_eq!(check("/header?name=X-Mode&value=a%20b", 200, HTML, "<p>hi</p>").header("x-mode"), "a b");
}

#[app::query("/length", app = local)]
async fn length(stated: QueryParam<String>) -> ([(&'static str, String); 1], Text<&'static str>) {
    ([("content-length", stated.0)], Text("0123456789"))
}

#[app::query("/lengths", app = local)]
async fn lengths() -> ([(&'static str, &'static str); 2], Text<&'static str>) {
    ([("content-length", "3"), ("content-length", "10")], Text("0123456789"))
}

#[app::query("/no-content", app = local)]
async fn no_content() -> ([(&'static str, &'static str); 1], Text<&'static str>) {
    ([("content-length", "5")], Text(""))
}

#[test]
fn the_length_of_an_empty_body_is_none() {
    assert_eq!(check("/no-content", 200, "text/plain; charset=utf-8", "").header("content-length"), "0");
}

#[test]
fn a_length_is_that_of_the_body() {
    for path in ["/length?stated=10", "/length?stated=3", "/length?stated=99", "/length?stated=x", "/lengths"]
    {
        let res = check(path, 200, "text/plain; charset=utf-8", "0123456789");
        let stated: Vec<&HeaderValue> = res.headers().get_all("content-length").iter().collect();
        assert_eq!(stated, ["10"], "{path}");
    }
}

#[app::query("/no-json", app = local)]
async fn no_json() -> (StatusCode, [(&'static str, &'static str); 1], Json<Vec<(f64, Unwritable)>>) {
    (StatusCode::OK, [("content-type", "application/json")], Json(vec![(1.0, Unwritable)]))
}

struct Unwritable;

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("a secret cause"))
    }
}

#[test]
fn a_failure_stays_one_whatever_stands_before_it() {
    check("/no-json", 500, "text/plain; charset=utf-8", "Internal Server Error");
}

// Values and parts of one's own.

struct Teapot;

impl IntoResponse for Teapot {
    fn into_response(self) -> Response {
        (StatusCode::IM_A_TEAPOT, html! { <p>"short and stout"</p> }).into_response()
    }
}

struct NoStore;

impl ResponsePart for NoStore {
    fn apply(self, response: &mut Response) -> Result<()> {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(())
    }
}

struct Greeting(&'static str);

impl Render for Greeting {
    fn render(&self, buf: &mut stario::html::Buf) {
        html! { <p>"Hello, "{self.0}</p> }.render(buf);
    }
}

#[app::query("/teapot", app = local)]
async fn teapot() -> (NoStore, Teapot) {
    (NoStore, Teapot)
}

#[app::query("/greeting", app = local)]
async fn greeting() -> (StatusCode, NoStore, Greeting) {
    (StatusCode::ACCEPTED, NoStore, Greeting("<Ada>"))
}

#[test]
fn types_of_ones_own_are_values_and_parts() {
    assert_eq!(check("/teapot", 418, HTML, "<p>short and stout</p>").header("cache-control"), "no-store");
    assert_eq!(
        check("/greeting", 202, HTML, "<p>Hello, &lt;Ada&gt;</p>").header("cache-control"),
        "no-store"
    );
}

#[test]
fn a_failure_is_answered_as_the_app_answers_failures() {
    let page = |message: &str, _: &http::request::Parts| html! { <h1>"Sorry: "{message}</h1> };
    let client = TestClient::new(local::new().on_status(500, page));
    let res = client.get("/header?name=x-mode&value=a%0Ab").send();
    assert_eq!((res.status().as_u16(), res.text()), (500, "<h1>Sorry: Internal Server Error</h1>"));
}
