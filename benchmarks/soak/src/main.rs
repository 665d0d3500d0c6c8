//! A server under a mixed load from another process, watched until it is idle again: what it holds then must
//! be what it held before. `soak SECONDS`; the log goes to standard error, the figures to standard output.

mod load;
mod server;

use std::process::ExitCode;

stario::app!();

/// The allocator of the examples.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["load", address, seconds] => load::run(address, seconds).await,
        [] => server::run(600).await,
        [seconds] => match seconds.parse() {
            Ok(seconds) => server::run(seconds).await,
            Err(_) => Err(format!("{seconds:?}: expected a number of seconds").into()),
        },
        _ => Err("expected a number of seconds".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
