//! Where the log goes when the user has not said.

use std::io::IsTerminal as _;

/// Writes `tracing` records of level INFO and above to standard error, unless a subscriber is installed.
pub(crate) fn init() {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Fails when there is one already, which is what was asked.
    let _ = subscriber.try_init();
}
