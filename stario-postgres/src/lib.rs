//! Durable commands of [stario](https://docs.rs/stario) in PostgreSQL, which any number of machines share.
//!
//! ```no_run
//! use stario::prelude::*;
//! use stario_postgres::PostgresQueue;
//!
//! # stario::app!();
//! #[app::detached_command("/import", durable = "import")]
//! async fn import(rows: JsonBody<Vec<String>>, log: Logger) {
//!     log.with("rows", rows.len()).info("imported");
//! }
//!
//! #[tokio::main]
//! async fn main() -> stario::Result {
//!     let database = stario_postgres::open("postgres://shop:secret@db.example/shop?sslmode=verify-full").await?;
//!     app::new().durable(PostgresQueue::new(&database).await?).serve().await
//! }
//! ```
//!
//! The binding is `sqlx` 0.9, re-exported as [`sqlx`]. [`open`] makes a pool; one that you have already does as well, and its connections are
//! shared with your own queries. Through TLS (the feature `tls`, which is on), certificates are checked as the URL says. Tested with
//! PostgreSQL 15; 12 is the oldest that has all that is used.
//!
//! The tables are `stario_commands` and `stario_migrations`, in the schema that the connections use, or in
//! [one of their own](PostgresQueue::in_schema). A start makes them, and brings them up to date when a new release needs it; several processes may start at the same
//! time. The user of the database needs `CREATE` in the schema for that; once they are up to date, `SELECT`, `INSERT`,
//! `UPDATE` and `DELETE` on them are enough.
//!
//! # What an acknowledgement is worth
//!
//! | what happens | a command that was answered with 204 |
//! |---|---|
//! | the process of the app is killed | runs again on any process, when its lease has ended and the pause after an attempt |
//! | the server of the database is killed (`kill -9`) | is there when that runs again; until then requests wait, for up to 10 s ([`timeout`](PostgresQueue::timeout)), and are answered with 503 |
//! | the machine of the database loses power | is there: the commit was written to the disk first. Not where the database has `synchronous_commit = off` or `fsync = off`, of which a start warns |
//! | the database fails over to a standby | is there if that is synchronous (`synchronous_standby_names`); else the last ones may be lost |
//!
//! The same holds for what is stored of attempts and ends. Where the connection breaks while a command is stored, its client is answered with 503 and the command may be stored all
//! the same; with an [`IdempotencyKey`](stario::IdempotencyKey) the client can repeat the request.
//!
//! Leases are compared with the clocks of the processes. Keep those together, to a second or so.
//!
//! # A release that changes the tables
//!
//! The first process of it that starts changes them, in one transaction; its others wait for that. `CHANGELOG.md` says which releases do. A deploy that replaces processes
//! one by one meets this:
//!
//! - **An index that is built anew locks the table** (`ACCESS EXCLUSIVE`) for as long as it takes to read the table once. Meanwhile nothing is stored, claimed or extended: requests wait, for up to
//!   10 s ([`timeout`](PostgresQueue::timeout)), and are answered with 503; what runs for longer than its lease without an extension is dropped, and begins again. Where many
//!   commands have ended, deploy at a quiet time, or shorten [`App::durable_retention`](stario::App::durable_retention) a day before.
//! - **The change waits for every transaction that has used the table**, and all others wait behind it. So do not deploy such a release while `pg_dump` runs, or a report of
//!   yours on the table.
//! - **Processes of the release before go on**, but do not start any more: [`MigrationError`] says that the tables are of a newer release. To go back, go back to a copy of the
//!   database, too.
//! - **Limits may not hold between releases.** Processes claim commands with `concurrency` or `in_order` under an advisory lock, whose number is made of the table's name. Where a release makes it
//!   otherwise, processes of both do not wait for each other: more may run at once than the limit says, and two of one group. Nor do they hear each other, and look once a second. If a
//!   limit must hold, stop all processes of the release before first.

mod claim;
mod database;
mod migrations;
mod open;
mod queue;
mod rows;
mod wake;

pub use migrations::MigrationError;
pub use open::{OpenError, open};
pub use queue::PostgresQueue;
pub use sqlx;
pub use sqlx::PgPool;
