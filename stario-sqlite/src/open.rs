//! Opens a database.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many connections a pool has at most. One writes at a time; the others read.
const CONNECTIONS: u32 = 8;

/// Opens a database, and makes its file if there is none: `shop.db`, `data/shop.db`, or a URL, `sqlite:shop.db`. The settings
/// are those of the [crate's table](crate). A URL with a `mode`, such as `sqlite:shop.db?mode=ro`, makes no file and leaves its journal.
///
/// `:memory:` is a database of its own that ends with the pool, for tests; it has one connection.
///
/// # Errors
///
/// When the file cannot be opened or made, or is no database, and for a URL of another system, such as `postgres://..`. The
/// error names it.
pub async fn open(database: impl AsRef<str>) -> Result<SqlitePool, OpenError> {
    let database = database.as_ref();
    // The URL of a server may have a password in it, which belongs in no log.
    let name = match database.split_once("://") {
        Some((system, _)) if system != "sqlite" => format!("{system}://…"),
        _ => database.to_owned(),
    };
    connect(database).await.map_err(|cause| OpenError { database: name, cause })
}

async fn connect(database: &str) -> Result<SqlitePool, sqlx::Error> {
    let is_in_memory = database.contains(":memory:");
    let options = match database {
        url if url.starts_with("sqlite:") => SqliteConnectOptions::from_str(url)?,
        ":memory:" => SqliteConnectOptions::from_str("sqlite::memory:")?,
        url if url.contains("://") => {
            return Err(sqlx::Error::Configuration(
                "expected a file's path or a URL that begins with `sqlite:`".into(),
            ));
        }
        path => SqliteConnectOptions::new().filename(path),
    };
    let options =
        options.busy_timeout(BUSY_TIMEOUT).foreign_keys(true).synchronous(SqliteSynchronous::Normal);
    // A URL that says how the file is opened is followed. The journal's mode is written into the file.
    let options = if database.starts_with("sqlite:") && database.contains("mode=") {
        options
    } else {
        options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal)
    };
    // Each connection to memory would have a database of its own.
    let pool = if is_in_memory {
        SqlitePoolOptions::new().max_connections(1).min_connections(1).idle_timeout(None).max_lifetime(None)
    } else {
        SqlitePoolOptions::new().max_connections(CONNECTIONS)
    };
    // The first process that opens a file sets the mode of its journal. SQLite does not let others wait for that.
    let started = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(sqlx::Error::Database(error))
                if error.message().contains("locked") && started.elapsed() < BUSY_TIMEOUT =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            connected => return connected,
        }
    }
}

/// Begins a transaction that writes. It waits for other writers now, for up to 5 seconds, so that it cannot fail later because of
/// one. What is not committed is undone when the transaction is dropped.
///
/// ```
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stario_sqlite::sqlx;
///
/// let database = stario_sqlite::open(":memory:").await?;
/// sqlx::query("CREATE TABLE items (name TEXT NOT NULL)").execute(&database).await?;
/// let mut transaction = stario_sqlite::begin(&database).await?;
/// sqlx::query("INSERT INTO items (name) VALUES (?)").bind("tea").execute(&mut *transaction).await?;
/// transaction.commit().await?;
/// # let count: i64 = sqlx::query_scalar("SELECT count(*) FROM items").fetch_one(&database).await?;
/// # assert_eq!(count, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// When another writer takes longer than that, and when the database fails.
pub async fn begin(database: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    database.begin_with("BEGIN IMMEDIATE").await
}

/// A database that cannot be opened.
#[derive(Debug)]
pub struct OpenError {
    database: String,
    cause: sqlx::Error,
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the database {:?} cannot be opened", self.database)
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
