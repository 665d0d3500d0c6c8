//! Durable commands in a table.

mod claim;
mod rows;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Connection as _, QueryBuilder, Sqlite, SqliteConnection, SqlitePool};
use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, CommandState, ListedCommand, NewCommand, Run, Settlement,
    StoredCommand,
};
use stario::{DurableStore, StoreError};
use tokio::sync::oneshot;

use crate::migrations::{MigrationError, migrate};
use claim::claim_some;
use rows::{listed, stored};

// Every query that looks for open commands says `state < 2`, so that it can use the indexes of those.
const STEPS: &[&str] = &[
    "
    CREATE TABLE stario_commands (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        key TEXT,
        grp TEXT,
        payload BLOB NOT NULL,
        created INTEGER NOT NULL,
        due INTEGER NOT NULL,
        state INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        error TEXT
    ) STRICT;
    CREATE UNIQUE INDEX stario_commands_key ON stario_commands (name, key) WHERE key IS NOT NULL;
    CREATE INDEX stario_commands_due ON stario_commands (due, seq) WHERE state < 2;
    CREATE INDEX stario_commands_open ON stario_commands (name, grp, seq) WHERE state < 2;
    CREATE INDEX stario_commands_running ON stario_commands (name, grp) WHERE state = 1;
    CREATE INDEX stario_commands_ended ON stario_commands (state, changed) WHERE state >= 2;
",
    // Attempts begin again where a dead letter is run again, so they tell no two runs apart. Counting reads an index, because the states stand
    // behind the payloads.
    "
    ALTER TABLE stario_commands ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;
    UPDATE stario_commands SET claims = attempts;
    CREATE INDEX stario_commands_counted ON stario_commands (name, state);
",
];

/// How many commands are deleted in one step.
const PRUNED_AT_ONCE: u32 = 500;

/// A store of durable commands in the table `stario_commands`, for [`App::durable`](stario::App::durable). All processes that open
/// the file share its commands.
///
/// What an acknowledgement is worth: before a request is answered with 204, its command is committed and the file is synchronized
/// (`synchronous = FULL`), so it survives a killed process and a loss of power. Commands that come at the same time are committed together. What is
/// stored of attempts and ends is not synchronized: after a loss of power a command that had ended may run again. A request that is answered
/// with 503 has stored nothing where the database was locked or full; only where the commit itself failed or its request was cut, as by a stop, the command may be
/// stored all the same.
///
/// It writes by a connection of its own, which [`close`](Self::close) closes.
///
/// ```
/// use stario::prelude::*;
/// use stario_sqlite::SqliteQueue;
///
/// # stario::app!();
/// #[app::detached_command("/import", durable = "import")]
/// async fn import(rows: JsonBody<Vec<String>>, log: Logger) {
///     log.with("rows", rows.len()).info("imported");
/// }
///
/// # #[tokio::main]
/// # async fn main() -> stario::Result {
/// let database = stario_sqlite::open(":memory:").await?;          // or "shop.db"
/// let app = app::new().durable(SqliteQueue::new(&database).await?);
/// # let client = stario::testing::TestClient::new(app);
/// # assert_eq!(client.post("/import").json(&json!(["tea"])).await.status(), 204);
/// # client.drain().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SqliteQueue {
    /// For what only reads.
    database: SqlitePool,
    /// One connection for all writes of this process: they would wait for each other in the database, by sleeping.
    writer: SqlitePool,
    /// Whether that is not a connection of the database's pool.
    has_own_writer: bool,
    /// Commands that are to be stored.
    pending: Arc<Mutex<Vec<Pending>>>,
    payload_limit: usize,
}

#[derive(Debug)]
struct Pending {
    command: NewCommand,
    /// Takes the command that has its key already, if one has.
    stored: oneshot::Sender<Option<StoredCommand>>,
}

