//! Where durable commands are stored: a small trait in plain data. Every call takes the time, so that a test's clock
//! works with any store.

use std::pin::Pin;
use std::sync::Arc;

use super::command::{CommandCount, CommandFilter, CommandId, ListedCommand, NewCommand, StoredCommand};
use crate::error::StoreError;

/// Stores durable commands: implement it to keep them elsewhere than in the memory of the process.
///
/// Each call is one step: it happens whole or not at all, also beside the calls of other processes. All times are in milliseconds since
/// 1970, and the store has no clock of its own.
///
/// [`testing::check_durable_store`](crate::testing::check_durable_store) checks all of it, for the tests of a store.
pub trait DurableStore: Send + Sync + 'static {
    /// The most bytes of one command's values; 1 MiB unless the store says otherwise. What is larger is answered with 413.
    fn payload_limit(&self) -> usize {
        1024 * 1024
    }

    /// Stores a command that waits. Where one of its name and key is stored already, nothing changes, and that one is returned.
    ///
    /// When this returns, the command is stored as firmly as the store can: the client is answered then. An error may leave open whether it
    /// is stored, such as one of a connection that broke while it committed.
    fn enqueue(
        &self,
        command: &NewCommand,
    ) -> impl Future<Output = Result<Option<StoredCommand>, StoreError>> + Send;

    /// Hands out commands that may run now: those that wait, are due, and keep the limits of their handler. Each is
    /// [`Running`](super::CommandState::Running) from now on, with one attempt and one claim more, and due at the end of the lease.
    ///
    /// A command that runs and is due has lost its process. It counts against no limit of concurrency, and it is not handed out: the workers
    /// look for such commands with [`list`](Self::list), and [`settle`](Self::settle) their runs as those that have failed.
    fn claim(&self, claim: &Claim) -> impl Future<Output = Result<Vec<StoredCommand>, StoreError>> + Send;

    /// Sets the end of the lease of a command that runs. Returns `false` if it was claimed since, or if it does not run.
    fn extend(&self, run: Run, until: i64) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the run of a command, also of one whose lease has ended. Returns `false` as `extend` does.
    ///
    /// After an error the worker calls again; it then gets `false` if the first call has ended the run all the same, and looks with
    /// [`get`](Self::get).
    fn settle(
        &self,
        run: Run,
        now: i64,
        settlement: &Settlement,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Returns the commands that are meant in the order of their ids, at most `limit`, without their values.
    fn list(
        &self,
        which: &CommandFilter,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ListedCommand>, StoreError>> + Send;

    /// Returns the command of this id with its values; `None` if there is none.
    fn get(&self, id: CommandId) -> impl Future<Output = Result<Option<StoredCommand>, StoreError>> + Send;

    /// Counts the commands of each name in each state; what is none need not be there.
    fn count(&self) -> impl Future<Output = Result<Vec<CommandCount>, StoreError>> + Send;

    /// Makes a dead letter wait again, due now, with no attempt used; its error stays, and so does the count of its claims. Returns whether
    /// there was one.
    fn rerun(&self, id: CommandId, now: i64) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Deletes the commands that are meant and finished or dead. Returns how many there were.
    fn prune(&self, which: &CommandFilter) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Waits until another process has stored something that is due, or may have: the worker claims then. It looks once a second all the
    /// same, so a store that gets no notice of it waits for ever, as this one does unless it is written. The worker drops the future, and
    /// calls again.
    fn changed(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// Which commands a process can run now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What the process has handlers for.
    pub wanted: Vec<Wanted>,
    /// The time.
    pub now: i64,
    /// When the lease ends.
    pub lease_until: i64,
    /// The most commands.
    pub limit: usize,
}

/// The commands of one name, as their handler allows them to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The name of their work.
    pub name: String,
    /// The newest version of their values that the handler reads. Others are left to newer processes.
    pub version: u32,
    /// The most that run at once, in all processes.
    pub concurrency: Option<u32>,
    /// The most of one group that run at once, in all processes.
    pub concurrency_of_group: Option<u32>,
    /// Whether those of one group run one after the other in the order in which they were stored. One that waits for its next
    /// attempt keeps the later ones waiting. A dead letter that is run again has its old place, and waits for the one that runs.
    pub is_in_order: bool,
}

/// One run of a stored command: the claim tells it from an earlier run, whose process may still believe that it has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The command.
    pub id: CommandId,
    /// Its [`claims`](StoredCommand::claims) when it was claimed for this run, this claim included. A count of attempts would not do: it
    /// begins again where a dead letter is run again, and goes back where a run is given back.
    pub claim: u32,
}

