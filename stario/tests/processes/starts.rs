//! What a process says and comes to whose app cannot start.

use std::io;

use stario::prelude::*;

use crate::app;
use crate::process;

stario::app!(local);

struct Pool;

#[derive(Debug, thiserror::Error)]
#[error("no pool of connections")]
struct NoPool(#[source] io::Error);

#[dependency(singleton, eager)]
async fn pool() -> Result<Pool, NoPool> {
    Err(NoPool(io::Error::other("connection\nrefused")))
}

#[app::query("/", app = local)]
async fn home(_pool: &Pool) {}

/// Serves in a process that the test below starts.
#[test]
fn server_process() {
    if process::is_server() {
        process::exit(process::serve(local::new()));
    }
}

#[test]
fn an_eager_singleton_that_fails_is_one_line_and_status_1() {
    let output = process::command("starts::server_process", "", &[("STARIO_PORT", "0")]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let (printed, log) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!printed.contains("listening"), "{printed}");
    let place = "processes::starts::pool at stario/tests/processes/starts.rs:18";
    assert_eq!(
        log,
        format!("Error: the dependency {place} cannot be made: no pool of connections: connection refused\n")
    );
}