impl SqliteQueue {
    /// The store in this database. Its table is made, or brought up to date.
    ///
    /// # Errors
    ///
    /// As [`migrate`].
    pub async fn new(database: &SqlitePool) -> Result<Self, MigrationError> {
        migrate(database, "stario-durable", STEPS).await?;
        let file: Option<String> =
            sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
                .fetch_one(database)
                .await
                .ok()
                .flatten();
        // Another connection would have another database in memory.
        let has_own_writer = file.is_some_and(|file| !file.is_empty());
        let writer = if has_own_writer {
            SqlitePoolOptions::new()
                .max_connections(1)
                .test_before_acquire(false)
                .connect_lazy_with((*database.connect_options()).clone())
        } else {
            database.clone()
        };
        Ok(Self {
            database: database.clone(),
            writer,
            has_own_writer,
            pending: Arc::default(),
            payload_limit: 1024 * 1024,
        })
    }

    /// Sets the most bytes of one command's values; 1 MiB unless set. A file that is uploaded is part of them.
    #[must_use]
    pub fn payload_limit(mut self, bytes: usize) -> Self {
        self.payload_limit = bytes;
        self
    }

    /// Closes the connection by which it writes; the pool of the database stays open. Call it when the app has stopped, before the pool is
    /// closed: the last connection that closes writes the log of changes (`-wal`) into the file and deletes it. Nothing is lost without.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario_sqlite::SqliteQueue;
    ///
    /// # stario::app!();
    /// # #[app::detached_command("/import", durable = "import")]
    /// # async fn import() {}
    /// # #[tokio::main]
    /// # async fn main() -> stario::Result {
    /// let database = stario_sqlite::open(":memory:").await?;
    /// let queue = SqliteQueue::new(&database).await?;
    /// let app = app::new().durable(queue.clone()).on_stop(move |_| async move {
    ///     queue.close().await;
    ///     database.close().await;
    /// });
    /// # stario::testing::TestClient::new(app).stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn close(&self) {
        if self.has_own_writer {
            self.writer.close().await;
        }
    }

    async fn writer(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        self.writer.acquire().await
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Pending>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_pending(&self) -> Vec<Pending> {
        std::mem::take(&mut *self.pending())
    }

    /// Removes a command that is to be stored; `false` if a call is storing it.
    fn withdraw(&self, id: CommandId) -> bool {
        let mut pending = self.pending();
        let count = pending.len();
        pending.retain(|pending| pending.command.id != id);
        pending.len() < count
    }
}

/// Stores commands in one synchronized transaction. For each, the one that has its key already.
async fn store(
    connection: &mut SqliteConnection,
    commands: &[Pending],
) -> Result<Vec<Option<StoredCommand>>, StoreError> {
    // Inside of a transaction it cannot be changed.
    sqlx::query("PRAGMA synchronous = FULL").execute(&mut *connection).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let mut present = Vec::with_capacity(commands.len());
    for Pending { command, .. } in commands {
        present.push(insert(&mut transaction, command).await?);
    }
    transaction.commit().await?;
    Ok(present)
}

async fn insert(
    connection: &mut SqliteConnection,
    command: &NewCommand,
) -> Result<Option<StoredCommand>, StoreError> {
    // One that was stored by a call that did not learn of it has its id.
    let inserted = sqlx::query(
        "INSERT INTO stario_commands (id, name, version, key, grp, payload, created, due, state, attempts, changed) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?) ON CONFLICT DO NOTHING",
    )
    .bind(&command.id.to_bytes()[..])
    .bind(&command.name)
    .bind(command.version)
    .bind(&command.key)
    .bind(&command.group)
    .bind(&command.payload)
    .bind(command.created)
    .bind(command.due)
    .bind(command.created)
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(None);
    }
    let present = sqlx::query("SELECT * FROM stario_commands WHERE name = ? AND key = ? AND id <> ?")
        .bind(&command.name)
        .bind(&command.key)
        .bind(&command.id.to_bytes()[..])
        .fetch_optional(connection)
        .await?;
    present.map(|row| stored(&row)).transpose()
}

