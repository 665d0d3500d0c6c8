//! What html! refuses, with the exact words, and the nearest thing that it accepts.

#[test]
fn templates() {
    let tests = trybuild::TestCases::new();
    tests.compile_fail("tests/html/fail/*.rs");
    tests.pass("tests/html/pass/*.rs");
}
