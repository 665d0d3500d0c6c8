//! How many commands a second are acknowledged and run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use stario::DurableStore;
use stario::durable::{Claim, CommandId, NewCommand, Run, Settlement, Wanted};

/// How long each line is measured.
const TIME: Duration = Duration::from_secs(3);

/// How many commands a process claims at once.
const CLAIMED: usize = 16;

/// Calls the store without a server.
pub(crate) async fn measure<S: DurableStore>(store: &Arc<S>) {
    let mut first = 0;
    for clients in [1, 8, 64] {
        first = enqueue(store, clients, first).await;
    }
    for (limits, concurrency) in [("", None), (", with a limit", Some(1_000_000))] {
        let wanted = Wanted {
            name: "work".to_owned(),
            version: 1,
            concurrency,
            concurrency_of_group: None,
            is_in_order: false,
        };
        for workers in [1, 4] {
            run(store, workers, &wanted, limits).await;
        }
    }
}

pub(crate) fn command(number: u64) -> NewCommand {
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

fn print(what: &str, count: u64, time: Duration) {
    println!("{what}: {} a second", (count as f64 / time.as_secs_f64()) as u64);
}

/// Stores commands from the number `first` on. The first number that is not used.
async fn enqueue<S: DurableStore>(store: &Arc<S>, clients: u64, first: u64) -> u64 {
    let begun = Instant::now();
    let client = move |store: Arc<S>, client: u64| async move {
        let mut count = 0;
        while begun.elapsed() < TIME {
            store.enqueue(&command(first + count * clients + client)).await.expect("the command is stored");
            count += 1;
        }
        count
    };
    let tasks: Vec<_> = (0..clients).map(|number| tokio::spawn(client(Arc::clone(store), number))).collect();
    let (mut total, mut most) = (0, 0);
    for task in tasks {
        let count = task.await.expect("a client ends");
        total += count;
        most = most.max(count);
    }
    print(&format!("enqueue, {clients} at once"), total, begun.elapsed());
    first + most * clients + clients
}

/// Claims and settles commands as several processes.
async fn run<S: DurableStore>(store: &Arc<S>, workers: u64, wanted: &Wanted, limits: &str) {
    let begun = Instant::now();
    let work = move |store: Arc<S>, wanted: Wanted| async move {
        let mut count = 0;
        while begun.elapsed() < TIME {
            let claim =
                Claim { wanted: vec![wanted.clone()], now: 1, lease_until: 1_000_000, limit: CLAIMED };
            let claimed = store.claim(&claim).await.expect("commands are claimed");
            if claimed.is_empty() {
                break;
            }
            for stored in claimed {
                let end = Settlement::Finished { is_kept: true };
                store.settle(Run::of(&stored), 1, &end).await.expect("a run is settled");
                count += 1;
            }
        }
        count
    };
    let tasks: Vec<_> = (0..workers).map(|_| tokio::spawn(work(Arc::clone(store), wanted.clone()))).collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.expect("a worker ends");
    }
    print(&format!("claim {CLAIMED} and settle each, {workers} at once{limits}"), total, begun.elapsed());
}
