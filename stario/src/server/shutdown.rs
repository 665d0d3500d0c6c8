//! The signals that stop the server.

use crate::error::Result;

/// Resolves at the first SIGINT (Ctrl-C) or SIGTERM. Both are listened to from this call on.
#[cfg(unix)]
pub(super) fn signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // The signature of the other platforms.
pub(super) fn signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing will tell: serve until the process is ended.
            std::future::pending::<()>().await;
        }
    })
}
