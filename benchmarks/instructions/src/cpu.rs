//! CPU time of a request while wrk keeps a server busy.

use std::process::Command;

use crate::process::{Process, median};
use crate::servers::ALL;

const PATHS: &[&str] = &["/plain", "/users/42?tab=posts", "/page"];

const SECONDS: u32 = 3;

/// Prints the CPU time of a request, user and system, of all threads of a server.
///
/// Each server is on the first processor and wrk on the second. In each round all servers have their turn, so that
/// what else the machine does is spread over all of them.
pub fn print(rounds: usize) {
    println!(
        "CPU µs per request (ratio to hyper), median of {rounds} rounds of {SECONDS} s, wrk -t1 -c64.\n"
    );
    println!("| | {} |\n|---{}|", PATHS.join(" | "), "|---:".repeat(PATHS.len()));
    let processes: Vec<Process> =
        ALL.iter().map(|server| Process::start_by(&["taskset", "-c", "0"], *server)).collect();
    // By server, and then by path.
    let mut times = vec![vec![Vec::new(); PATHS.len()]; ALL.len()];
    for _ in 0..rounds {
        for (path, &target) in PATHS.iter().enumerate() {
            for (server, process) in processes.iter().enumerate() {
                times[server][path].push(load(process, target));
            }
        }
    }
    processes.into_iter().for_each(Process::stop);
    let mut hyper = None;
    for (server, times) in ALL.iter().zip(times) {
        let times: Vec<f64> = times.into_iter().map(median).collect();
        let hyper = hyper.get_or_insert_with(|| times.clone());
        let mut row = format!("| {} |", server.name());
        for (time, hyper) in times.iter().zip(hyper.iter()) {
            row.push_str(&format!(" {time:.2} ({:.2}) |", time / hyper));
        }
        println!("{row}");
    }
}

/// The CPU time in µs that `process` needs for a request to `path`.
fn load(process: &Process, path: &str) -> f64 {
    let before = process.cpu_time();
    let output = Command::new("taskset")
        .args(["-c", "1", "wrk", "-t1", "-c64", &format!("-d{SECONDS}s")])
        .arg(format!("http://{}{path}", process.address))
        .output()
        .expect("taskset and wrk are installed");
    let used = process.cpu_time() - before;
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let requests: f64 = report
        .lines()
        .find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())
        .unwrap_or_else(|| panic!("wrk did not say how many requests it made: {report}{errors}"));
    assert!(!report.contains("Non-2xx"), "{path} was answered with an error: {report}");
    used.as_secs_f64() * 1e6 / requests
}
