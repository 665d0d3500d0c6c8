//! Sessions in a table.

use sqlx::SqlitePool;
use stario::{SessionFilter, SessionId, SessionRecord, SessionStore, StoreError};

use crate::migrations::{MigrationError, migrate};

const STEPS: &[&str] = &["
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
"];

/// A store of sessions in the table `stario_sessions`, for [`Sessions::new`](stario::Sessions::new). Sessions outlive the process, and
/// all processes that open the file have the same.
///
/// Each new session deletes up to 16 that have expired. Visitors who never come back leave theirs until it expires, so a page that
/// changes the session of every visitor needs a limit of use where robots find it.
#[derive(Debug, Clone)]
pub struct SqliteSessions {
    database: SqlitePool,
}

impl SqliteSessions {
    /// The store in this database. Its table is made, or brought up to date.
    ///
    /// # Errors
    ///
    /// As [`migrate`].
    pub async fn new(database: &SqlitePool) -> Result<Self, MigrationError> {
        migrate(database, "stario-sessions", STEPS).await?;
        Ok(Self { database: database.clone() })
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
        // Few at a time: no visitor waits for a long clean-up.
        sqlx::query(
            "DELETE FROM stario_sessions WHERE id IN \
             (SELECT id FROM stario_sessions WHERE expires <= ? ORDER BY expires LIMIT 16)",
        )
        .bind(used)
        .execute(&self.database)
        .await
        .map_or_else(|error| tracing::warn!(%error, "sessions that have ended are not deleted now"), |_| ());
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
