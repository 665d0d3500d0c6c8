//! A folder with awkward files: `assets!` lists it when the program is compiled, `App::check` lists it again when the program
//! starts, and both find the same files.

#![cfg(debug_assertions)]

use stario::prelude::*;

stario::app!();
stario::assets!("tests/assets/awkward");

#[app::query("/")]
async fn home() {}

#[test]
fn the_program_has_the_regular_files_that_are_not_hidden() {
    let client = TestClient::new(app::new());
    let status = |name: &str| client.get(format!("/assets/{name}")).send().status();
    for served in [
        "plain.txt",
        "empty.txt",
        "two%20words.txt",
        "100%25%23.txt",
        "gr%C3%B6%C3%9Fe.txt",
        "nested.txt",
        "nested.d/file.txt",
        "nested/deep/file.txt",
        "nested/deep/no-extension",
    ] {
        assert_eq!(status(served), 307, "{served}");
    }
    let hidden = [".hidden", "..dots", ".folder/inside.txt", "nested/.hidden"];
    let links = ["link.txt", "linked/deep/file.txt", "dangling.txt", "with-links/up.txt"];
    for left_out in hidden.iter().chain(&links) {
        assert_eq!(status(left_out), 404, "{left_out}");
    }
}

#[test]
fn the_check_finds_no_other_files() {
    let warnings = app::new().check().unwrap();
    assert!(warnings.is_empty(), "{warnings}");
}
