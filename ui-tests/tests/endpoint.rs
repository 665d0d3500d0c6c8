//! What the handler attributes and `#[dependency]` refuse, with the exact text, and what they accept.
//!
//! Refusals and the rest are tests of their own, because trybuild runs `cargo check` only where nothing is
//! to be built: what does not compile must not need a build to be found.

#[test]
fn handlers_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/endpoint/fail/*.rs");
}

#[test]
fn handlers_that_do() {
    trybuild::TestCases::new().pass("tests/endpoint/pass/*.rs");
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
fn structs_of_sources_that_do() {
    trybuild::TestCases::new().pass("tests/derive/pass/*.rs");
}

#[test]
fn assets_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/assets/fail/*.rs");
}

#[test]
fn assets_that_do() {
    trybuild::TestCases::new().pass("tests/assets/pass/*.rs");
}
