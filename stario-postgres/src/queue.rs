//! Durable commands in a table.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection, PgPool, Postgres, QueryBuilder, Row as _};
use stario::durable::{
    Claim, CommandCount, CommandFilter, CommandId, CommandState, ListedCommand, NewCommand, Run, Settlement,
    StoredCommand,
};
use stario::{DurableStore, StoreError};

use crate::claim::{claim_limited, claim_unlimited, is_due, is_limited};
use crate::database::{Database, query};
use crate::migrations::{MigrationError, migrate, quoted};
use crate::rows::{self, LISTED, listed, stored, text};
use crate::wake::Wake;

// Every query that looks for open commands says `state < 2`, and one for those that run `state = 1`, so that it can use the indexes of
// those. Only the query for groups in their order says `grp IS NOT NULL`, so that no other takes their index. Rows change often, so what is
// dead of them is cleared away early.
const STEPS: &[&str] = &[
    "
    CREATE TABLE stario_commands (
        seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        id BYTEA NOT NULL UNIQUE,
        name TEXT NOT NULL,
        version BIGINT NOT NULL,
        key TEXT,
        grp TEXT,
        payload BYTEA NOT NULL,
        created BIGINT NOT NULL,
        due BIGINT NOT NULL,
        state SMALLINT NOT NULL,
        attempts BIGINT NOT NULL,
        claims BIGINT NOT NULL,
        changed BIGINT NOT NULL,
        error TEXT
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
    CREATE UNIQUE INDEX stario_commands_key ON stario_commands (name, key) WHERE key IS NOT NULL;
    CREATE INDEX stario_commands_due ON stario_commands (name, due, seq) WHERE state < 2;
    CREATE INDEX stario_commands_groups ON stario_commands (name, grp, seq) WHERE state < 2 AND grp IS NOT NULL;
    CREATE INDEX stario_commands_running ON stario_commands (name, grp) WHERE state = 1;
    CREATE INDEX stario_commands_ended ON stario_commands (state, changed) WHERE state >= 2;
    CREATE INDEX stario_commands_dead ON stario_commands (id) WHERE state = 3;
",
    // Counting reads an index, because those that have ended may be many, and stand beside their payloads.
    "
    DROP INDEX stario_commands_ended;
    CREATE INDEX stario_commands_ended ON stario_commands (state, changed) INCLUDE (name) WHERE state >= 2;
",
];

/// How many commands are deleted in one step.
const PRUNED_AT_ONCE: u64 = 500;

/// How long a call of the database may take, unless the app says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A store of durable commands in the table `stario_commands`, for [`App::durable`](stario::App::durable). All processes that use the
/// database share its commands. See the [crate] for an example, and for what an acknowledgement is worth.
///
/// Commands without limits are claimed side by side (`SKIP LOCKED`). Where a handler has `concurrency` or `in_order`, processes claim one after the
/// other, under an advisory lock. Two requests at the same time have no order.
///
/// What one process stores, the others hear at once, by `LISTEN` on a connection of its own beside those of the pool. Where that is not
/// possible, such as through a `PgBouncer` that shares connections between transactions, they find it when they look, once a second. By a second one the
/// leases of what runs are extended, so that handlers which have all connections of the pool do not lose their commands.
#[derive(Debug, Clone)]
pub struct PostgresQueue {
    database: Database,
    /// One connection by which leases are extended: handlers may have all others, for longer than a lease.
    heartbeats: PgPool,
    /// The table, with its schema.
    table: Arc<str>,
    /// The lock under which commands are claimed whose handlers have limits.
    claim_lock: i64,
    wake: Arc<Wake>,
    payload_limit: usize,
}

impl PostgresQueue {
    /// The store in this database, in the schema that the pool's connections use. Its table is made, or brought up to date.
    ///
    /// # Errors
    ///
    /// When a step of that fails, or when a newer release has changed the table.
    pub async fn new(database: &PgPool) -> Result<Self, MigrationError> {
        Self::made(database, None).await
    }

    /// The store in a schema of this database, such as `jobs`, which is made if it is not there. Each schema has commands of its own.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub async fn in_schema(database: &PgPool, schema: &str) -> Result<Self, MigrationError> {
        Self::made(database, Some(schema)).await
    }

    async fn made(database: &PgPool, schema: Option<&str>) -> Result<Self, MigrationError> {
        // By its full name the table is the same whatever a connection has as its `search_path`, and has the same lock in all processes.
        let schema = migrate(database, schema, "stario-durable", "stario_commands", STEPS).await?;
        let table = format!("{}.stario_commands", quoted(&schema));
        let heartbeats = database.options().clone().min_connections(0).max_connections(1);
        let heartbeats = heartbeats.connect_lazy_with((*database.connect_options()).clone());
        let database = Database { pool: database.clone(), timeout: TIMEOUT };
        database.warn_of_lazy_commits().await;
        let hash = rows::hexadecimal(&table);
        let channel = format!("stario_commands_{}", &hash[..16]);
        Ok(Self {
            claim_lock: i64::from_str_radix(&hash[..15], 16).unwrap_or_default(),
            table: table.into(),
            wake: Arc::new(Wake::new(database.pool.clone(), channel)),
            payload_limit: 1024 * 1024,
            heartbeats,
            database,
        })
    }

    /// Sets the most bytes of one command's values; 1 MiB unless set. A file that is uploaded is part of them.
    #[must_use]
    pub fn payload_limit(mut self, bytes: usize) -> Self {
        self.payload_limit = bytes;
        self
    }

    /// Sets how long a call of the database may take, with the wait for a connection; 10 seconds unless set. One that takes longer is an
    /// error: a request is answered with 503 then, and the worker tries again.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.database.timeout = timeout;
        self
    }

    /// Whether the database answers, and takes what is stored: a standby does not. It is meant for the readiness probe.
    ///
    /// ```no_run
    /// use stario::prelude::*;
    /// use stario_postgres::PostgresQueue;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # async fn serve() -> stario::Result {
    /// let database = stario_postgres::open("postgres://shop@localhost/shop").await?;
    /// let queue = PostgresQueue::new(&database).await?;
    /// let ready = queue.clone();
    /// app::new()
    ///     .durable(queue)
    ///     .readiness("/health/ready", move |_| {
    ///         let queue = ready.clone();
    ///         async move { Ok(queue.check().await?) }
    ///     })
    ///     .serve()
    ///     .await
    /// # }
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// When it does not.
    pub async fn check(&self) -> Result<(), StoreError> {
        let statement = "SELECT current_setting('transaction_read_only') = 'on'";
        let rows = self.database.fetch_all(sqlx::query(statement)).await?;
        let is_read_only: bool = rows.first().ok_or("a row is there")?.try_get(0)?;
        if is_read_only { Err("the PostgreSQL database can only be read".into()) } else { Ok(()) }
    }

    /// Claims commands while no other process does.
    async fn claim_alone(
        &self,
        connection: &mut PgConnection,
        claim: &Claim,
    ) -> Result<Vec<StoredCommand>, StoreError> {
        // Nobody waits for who only looks.
        if !is_due(connection, &self.table, claim).await? {
            return Ok(Vec::new());
        }
        let mut transaction = connection.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        // A process that is stopped here, or cut off, must not keep the others from claiming. The indexes are made for what is asked; where the
        // statistics of the table are old, all that waits would be read and sorted.
        sqlx::query(
            "SELECT set_config('idle_in_transaction_session_timeout', $2, true), set_config('lock_timeout', $2, true), \
             set_config('enable_bitmapscan', 'off', true), pg_advisory_xact_lock($1)",
        )
        .bind(self.claim_lock)
        .bind(self.database.timeout.as_millis().max(1).to_string())
        .execute(&mut *transaction)
        .await?;
        let claimed = claim_limited(&mut transaction, &self.table, claim).await?;
        transaction.commit().await?;
        Ok(claimed)
    }
}

