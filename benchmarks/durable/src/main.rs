//! Durable commands, with each store: `kills` kills a server (`kill -9`) in 20 rounds of 200 acknowledged commands, `store-kills` kills what
//! the server stores them in, `rates` measures how many commands a second are acknowledged and run, and `start` how long a process takes to
//! open a store of 100,000.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stario::DurableStore;
use stario_nats::NatsQueue;
use stario_postgres::PostgresQueue;
use stario_sqlite::SqliteQueue;

#[path = "../../../stario-nats/tests/support/broker.rs"]
mod broker;
#[path = "../../../stario-postgres/tests/support/cluster.rs"]
mod cluster;
#[path = "../../../stario-sqlite/tests/support/kills.rs"]
mod kills;
mod rates;
mod rounds;
mod start;

stario::app!();

const USAGE: &str = "write what is done, and the store: `kills`, `store-kills`, `rates` or `start`; `sqlite`, `postgres` or `nats`";

async fn sqlite(folder: &Path) -> SqliteQueue {
    let file = folder.join("commands.db").display().to_string();
    let database = stario_sqlite::open(file).await.expect("the file can be opened");
    SqliteQueue::new(&database).await.expect("the tables can be made")
}

/// Where the server finds the URL of the database or the broker, if it has one.
fn url_path(folder: &Path) -> PathBuf {
    folder.join("url")
}

async fn postgres(url: &str) -> PostgresQueue {
    let database = stario_postgres::open(url).await.expect("the database can be opened");
    PostgresQueue::new(&database).await.expect("the tables can be made")
}

async fn nats(url: &str) -> NatsQueue {
    let nats = stario_nats::connect(url).await.expect("the broker can be reached");
    nats.queue("benchmark").await.expect("the stream can be opened")
}

/// The process of the database or the broker that stores the commands, where there is one.
enum Process {
    Postgres(cluster::Cluster),
    Nats(broker::Broker),
}

impl Process {
    /// Kills it, and starts it again.
    async fn kill(&mut self) {
        match self {
            Process::Postgres(cluster) => {
                cluster.kill();
                cluster.restart();
                cluster.ready().await;
            }
            Process::Nats(broker) => {
                broker.kill();
                broker.restart();
            }
        }
    }
}

#[tokio::main]
async fn main() -> stario::Result {
    if let Some(folder) = std::env::var_os(kills::FOLDER) {
        let with_store =
            async |app: stario::App, folder: &Path| match std::fs::read_to_string(url_path(folder)) {
                Ok(url) if url.starts_with("nats:") => app.durable(nats(&url).await),
                Ok(url) => app.durable(postgres(&url).await),
                Err(_) => app.durable(sqlite(folder).await),
            };
        return kills::serve(PathBuf::from(folder), with_store).await;
    }
    // Not in memory, where a synchronized file costs nothing.
    let folder = tempfile::tempdir_in(".")?;
    let folder = folder.path();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [what, "sqlite"] => run(what, folder, async || sqlite(folder).await, None).await,
        [what, "postgres"] => {
            let cluster = cluster::Cluster::start();
            cluster.ready().await;
            let url = cluster.url();
            std::fs::write(url_path(folder), &url)?;
            run(what, folder, async || postgres(&url).await, Some(Process::Postgres(cluster))).await
        }
        [what, "nats"] => {
            let broker = broker::Broker::start();
            let url = broker.url();
            std::fs::write(url_path(folder), &url)?;
            run(what, folder, async || nats(&url).await, Some(Process::Nats(broker))).await
        }
        _ => Err(USAGE.into()),
    }
}

async fn run<S: DurableStore>(
    what: &str,
    folder: &Path,
    open: impl AsyncFn() -> S,
    process: Option<Process>,
) -> stario::Result {
    let store = open().await;
    match (what, process) {
        ("kills", _process) => rounds::kill_servers(folder, &store).await,
        ("store-kills", Some(mut process)) => {
            rounds::kill_stores(folder, &store, async || process.kill().await).await;
        }
        ("rates", _process) => rates::measure(&Arc::new(store)).await,
        ("start", _process) => start::measure(&Arc::new(store), open).await,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
