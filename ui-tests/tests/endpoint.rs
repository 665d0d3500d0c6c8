//! What the handler attributes, `#[dependency]`, `derive(FromRequest)` and `assets!` refuse, with the exact text. What they
//! accept is in the files `accepts_*.rs`, each a crate with an app of its own, which the oldest compiler checks, too.
//!
//! trybuild runs `cargo check` as long as no case is to be run: what does not compile must not need a build to be found.

#[test]
fn handlers_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/endpoint/fail/*.rs");
}

#[test]
fn dependencies_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/dependency/fail/*.rs");
}

#[test]
fn structs_of_sources_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/derive/fail/*.rs");
}

#[test]
fn assets_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/assets/fail/*.rs");
}
