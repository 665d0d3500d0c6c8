//! The database: its tables, and the transaction of a command.

use stario::prelude::*;
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx::{Sqlite, SqliteConnection, Transaction};

/// Each file runs once per database, in this order. Do not change one that has run anywhere: add another.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/1_list.sql")];

/// Opens the database, whose file is made when it is missing, and brings its tables up to date.
pub(crate) async fn open(database: &str) -> Result<SqlitePool> {
    let db = stario_sqlite::open(database).await?;
    stario_sqlite::migrate(&db, "groceries", MIGRATIONS).await?;
    Ok(db)
}

/// The transaction of a command, and the relay that tells the open pages of it.
pub(crate) struct Change {
    db: State<SqlitePool>,
    news: State<Relay<()>>,
    transaction: Option<Transaction<'static, Sqlite>>,
}

/// Transient, so that each handler owns its value.
#[dependency(transient)]
fn change(db: State<SqlitePool>, news: State<Relay<()>>) -> Change {
    Change { db, news, transaction: None }
}

impl Change {
    /// Begins the transaction at its first use. By then the request is read, so no slow client holds a lock.
    pub(crate) async fn connection(&mut self) -> Result<&mut SqliteConnection> {
        let transaction = match self.transaction.take() {
            Some(begun) => begun,
            None => stario_sqlite::begin(&self.db).await?,
        };
        Ok(self.transaction.insert(transaction))
    }

    /// Commits, then tells the pages. A change that is dropped without a commit, as after an error, is undone.
    pub(crate) async fn commit(self) -> Result {
        if let Some(transaction) = self.transaction {
            transaction.commit().await?;
            self.news.publish("list", ());
        }
        Ok(())
    }
}