impl Run {
    /// The run for which this command was claimed.
    pub const fn of(claimed: &StoredCommand) -> Self {
        Self { id: claimed.command.id, claim: claimed.claims }
    }
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It has succeeded. The command is kept as finished, or deleted.
    Finished {
        /// Whether it is kept.
        is_kept: bool,
    },
    /// It has failed, and the command runs again.
    Retry {
        /// When it does.
        due: i64,
        /// Why it failed.
        error: String,
    },
    /// It has failed for good.
    Dead {
        /// Why.
        error: String,
    },
    /// The process stops. The command waits, is due now, and the attempt does not count.
    GiveBack,
}

type Boxed<'a, V> = Pin<Box<dyn Future<Output = Result<V, StoreError>> + Send + 'a>>;

/// A [`DurableStore`] of any type.
pub(crate) trait AnyStore: Send + Sync {
    fn payload_limit(&self) -> usize;
    fn enqueue<'a>(&'a self, command: &'a NewCommand) -> Boxed<'a, Option<StoredCommand>>;
    fn claim<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Vec<StoredCommand>>;
    fn extend(&self, run: Run, until: i64) -> Boxed<'_, bool>;
    fn settle<'a>(&'a self, run: Run, now: i64, settlement: &'a Settlement) -> Boxed<'a, bool>;
    fn list<'a>(&'a self, which: &'a CommandFilter, limit: usize) -> Boxed<'a, Vec<ListedCommand>>;
    fn get(&self, id: CommandId) -> Boxed<'_, Option<StoredCommand>>;
    fn count(&self) -> Boxed<'_, Vec<CommandCount>>;
    fn rerun(&self, id: CommandId, now: i64) -> Boxed<'_, bool>;
    fn prune<'a>(&'a self, which: &'a CommandFilter) -> Boxed<'a, u64>;
    fn changed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<S: DurableStore> AnyStore for S {
    fn payload_limit(&self) -> usize {
        DurableStore::payload_limit(self)
    }

    fn enqueue<'a>(&'a self, command: &'a NewCommand) -> Boxed<'a, Option<StoredCommand>> {
        Box::pin(DurableStore::enqueue(self, command))
    }

    fn claim<'a>(&'a self, claim: &'a Claim) -> Boxed<'a, Vec<StoredCommand>> {
        Box::pin(DurableStore::claim(self, claim))
    }

    fn extend(&self, run: Run, until: i64) -> Boxed<'_, bool> {
        Box::pin(DurableStore::extend(self, run, until))
    }

    fn settle<'a>(&'a self, run: Run, now: i64, settlement: &'a Settlement) -> Boxed<'a, bool> {
        Box::pin(DurableStore::settle(self, run, now, settlement))
    }

    fn list<'a>(&'a self, which: &'a CommandFilter, limit: usize) -> Boxed<'a, Vec<ListedCommand>> {
        Box::pin(DurableStore::list(self, which, limit))
    }

    fn get(&self, id: CommandId) -> Boxed<'_, Option<StoredCommand>> {
        Box::pin(DurableStore::get(self, id))
    }

    fn count(&self) -> Boxed<'_, Vec<CommandCount>> {
        Box::pin(DurableStore::count(self))
    }

    fn rerun(&self, id: CommandId, now: i64) -> Boxed<'_, bool> {
        Box::pin(DurableStore::rerun(self, id, now))
    }

    fn prune<'a>(&'a self, which: &'a CommandFilter) -> Boxed<'a, u64> {
        Box::pin(DurableStore::prune(self, which))
    }

    fn changed(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(DurableStore::changed(self))
    }
}

/// A store behind an `Arc` is a store: several apps, or an app and a test, can share it.
impl<S: DurableStore> DurableStore for Arc<S> {
    fn payload_limit(&self) -> usize {
        S::payload_limit(self)
    }

    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        S::enqueue(self, command).await
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        S::claim(self, claim).await
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        S::extend(self, run, until).await
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        S::settle(self, run, now, settlement).await
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        S::list(self, which, limit).await
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        S::get(self, id).await
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        S::count(self).await
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        S::rerun(self, id, now).await
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        S::prune(self, which).await
    }

    async fn changed(&self) {
        S::changed(self).await;
    }
}
