//! What an app that cannot serve says, all at once.

use stario::prelude::*;

stario::app!();

struct Config;

/// Answered by the library too: across crates only the app can see it.
#[app::query("/shop")]
async fn shop() -> &'static str {
    "another shop"
}

#[app::query("/config")]
async fn config(config: State<Config>) {
    let _ = config;
}

struct Chicken;
struct Egg;

#[dependency]
async fn chicken(_egg: &Egg) -> Chicken {
    Chicken
}

#[dependency]
fn egg(_chicken: &Chicken, _config: State<Config>, shelf: PathParam<u8>) -> Egg {
    let _ = shelf;
    Egg
}

#[app::query("/breakfast")]
async fn breakfast(_egg: &Egg) {}

#[test]
fn all_problems_are_reported_with_their_places() {
    let app = app::new().merge(ui_tests::app::new()).state(1_u8).state(2_u8);
    let problems = app.check().unwrap_err().to_string();
    let expected = "\
the app cannot start:
  state of type `u8` is given twice; wrap one in a type of its own
  providers need each other in a circle:
    problems::egg at ui-tests/tests/problems.rs:28
    problems::chicken at ui-tests/tests/problems.rs:23
    problems::egg at ui-tests/tests/problems.rs:28
  no state of type `problems::Config`, taken by problems::egg at ui-tests/tests/problems.rs:28; give it with `.state(..)`
  `/breakfast` has no `{shelf}`, which problems::egg at ui-tests/tests/problems.rs:28 takes for problems::breakfast at ui-tests/tests/problems.rs:34
  no state of type `problems::Config`, taken by problems::config at ui-tests/tests/problems.rs:15; give it with `.state(..)`
  problems::signature at ui-tests/tests/problems.rs:88 reads the body, which a query has none of: problems::signed_query at ui-tests/tests/problems.rs:100
  the body of /signed can be read once, and is read twice:
    problems::signature at ui-tests/tests/problems.rs:88
    problems::signed_twice at ui-tests/tests/problems.rs:103
  GET /shop is answered twice:
    ui_tests::shop at ui-tests/src/lib.rs:6
    problems::shop at ui-tests/tests/problems.rs:10
  GET /stock [accept: text/plain] [x-unit: piece] is answered twice:
    ui_tests::stock::pieces at ui-tests/src/lib.rs:35
    problems::pieces at ui-tests/tests/problems.rs:114
  DELETE /stock/{where_it_is...} is answered twice:
    ui_tests::stock::remove at ui-tests/src/lib.rs:41
    problems::remove at ui-tests/tests/problems.rs:117";
    assert_eq!(problems, expected);
}

#[test]
#[should_panic(expected = "no state of type `problems::Config`")]
fn a_test_client_refuses_such_an_app() {
    TestClient::new(app::new());
}

mod empty {
    stario::app!();
}

#[test]
fn an_app_without_handlers_says_so() {
    let problems = empty::app::new().check().unwrap_err().to_string();
    assert_eq!(
        problems,
        "the app cannot start:\n  `problems::empty::app` has no handler; annotate one with #[app::query(\"/\")], or merge the app of the crate that has them"
    );
}

struct Signature(String);

#[dependency]
fn signature(body: stario::RawBody<String>) -> Signature {
    Signature(body.0)
}

#[dependency]
fn verified(_signature: &Signature) -> Verified {
    Verified
}

struct Verified;

#[app::query("/signed")]
async fn signed_query(_verified: &Verified) {}

#[app::command("/signed")]
async fn signed_twice(_verified: &Verified, body: stario::RawBody<String>) -> String {
    body.0
}

#[app::command("/signed-once")]
async fn signed_once(page: QueryParam<u8>, _verified: &Verified, signature: &Signature) -> String {
    format!("{page} {}", signature.0)
}

// The library has these as well, in other words.
#[app::query("/stock", headers("accept" = "text/plain", "x-unit" = "piece"))]
async fn pieces() {}

#[app::command("/stock/{where_it_is...}", method = "DELETE")]
async fn remove(where_it_is: PathParam<Vec<String>>) {
    let _ = where_it_is;
}

// And these it has not: another value, another verb, one segment.
#[app::query("/stock", headers("accept" = "text/plain", "x-unit" = "box"))]
async fn boxes() {}

#[app::command("/stock/{place...}", method = PUT)]
async fn put(place: PathParam<String>) {
    let _ = place;
}

#[app::command("/stock/{place}", method = DELETE)]
async fn remove_one(place: PathParam<String>) {
    let _ = place;
}
