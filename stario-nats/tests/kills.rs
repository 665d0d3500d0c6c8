//! `kill -9` of a server that acknowledges durable commands, and of the broker that it stores them in: every acknowledged command runs. The
//! long form is `benchmarks/durable`.

use std::path::{Path, PathBuf};

use stario_nats::NatsQueue;

#[path = "support/broker.rs"]
mod broker;
#[allow(clippy::incompatible_msrv, reason = "the tests are built with the Rust of this repository")]
#[path = "../../stario-sqlite/tests/support/kills.rs"]
mod kills;

stario::app!();

async fn queue(url: &str) -> NatsQueue {
    let nats = stario_nats::connect(url).await.expect("the broker can be reached");
    nats.queue("kills").await.expect("the stream can be opened")
}

#[tokio::main]
async fn main() -> stario::Result {
    if let Some(folder) = std::env::var_os(kills::FOLDER) {
        let with_store = async |app: stario::App, folder: &Path| {
            let url = std::fs::read_to_string(folder.join("url")).expect("the URL is noted");
            app.durable(queue(&url).await)
        };
        return kills::serve(PathBuf::from(folder), with_store).await;
    }
    let (folder, mut broker) = (tempfile::tempdir()?, broker::Broker::start());
    std::fs::write(folder.path().join("url"), broker.url())?;
    let store = queue(&broker.url()).await;
    for number in 0..2 {
        let round = kills::round(folder.path(), &store, number, 50).await;
        println!("the server is killed: {round:?}");
    }
    let kill = async |_: &mut kills::Server| {
        broker.kill();
        broker.restart();
    };
    let round = kills::round_of(folder.path(), &store, 2, 50, kill).await;
    println!("the broker is killed: {round:?}");
    kills::poisoned(folder.path(), &store, 20).await;
    println!("a poison command is a dead letter, and the others have run");
    Ok(())
}
