//! The database: a file that is made when it is missing, its tables, and the transaction of a command.

use std::str::FromStr;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool};
use sqlx::{SqlSafeStr, Sqlite, Transaction};
use stario::prelude::*;

/// The database unless `DATABASE_URL` names another.
pub(crate) const FILE: &str = "sqlite:groceries.db";

/// Each runs once, in this order. One that has run anywhere is not changed: another is added.
const MIGRATIONS: [(&str, &str); 1] = [("list", include_str!("../migrations/1_list.sql"))];

/// Opens the database and brings its tables up to date.
pub(crate) async fn open(url: &str) -> Result<SqlitePool> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal) // readers do not wait for the one who writes
        .foreign_keys(true);
    let pool = SqlitePool::connect_with(options).await?;
    let migrations = (1..).zip(MIGRATIONS).map(|(version, (name, sql))| {
        Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect()).run(&pool).await?;
    Ok(pool)
}

/// What a command changes: one transaction, and the news of it for all open pages.
pub(crate) struct Change {
    pool: State<SqlitePool>,
    news: State<Relay<()>>,
    transaction: Option<Transaction<'static, Sqlite>>,
}

/// Every use has its own, so a handler takes it by value.
#[dependency(transient)]
fn change(pool: State<SqlitePool>, news: State<Relay<()>>) -> Change {
    Change { pool, news, transaction: None }
}

impl Change {
    /// Begins the transaction when it is first needed: by then the request is read, so no slow client holds a lock.
    pub(crate) async fn connection(&mut self) -> Result<&mut SqliteConnection> {
        let transaction = match self.transaction.take() {
            Some(begun) => begun,
            None => self.pool.begin_with("BEGIN IMMEDIATE").await?,
        };
        Ok(self.transaction.insert(transaction))
    }

    /// Commits, then tells the pages. Without a commit, as after an error or a panic, nothing has changed.
    pub(crate) async fn commit(self) -> Result {
        if let Some(transaction) = self.transaction {
            transaction.commit().await?;
            self.news.publish("list", ());
        }
        Ok(())
    }
}
