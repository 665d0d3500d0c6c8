//! What `derive(Signals)` and the places of typed signals refuse, with the exact text, and what they accept.

#[test]
fn signals_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/signals/fail/*.rs");
}

#[test]
fn signals_that_do() {
    trybuild::TestCases::new().pass("tests/signals/pass/*.rs");
}
