//! Notifies the other processes that something was stored, and receives their notices: so none waits until it looks again. What a lost notice
//! was about is found by looking.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::sleep;

/// The shortest time between two notifications of one process.
const ANNOUNCE_INTERVAL: Duration = Duration::from_millis(50);

/// After so long a listener that could not connect, or has lost its connection, tries again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// What one process has to announce, and has heard. Its tasks end with it.
pub(crate) struct Wake {
    database: PgPool,
    channel: String,
    /// Names this process, which need not hear itself.
    own: String,
    /// Something was stored by this process.
    stored: Arc<Notify>,
    /// Something was stored by another one.
    heard: Arc<Notify>,
    tasks: Mutex<Tasks>,
}

#[derive(Default)]
struct Tasks {
    announcer: Option<AbortHandle>,
    listener: Option<AbortHandle>,
}

impl Wake {
    pub(crate) fn new(database: PgPool, channel: String) -> Self {
        let mut own = [0; 8];
        // Without randomness, processes do not hear those that have none either.
        let _ = getrandom::fill(&mut own);
        Self {
            database,
            channel,
            own: format!("{:016x}", u64::from_be_bytes(own)),
            stored: Arc::default(),
            heard: Arc::default(),
            tasks: Mutex::default(),
        }
    }

    /// Tells the others soon, and does not wait for it.
    ///
    /// `NOTIFY` in the transaction that stores a command would have all of these transactions commit one after the other.
    pub(crate) fn announce(&self) {
        self.stored.notify_one();
        let (database, stored) = (self.database.clone(), Arc::clone(&self.stored));
        let (channel, own) = (self.channel.clone(), self.own.clone());
        self.keep_running(
            |tasks| &mut tasks.announcer,
            async move {
                loop {
                    stored.notified().await;
                    // A notification that a crash of the database loses is of no use after it.
                    let announced = sqlx::query("SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)")
                        .bind(&channel)
                        .bind(&own)
                        .execute(&database)
                        .await;
                    if let Err(error) = announced {
                        tracing::debug!(%error, "other processes are not told of a durable command, and will find it");
                    }
                    sleep(ANNOUNCE_INTERVAL).await;
                }
            },
        );
    }

    /// Waits until another process has stored something, or may have.
    pub(crate) async fn heard(&self) {
        let (database, heard) = (self.database.clone(), Arc::clone(&self.heard));
        let (channel, own) = (self.channel.clone(), self.own.clone());
        self.keep_running(|tasks| &mut tasks.listener, async move {
            // A connection of its own: who listens has it for ever.
            let database = PgPoolOptions::new()
                .max_connections(1)
                .max_lifetime(None)
                .idle_timeout(None)
                .connect_lazy_with((*database.connect_options()).clone());
            loop {
                if let Err(error) = listen(&database, &channel, &own, &heard).await {
                    tracing::debug!(%error, "what other processes store is found by looking only");
                }
                sleep(LISTEN_AGAIN).await;
            }
        });
        self.heard.notified().await;
    }

    /// Starts one of the tasks, unless it runs.
    fn keep_running(
        &self,
        task_of: impl FnOnce(&mut Tasks) -> &mut Option<AbortHandle>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = task_of(&mut tasks);
        // A test may call from several runtimes, each of which ends its tasks.
        if kept.as_ref().is_none_or(AbortHandle::is_finished) {
            *kept = Some(tokio::spawn(task).abort_handle());
        }
    }
}

/// Listens until the connection is lost.
async fn listen(database: &PgPool, channel: &str, own: &str, heard: &Notify) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(database).await?;
    listener.listen(channel).await?;
    // What was stored while there was no connection was not heard.
    heard.notify_one();
    while let Some(notification) = listener.try_recv().await? {
        if notification.payload() != own {
            heard.notify_one();
        }
    }
    Ok(())
}

impl Drop for Wake {
    fn drop(&mut self) {
        let tasks = self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner);
        for task in [tasks.announcer.take(), tasks.listener.take()].into_iter().flatten() {
            task.abort();
        }
    }
}

impl fmt::Debug for Wake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Wake").field("channel", &self.channel).finish_non_exhaustive()
    }
}
