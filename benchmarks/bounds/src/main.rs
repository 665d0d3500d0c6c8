//! Measures what a server holds while clients send and keep what costs most, and fails where that is over its bound.
//!
//! Each row of [`ROWS`] starts servers in processes of their own, so that no row sees what another has left. A new measure is a
//! function that returns its figures, named in that list; what it needs of a server is a handler in `server.rs`.

mod client;
mod http2;
mod process;
mod raw;
mod rows;
mod server;

use std::process::ExitCode;

stario::app!();

/// A row: its name on the command line, what it measures.
type Row = (&'static str, fn() -> Vec<Figure>);

const ROWS: &[Row] = &[
    ("inputs", rows::inputs::measure),
    ("streams", rows::streams::measure),
    ("unread", rows::unread::measure),
    ("uploads", rows::uploads::measure),
];

/// One measured figure and the most that it may be.
pub struct Figure {
    pub of: String,
    pub measured: f64,
    pub bound: f64,
    pub unit: &'static str,
}

impl Figure {
    pub fn new(of: impl Into<String>, measured: f64, bound: f64, unit: &'static str) -> Self {
        Self { of: of.into(), measured, bound, unit }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", "stario", port] => runtime().block_on(server::serve(port)),
        ["serve", "hyper", port] => runtime().block_on(raw::serve(port)),
        [] => return measure(ROWS.iter()),
        [name] if ROWS.iter().any(|row| row.0 == name) => {
            return measure(ROWS.iter().filter(|row| row.0 == name));
        }
        _ => {
            eprintln!("usage: bounds [{}]", ROWS.iter().map(|row| row.0).collect::<Vec<_>>().join(" | "));
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}

fn measure<'r>(rows: impl Iterator<Item = &'r Row>) -> ExitCode {
    let mut is_within = true;
    println!("| | measured | bound |\n|---|---:|---:|");
    for (_, measure) in rows {
        for Figure { of, measured, bound, unit } in measure() {
            let is_over = measured > bound;
            let remark = if is_over { " **over**" } else { "" };
            println!("| {of} | {measured:.1} {unit}{remark} | {bound} {unit} |");
            is_within &= !is_over;
        }
    }
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
