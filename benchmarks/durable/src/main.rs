//! Durable commands, with each store: `kills` kills a server (`kill -9`) in 20 rounds of 200 acknowledged commands, `store-kills` kills what
//! the server stores them in, and `rates` measures how many commands a second are acknowledged and run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use stario::DurableStore;
use stario_postgres::PostgresQueue;
use stario_sqlite::SqliteQueue;

#[path = "../../../stario-postgres/tests/support/cluster.rs"]
mod cluster;
#[path = "../../../stario-sqlite/tests/support/kills.rs"]
mod kills;
mod rates;
mod rounds;

stario::app!();

const USAGE: &str = "write what is done, and the store: `kills`, `store-kills` or `rates`; `sqlite` or `postgres`";

async fn sqlite(folder: &Path) -> SqliteQueue {
    let file = folder.join("commands.db").display().to_string();
    let database = stario_sqlite::open(file).await.expect("the file can be opened");
    SqliteQueue::new(&database).await.expect("the tables can be made")
}

/// Where the server finds the URL of the database, if it has one.
fn url_path(folder: &Path) -> PathBuf {
    folder.join("url")
}

async fn postgres(url: &str) -> PostgresQueue {
    let database = stario_postgres::open(url).await.expect("the database can be opened");
    PostgresQueue::new(&database).await.expect("the tables can be made")
}

#[tokio::main]
async fn main() -> stario::Result {
    if let Some(folder) = std::env::var_os(kills::FOLDER) {
        let with_store = async |app: stario::App, folder: &Path| match std::fs::read_to_string(url_path(folder)) {
            Ok(url) => app.durable(postgres(&url).await),
            Err(_) => app.durable(sqlite(folder).await),
        };
        return kills::serve(PathBuf::from(folder), with_store).await;
    }
    // Not in memory, where a synchronized file costs nothing.
    let folder = tempfile::tempdir_in(".")?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        [what, "sqlite"] => run(what, folder.path(), sqlite(folder.path()).await, None).await,
        [what, "postgres"] => {
            let mut cluster = cluster::Cluster::start();
            cluster.ready().await;
            std::fs::write(url_path(folder.path()), cluster.url())?;
            let store = postgres(&cluster.url()).await;
            run(what, folder.path(), store, Some(&mut cluster)).await
        }
        _ => Err(USAGE.into()),
    }
}

async fn run(
    what: &str,
    folder: &Path,
    store: impl DurableStore,
    cluster: Option<&mut cluster::Cluster>,
) -> stario::Result {
    match (what, cluster) {
        ("kills", _) => rounds::kill_servers(folder, &store).await,
        ("store-kills", Some(cluster)) => {
            let kill = async || {
                cluster.kill();
                cluster.restart();
                cluster.ready().await;
            };
            rounds::kill_stores(folder, &store, kill).await;
        }
        ("rates", _) => rates::measure(&Arc::new(store)).await,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
