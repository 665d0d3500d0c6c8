//! Calls of the database, each within a time.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres};
use stario::StoreError;
use tokio::time::timeout;

/// A pool of connections, and how long a call may take.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) pool: PgPool,
    pub(crate) timeout: Duration,
}

impl Database {
    /// What the call returns, if it does in time.
    pub(crate) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match timeout(self.timeout, call).await {
            Ok(returned) => returned,
            Err(_) => Err(format!("the PostgreSQL database did not answer within {:?}", self.timeout).into()),
        }
    }

    /// A connection of the pool.
    pub(crate) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        Ok(Lease { connection: self.pool.acquire().await?, is_usable: false })
    }

    /// Runs a statement; the number of its rows.
    pub(crate) async fn execute(&self, query: Query<'_, Postgres, PgArguments>) -> Result<u64, StoreError> {
        self.within(async {
            let mut connection = self.lease().await?;
            let executed = query.execute(&mut *connection).await;
            connection.give_back();
            Ok(executed?.rows_affected())
        })
        .await
    }

    /// Runs a statement; its rows.
    pub(crate) async fn fetch_all(
        &self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.within(async {
            let mut connection = self.lease().await?;
            let rows = query.fetch_all(&mut *connection).await;
            connection.give_back();
            Ok(rows?)
        })
        .await
    }

    /// Says in the log where an acknowledgement is worth less than it should be.
    pub(crate) async fn warn_of_lazy_commits(&self) {
        let statement =
            "SELECT current_setting('synchronous_commit') <> 'off' AND current_setting('fsync') = 'on'";
        if let Ok(false) = sqlx::query_scalar(statement).fetch_one(&self.pool).await {
            tracing::warn!(
                "the PostgreSQL database has `synchronous_commit` or `fsync` off: durable commands that were acknowledged can be lost when it \
             is killed or loses power"
            );
        }
    }
}

/// A query whose text has the name of the table.
pub(crate) fn query(statement: String) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(statement))
}

/// A connection of the pool that is closed, and not used again, where its call is dropped before it ends: somebody else would wait for
/// what it still does.
pub(crate) struct Lease {
    connection: PoolConnection<Postgres>,
    is_usable: bool,
}

impl Lease {
    /// The call has ended: another one can use the connection.
    pub(crate) fn give_back(mut self) {
        self.is_usable = true;
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_usable {
            self.connection.close_on_drop();
        }
    }
}
