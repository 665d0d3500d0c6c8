//! What handlers did, and a gate at which they wait until the test lets them go on.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use super::patiently;

/// The state by which handlers log events and wait at the gate.
#[derive(Clone)]
pub(crate) struct Probe {
    events: mpsc::UnboundedSender<String>,
    gate: Arc<Semaphore>,
}

/// A probe for the app, and the log of its events for the test.
pub(crate) fn probe() -> (Probe, Log) {
    let (events, log) = mpsc::unbounded_channel();
    (Probe { events, gate: Arc::new(Semaphore::new(0)) }, Log(log))
}

impl Probe {
    pub(crate) fn log(&self, event: impl Into<String>) {
        // A test that has ended reads no events.
        let _ = self.events.send(event.into());
    }

    /// Logs what a call of a writer returned: `ok`, or its error.
    pub(crate) fn log_result<T>(&self, result: Result<T, stario::WriteError>) {
        self.log(result.map_or_else(|error| error.to_string(), |_| "ok".to_owned()));
    }

    /// Logs `event` when the returned value is dropped.
    pub(crate) fn at_drop(&self, event: &'static str) -> AtDrop {
        AtDrop { probe: self.clone(), event }
    }

    /// Waits at the gate; each release lets one handler go on, in the order in which they came.
    pub(crate) async fn released(&self) {
        self.gate.acquire().await.unwrap().forget();
    }

    /// Whether a handler is let go on, without waiting for it.
    pub(crate) fn try_released(&self) -> bool {
        self.gate.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_ok()
    }

    /// Lets `count` handlers go on, now or when they come to the gate.
    pub(crate) fn release(&self, count: usize) {
        self.gate.add_permits(count);
    }
}

/// Logs its event when it is dropped.
pub(crate) struct AtDrop {
    probe: Probe,
    pub(crate) event: &'static str,
}

impl Drop for AtDrop {
    fn drop(&mut self) {
        self.probe.log(self.event);
    }
}

/// The events of a probe, in order.
pub(crate) struct Log(mpsc::UnboundedReceiver<String>);

impl Log {
    pub(crate) async fn next(&mut self) -> String {
        patiently(self.0.recv()).await.expect("another event")
    }

    #[track_caller]
    pub(crate) fn expect(&mut self, event: &str) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move { assert_eq!(self.next().await, event, "at {caller}") }
    }

    /// The events that were logged and not read yet.
    pub(crate) fn so_far(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.0.try_recv().ok()).collect()
    }
}
