//! Times every engine on every shape, in turn, so that noise hits all alike, and prints the medians.
//!
//! `cargo run --release -p html-benchmarks [samples]`

use std::hint::black_box;
use std::time::{Duration, Instant};

use html_benchmarks::data::Data;
use html_benchmarks::{SHAPES, engines};

/// How long one sample takes.
const SAMPLE: Duration = Duration::from_micros(1500);

fn main() {
    let samples: usize = std::env::args().nth(1).and_then(|argument| argument.parse().ok()).unwrap_or(200);
    let data = Data::new();
    let engines = engines::all();
    let mut medians = vec![[0.0; SHAPES.len()]; engines.len()];
    for shape in 0..SHAPES.len() {
        let rounds: Vec<u32> = engines
            .iter()
            .map(|engine| {
                let page = engine.shapes[shape];
                let start = Instant::now();
                let mut rounds = 0_u32;
                while start.elapsed() < 20 * SAMPLE {
                    black_box(page(black_box(&data)));
                    rounds += 1;
                }
                (rounds / 20).max(1)
            })
            .collect();
        let mut times = vec![Vec::with_capacity(samples); engines.len()];
        for _ in 0..samples {
            for ((engine, rounds), times) in engines.iter().zip(&rounds).zip(&mut times) {
                let page = engine.shapes[shape];
                let start = Instant::now();
                for _ in 0..*rounds {
                    black_box(page(black_box(&data)));
                }
                times.push(start.elapsed().as_nanos() as f64 / f64::from(*rounds));
            }
        }
        for (medians, mut times) in medians.iter_mut().zip(times) {
            times.sort_by(f64::total_cmp);
            medians[shape] = times[times.len() / 2];
        }
    }
    println!("| engine | {} | geo. mean |", SHAPES.join(" | "));
    println!("|---|{}---|", "---|".repeat(SHAPES.len()));
    let sizes: Vec<String> =
        engines[0].shapes.iter().map(|page| format!("{} B", page(&data).len())).collect();
    println!("| size | {} | |", sizes.join(" | "));
    for (engine, times) in engines.iter().zip(&medians) {
        let ratios: Vec<f64> = times.iter().zip(&medians[0]).map(|(time, bound)| time / bound).collect();
        let cells: Vec<String> = times
            .iter()
            .zip(&ratios)
            .map(|(time, ratio)| format!("{:.2} µs {ratio:.2}x", time / 1000.0))
            .collect();
        let mean = ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64;
        println!("| {} | {} | {:.2}x |", engine.name, cells.join(" | "), mean.exp());
    }
}
