//! A store that learns of what other processes store has the worker look at once.

use std::sync::Arc;

use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, ListedCommand, NewCommand, Run, Settlement, StoredCommand,
};
use stario::prelude::*;
use stario::{DurableStore, MemoryQueue, StoreError};
use tokio::sync::{Notify, watch};

use crate::app;
use crate::support::server::Server;

stario::app!(woken);

#[app::detached_command("/woken", app = woken, durable = "woken")]
async fn woken_command() {}

/// Counts its claims, and says that another process has stored something whenever the test does.
#[derive(Default)]
struct Told {
    store: MemoryQueue,
    changed: Notify,
    claims: watch::Sender<u32>,
}

impl DurableStore for Told {
    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        self.store.enqueue(command).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        let claimed = self.store.claim(claim).await;
        self.claims.send_modify(|count| *count += 1);
        claimed
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        self.store.extend(run, until).await
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        self.store.settle(run, now, settlement).await
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        self.store.list(which, limit).await
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        self.store.get(id).await
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        self.store.count().await
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        self.store.rerun(id, now).await
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        self.store.prune(which).await
    }

    async fn changed(&self) {
        self.changed.notified().await;
    }
}

#[tokio::test]
async fn what_another_process_has_stored_is_claimed_when_the_store_is_told() {
    let store = Arc::<Told>::default();
    let server = Server::start_with(|_| woken::new().durable(Arc::clone(&store))).await;
    let mut claims = store.claims.subscribe();
    // By looking once a second, the worker would need 20 seconds.
    let woken = async {
        for _ in 0..20 {
            claims.mark_unchanged();
            store.changed.notify_one();
            claims.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(10), woken).await.unwrap();
    server.stop().await.unwrap();
}
