//! Renames each name that a page and its handlers share, one at a time, in the examples, and tells what notices.
//!
//! A rename appends `x`. Then the tests of the example run: rustc may refuse the name, `App::check` may report it, or a
//! test of a page may fail. The table goes to standard output, row by row. The program fails when fewer than 95 % of the
//! renames are noticed. A file is restored after its rename; `git restore examples` does it after an interruption.

mod find;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs, io};

use find::Rename;

/// The programs, each with its package and its directories of source files and style sheets.
const PROGRAMS: [(&str, &str, &[&str]); 2] = [
    ("groceries", "groceries", &["examples/groceries/src", "examples/groceries/static"]),
    ("tiles", "examples", &["examples/src/bin/tiles", "examples/src/bin/tiles/static"]),
];

/// A file that holds nothing but tests.
const TESTS: &str = "tests.rs";

/// The test of each example that asserts what `App::check` returns.
const CHECK: &str = "nothing_is_wrong_with_the_app";

fn main() -> io::Result<ExitCode> {
    let only: Vec<String> = env::args().skip(1).collect();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    let mut noticed = 0;
    let mut all = 0;
    println!("| file | name | what is renamed | noticed by | how |\n|---|---|---|---|---|");
    for (program, package, directories) in PROGRAMS {
        for (path, text) in sources(&repository, directories)? {
            let file = format!("{program}/{}", path.file_name().unwrap_or_default().display());
            for rename in find::renames(&path, &text) {
                let row = format!("{file} {} {}", rename.name, rename.what);
                if !only.is_empty() && !only.iter().any(|words| row.contains(words)) {
                    continue;
                }
                let restored = Restored { path: &path, text: &text };
                fs::write(&path, rename.apply(&text))?;
                let (by, how) = test(&repository, program, package, &rename)?;
                drop(restored);
                println!("| {file}:{} | `{}` | {} | {by} | {how} |", rename.line, rename.name, rename.what);
                *counts.entry((rename.kind, by)).or_default() += 1;
                all += 1;
                noticed += usize::from(by != NOTHING);
            }
        }
    }
    println!("\n| | rustc | check | page test | nothing |\n|---|---:|---:|---:|---:|");
    for kind in find::KINDS {
        let of = |by| counts.get(&(kind, by)).copied().unwrap_or_default();
        println!("| {kind} | {} | {} | {} | {} |", of(RUSTC), of(APP_CHECK), of(PAGE_TEST), of(NOTHING));
    }
    println!("\n{noticed} of {all} renames are noticed.");
    Ok(if noticed * 100 >= all * 95 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Writes the text of a file back when it is dropped.
struct Restored<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Drop for Restored<'_> {
    fn drop(&mut self) {
        if let Err(error) = fs::write(self.path, self.text) {
            eprintln!("{} is not restored: {error}", self.path.display());
        }
    }
}

fn sources(repository: &Path, directories: &[&str]) -> io::Result<Vec<(PathBuf, String)>> {
    let mut paths = Vec::new();
    for directory in directories {
        for entry in fs::read_dir(repository.join(directory))? {
            paths.push(entry?.path());
        }
    }
    paths.retain(|path| path.is_file() && path.file_name().is_none_or(|name| name != TESTS));
    paths.sort();
    paths.into_iter().map(|path| fs::read_to_string(&path).map(|text| (path, text))).collect()
}

const RUSTC: &str = "rustc";
const APP_CHECK: &str = "check";
const PAGE_TEST: &str = "page test";
const NOTHING: &str = "nothing";

/// Builds the example and runs its tests. Returns what noticed the rename, and its first sentence.
fn test(
    repository: &Path,
    program: &str,
    package: &str,
    rename: &Rename,
) -> io::Result<(&'static str, String)> {
    let output = Command::new("cargo")
        .args(["test", "--quiet", "--package", package, "--bin", program])
        .current_dir(repository)
        .env("CARGO_TERM_COLOR", "never")
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok((NOTHING, String::new()));
    }
    if stderr.contains("could not compile") {
        let error = stderr.lines().find(|line| line.starts_with("error")).unwrap_or_default();
        return Ok((RUSTC, cell(error)));
    }
    let mut failed: Vec<&str> = stdout.lines().filter_map(failed_test).collect();
    failed.sort_unstable();
    if failed.is_empty() {
        return Err(io::Error::other(format!("cargo test failed without a failed test:\n{stdout}{stderr}")));
    }
    if failed.contains(&CHECK) {
        let renamed = rename.name.trim_end_matches('-');
        // The log repeats what the test's own message says.
        let is_logged = |line: &&str| line.contains(" WARN ") || line.contains(" INFO ");
        let mut lines = stdout.lines().filter(|line| !is_logged(line));
        let report = lines.find(|line| line.contains(" --> ") || line.contains(&format!("{renamed}x")));
        return Ok((APP_CHECK, cell(report.unwrap_or_default())));
    }
    Ok((PAGE_TEST, format!("`{}`", failed.join("`, `"))))
}

/// Returns the name of the test whose output begins with this line.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("---- tests::")?.strip_suffix(" stdout ----")
}

/// Returns the text for a cell of a table.
fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|")
}
