//! Durable commands: detached commands that outlive their process.
//!
//! A handler with `durable = "name"` is answered with 204 when its parameters are resolved **and their values are stored**. It runs
//! after that, on any process that has the store, again after a crash or an error, until it succeeds, has used its attempts, or
//! fails with [`NoRetry`](crate::NoRetry). Then it is a dead letter, which stays until somebody runs it again or prunes it
//! ([`AppHandle::durable`](crate::AppHandle::durable)).
//!
//! ```
//! use stario::prelude::*;
//! use stario::{Attempt, MemoryQueue};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! struct Row {
//!     name: String,
//! }
//!
//! stario::app!();
//!
//! #[app::detached_command("/import", durable = "import")]
//! async fn import(rows: JsonBody<Vec<Row>>, attempt: Attempt, log: Logger) -> Result {
//!     log.with("rows", rows.len()).with("attempt", attempt.number()).info("importing");
//!     Ok(())
//! }
//!
//! fn main() {
//!     let client = TestClient::new(app::new().durable(MemoryQueue::new()));
//!     assert_eq!(client.post("/import").json(&json!([{ "name": "Tea" }])).send().status(), 204);
//!     client.drain_blocking();            // runs what is due
//! }
//! ```
//!
//! # What an answer is worth
//!
//! | store | the process is killed | the machine loses power | the store is away |
//! |---|---|---|---|
//! | [`MemoryQueue`](crate::MemoryQueue) | lost | lost | |
//! | `stario_sqlite::SqliteQueue` | runs again | runs again: the file is synchronized before the answer | 503 |
//! | `stario_postgres::PostgresQueue` | runs again, on any process | runs again, whichever machine loses it: the database has written the commit to its disk before the answer, unless its settings say otherwise. If the database is killed, the same | 503 after 10 s |
//! | `stario_nats::NatsQueue` | runs again, on any process; if the broker is killed, the same | **may be lost, if it is the broker's machine**: the answer comes before its file is synchronized. In a cluster with replicas, only if most of its machines lose it at once | 503 after 2 s |
//!
//! **A 503 says that the command may not be stored**: nothing is where the store does not answer or refuses, and nobody knows where it fails in the middle of its commit. A
//! client that repeats its request with the same [`IdempotencyKey`](crate::IdempotencyKey) has it stored once in both cases.
//!
//! A command runs **at least once**. It runs twice where its process is killed between its end and the store's note of it, and where a
//! process loses its lease but not its life: it was stopped, all of its threads were blocked, or its store was away, for longer than
//! [`App::durable_lease`](crate::App::durable_lease). So what it does must bear being done again: by
//! [`IdempotencyKey`](crate::IdempotencyKey), or in one transaction with a mark of it.
//!
//! # From code
//!
//! A handler, a stream, a hook or a task enqueues a command by its function, which stands beside `import::url()` and has the values of the stored parameters as arguments:
//!
//! ```
//! # use stario::prelude::*;
//! # use stario::{AppHandle, MemoryQueue};
//! # stario::app!();
//! # #[app::detached_command("/import", durable = "import")]
//! # async fn import(rows: JsonBody<Vec<String>>, log: Logger) {
//! #     log.with("rows", rows.len()).info("importing");
//! # }
//! #[app::command("/tea")]
//! async fn import_tea(app: AppHandle) -> Result {
//!     let rows = vec!["Assam".to_owned(), "Oolong".to_owned()];
//!     app.durable().enqueue(import::command(rows)).await?;
//!     Ok(())
//! }
//! # #[tokio::main]
//! # async fn main() {
//! #     let client = TestClient::new(app::new().durable(MemoryQueue::new()));
//! #     assert_eq!(client.post("/tea").await.status(), 204);
//! #     client.drain().await;
//! # }
//! ```
//!
//! [`DurableCommand`](crate::durable::DurableCommand) says which arguments there are. Its `after` is a delay, and its `key` stores nothing more while a
//! command with this key is stored. Its limits and its order hold as for a request. Guards do not: so where only code should enqueue a command, guard
//! its path.
//!
//! # The attribute
//!
//! | beside `durable = "name"` | unless it is there | |
//! |---|---|---|
//! | `attempts = 3` | 10 | how often it runs at most; a crash counts, a stop does not |
//! | `backoff = "1s"` | 10 s | the pause after the first attempt, from its error or from the end of its lease; it doubles with each, up to an hour |
//! | `delay = "10m"` | none | how long after its request it runs |
//! | `concurrency = "4, 1 by account"` | no limit | how many run at once, in all processes: of this handler, and for one value of a parameter |
//! | `in_order = "account"` | no order | those of one value run one after the other, as they were stored; `in_order = true`: all of them. One that waits for its next attempt keeps those behind it waiting; a dead letter does not. When it is run again, it has its old place, and waits for the one that runs |
//! | `every = "1h"` | | it runs by itself, too: at each multiple of the time in UTC, here each full hour. It takes nothing of a request |
//! | `cron = "0 3 * * mon-fri"` | | the same at the times of a cron expression, in UTC: minute, hour, day, month, day of the week |
//! | `version = 2, lift = lift_import` | 1 | the version of its values, and what reads older ones |
//!
//! **A schedule** is one for all processes that share the store, and each of its times runs once. Of the times that pass while no process runs, the next one is
//! made up for. UTC has no summer time, so each hour of a cron expression comes once a day. A scheduled command has a path as others do: a request there runs it at once, so
//! guard it ([`App::guard`](crate::App::guard)); the schedule passes the guard. When the schedule changes, a process removes the times that it
//! does not have and that nobody has begun: so while processes with different schedules run side by side, a time can be left out.
//!
//! A durable command has its path in its attribute: `#[handler(detached)]` cannot be durable.
//!
//! # What is stored
//!
//! Parameters that belong to the app are resolved anew in each run: `State`, `Logger`, [`AppHandle`](crate::AppHandle) and singletons.
//! `Logger` and [`RequestId`](crate::RequestId) have the id of the request that stored the command, or whose code did. Of all others the values are stored as JSON, by the names of the
//! parameters; their types are `Serialize` and `DeserializeOwned`. A dependency is resolved before the answer, and its value is
//! stored, whether it is taken as `User` or as `&User`. A type with a lifetime is stored only where that is written: `&Cow<'_, str>`. An [`UploadedFile`](crate::UploadedFile) is stored with its content. What is larger than the store
//! takes, 1 MiB unless it says otherwise, is answered with 413. Guards and rate limits hold for the request alone.
//!
//! A [`Form`](struct@crate::Form) is not stored: it may hold problems, which its answer shows, and a durable command has answered before it runs. Take the form in a command, and enqueue
//! the durable one with its value: the guide has an example.
//!
//! **A parameter that is added** as an `Option` is `None` for commands that were stored before; one that is removed is ignored.
//! For other changes the version goes up, and `lift` makes new values of old ones:
//!
//! ```
//! use stario::prelude::*;
//!
//! # stario::app!();
//! #[app::detached_command("/greet", durable = "greet", version = 2, lift = lift_greet)]
//! async fn greet(names: JsonBody<Vec<String>>) {
//!     # let _ = names;
//! }
//!
//! /// Version 1 had one name.
//! fn lift_greet(_: u32, mut values: serde_json::Value) -> Result<serde_json::Value> {
//!     values["names"] = json!([values["name"]]);
//!     Ok(values)
//! }
//! # fn main() {}
//! ```
//!
//! A process leaves commands of a version that it does not know to newer processes. Values that cannot be read make a dead letter.
//!
//! **Values may be personal data.** They are stored until the command is pruned: those of a finished one for
//! [`App::durable_retention`](crate::App::durable_retention), those of a dead letter until somebody prunes it. So
//! [`Durable::list`](crate::durable::Durable::list) leaves them out, and [`Durable::get`](crate::durable::Durable::get) has those of one command.
//!
//! # Failures
//!
//! | what fails | what follows |
//! |---|---|
//! | the handler, by an error or a panic | the next attempt after a pause; behind the last one a dead letter, which is a line of level ERROR in the log |
//! | the process, or its machine | when the lease has ended, the same as after an error: that attempt counts, and another process, or the next, begins the next one after the pause |
//! | the store, for less than a lease | nothing: leases and ends of runs are stored when it answers again |
//! | the store, for longer | what runs is dropped, because another process may have it, and begins again; ends of runs are kept for ten leases |
//! | a clock | times of different machines are compared, so keep their clocks together. Where one jumps ahead by more than a lease, what runs elsewhere seems left, and is begun twice |
//!
//! With the feature `metrics`, `App::metrics` counts what waits, runs and is dead, and how runs end.
//!
//! # A stop
//!
//! A process that stops claims nothing more. What runs has
//! [`Limits::detached_stop_timeout`](crate::Limits::detached_stop_timeout) to end; then it is dropped and given back, and another process, or the
//! next, runs it. The attempt does not count.

