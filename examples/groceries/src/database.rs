//! The database: its tables, and the transaction of a command.

use stario::prelude::*;
use stario_sqlite::SqlitePool;
use stario_sqlite::sqlx::{Sqlite, SqliteConnection, Transaction};

/// Each runs once, in this order. One that has run anywhere is not changed: another is added.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/1_list.sql")];

/// Opens the database, whose file is made when it is missing, and brings its tables up to date.
pub(crate) async fn open(database: &str) -> Result<SqlitePool> {
    let db = stario_sqlite::open(database).await?;
    stario_sqlite::migrate(&db, "groceries", MIGRATIONS).await?;
    Ok(db)
}

/// What a command changes: one transaction, and the news of it for all open pages.
pub(crate) struct Change {
    db: State<SqlitePool>,
    news: State<Relay<()>>,
    transaction: Option<Transaction<'static, Sqlite>>,
}

/// Makes one for each command, which takes it by value.
#[dependency(transient)]
fn change(db: State<SqlitePool>, news: State<Relay<()>>) -> Change {
    Change { db, news, transaction: None }
}

impl Change {
    /// Begins the transaction when it is first needed: by then the request is read, so no slow client holds a lock.
    pub(crate) async fn connection(&mut self) -> Result<&mut SqliteConnection> {
        let transaction = match self.transaction.take() {
            Some(begun) => begun,
            None => stario_sqlite::begin(&self.db).await?,
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
