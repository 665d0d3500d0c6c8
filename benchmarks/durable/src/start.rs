//! How long a process takes to open a store in which many commands are finished, and what it holds of them in memory.

use std::sync::Arc;
use std::time::Instant;

use stario::DurableStore;
use stario::durable::{Claim, Run, Settlement, Wanted};

use crate::rates::command;

const COMMANDS: u64 = 100_000;

/// How many calls are made at once.
const CALLS: u64 = 64;

/// Fills a store, and opens it again.
pub(crate) async fn measure<S: DurableStore>(store: &Arc<S>, open: impl AsyncFn() -> S) {
    fill(store).await;
    let before = resident();
    let begun = Instant::now();
    let opened = open().await;
    println!("{COMMANDS} finished commands: opened in {:.2?}", begun.elapsed());
    println!("memory of the process: {} MiB more", resident().saturating_sub(before) / 1024);
    let begun = Instant::now();
    let counts = opened.count().await.expect("the store counts");
    println!("count: {:.2?}, {counts:?}", begun.elapsed());
}

async fn fill<S: DurableStore>(store: &Arc<S>) {
    let enqueue = |store: Arc<S>, first: u64| async move {
        for number in (first..COMMANDS).step_by(CALLS as usize) {
            store.enqueue(&command(number)).await.expect("the command is stored");
        }
    };
    let tasks: Vec<_> = (0..CALLS).map(|first| tokio::spawn(enqueue(Arc::clone(store), first))).collect();
    for task in tasks {
        task.await.expect("a client ends");
    }
    let wanted = Wanted {
        name: "work".to_owned(),
        version: 1,
        concurrency: None,
        concurrency_of_group: None,
        is_in_order: false,
    };
    loop {
        let claim = Claim { wanted: vec![wanted.clone()], now: 1, lease_until: 1_000_000, limit: 1_000 };
        let claimed = store.claim(&claim).await.expect("commands are claimed");
        if claimed.is_empty() {
            return;
        }
        let settle = |run: Run| {
            let store = Arc::clone(store);
            async move { store.settle(run, 1, &Settlement::Finished { is_kept: true }).await }
        };
        let tasks: Vec<_> = claimed.iter().map(|stored| tokio::spawn(settle(Run::of(stored)))).collect();
        for task in tasks {
            assert!(task.await.expect("a run ends").expect("a run is settled"));
        }
    }
}

/// The resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}
