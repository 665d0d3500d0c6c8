//! Where the log goes when the user has not said.

use std::io::IsTerminal as _;

/// Writes `tracing` records of level INFO and above to standard error, unless a subscriber is installed.
pub(crate) fn init() {
    // Fails when there is one already, which is what was asked.
    let _ = subscriber().with_writer(std::io::stderr).try_init();
}

/// The same in a test, whose output is shown when it fails.
pub(crate) fn init_in_test() {
    let _ = subscriber().with_test_writer().try_init();
}

fn subscriber() -> tracing_subscriber::fmt::SubscriberBuilder {
    tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_ansi(std::io::stderr().is_terminal())
}
