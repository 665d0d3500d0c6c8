//! What a request may cost: the bytes of signals, the names and values of JSON, how deep they are nested, and where large inputs
//! are parsed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ThreadId;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use stario::prelude::*;
use stario::testing::TestRequest;
use stario::{App, JsonOrForm};

use super::body::chunks;
use super::{JSON, app, check, shown};

stario::app!(local);
stario::app!(inner);

/// Signals of up to 2 KiB, and JSON of up to 10 names and values.
fn complete() -> App {
    let inner = inner::new().signals_limit(100).values_limit(4);
    local::new().signals_limit(2048).values_limit(10).nest("/inner", inner)
}

fn client() -> TestClient {
    TestClient::new(complete())
}

fn post(path: &str, json: impl Into<String>) -> TestRequest {
    client().post(path).header("content-type", JSON).body(json.into())
}

/// The values of `Counted` that were made, and the handlers that were called, in this test's process.
static MADE: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Counted;

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MADE.fetch_add(1, Ordering::SeqCst);
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

#[app::command("/signal", app = local)]
async fn signal(name: Signal<String>) -> String {
    name.0
}

#[app::query("/signal", app = local)]
async fn signal_of_query(name: Signal<String>) -> String {
    name.0
}

#[app::command("/large", app = local, body_limit = 4096)]
async fn large(name: Signal<String>) -> usize {
    name.len()
}

#[app::command("/small", app = local, body_limit = 30)]
async fn small(name: Signal<String>) -> usize {
    name.len()
}

#[app::command("/signal", app = inner)]
async fn signal_of_part(name: Signal<String>) -> String {
    name.0
}

#[app::command("/count/signal", app = local)]
async fn count_signal(a: Signal<Counted>) {
    let _ = a;
    MADE.fetch_add(1, Ordering::SeqCst);
}

#[app::command("/count/signals", app = local)]
async fn count_signals(all: Signals<Counted>) {
    let _ = all;
    MADE.fetch_add(1, Ordering::SeqCst);
}

#[app::command("/count/json", app = local)]
async fn count_json(body: JsonBody<Counted>) {
    let _ = body;
    MADE.fetch_add(1, Ordering::SeqCst);
}