/// Adds the conditions of a filter to a query.
fn push_filter(query: &mut QueryBuilder<Sqlite>, which: &CommandFilter) {
    let CommandFilter { name, state, changed_before, due_at, after } = which;
    if let Some(name) = name {
        query.push(" AND name = ").push_bind(name.clone());
    }
    if let Some(state) = state {
        // Not bound, so that it can be seen which index has it.
        query.push(" AND state = ").push(state.code());
    }
    if let Some(before) = changed_before {
        query.push(" AND changed < ").push_bind(*before);
    }
    if let Some(time) = due_at {
        query.push(" AND due <= ").push_bind(*time);
    }
    if let Some(after) = after {
        query.push(" AND id > ").push_bind(after.to_bytes().to_vec());
    }
}

impl DurableStore for SqliteQueue {
    fn payload_limit(&self) -> usize {
        self.payload_limit
    }

    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        loop {
            let (sender, mut receiver) = oneshot::channel();
            let pending = Pending { command: command.clone(), stored: sender };
            self.pending().push(pending);
            let mut connection = match self.writer().await {
                Ok(connection) => connection,
                // Nobody has begun to store it, and nobody will.
                Err(error) if self.withdraw(command.id) => return Err(error.into()),
                // Another call stores it just now.
                Err(_) => {
                    let cut =
                        "the call that stored the command has failed or was cut: the command may be stored";
                    return receiver.await.map_err(|_| cut.into());
                }
            };
            match receiver.try_recv() {
                // The call that had the connection before has stored it.
                Ok(present) => return Ok(present),
                Err(oneshot::error::TryRecvError::Empty) => {}
                // That call has failed, or was dropped.
                Err(oneshot::error::TryRecvError::Closed) => continue,
            }
            let commands = self.take_pending();
            let present = store(&mut connection, &commands).await?;
            for (pending, present) in commands.into_iter().zip(present) {
                // Who does not wait any more needs no answer.
                let _ = pending.stored.send(present);
            }
            if let Ok(present) = receiver.try_recv() {
                return Ok(present);
            }
        }
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        if claim.wanted.is_empty() || claim.limit == 0 {
            return Ok(Vec::new());
        }
        // Nobody waits for who only looks.
        let is_due: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM stario_commands WHERE state < 2 AND state = 0 AND due <= ?)",
        )
        .bind(claim.now)
        .fetch_one(&self.database)
        .await?;
        if !is_due {
            return Ok(Vec::new());
        }
        let has_limits = claim.wanted.iter().any(|wanted| {
            wanted.concurrency.is_some() || wanted.concurrency_of_group.is_some() || wanted.is_in_order
        });
        let mut connection = self.writer().await?;
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let mut claimed = Vec::new();
        if has_limits {
            // Each counts against the limits of the next.
            while claimed.len() < claim.limit {
                let next = claim_some(&mut transaction, claim, 1).await?;
                if next.is_empty() {
                    break;
                }
                claimed.extend(next);
            }
        } else {
            let limit = i64::try_from(claim.limit).unwrap_or(i64::MAX);
            claimed = claim_some(&mut transaction, claim, limit).await?;
        }
        transaction.commit().await?;
        Ok(claimed)
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        let mut connection = self.writer().await?;
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await?;
        let extended =
            sqlx::query("UPDATE stario_commands SET due = ? WHERE id = ? AND state = 1 AND claims = ?")
                .bind(until)
                .bind(&run.id.to_bytes()[..])
                .bind(run.claim)
                .execute(&mut *connection)
                .await?;
        Ok(extended.rows_affected() == 1)
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        let mut query = QueryBuilder::new("");
        match settlement {
            Settlement::Finished { is_kept: false } => {
                query.push("DELETE FROM stario_commands");
            }
            Settlement::Finished { is_kept: true } => {
                query.push("UPDATE stario_commands SET state = 2, changed = ").push_bind(now);
            }
            Settlement::Retry { due, error } => {
                query.push("UPDATE stario_commands SET state = 0, changed = ").push_bind(now);
                query.push(", due = ").push_bind(*due).push(", error = ").push_bind(error.clone());
            }
            Settlement::Dead { error } => {
                query.push("UPDATE stario_commands SET state = 3, changed = ").push_bind(now);
                query.push(", error = ").push_bind(error.clone());
            }
            Settlement::GiveBack => {
                query.push("UPDATE stario_commands SET state = 0, attempts = attempts - 1, changed = ");
                query.push_bind(now).push(", due = ").push_bind(now);
            }
        }
        query.push(" WHERE id = ").push_bind(run.id.to_bytes().to_vec());
        query.push(" AND state = 1 AND claims = ").push_bind(run.claim);
        let mut connection = self.writer().await?;
        sqlx::query("PRAGMA synchronous = NORMAL").execute(&mut *connection).await?;
        Ok(query.build().execute(&mut *connection).await?.rows_affected() == 1)
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        let mut query = QueryBuilder::new(
            "SELECT id, name, version, key, grp, length(payload) AS payload_bytes, created, due, state, attempts, claims, changed, error \
             FROM stario_commands",
        );
        // In the order of ids, all that is stored would be read to find these.
        query.push(match which.state {
            Some(CommandState::Running) => " INDEXED BY stario_commands_running WHERE true",
            Some(CommandState::Dead) => " INDEXED BY stario_commands_ended WHERE state >= 2",
            _ => " WHERE true",
        });
        push_filter(&mut query, which);
        query.push(" ORDER BY id LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query.build().fetch_all(&self.database).await?.iter().map(listed).collect()
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        let row = sqlx::query("SELECT * FROM stario_commands WHERE id = ?")
            .bind(&id.to_bytes()[..])
            .fetch_optional(&self.database)
            .await?;
        row.map(|row| stored(&row)).transpose()
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        let counts: Vec<(String, u8, i64)> =
            sqlx::query_as("SELECT name, state, count(*) FROM stario_commands GROUP BY name, state")
                .fetch_all(&self.database)
                .await?;
        let count = |(name, state, count): (String, u8, i64)| {
            let state = CommandState::from_code(state)?;
            Some(CommandCount { name, state, count: u64::try_from(count).unwrap_or_default() })
        };
        Ok(counts.into_iter().filter_map(count).collect())
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        let mut connection = self.writer().await?;
        let again = sqlx::query(
            "UPDATE stario_commands SET state = 0, attempts = 0, changed = ?, due = ? WHERE id = ? AND state = 3",
        )
        .bind(now)
        .bind(now)
        .bind(&id.to_bytes()[..])
        .execute(&mut *connection)
        .await?;
        Ok(again.rows_affected() == 1)
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            let mut query = QueryBuilder::new(
                "DELETE FROM stario_commands WHERE seq IN (SELECT seq FROM stario_commands WHERE state >= 2",
            );
            push_filter(&mut query, which);
            query.push(" LIMIT ").push_bind(PRUNED_AT_ONCE).push(")");
            let mut connection = self.writer().await?;
            let deleted = query.build().execute(&mut *connection).await?.rows_affected();
            pruned += deleted;
            if deleted < u64::from(PRUNED_AT_ONCE) {
                return Ok(pruned);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open;

    fn command(number: u128) -> NewCommand {
        NewCommand {
            id: CommandId::from_bytes(number.to_be_bytes()),
            name: "a".to_owned(),
            version: 1,
            key: None,
            group: None,
            payload: Vec::new(),
            created: 0,
            due: 0,
        }
    }

    #[tokio::test]
    async fn what_is_acknowledged_is_synchronized_whatever_the_pool_does() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path().join("a.db").display().to_string()).await.unwrap();
        let queue = SqliteQueue::new(&database).await.unwrap();
        let level = async |pool: &SqlitePool| -> i64 {
            sqlx::query_scalar("PRAGMA synchronous").fetch_one(pool).await.unwrap()
        };
        queue.extend(Run { id: command(7).id, claim: 1 }, 0).await.unwrap();
        assert_eq!((level(&queue.writer).await, level(&database).await), (1, 1));
        queue.enqueue(&command(1)).await.unwrap();
        assert_eq!((level(&queue.writer).await, level(&database).await), (2, 1));
    }

    #[tokio::test]
    async fn a_command_that_another_call_stores_is_acknowledged_though_its_own_wait_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path().join("a.db").display().to_string()).await.unwrap();
        let mut queue = SqliteQueue::new(&database).await.unwrap();
        queue.writer = SqlitePoolOptions::new()
            .max_connections(1)
            // The connection is opened within this time, too.
            .acquire_timeout(std::time::Duration::from_secs(1))
            .connect_with((*database.connect_options()).clone())
            .await
            .unwrap();
        let enqueue = |number| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.enqueue(&command(number)).await })
        };
        let mut connection = queue.writer().await.unwrap();
        // Nobody stores this one.
        assert!(enqueue(1).await.unwrap().is_err());
        assert_eq!(queue.pending().len(), 0);
        // The connection stays with the call that stores these two.
        let [stored, cut] = [enqueue(2), enqueue(3)];
        while queue.pending().len() < 2 {
            tokio::task::yield_now().await;
        }
        let mut taken = queue.take_pending();
        taken.sort_by_key(|pending| pending.command.id);
        let dropped = taken.pop();
        assert!(queue.writer().await.is_err(), "the wait of the others is over, too");
        let present = store(&mut connection, &taken).await.unwrap();
        for (pending, present) in taken.into_iter().zip(present) {
            pending.stored.send(present).unwrap();
        }
        drop(dropped);
        assert_eq!(stored.await.unwrap().unwrap(), None);
        let error = cut.await.unwrap().unwrap_err().to_string();
        assert!(error.ends_with("the command may be stored"), "{error}");
        let stored = queue.list(&CommandFilter::default(), 9).await.unwrap();
        assert_eq!(stored.iter().map(|stored| stored.id).collect::<Vec<_>>(), [command(2).id]);
    }

    #[tokio::test]
    async fn a_store_that_is_closed_leaves_no_log_of_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let database = open(path.display().to_string()).await.unwrap();
        let queue = SqliteQueue::new(&database).await.unwrap();
        queue.enqueue(&command(1)).await.unwrap();
        queue.close().await;
        assert!(queue.enqueue(&command(2)).await.is_err());
        assert_eq!(queue.list(&CommandFilter::default(), 9).await.unwrap().len(), 1);
        database.close().await;
        assert!(!folder.path().join("a.db-wal").exists());
        assert!(path.exists());
    }

    #[tokio::test]
    async fn the_table_of_an_older_release_is_brought_up_to_date() {
        let database = open(":memory:").await.unwrap();
        migrate(&database, "stario-durable", &STEPS[..1]).await.unwrap();
        sqlx::query(
            "INSERT INTO stario_commands (id, name, version, payload, created, due, state, attempts, changed) \
             VALUES (x'07070707070707070707070707070707', 'a', 1, x'00', 0, 5, 1, 2, 0)",
        )
        .execute(&database)
        .await
        .unwrap();
        let queue = SqliteQueue::new(&database).await.unwrap();
        let stored = queue.list(&CommandFilter::default(), 9).await.unwrap();
        assert_eq!((stored[0].attempts, stored[0].claims, stored[0].payload_bytes), (2, 2, 1));
    }

    #[tokio::test]
    async fn prune_deletes_more_than_one_step() {
        let queue = SqliteQueue::new(&open(":memory:").await.unwrap()).await.unwrap();
        for number in 0..1100 {
            queue.enqueue(&command(number)).await.unwrap();
        }
        sqlx::query("UPDATE stario_commands SET state = 2 WHERE seq <= 1050")
            .execute(&queue.writer)
            .await
            .unwrap();
        assert_eq!(queue.prune(&CommandFilter::default()).await.unwrap(), 1050);
    }
}
