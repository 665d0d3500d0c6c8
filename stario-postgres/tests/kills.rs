//! `kill -9` of a server that acknowledges durable commands, and of the database that it stores them in: every acknowledged command runs. The
//! long form is `benchmarks/durable`.

use std::path::{Path, PathBuf};

use stario_postgres::{PostgresQueue, open};

#[path = "support/cluster.rs"]
mod cluster;
#[path = "../../stario-sqlite/tests/support/kills.rs"]
mod kills;

stario::app!();

#[tokio::main]
async fn main() -> stario::Result {
    if let Some(folder) = std::env::var_os(kills::FOLDER) {
        let with_store = async |app: stario::App, folder: &Path| {
            let url = std::fs::read_to_string(folder.join("url")).expect("the URL is noted");
            let database = open(url).await.expect("the database can be opened");
            app.durable(PostgresQueue::new(&database).await.expect("the tables can be made"))
        };
        return kills::serve(PathBuf::from(folder), with_store).await;
    }
    let (folder, mut cluster) = (tempfile::tempdir()?, cluster::Cluster::start());
    std::fs::write(folder.path().join("url"), cluster.url())?;
    let store = PostgresQueue::new(&cluster.pool().await).await?;
    let round = kills::round(folder.path(), &store, 0, 50).await;
    println!("the server is killed: {round:?}");
    let kill = async |_: &mut kills::Server| {
        cluster.kill();
        cluster.restart();
        cluster.ready().await;
    };
    let round = kills::round_of(folder.path(), &store, 1, 50, kill).await;
    println!("the database is killed: {round:?}");
    kills::poisoned(folder.path(), &store, 20).await;
    println!("a poison command is a dead letter, and the others have run");
    Ok(())
}
