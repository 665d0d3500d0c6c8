//! `Durable`: what code and operators do with stored commands.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::clock::milliseconds;
use super::command::{CommandCount, CommandFilter, CommandId, CommandState, ListedCommand, StoredCommand};
use super::enqueue::{DurableCommand, store};
use super::queue::Queue;
use crate::current;
use crate::error::Result;
use crate::extract::AppHandle;
use crate::request_id::RequestId;
use crate::shared::Shared;

/// How many commands one call of [`Durable::list`] returns at most.
const PAGE: usize = 100;

/// The stored commands of an app: enqueues, counts, lists, runs again, prunes. Made by [`AppHandle::durable`].
///
/// ```
/// use stario::prelude::*;
/// use stario::durable::{CommandFilter, CommandState};
/// use stario::{AppHandle, MemoryQueue};
///
/// # stario::app!();
/// #[app::detached_command("/import", durable = "import", attempts = 1)]
/// async fn import() -> Result {
///     Err("no such file".into())
/// }
///
/// #[app::query("/dead")]
/// async fn dead(app: AppHandle) -> Result<Html> {
///     let which = CommandFilter { state: Some(CommandState::Dead), ..CommandFilter::default() };
///     let dead = app.durable().list(&which).await?;
///     Ok(html! {
///         for letter in &dead {
///             <li>{&letter.name}": "{letter.error.as_deref().unwrap_or_default()}</li>
///         }
///     })
/// }
///
/// #[app::command("/retry")]
/// async fn retry(app: AppHandle) -> Result {
///     let which = CommandFilter { state: Some(CommandState::Dead), ..CommandFilter::default() };
///     for letter in app.durable().list(&which).await? {
///         app.durable().rerun(letter.id).await?;
///     }
///     Ok(())
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().durable(MemoryQueue::new()));
/// client.post("/import").send();
/// client.drain_blocking();
/// assert_eq!(client.get("/dead").send().text(), "<li>import: no such file</li>");
/// client.post("/retry").send();
/// assert_eq!(client.get("/dead").send().text(), "");
/// # }
/// ```
#[derive(Clone)]
pub struct Durable(Arc<Shared>);

impl AppHandle {
    /// The stored commands of the app. Without [`App::durable`](crate::App::durable) all of its calls fail.
    pub fn durable(&self) -> Durable {
        Durable(Arc::clone(self.shared()))
    }
}

impl Durable {
    fn queue(&self) -> Result<&Queue> {
        let queue = self.0.durable.as_ref();
        queue.ok_or_else(|| {
            "the app has no store of durable commands: give it one with `.durable(store)`".into()
        })
    }

    /// Stores a command, which runs as one of a request does: it is stored as firmly when this returns, and the limits and the order of its handler hold.
    /// Returns its id, or that of the command that is stored under its [`key`](DurableCommand::key).
    ///
    /// [`RequestId`](crate::RequestId) and the log of its runs have the id of the request whose code enqueues it, or of the run; a command that
    /// a start or a task enqueues has a new one. It is stored as the version that this program knows, and is no part of a transaction of yours.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::{AppHandle, MemoryQueue};
    ///
    /// # stario::app!();
    /// #[app::detached_command("/index/{number}", durable = "index", concurrency = "2")]
    /// async fn index(number: PathParam<u32>, log: Logger) {
    ///     log.with("number", *number).info("indexed");
    /// }
    ///
    /// /// Several processes that start store each number once. A start more than a day after these have ended stores them again.
    /// #[app::on_start]
    /// async fn index_all(app: AppHandle) -> Result {
    ///     for number in 1..=3 {
    ///         app.durable().enqueue(index::command(number).key(format!("first-{number}"))).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result {
    /// let client = TestClient::new(app::new().durable(MemoryQueue::new()));
    /// client.start().await;
    /// client.app().durable().enqueue(index::command(7)).await?;
    /// client.drain().await;                           // All four have run.
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Rejection`](crate::Rejection) as a request for the command would have: 413 if the values are larger than the store takes, 422 if its key is that
    /// of a command with other values, 503 if the store fails; then it may be stored all the same. Another error, which is answered with 500, if
    /// the app has no such handler, if a value cannot be written as JSON, or if the key does not have 1 to 255 visible characters of ASCII.
    pub async fn enqueue(&self, command: DurableCommand) -> Result<CommandId> {
        let queue = self.0.durable.as_ref().filter(|queue| queue.has_handler(command.info));
        let Some(queue) = queue else {
            let name = command.info.name;
            return Err(format!(
                "the app has no handler for `{name}`, so the command would never run: \
                 merge, nest or host the app of its handler"
            )
            .into());
        };
        command.check_key()?;
        let request = current::get().request_id.unwrap_or_else(RequestId::next);
        Ok(store(queue, request, command).await?)
    }

    /// Counts the commands by name and state, ordered by both. What is none is left out.
    ///
    /// # Errors
    ///
    /// When the store fails, or if there is none.
    pub async fn count(&self) -> Result<Vec<CommandCount>> {
        let mut counts = self.queue()?.store.count().await?;
        counts.sort_by(|a, b| (&a.name, a.state).cmp(&(&b.name, b.state)));
        Ok(counts)
    }

    /// The number of dead letters.
    ///
    /// # Errors
    ///
    /// When the store fails, or if there is none.
    pub async fn count_dead(&self) -> Result<u64> {
        let counts = self.count().await?;
        Ok(counts.iter().filter(|count| count.state == CommandState::Dead).map(|count| count.count).sum())
    }

    /// Lists commands, the oldest first: 100 at most. The next page is those [`after`](CommandFilter::after) the last. The values of their
    /// parameters are left out: they may be large, and personal data; [`get`](Self::get) has them.
    ///
    /// # Errors
    ///
    /// When the store fails, or if there is none.
    pub async fn list(&self, which: &CommandFilter) -> Result<Vec<ListedCommand>> {
        Ok(self.queue()?.store.list(which, PAGE).await?)
    }

    /// One command with the values of its parameters; `None` if there is none of this id.
    ///
    /// # Errors
    ///
    /// When the store fails, or if there is none.
    pub async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>> {
        Ok(self.queue()?.store.get(id).await?)
    }

    /// Runs a dead letter again, now, with all of its attempts. Returns whether there was one of this id.
    ///
    /// # Errors
    ///
    /// When the store fails, or if there is none.
    pub async fn rerun(&self, id: CommandId) -> Result<bool> {
        let queue = self.queue()?;
        let is_there = queue.store.rerun(id, queue.clock.now()).await?;
        queue.wake.notify_one();
        Ok(is_there)
    }

    /// Deletes the dead letters that died more than `age` ago. Returns how many there were.
    ///
    /// Nothing else deletes them. Finished commands are deleted after
    /// [`App::durable_retention`](crate::App::durable_retention).
    ///
    /// # Errors
    ///
    /// When the store fails, or if there is none.
    pub async fn prune_dead(&self, age: Duration) -> Result<u64> {
        let queue = self.queue()?;
        let changed_before = Some(queue.clock.now().saturating_sub(milliseconds(age)).saturating_add(1));
        let state = Some(CommandState::Dead);
        Ok(queue.store.prune(&CommandFilter { state, changed_before, ..CommandFilter::default() }).await?)
    }
}

impl fmt::Debug for Durable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Durable").finish_non_exhaustive()
    }
}
