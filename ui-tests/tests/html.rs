//! What `html!` refuses, with the exact words, and the nearest thing that it accepts.

#[path = "html/pass/mod.rs"]
mod pass;

#[test]
fn templates_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/html/fail/*.rs");
}
