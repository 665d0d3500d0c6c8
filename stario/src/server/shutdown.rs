//! The signals that stop the server.

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::Result;

/// What the process was told by signals.
pub(super) struct Signals {
    /// Cancelled at the first SIGINT (Ctrl-C) or SIGTERM.
    pub(super) stop: CancellationToken,
    /// Cancelled at the second.
    pub(super) hurry: CancellationToken,
    /// Ends with this.
    _listening: JoinSet<()>,
}

/// Listens to the signals from this call on.
pub(super) fn listen() -> Result<Signals> {
    let (stop, hurry) = (CancellationToken::new(), CancellationToken::new());
    let mut received = received()?;
    let tokens = [stop.clone(), hurry.clone()];
    let mut listening = JoinSet::new();
    listening.spawn(async move {
        for token in tokens {
            received.next().await;
            token.cancel();
        }
    });
    Ok(Signals { stop, hurry, _listening: listening })
}

#[cfg(unix)]
struct Received {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
fn received() -> Result<Received> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Received { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
}

#[cfg(unix)]
impl Received {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Received;

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // The signature of the other platforms.
fn received() -> Result<Received> {
    Ok(Received)
}

#[cfg(not(unix))]
impl Received {
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nothing will tell: serve until the process is ended.
            std::future::pending::<()>().await;
        }
    }
}
