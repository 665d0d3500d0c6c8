//! What the handler attributes refuse, with the exact text, and what they accept.

#[test]
fn endpoint() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/endpoint/fail/*.rs");
    cases.pass("tests/endpoint/pass/*.rs");
}