mod arguments;
mod attempt;
mod clock;
mod command;
mod enqueue;
#[cfg_attr(not(feature = "metrics"), path = "durable/figures/absent.rs")]
mod figures;
mod handle;
mod info;
mod lease;
mod lift;
mod lost;
mod memory;
mod no_retry;
mod payload;
mod queue;
mod run;
mod run_facts;
mod same_json;
mod schedule;
mod storable;
mod store;
mod values;
mod worker;

#[doc(hidden)]
pub use arguments::{
    ArgumentBefore, ArgumentList, ArgumentOf, CommandFunction, CommandOf, StoreArgument, TooManyParameters,
    UnprobedWrapper, Wrapped, Wrapper, WrapperProbe,
};
pub use attempt::{Attempt, IdempotencyKey};
pub use command::{
    CommandCount, CommandFilter, CommandId, CommandState, InvalidCommandId, ListedCommand, NewCommand,
    StoredCommand,
};
pub use enqueue::DurableCommand;
#[doc(hidden)]
pub use enqueue::enqueue;
#[cfg(feature = "metrics")]
pub(crate) use figures::measure;
pub use handle::Durable;
#[doc(hidden)]
pub use info::DurableInfo;
pub use memory::MemoryQueue;
pub use no_retry::NoRetry;
pub(crate) use queue::{Queue, QueueSettings};
pub(crate) use run_facts::RunFacts;
#[doc(hidden)]
pub use schedule::{Cron, Schedule};
#[doc(hidden)]
pub use storable::{Keep, Kept, Restore, RestoreProvided, Storable};
pub use store::{Claim, DurableStore, Run, Settlement, Wanted};
#[doc(hidden)]
pub use values::{StoredValues, ValuesWriter};
pub(crate) use worker::{run_due, start as start_worker};
