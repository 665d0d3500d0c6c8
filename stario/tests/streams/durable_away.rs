//! A store that is away whenever a command is stored.

use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, ListedCommand, NewCommand, Run, Settlement, StoredCommand,
};
use stario::{DurableStore, MemoryQueue, StoreError};

#[derive(Default)]
pub(crate) struct Away(MemoryQueue);

impl DurableStore for Away {
    async fn enqueue(&self, _: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        Err("no connection".into())
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        self.0.claim(claim).await
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        self.0.extend(run, until).await
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        self.0.settle(run, now, settlement).await
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        self.0.list(which, limit).await
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        self.0.get(id).await
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        self.0.count().await
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        self.0.rerun(id, now).await
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        self.0.prune(which).await
    }
}
