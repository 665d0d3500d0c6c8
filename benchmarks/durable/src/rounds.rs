//! 20 rounds of 200 acknowledged commands.

use std::path::Path;
use std::time::Duration;

use stario::DurableStore;

use crate::kills::{self, Round};

const ROUNDS: usize = 20;
const COMMANDS: usize = 200;

/// Sums over all rounds, and the largest values of one.
#[derive(Default)]
struct Total {
    acknowledged: usize,
    kills: usize,
    runs: usize,
    most_attempts: u32,
    recovery: Duration,
}

impl Total {
    fn add(&mut self, number: usize, round: &Round) {
        println!("round {number}: {round:?}");
        self.acknowledged += round.acknowledged;
        self.kills += round.kills;
        self.runs += round.runs;
        self.most_attempts = self.most_attempts.max(round.most_attempts);
        self.recovery = self.recovery.max(round.recovery);
    }

    fn print(&self) {
        let Self { acknowledged, kills, runs, most_attempts, recovery } = self;
        println!(
            "{acknowledged} acknowledged, {kills} kills, {runs} runs, at most {most_attempts} attempts of one, none forgotten; \
             all had run {recovery:.1?} after the last kill"
        );
    }
}

/// Kills the server.
pub(crate) async fn kill_servers(folder: &Path, store: &impl DurableStore) {
    let mut total = Total::default();
    for number in 0..ROUNDS {
        total.add(number, &kills::round(folder, store, number, COMMANDS).await);
    }
    total.print();
    kills::poisoned(folder, store, 100).await;
    println!("a command that aborts its process is a dead letter after 3 attempts, and 100 others have run");
    let (acknowledged, moved) = kills::deployed(folder, store, 20).await;
    println!("{acknowledged} acknowledged during 20 deploys, {moved} of them given back, none forgotten");
}

/// Kills what the server stores its commands in, which is there again when `kill` returns.
pub(crate) async fn kill_stores(folder: &Path, store: &impl DurableStore, mut kill: impl AsyncFnMut()) {
    let mut total = Total::default();
    for number in 0..ROUNDS {
        total.add(number, &kills::round_of(folder, store, number, COMMANDS, async |_| kill().await).await);
    }
    total.print();
}
