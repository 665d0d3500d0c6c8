//! `#[derive(FromRequest)]`: structs of sources.

use stario::prelude::*;
use stario::{ClientAddress, FromRequest};

use super::{JSON, app, check, get, post};

#[derive(FromRequest)]
struct Filter {
    page: QueryParam<u32>,
    #[default(10)]
    limit: QueryParam<u32>,
    user_agent: Header<Option<String>>,
    #[name("X-Num")]
    number: Header<Option<u8>>,
    r#type: QueryParam<Option<String>>,
    address: ClientAddress,
}

#[app::query("/derive/filter")]
async fn filter(filter: Filter) -> String {
    let Filter { page, limit, user_agent, number, r#type, address } = filter;
    format!("{page} {limit} {:?} {:?} {:?} {address}", user_agent.0.is_some(), number.0, r#type.0.is_some())
}

#[test]
fn fields_are_resolved_by_their_names() {
    check(get("/derive/filter?page=2"), 200, "2 10 false None false 127.0.0.1");
    check(
        get("/derive/filter?page=2&limit=5&type=a").header("user-agent", "x").header("x-num", "3"),
        200,
        "2 5 true Some(3) true 127.0.0.1",
    );
    check(
        get("/derive/filter?limit=x"),
        400,
        "missing query parameter `page`: expected a whole number of 32 bits, not negative",
    );
    check(
        get("/derive/filter?page=1&limit=x"),
        422,
        "invalid query parameter `limit`: expected a whole number of 32 bits, not negative",
    );
}

/// Structs nest, may be generic, and may hold the body.
#[derive(FromRequest)]
struct Save<T: serde::de::DeserializeOwned + Send + 'static> {
    filter: Filter,
    body: JsonBody<T>,
}

#[app::command("/derive/save")]
async fn save(save: Save<Vec<u8>>) -> String {
    format!("{} {:?}", save.filter.page, save.body.0)
}

#[test]
fn structs_nest_and_may_hold_the_body() {
    check(post("/derive/save?page=1", JSON, "[1]"), 200, "1 [1]");
    check(
        post("/derive/save?page=1", JSON, "x"),
        400,
        "body `body` is not valid JSON: expected value at line 1 column 1",
    );
    check(
        post("/derive/save?page=x", JSON, "x"),
        422,
        "invalid query parameter `page`: expected a whole number of 32 bits, not negative",
    );
}

#[derive(FromRequest)]
struct Shared {
    config: State<&'static str>,
    n: Signal<u8>,
}

#[derive(FromRequest)]
struct Nothing {}

#[app::query("/derive/shared")]
async fn shared(shared: Shared, n: Signal<u8>, Nothing {}: Nothing) -> String {
    format!("{} {} {n}", *shared.config, shared.n)
}

#[test]
fn the_state_that_fields_need_is_checked_before_the_app_serves() {
    let problems = app::new().check().unwrap_err().to_string();
    assert!(problems.contains("no state of type `&str`, taken by sources::derive::shared"), "{problems}");
    check(super::client().get("/derive/shared").signals(&json!({ "n": 1 })), 200, "here 1 1");
}
