//! `kill -9` of a server that acknowledges durable commands, and deploys of one: every acknowledged command runs. The long form is
//! `benchmarks/durable`.

use std::path::{Path, PathBuf};

use stario_sqlite::{SqliteQueue, open};

#[path = "support/kills.rs"]
mod kills;

stario::app!();

async fn queue(folder: &Path) -> SqliteQueue {
    let database =
        open(folder.join("commands.db").display().to_string()).await.expect("the file can be opened");
    SqliteQueue::new(&database).await.expect("the tables can be made")
}

#[tokio::main]
async fn main() -> stario::Result {
    if let Some(folder) = std::env::var_os(kills::FOLDER) {
        let with_store = async |app: stario::App, folder: &Path| app.durable(queue(folder).await);
        return kills::serve(PathBuf::from(folder), with_store).await;
    }
    let folder = tempfile::tempdir()?;
    let store = queue(folder.path()).await;
    for number in 0..2 {
        let round = kills::round(folder.path(), &store, number, 50).await;
        println!("{round:?}");
    }
    kills::poisoned(folder.path(), &store, 20).await;
    println!("a poison command is a dead letter, and the others have run");
    let (acknowledged, moved) = kills::deployed(folder.path(), &store, 3).await;
    println!("of {acknowledged} commands {moved} were given back at deploys, and all have run");
    Ok(())
}
