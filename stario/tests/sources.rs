//! Every source of a handler's parameters: what it reads, and what it refuses with which words.

// Handlers take what they are given, as those of an app do.
#![allow(clippy::unused_async, clippy::needless_pass_by_value)]

use stario::prelude::*;
use stario::testing::{TestRequest, TestResponse};

#[path = "sources/body.rs"]
mod body;
#[path = "sources/cookie.rs"]
mod cookie;
#[path = "sources/derive.rs"]
mod derive;
#[path = "sources/empty.rs"]
mod empty;
#[path = "sources/form.rs"]
mod form;
#[path = "sources/head.rs"]
mod head;
#[path = "sources/header.rs"]
mod header;
#[path = "sources/json.rs"]
mod json;
#[path = "sources/multipart.rs"]
mod multipart;
#[path = "sources/path.rs"]
mod path;
#[path = "sources/properties.rs"]
mod properties;
#[path = "sources/query.rs"]
mod query;
#[path = "sources/rejection.rs"]
mod rejection;
#[path = "sources/signals.rs"]
mod signals;
#[path = "sources/upload.rs"]
mod upload;
#[path = "sources/wire.rs"]
mod wire;

stario::app!();
stario::app!(other);

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=x";

/// The app of all these handlers, which reads bodies of up to 1 MiB.
fn complete() -> stario::App {
    app::new().state("here").body_limit(1024 * 1024)
}

fn client() -> TestClient {
    TestClient::new(complete())
}

fn get(path: &str) -> TestRequest {
    client().get(path)
}

fn post(path: &str, content_type: &str, body: impl AsRef<[u8]>) -> TestRequest {
    let request = client().post(path).body(body.as_ref().to_vec());
    if content_type.is_empty() { request } else { request.header("content-type", content_type) }
}

#[track_caller]
fn check(request: TestRequest, status: u16, text: &str) {
    let res: TestResponse = request.send();
    assert_eq!((res.status().as_u16(), res.text()), (status, text));
    if status >= 400 {
        assert_eq!(res.header("content-type"), "text/plain; charset=utf-8");
    }
}

/// What a handler read, in Rust's words and without HTML's escapes.
fn shown(value: &impl std::fmt::Debug) -> Response {
    Response::new(format!("{value:?}").into())
}
