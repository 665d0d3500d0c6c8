//! The cost of sending the events of one relay to many browsers, compressed or not.
//!
//! `broadcast-benchmarks STREAMS EVENTS MILLISECONDS ROUNDS [KIND..]` starts a server in a process of its own for each kind, in turn:
//!
//! | kind | |
//! |---|---|
//! | `identity` | not compressed |
//! | `zstd`, `gzip` | compressed once for all streams |
//! | `zstd-own`, `gzip-own`, `br-own` | each stream compresses for itself |
//! | `zstd-churn`, `gzip-churn` | compressed once; one stream in a hundred ends with each event, and another begins |
//!
//! It opens so many streams, has so many events published, one in so many milliseconds, checks that each stream has received
//! all of them and ends validly, and prints per kind what the server's process held and worked.

mod chunks;
mod client;
mod server;

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use client::Client;

stario::app!();

/// The allocator of the examples.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most })?;
    match &arguments[..] {
        ["serve", kind] => server::run(kind.ends_with("-own")).await,
        [streams, events, milliseconds, rounds, kinds @ ..] => {
            let run = Run {
                streams: streams.parse()?,
                events: events.parse()?,
                interval: Duration::from_millis(milliseconds.parse()?),
            };
            let kinds = if kinds.is_empty() { &["identity", "zstd", "gzip"] } else { kinds };
            println!("{run:?}");
            println!(
                "| kind | KiB per stream | CPU µs per delivered event | bytes per event | publish p50 / p99 / max, CPU µs |"
            );
            println!("|---|---:|---:|---:|---:|");
            for _ in 0..rounds.parse()? {
                for kind in kinds {
                    println!("| {kind} | {} |", run.measure(kind).await?);
                }
            }
            Ok(())
        }
        _ => Err("expected STREAMS EVENTS MILLISECONDS ROUNDS [KIND..]".into()),
    }
}

#[derive(Debug, Clone, Copy)]
struct Run {
    streams: usize,
    events: usize,
    interval: Duration,
}

impl Run {
    async fn measure(self, kind: &str) -> Result<String> {
        let Self { streams, events, interval } = self;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", kind])
            .env("RUST_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let process = child.id().ok_or("the server has ended")?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let address = lines.next_line().await?.ok_or("no address")?;
        let coding = kind.split('-').next().unwrap_or_default();
        let expected: Arc<[u8]> = (0..events).flat_map(|number| server::text(number).into_bytes()).collect();

        let idle = resident(process)?;
        let mut clients = Vec::new();
        for _ in 0..streams {
            clients.push(Client::open(&address, coding, expected.clone()).await?);
        }
        // Streams with nothing to send yet, and their connections.
        let before = cpu(process)?;
        let churn = if kind.ends_with("-churn") { streams / 100 } else { 0 };
        let mut reading: std::collections::VecDeque<_> =
            clients.into_iter().map(|client| tokio::spawn(client.read())).collect();
        let mut times = Vec::new();
        if churn == 0 {
            let path = format!("/publish?count={events}&interval={}", interval.as_millis());
            times = client::ask(&address, &path)
                .await?
                .split(' ')
                .map(str::parse)
                .collect::<std::result::Result<_, _>>()?;
        }
        for number in 0..if churn > 0 { events } else { 0 } {
            for _ in 0..churn {
                reading.pop_front().ok_or("no stream")?.abort();
                let rest: Arc<[u8]> = (number..events).flat_map(|it| server::text(it).into_bytes()).collect();
                reading.push_back(tokio::spawn(Client::open(&address, coding, rest).await?.read()));
            }
            let path = format!("/publish?count=1&interval=0&first={number}");
            times.push(client::ask(&address, &path).await?.parse()?);
            tokio::time::sleep(interval).await;
        }
        // The server has sent all events once its CPU time no longer grows.
        let mut used = cpu(process)?;
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = cpu(process)?;
            if now == used {
                break;
            }
            used = now;
        }
        let held = resident(process)?.saturating_sub(idle);
        client::ask(&address, "/end").await?;
        let (mut bytes, mut plain) = (0, 0);
        for stream in reading {
            let (of_body, of_events) = stream.await??;
            bytes += of_body;
            plain += of_events;
        }
        let event = expected.len() as f64 / events as f64;
        times.sort_by(u64::cmp);
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize] as f64 / 1000.0;
        let delivered = (streams * events) as f64;
        Ok(format!(
            "{:.1} | {:.2} | {:.1} | {:.0} / {:.0} / {:.0}",
            held as f64 / 1024.0 / streams as f64,
            (used - before) as f64 * 10_000.0 / delivered,
            bytes as f64 / plain as f64 * event,
            at(0.5),
            at(0.99),
            at(1.0),
        ))
    }
}

/// The CPU time of a process in hundredths of a second.
fn cpu(process: u32) -> Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    Ok(fields[11].parse::<u64>()? + fields[12].parse::<u64>()?)
}

/// The bytes of memory that a process holds.
fn resident(process: u32) -> Result<usize> {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm"))?;
    Ok(statm.split(' ').nth(1).ok_or("no pages")?.parse::<usize>()? * 4096)
}
