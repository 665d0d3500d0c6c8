//! Opens a database.

use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// How long the pool waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections a pool has at most.
const CONNECTIONS: u32 = 10;

/// Opens a database by its URL: `postgres://shop:secret@db.example/shop`. The pool has up to 10 connections, and waits up to 10 seconds for
/// one. A pool that you have made with `sqlx` does as well.
///
/// **TLS** is chosen by the URL, with the parameters of `libpq`: `?sslmode=verify-full` refuses a server whose certificate is not that of its
/// host, and `&sslrootcert=/etc/shop/ca.pem` trusts this file instead of what the system trusts. Without `sslmode`, TLS is used where
/// the server has it, and its certificate is not checked. `?options=-c%20search_path%3Djobs` sets an option of each connection.
///
/// # Errors
///
/// When the URL cannot be read, is of another system, or the server cannot be reached. The error does not show the URL, which may have a
/// password in it.
pub async fn open(url: impl AsRef<str>) -> Result<PgPool, OpenError> {
    connect(url.as_ref()).await.map_err(|cause| OpenError { cause })
}

async fn connect(url: &str) -> Result<PgPool, sqlx::Error> {
    // Any other word before `://` would be taken for PostgreSQL, too.
    if !["postgres://", "postgresql://"].iter().any(|system| url.starts_with(system)) {
        return Err(sqlx::Error::Configuration("expected a URL that begins with `postgres://`".into()));
    }
    let options = PgConnectOptions::from_str(url)?;
    PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
}

/// A database that cannot be opened.
#[derive(Debug)]
pub struct OpenError {
    cause: sqlx::Error,
}

impl fmt::Display for OpenError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the PostgreSQL database cannot be opened")
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}