/// Stores a command. The one that has its key already, if one has.
async fn store(
    connection: &mut PgConnection,
    table: &str,
    command: &NewCommand,
) -> Result<Option<StoredCommand>, StoreError> {
    let insert = format!(
        "INSERT INTO {table} (id, name, version, key, grp, payload, created, due, state, attempts, claims, changed) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, 0, $7) ON CONFLICT DO NOTHING"
    );
    let present = format!("SELECT * FROM {table} WHERE (name = $1 AND key = $2) OR id = $3");
    loop {
        let inserted = query(insert.clone())
            .bind(&command.id.to_bytes()[..])
            .bind(&command.name)
            .bind(i64::from(command.version))
            .bind(&command.key)
            .bind(command.group.as_deref().map(rows::group))
            .bind(&command.payload)
            .bind(command.created)
            .bind(command.due)
            .execute(&mut *connection)
            .await?;
        if inserted.rows_affected() == 1 {
            return Ok(None);
        }
        let row = query(present.clone())
            .bind(&command.name)
            .bind(&command.key)
            .bind(&command.id.to_bytes()[..])
            .fetch_optional(&mut *connection)
            .await?;
        // One that was stored by a call that did not learn of it has its id. One that was deleted meanwhile leaves room.
        if let Some(row) = row {
            return Ok(Some(stored(&row)?).filter(|present| present.command.id != command.id));
        }
    }
}

