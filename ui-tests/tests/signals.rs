//! What `derive(Signals)`, the places of typed signals, and `derive(Form)` refuse, with the exact text. What they accept is in
//! `accepts_typed_signals.rs` and `accepts_form_fields.rs`.

#[test]
fn signals_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/signals/fail/*.rs");
}

#[test]
fn forms_that_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/form/fail/*.rs");
}
