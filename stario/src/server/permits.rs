//! How many connections may be open at once.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long the log is silent after it said that no more connections may be open.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// One permit for each connection that may be open.
#[cfg_attr(not(feature = "http2"), allow(dead_code))]
pub(super) struct Permits {
    permits: Arc<Semaphore>,
    /// As many for the requests of HTTP/2 beyond the first of each connection.
    streams: Arc<Semaphore>,
    /// When the log last said that there were none left.
    last_logged: Mutex<Option<Instant>>,
}

impl Permits {
    /// `count` permits, or four fifths of the files that the process may open.
    pub(super) fn new(count: Option<usize>) -> Self {
        let count = count.unwrap_or_else(most_connections).min(Semaphore::MAX_PERMITS);
        let permits = || Arc::new(Semaphore::new(count));
        Self { permits: permits(), streams: permits(), last_logged: Mutex::new(None) }
    }

    /// A permit for a request of HTTP/2 whose connection carries others, if there is one. So such requests are as many as
    /// connections may be, and take the place of none.
    #[cfg(feature = "http2")]
    pub(super) fn of_stream(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.streams).try_acquire_owned().ok()
    }

    /// Waits until one more connection may be open.
    pub(super) async fn next(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        self.log_once_in_a_while();
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    fn log_once_in_a_while(&self) {
        let mut last_logged = self.last_logged.lock().unwrap_or_else(PoisonError::into_inner);
        if last_logged.is_none_or(|last| last.elapsed() >= LOG_INTERVAL) {
            *last_logged = Some(Instant::now());
            tracing::warn!("as many connections are open as may be: others wait to be accepted");
        }
    }
}

/// Four fifths of the files that the process may open.
fn most_connections() -> usize {
    #[cfg(unix)]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        if let Some(files) = limit {
            return usize::try_from(files / 5 * 4).unwrap_or(usize::MAX).max(1);
        }
    }
    Semaphore::MAX_PERMITS
}
