//! What the test programs share. Each of them uses a part of it.
#![allow(dead_code)]

#[cfg(unix)]
pub(crate) mod open_files;
pub(crate) mod probe;
pub(crate) mod records;
pub(crate) mod server;

use std::time::Duration;

/// The deadline of everything that a test awaits, so that no failure hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Fails the test when `future` takes longer than [`PATIENCE`].
pub(crate) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("it takes too long")
}
