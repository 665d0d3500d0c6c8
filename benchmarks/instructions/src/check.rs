//! The check that Stario does not become slower: its instructions as ratios to raw hyper's, counted in the same
//! run, against the ratios in `ratios.toml`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::exit;

use crate::count::Case;
use crate::process::allow_open_files;
use crate::servers::Server;

/// The cases that are counted, each with its key in `ratios.toml`.
const CHECKED: &[(&str, &str)] =
    &[("plain", "plain"), ("users", "users"), ("delivered event", "delivered_event")];

/// By how much a ratio may exceed the one in the file.
const TOLERANCE: f64 = 0.02;

/// How often each count is made. The lowest is taken: a late wake of the log's thread only adds to a count.
const TIMES: usize = 3;

const COMMAND: &str =
    "cargo run --release --no-default-features --manifest-path benchmarks/instructions/Cargo.toml -- accept";

/// Fails when a ratio is higher than the one in the file.
pub fn check() {
    let committed = std::fs::read_to_string(file()).expect("ratios.toml can be read");
    let mut failed = false;
    for (name, key) in CHECKED {
        let Some(limit) = find(&committed, key) else {
            eprintln!("ratios.toml has no number `{key} = ..`: write it by `{COMMAND}`");
            exit(1);
        };
        let ratio = ratio(name);
        let change = (ratio / limit - 1.0) * 100.0;
        println!("{name}: {ratio:.3} times hyper's instructions, committed are {limit:.3} ({change:+.1} %)");
        if ratio > limit * (1.0 + TOLERANCE) {
            failed = true;
            eprintln!(
                "error: {name} takes {ratio:.3} times the instructions of raw hyper, {change:.1} % more than the {limit:.3} in \
                 benchmarks/instructions/ratios.toml; {:.0} % more are allowed",
                TOLERANCE * 100.0
            );
        } else if ratio < limit * (1.0 - TOLERANCE) {
            println!("note: {name} has become cheaper; to keep it so, run `{COMMAND}` and commit the file");
        }
    }
    if failed {
        eprintln!("If the change is worth it, run `{COMMAND}` and commit the file.");
        exit(1);
    }
}

/// Counts, and writes the ratios into the file.
pub fn accept() {
    let mut text = String::from(
        "# Instructions of Stario, with its defaults and its log in a file, divided by those of raw hyper.\n\
         # `.ci/run` fails when one grows by more than 2 %. Written by:\n",
    );
    writeln!(text, "# {COMMAND}").unwrap();
    for (name, key) in CHECKED {
        writeln!(text, "{key} = {:.3}", ratio(name)).unwrap();
    }
    print!("{text}");
    std::fs::write(file(), text).expect("ratios.toml can be written");
}

fn ratio(name: &str) -> f64 {
    if cfg!(feature = "axum") {
        eprintln!(
            "error: other crates change how Stario is compiled; build this check with `--no-default-features`"
        );
        exit(1);
    }
    allow_open_files(1000);
    let case = Case::named(name).expect("a case");
    let count = |server| (0..TIMES).map(|_| case.count(server).instructions).fold(f64::INFINITY, f64::min);
    count(Server::Stario) / count(Server::Hyper)
}

/// The number after `key =`.
fn find(text: &str, key: &str) -> Option<f64> {
    let values = text.lines().filter_map(|line| line.split_once('='));
    values.filter(|(name, _)| name.trim() == key).find_map(|(_, value)| value.trim().parse().ok())
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ratios.toml")
}
