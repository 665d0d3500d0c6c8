//! What the process of an app that cannot serve says and comes to.

use std::process::Command;

#[test]
fn an_app_with_problems_prints_them_all_and_exits_with_1() {
    let output = Command::new(env!("CARGO_BIN_EXE_broken")).env("STARIO_PORT", "0").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "", "it must not have begun to listen");
    let expected = "\
Error: the app cannot start:
  no state of type `broken::Config`, taken by broken::shop at ui-tests/src/bin/broken.rs:10; give it with `.state(..)`
  GET /shop is answered twice:
    broken::shop at ui-tests/src/bin/broken.rs:10
    ui_tests::shop at ui-tests/src/lib.rs:6
";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}
