//! Sessions in a table.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::SqlitePool;
use stario::{SessionFilter, SessionId, SessionRecord, SessionStore, StoreError};

use crate::migrations::{MigrationError, migrate};

const STEPS: &[&str] = &[
    "
    CREATE TABLE stario_sessions (
        id BLOB NOT NULL PRIMARY KEY,
        user TEXT,
        data TEXT NOT NULL,
        created INTEGER NOT NULL,
        used INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        version INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX stario_sessions_user ON stario_sessions (user) WHERE user IS NOT NULL;
    CREATE INDEX stario_sessions_expires ON stario_sessions (expires);
",
    "
    CREATE INDEX stario_sessions_anonymous ON stario_sessions (used) WHERE user IS NULL;
",
];

/// How many sessions with which nobody has logged in are kept, unless the app says otherwise.
const ANONYMOUS_LIMIT: u32 = 100_000;

/// After so many new ones, a process looks whether there are too many.
const ANONYMOUS_STEP: u32 = 64;

/// A store of sessions in the table `stario_sessions`, for [`Sessions::new`](stario::Sessions::new). Sessions outlive the process, and
/// all processes that open the file have the same.
///
/// **What visitors can make it hold** is bounded. A visitor without a login has a session once a handler changes it, and robots do not send
/// its cookie back, so each of their visits makes another. Of these, [`anonymous_limit`](Self::anonymous_limit) are kept, those that were
/// used last. A session with which somebody has logged in is never deleted for them. Each takes at most
/// [`Sessions::max_bytes`](stario::Sessions::max_bytes), 16 KiB unless set, and some 200 bytes more.
///
/// Each new session deletes up to 16 that have expired.
#[derive(Debug, Clone)]
pub struct SqliteSessions {
    database: SqlitePool,
    anonymous_limit: u32,
    /// How many sessions without a user this process has stored.
    anonymous: Arc<AtomicU32>,
}

impl SqliteSessions {
    /// Sets how many sessions with which nobody has logged in are kept; 100,000 unless set. When there are more, those go first that
    /// were not used for the longest time.
    ///
    /// A process looks at its first new one and then at every 64th, so there are up to 64 more for each process. When the limit is set
    /// lower than before, up to 1024 are deleted each time.
    #[must_use]
    pub fn anonymous_limit(mut self, sessions: u32) -> Self {
        self.anonymous_limit = sessions;
        self
    }

    /// The store in this database. Its table is made, or brought up to date.
    ///
    /// # Errors
    ///
    /// As [`migrate`].
    pub async fn new(database: &SqlitePool) -> Result<Self, MigrationError> {
        migrate(database, "stario-sessions", STEPS).await?;
        Ok(Self { database: database.clone(), anonymous_limit: ANONYMOUS_LIMIT, anonymous: Arc::default() })
    }

    /// Deletes what a new session leaves no room for: few at a time, so that no visitor waits for a long clean-up.
    async fn clean_up(&self, record: &SessionRecord) -> Result<(), sqlx::Error> {
        sqlx::query(
            "DELETE FROM stario_sessions WHERE id IN \
             (SELECT id FROM stario_sessions WHERE expires <= ? ORDER BY expires LIMIT 16)",
        )
        .bind(record.used)
        .execute(&self.database)
        .await?;
        if record.user.is_none()
            && self.anonymous.fetch_add(1, Ordering::Relaxed).is_multiple_of(ANONYMOUS_STEP)
        {
            sqlx::query(
                "DELETE FROM stario_sessions WHERE id IN \
                 (SELECT id FROM stario_sessions WHERE user IS NULL ORDER BY used DESC LIMIT 1024 OFFSET ?)",
            )
            .bind(self.anonymous_limit)
            .execute(&self.database)
            .await?;
        }
        Ok(())
    }
}

type Row = (Vec<u8>, Option<String>, String, i64, i64, i64, i64);

fn record(row: Row) -> Result<SessionRecord, StoreError> {
    let (id, user, data, created, used, expires, version) = row;
    let id = <[u8; 32]>::try_from(id).map_err(|_| "an id in `stario_sessions` has not 32 bytes")?;
    Ok(SessionRecord { id: SessionId::from_bytes(id), user, data, created, used, expires, version })
}

impl SessionStore for SqliteSessions {
    async fn load(&self, which: &SessionFilter) -> Result<Vec<SessionRecord>, StoreError> {
        let rows: Vec<Row> = match which {
            SessionFilter::Id(id) => sqlx::query_as(
                "SELECT id, user, data, created, used, expires, version FROM stario_sessions WHERE id = ?",
            )
            .bind(&id.as_bytes()[..])
            .fetch_all(&self.database)
            .await?,
            SessionFilter::User(user) => sqlx::query_as(
                "SELECT id, user, data, created, used, expires, version FROM stario_sessions WHERE user = ?",
            )
            .bind(user)
            .fetch_all(&self.database)
            .await?,
        };
        rows.into_iter().map(record).collect()
    }

    async fn save(&self, record: &SessionRecord) -> Result<bool, StoreError> {
        let SessionRecord { id, user, data, created, used, expires, version } = record;
        if *version > 1 {
            let saved = sqlx::query(
                "UPDATE stario_sessions SET user = ?, data = ?, used = ?, expires = ?, version = ? \
                 WHERE id = ? AND version = ? - 1",
            )
            .bind(user)
            .bind(data)
            .bind(used)
            .bind(expires)
            .bind(version)
            .bind(&id.as_bytes()[..])
            .bind(version)
            .execute(&self.database)
            .await?;
            return Ok(saved.rows_affected() == 1);
        }
        let saved = sqlx::query(
            "INSERT INTO stario_sessions (id, user, data, created, used, expires, version) \
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&id.as_bytes()[..])
        .bind(user)
        .bind(data)
        .bind(created)
        .bind(used)
        .bind(expires)
        .bind(version)
        .execute(&self.database)
        .await?;
        if let Err(error) = self.clean_up(record).await {
            tracing::warn!(%error, "sessions that have ended, or are too many, are not deleted now");
        }
        Ok(saved.rows_affected() == 1)
    }

    async fn delete(&self, which: &SessionFilter) -> Result<u64, StoreError> {
        let deleted = match which {
            SessionFilter::Id(id) => {
                sqlx::query("DELETE FROM stario_sessions WHERE id = ?")
                    .bind(&id.as_bytes()[..])
                    .execute(&self.database)
                    .await?
            }
            SessionFilter::User(user) => {
                sqlx::query("DELETE FROM stario_sessions WHERE user = ?")
                    .bind(user)
                    .execute(&self.database)
                    .await?
            }
        };
        Ok(deleted.rows_affected())
    }
}
