//! What `derive(Signals)`, the places of typed signals, and `derive(Form)` refuse, with the exact text, and what they accept.

#[test]
fn signals_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/signals/fail/*.rs");
}

#[test]
fn signals_that_do() {
    trybuild::TestCases::new().pass("tests/signals/pass/*.rs");
}

#[test]
fn forms_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/form/fail/*.rs");
}

#[test]
fn forms_that_do() {
    trybuild::TestCases::new().pass("tests/form/pass/*.rs");
}