/// Adds the conditions of a filter to a query.
fn push_filter(query: &mut QueryBuilder<Postgres>, which: &CommandFilter) {
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

impl DurableStore for PostgresQueue {
    fn payload_limit(&self) -> usize {
        self.payload_limit
    }

    async fn enqueue(&self, command: &NewCommand) -> Result<Option<StoredCommand>, StoreError> {
        let present = self
            .database
            .within(async {
                let mut connection = self.database.lease().await?;
                let present = store(&mut connection, &self.table, command).await;
                connection.give_back();
                present
            })
            .await?;
        if present.is_none() {
            self.wake.announce();
        }
        Ok(present)
    }

    async fn claim(&self, claim: &Claim) -> Result<Vec<StoredCommand>, StoreError> {
        if claim.wanted.is_empty() || claim.limit == 0 {
            return Ok(Vec::new());
        }
        self.database
            .within(async {
                let mut connection = self.database.lease().await?;
                let claimed = if claim.wanted.iter().any(is_limited) {
                    self.claim_alone(&mut connection, claim).await
                } else {
                    claim_unlimited(&mut connection, &self.table, claim).await
                };
                connection.give_back();
                claimed
            })
            .await
    }

    async fn extend(&self, run: Run, until: i64) -> Result<bool, StoreError> {
        let statement =
            format!("UPDATE {} SET due = $1 WHERE id = $2 AND state = 1 AND claims = $3", self.table);
        let query = query(statement).bind(until).bind(run.id.to_bytes().to_vec()).bind(i64::from(run.claim));
        let database = Database { pool: self.heartbeats.clone(), ..self.database };
        Ok(database.execute(query).await? == 1)
    }

    async fn settle(&self, run: Run, now: i64, settlement: &Settlement) -> Result<bool, StoreError> {
        let mut query = match settlement {
            Settlement::Finished { is_kept: false } => {
                QueryBuilder::new(format!("DELETE FROM {}", self.table))
            }
            _ => QueryBuilder::new(format!("UPDATE {} SET ", self.table)),
        };
        match settlement {
            Settlement::Finished { is_kept: false } => {}
            Settlement::Finished { is_kept: true } => {
                query.push("state = 2, changed = ").push_bind(now);
            }
            Settlement::Retry { due, error } => {
                query.push("state = 0, changed = ").push_bind(now).push(", due = ").push_bind(*due);
                query.push(", error = ").push_bind(text(error));
            }
            Settlement::Dead { error } => {
                query.push("state = 3, changed = ").push_bind(now).push(", error = ").push_bind(text(error));
            }
            Settlement::GiveBack => {
                query.push("state = 0, attempts = attempts - 1, changed = ").push_bind(now);
                query.push(", due = ").push_bind(now);
            }
        }
        query.push(" WHERE id = ").push_bind(run.id.to_bytes().to_vec());
        query.push(" AND state = 1 AND claims = ").push_bind(i64::from(run.claim));
        let is_settled = self.database.execute(query.build()).await? == 1;
        if *settlement == Settlement::GiveBack {
            self.wake.announce();
        }
        Ok(is_settled)
    }

    async fn list(&self, which: &CommandFilter, limit: usize) -> Result<Vec<ListedCommand>, StoreError> {
        let table = &self.table;
        let from = match which.state {
            // In the order of ids, all that is stored might be read to find these.
            Some(CommandState::Running) => format!("(SELECT * FROM {table} WHERE state = 1 OFFSET 0) r"),
            _ => table.to_string(),
        };
        let mut query = QueryBuilder::new(format!("SELECT {LISTED} FROM {from} WHERE true"));
        push_filter(&mut query, which);
        query.push(" ORDER BY id LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        self.database.fetch_all(query.build()).await?.iter().map(listed).collect()
    }

    async fn get(&self, id: CommandId) -> Result<Option<StoredCommand>, StoreError> {
        let query = query(format!("SELECT * FROM {} WHERE id = $1", self.table)).bind(id.to_bytes().to_vec());
        self.database.fetch_all(query).await?.first().map(stored).transpose()
    }

    async fn count(&self) -> Result<Vec<CommandCount>, StoreError> {
        let counted = |states: &str| {
            format!(
                "SELECT name, state, count(*) AS count FROM {} WHERE {states} GROUP BY name, state",
                self.table
            )
        };
        let statement = format!("{} UNION ALL {}", counted("state < 2"), counted("state >= 2"));
        self.database.fetch_all(query(statement)).await?.iter().map(rows::count).collect()
    }

    async fn rerun(&self, id: CommandId, now: i64) -> Result<bool, StoreError> {
        let statement = format!(
            "UPDATE {} SET state = 0, attempts = 0, changed = $1, due = $1 WHERE id = $2 AND state = 3",
            self.table
        );
        let query = query(statement).bind(now).bind(id.to_bytes().to_vec());
        let is_there = self.database.execute(query).await? == 1;
        if is_there {
            self.wake.announce();
        }
        Ok(is_there)
    }

    async fn prune(&self, which: &CommandFilter) -> Result<u64, StoreError> {
        let mut pruned = 0;
        loop {
            // Two processes that prune at the same time do not wait for each other.
            let mut query = QueryBuilder::new(format!(
                "WITH old AS MATERIALIZED (SELECT seq FROM {} WHERE state >= 2",
                self.table
            ));
            push_filter(&mut query, which);
            query.push(" LIMIT ").push(PRUNED_AT_ONCE).push(" FOR UPDATE SKIP LOCKED) DELETE FROM ");
            query.push(&self.table).push(" p USING old WHERE p.seq = old.seq");
            let deleted = self.database.execute(query.build()).await?;
            pruned += deleted;
            if deleted < PRUNED_AT_ONCE {
                return Ok(pruned);
            }
        }
    }

    async fn changed(&self) {
        self.wake.heard().await;
    }
}