#[app::command("/count/either", app = local)]
async fn count_either(body: JsonOrForm<Counted>) {
    let _ = body;
    MADE.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn signals_have_a_limit_of_their_own() {
    let signals = |length: usize| format!("{{\"name\":\"{}\"}}", "x".repeat(length - 11));
    let check_limit = |path: &str, limit: usize| {
        assert_eq!(post(path, signals(limit)).send().status(), 200, "{path}");
        check(post(path, signals(limit + 1)), 413, &format!("the signals are larger than {limit} bytes"));
    };
    check_limit("/signal", 2048);
    check_limit("/inner/signal", 100);
    // A handler's own limit of its body is that of its signals.
    check_limit("/large", 4096);
    check_limit("/small", 30);
    let get = |length| client().get(format!("/signal?datastar={}", signals(length).replace('"', "%22")));
    assert_eq!(get(2048).send().status(), 200);
    check(get(2049), 413, "the signals are larger than 2048 bytes");
}

#[test]
fn signals_are_never_larger_than_a_body() {
    let client = TestClient::new(local::new().body_limit(20).signals_limit(100));
    let post = |name: &str| client.post("/signal").signals(&json!({ "name": name }));
    check(post("Ada"), 200, "Ada");
    check(post("Augusta Ada King"), 413, "the signals are larger than 20 bytes");
}

#[test]
fn of_signals_without_a_length_no_more_than_their_limit_is_read() {
    let client = TestClient::new(local::new());
    let (body, read) = chunks(10_000, 1024);
    let request = client.post("/signal").header("content-type", JSON).body(body);
    check(request, 413, "the signals are larger than 1048576 bytes");
    assert_eq!(read.load(Ordering::SeqCst), 1025);
}

#[test]
fn names_and_values_are_counted_before_anything_is_made() {
    let list = |count: usize| format!("{{\"a\":[{}]}}", vec!["0"; count].join(","));
    for path in ["/count/signal", "/count/signals", "/count/json", "/count/either"] {
        // The object, the name and the list are three.
        MADE.store(0, Ordering::SeqCst);
        assert_eq!(post(path, list(7)).send().status(), 204, "{path}");
        assert_eq!(MADE.load(Ordering::SeqCst), 2, "{path}: the value, and the handler");
        MADE.store(0, Ordering::SeqCst);
        let subject = if path.starts_with("/count/signal") { "the signals have" } else { "body `body` has" };
        let subject =
            if path == "/count/json" || path == "/count/either" { "body `body` has" } else { subject };
        check(post(path, list(8)), 413, &format!("{subject} more than 10 names and values"));
        assert_eq!(MADE.load(Ordering::SeqCst), 0, "{path}");
    }
    check(
        post("/inner/signal", r#"{"name":"a","b":1}"#),
        413,
        "the signals have more than 4 names and values",
    );
}

#[test]
fn nesting_is_bounded_before_anything_is_made() {
    let client = TestClient::new(local::new());
    let nested = |depth: usize| format!("{{\"_a\":{}0{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    for path in ["/nested/signal", "/nested/signals", "/nested/json"] {
        let post = |depth| client.post(path).header("content-type", JSON).body(nested(depth));
        check(post(127), 200, "126");
        let words = match path {
            "/nested/json" => "invalid body `body`: it is nested more than 127 levels deep",
            _ => "the signals are nested more than 127 levels deep",
        };
        check(post(128), 422, words);
        check(client.post(path).header("content-type", JSON).body("[".repeat(100_000)), 422, words);
    }
}

/// How many lists are within each other.
fn depth(value: &Value) -> usize {
    value.as_array().and_then(|list| list.first()).map_or(0, |first| 1 + depth(first))
}

#[app::command("/nested/signal", app = local)]
async fn nested_signal(#[name("_a")] a: Signal<Value>) -> usize {
    depth(&a)
}

#[app::command("/nested/signals", app = local)]
async fn nested_signals(all: Signals<Value>) -> usize {
    depth(&all["_a"])
}

#[app::command("/nested/json", app = local)]
async fn nested_json(body: JsonBody<Value>) -> usize {
    depth(&body["_a"])
}

/// The thread on which a value was made.
#[derive(Debug)]
struct Maker(ThreadId);

impl<'de> Deserialize<'de> for Maker {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        assert!(!text.starts_with("panic"), "on purpose");
        Ok(Self(std::thread::current().id()))
    }
}

#[derive(Debug, Deserialize)]
struct Form {
    name: Maker,
}

#[app::command("/maker/signal", app = local)]
async fn maker_of_signal(name: Signal<Maker>) -> bool {
    name.0.0 == std::thread::current().id()
}

#[app::command("/maker/signals", app = local)]
async fn maker_of_signals(all: Signals<Form>) -> bool {
    all.name.0 == std::thread::current().id()
}

#[app::command("/maker/body", app = local)]
async fn maker_of_body(body: JsonOrForm<Form>) -> bool {
    body.name.0 == std::thread::current().id()
}

#[test]
fn large_inputs_are_parsed_on_a_thread_of_their_own() {
    let client = TestClient::new(local::new());
    let post = |path: &str, content_type, body: String| {
        let res = client.post(path).header("content-type", content_type).body(body).send();
        (res.status().as_u16(), res.text().to_owned())
    };
    let json = |path: &str, text: &str| post(path, JSON, format!("{{\"name\":\"{text}\"}}"));
    let form = |text: &str| post("/maker/body", super::FORM, format!("name={text}"));
    let large = "x".repeat(64 * 1024);
    for path in ["/maker/signal", "/maker/signals", "/maker/body"] {
        assert_eq!(json(path, "x"), (200, "true".to_owned()), "{path}");
        assert_eq!(json(path, &large), (200, "false".to_owned()), "{path}");
        assert_eq!(json(path, &format!("panic{large}")).0, 500, "{path}");
    }
    assert_eq!(form("x"), (200, "true".to_owned()));
    assert_eq!(form(&large), (200, "false".to_owned()));
    assert_eq!(form(&format!("panic{large}")).0, 500);
}

#[app::command("/several", app = local)]
async fn several(a: Signal<u8>, b__c: Signal<Vec<u8>>, #[name("b.d")] d: Signal<String>) -> Response {
    shown(&(*a, &*b__c, &*d))
}

#[test]
fn signals_are_found_between_others() {
    let client = TestClient::new(local::new());
    let post = |json: &'static str| client.post("/several").header("content-type", JSON).body(json);
    let all = r#"{"x":{"a":[1,{}]},"b":{"c":[1,2],"e":{},"d":"\u00e9"},"a":1,"y":[[]],"a":2}"#;
    check(post(all), 200, r#"(2, [1, 2], "é")"#);
}
