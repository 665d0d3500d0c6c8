//! Every source of a handler's parameters: the values it reads, and the messages of its refusals.

// Handlers take parameters by value, as those of an app do.
#![allow(clippy::unused_async, clippy::needless_pass_by_value)]

use stario::prelude::*;
use stario::testing::{TestRequest, TestResponse};

mod body;
mod bounds;
mod cookie;
mod derive;
mod empty;
mod form;
mod head;
mod header;
mod held;
mod json;
mod multipart;
mod path;
mod properties;
mod query;
mod ready;
mod rejection;
mod signals;
#[cfg(feature = "forms")]
mod typed_form;
mod upload;
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

/// One client for each thread: a thread's tests send thousands of requests, and the app keeps nothing of them.
fn client() -> TestClient {
    thread_local! {
        static CLIENT: TestClient = TestClient::new(complete());
    }
    CLIENT.with(TestClient::clone)
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

/// Answers with a value as `Debug` prints it, without HTML's escapes.
fn shown(value: &impl std::fmt::Debug) -> Response {
    Response::new(format!("{value:?}").into())
}
