//! Sessions and durable commands of [stario](https://docs.rs/stario) in SQLite, and a pool of connections to an SQLite file, opened as a web app needs it.
//!
//! ```
//! use stario::prelude::*;
//! use stario::{Session, Sessions};
//!
//! #[derive(serde::Serialize, serde::Deserialize, Default)]
//! struct Visit {
//!     pages: u32,
//! }
//!
//! # stario::app!();
//! #[app::query("/")]
//! async fn home(session: Session<Visit>) -> Result<u32> {
//!     Ok(session.update(|visit| { visit.pages += 1; visit.pages }).await?)
//! }
//!
//! #[tokio::main]
//! async fn main() -> stario::Result {
//!     # let folder = tempfile::tempdir()?;
//!     # std::env::set_current_dir(&folder)?;
//!     let database = stario_sqlite::open("shop.db").await?;       // made if it is not there
//!     let store = stario_sqlite::SqliteSessions::new(&database).await?;
//!     let app = app::new().state(Sessions::<Visit>::new(store));
//!     # let client = stario::testing::TestClient::new(app).keep_cookies();
//!     # client.get("/").await;
//!     # assert_eq!(client.get("/").await.text(), "2");
//!     # Ok(())
//!     # }
//!     # #[cfg(any())]
//!     # async fn serve(app: stario::App) -> stario::Result {
//!     app.serve().await
//! }
//! ```
//!
//! The binding is `sqlx` 0.9, re-exported as [`sqlx`]. A program can have one `libsqlite3-sys` alone, so what else uses SQLite in
//! it, such as your own queries, must use the same. SQLite itself is compiled into the program.
//!
//! # What a database of this kind is
//!
//! One file, and beside it `-wal` and `-shm` while it is open, on a disk of this machine: not on a network file system. Several
//! processes of one machine may open it. [`open`] sets for each connection:
//!
//! | setting | value | why |
//! |---|---|---|
//! | journal | WAL | who reads does not wait for who writes |
//! | synchronous | `NORMAL` | a commit survives that the process is killed; the last ones may be lost when the machine loses power, and the file stays whole |
//! | busy timeout | 5 s | who writes waits for another writer |
//! | foreign keys | checked | SQLite does not check them by default |
//! | connections | up to 8 | |
//!
//! **SQLite has one writer at a time.** A transaction that begins by reading and then writes fails at once when another has
//! written in between, however long the busy timeout is. So a transaction that will write begins as a writer, by [`begin`].
//!
//! # Durable commands
//!
//! [`SqliteQueue`] keeps what a handler with `durable = ".."` has accepted. It writes by a connection of its own, beside those of the pool: a
//! command is synchronized to the disk before its request is answered, whatever the pool does.

mod migrations;
mod open;
mod queue;
mod sessions;

pub use migrations::{MigrationError, migrate};
pub use open::{OpenError, begin, open};
pub use queue::SqliteQueue;
pub use sessions::SqliteSessions;
pub use sqlx;
pub use sqlx::SqlitePool;
