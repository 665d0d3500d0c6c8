//! Relays and presences of one, two and three nodes over NATS: whether anything is lost, how late it comes, and what it costs.
//!
//! ```text
//! cargo run --release -p nodes -- 100000          # values of each run; then subscriptions that are full, and a broker that is killed
//! cargo run --release -p nodes -- http 200        # the same with 2,000 streams over HTTP; events of each run
//! cargo run --release -p nodes -- presence 1000   # people with three tabs each at one node, as another node lists them
//! cargo run --release -p nodes -- resumes 2000    # publishing while so many streams resume at once; in one process
//! ```
//!
//! Each fails, with status 1 and a line for each problem, if what it measures is not as it must be.
//!
//! Starts `nats-server` and, for each node, this program again: its first argument is the part that the process has then. All processes of one
//! machine have the same clock, so a value carries when it was published.

mod clients;
mod faults;
mod http;
mod node;
mod numbers;
mod people;
mod presence;
mod process;
mod resumes;
mod tabs;
mod values;

use std::process::ExitCode;

stario::app!();

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = |default| arguments.get(1).map_or(default, |count| count.parse().expect("a number"));
    let problems = match arguments.first().map(String::as_str) {
        Some("node") => return ended(|| node::run(&arguments[1..])),
        Some("fault-node") => return ended(|| faults::node(&arguments[1..])),
        Some("http-node") => return ended(|| http::node(&arguments[1..])),
        Some("clients") => return ended(|| clients::run(&arguments[1..])),
        Some("presence-node") => return ended(|| people::node(&arguments[1..])),
        Some("http") => http::compare(count(200) as u64),
        Some("presence") => presence::measure(count(1_000)),
        Some("resumes") => resumes::measure(count(2_000)),
        first => {
            let values = first.map_or(100_000, |values| values.parse().expect("how many values"));
            let mut problems = values::compare(values);
            problems.extend(faults::measure());
            problems
        }
    };
    for problem in &problems {
        println!("FAILED: {problem}");
    }
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ended(part: impl FnOnce()) -> ExitCode {
    part();
    ExitCode::SUCCESS
}
