//! Counts the instructions of one rendering of every shape, by the hand-written bound and by `html!`.
//!
//! `cargo run --release -p html-benchmarks --bin html_instructions` (needs valgrind)
//!
//! The program runs itself under callgrind, twice for each shape: the difference between many renderings and few is what
//! a rendering costs, without the start of the process.

use std::hint::black_box;
use std::process::Command;
use std::{env, io};

use html_benchmarks::data::Data;
use html_benchmarks::{SHAPES, engines};

/// Renderings of the two runs.
const ROUNDS: [u32; 2] = [20, 120];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [engine, shape, rounds] = arguments.as_slice() {
        render(engine, shape, rounds.parse().expect("the number of renderings"));
        return Ok(());
    }
    println!("| instructions | {} | geo. mean |", SHAPES.join(" | "));
    println!("|---|{}---|", "---|".repeat(SHAPES.len()));
    let bound = count_all("bound")?;
    for engine in ["bound", "stario"] {
        let counts = if engine == "bound" { bound } else { count_all(engine)? };
        let ratios: Vec<f64> = counts.iter().zip(bound).map(|(count, bound)| count / bound).collect();
        let cells: Vec<String> =
            counts.iter().zip(&ratios).map(|(count, ratio)| format!("{count:.0} {ratio:.2}x")).collect();
        let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64;
        println!("| {engine} | {} | {:.2}x |", cells.join(" | "), mean.exp());
    }
    Ok(())
}

fn render(engine: &str, shape: &str, rounds: u32) {
    let data = Data::new();
    let at = SHAPES.iter().position(|known| *known == shape).expect("the name of a shape");
    let engine =
        engines::all().into_iter().find(|known| known.name == engine).expect("the name of an engine");
    for _ in 0..rounds {
        black_box(engine.shapes[at](black_box(&data)));
    }
}

fn count_all(engine: &str) -> io::Result<[f64; 5]> {
    let mut counts = [0.0; 5];
    for (count, shape) in counts.iter_mut().zip(SHAPES) {
        let [few, many] = ROUNDS;
        let difference = count_of(engine, shape, many)? - count_of(engine, shape, few)?;
        *count = difference / f64::from(many - few);
    }
    Ok(counts)
}

fn count_of(engine: &str, shape: &str, rounds: u32) -> io::Result<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([engine, shape, &rounds.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected : "));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    count.ok_or_else(|| io::Error::other(format!("callgrind counted nothing:\n{text}")))
}
