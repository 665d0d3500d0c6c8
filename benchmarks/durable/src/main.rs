//! Durable commands: `kills` kills a server (`kill -9`) in 20 rounds of 200 acknowledged commands; `rates` measures how many commands
//! a second are acknowledged and run.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use stario::DurableStore;
use stario::durable::{Claim, CommandId, NewCommand, Run, Settlement, Wanted};
use stario_sqlite::{SqliteQueue, open};

#[path = "../../../stario-sqlite/tests/support/kills.rs"]
mod kills;

stario::app!();

const ROUNDS: usize = 20;
const COMMANDS: usize = 200;

async fn queue(folder: &Path) -> SqliteQueue {
    let database = open(folder.join("commands.db").display().to_string()).await.expect("the file can be opened");
    SqliteQueue::new(&database).await.expect("the tables can be made")
}

#[tokio::main]
async fn main() -> stario::Result {
    if let Some(folder) = std::env::var_os(kills::FOLDER) {
        let with_store = async |app: stario::App, folder: &Path| app.durable(queue(folder).await);
        return kills::serve(PathBuf::from(folder), with_store).await;
    }
    // Not in memory, where a synchronized file costs nothing.
    let folder = tempfile::tempdir_in(".")?;
    match std::env::args().nth(1).as_deref() {
        Some("kills") => kill(folder.path()).await,
        Some("rates") => rates(folder.path()).await,
        _ => return Err("write `kills` or `rates`".into()),
    }
    Ok(())
}

async fn kill(folder: &Path) {
    let store = queue(folder).await;
    let (mut acknowledged, mut kills, mut runs, mut most, mut slowest) = (0, 0, 0, 0, Duration::ZERO);
    for number in 0..ROUNDS {
        let round = kills::round(folder, &store, number, COMMANDS).await;
        println!("round {number}: {round:?}");
        acknowledged += round.acknowledged;
        kills += round.kills;
        runs += round.runs;
        most = most.max(round.most_attempts);
        slowest = slowest.max(round.recovery);
    }
    println!(
        "{acknowledged} acknowledged, {kills} kills, {runs} runs, at most {most} attempts of one, none forgotten; all had run {slowest:.1?} after the last kill"
    );
    kills::poisoned(folder, &store, 100).await;
    println!("a command that aborts its process is a dead letter after 3 attempts, and 100 others have run");
}

fn command(number: u64) -> NewCommand {
    NewCommand {
        id: CommandId::from_bytes(u128::from(number).to_be_bytes()),
        name: "work".to_owned(),
        version: 1,
        key: None,
        group: None,
        payload: vec![b'x'; 200],
        created: 0,
        due: 0,
    }
}

async fn rates(folder: &Path) {
    const SECONDS: u64 = 3;
    let store = Arc::new(queue(folder).await);
    let mut first = 0;
    for clients in [1_u64, 8, 64] {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..clients)
            .map(|client| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let mut count = 0;
                    while begun.elapsed() < Duration::from_secs(SECONDS) {
                        let number = first + count * clients + client;
                        store.enqueue(&command(number)).await.expect("the command is stored");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        let (mut total, mut most) = (0, 0);
        for task in tasks {
            let count = task.await.expect("a client ends");
            total += count;
            most = most.max(count);
        }
        println!("enqueue, {clients} at once: {} a second", (total as f64 / begun.elapsed().as_secs_f64()) as u64);
        first += most * clients + clients;
    }
    let wanted = Wanted {
        name: "work".to_owned(),
        version: 1,
        concurrency: None,
        concurrency_of_group: None,
        is_in_order: false,
    };
    let (begun, mut count) = (Instant::now(), 0_u64);
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        let claim = Claim { wanted: vec![wanted.clone()], now: 1, lease_until: 1000, limit: 16 };
        let claimed = store.claim(&claim).await.expect("commands are claimed");
        if claimed.is_empty() {
            break;
        }
        for stored in claimed {
            store.settle(Run::of(&stored), 1, &Settlement::Finished { is_kept: true }).await.expect("a run is settled");
            count += 1;
        }
    }
    println!("claim 16, settle each: {} a second", (count as f64 / begun.elapsed().as_secs_f64()) as u64);
}
