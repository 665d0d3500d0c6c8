//! How a test waits: in an async test or not, and no longer than 30 seconds.

use std::sync::LazyLock;
use std::time::Duration;

/// How long a test waits for a response or an event before it fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Runs what tests that are not `async` wait for.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime for tests can be started")
});

/// The runtime of tests that are not `async`.
#[cfg(feature = "testing")]
pub(super) fn runtime() -> &'static tokio::runtime::Runtime {
    &RUNTIME
}

/// Waits for `future` in a test that is not async.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    assert!(
        tokio::runtime::Handle::try_current().is_err(),
        "this test is async: write `.await` where it says `.send()` or `.wait()`"
    );
    RUNTIME.block_on(future)
}

/// Fails the test when `future` takes too long.
pub(super) async fn patiently<F: Future>(what: &str, future: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(PATIENCE, future).await else {
        panic!("no {what} within {} seconds", PATIENCE.as_secs());
    };
    output
}
