//! Work that outlives its request: how much may run, how it is aborted, and which handlers were cut when the server had to stop.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::stop::{StopSignal, until_stopped};
use crate::tasks::TaskTracker;

/// The name of what was cut where neither a handler nor a mounted service is known: a layer, for example.
pub(crate) const UNKNOWN_HANDLER: &str = "unknown";

pub(crate) struct Work {
    /// Counts background tasks.
    tasks: TaskTracker,
    /// Counts the tasks of calls that write their response in a task of their own.
    requests: TaskTracker,
    detached: Arc<Semaphore>,
    /// Set when all connections are aborted, and with them their requests.
    cut: StopSignal,
    /// Set when background work is aborted.
    cut_background: StopSignal,
    /// The calls that the stop has cut, by their handlers.
    unfinished: Mutex<Unfinished>,
}

impl Work {
    pub(crate) fn new(detached_limit: usize) -> Self {
        let (tasks, requests) = (TaskTracker::default(), TaskTracker::default());
        Self {
            tasks,
            requests,
            detached: Arc::new(Semaphore::new(detached_limit.min(Semaphore::MAX_PERMITS))),
            cut: StopSignal::default(),
            cut_background: StopSignal::default(),
            unfinished: Mutex::default(),
        }
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// A permit for one more detached command, if the limit allows it.
    pub(crate) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.detached).try_acquire_owned().ok()
    }

    /// Runs `future` in a task of its own, until background work is cut.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        // Outside of a runtime no task can be started.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(self.tasks.track_future(until_stopped(&self.cut_background, future)));
    }

    /// Runs `future` in a task of its own, to its end. It learns from [`background_cut`](Self::background_cut) when it has to end.
    pub(crate) fn spawn_to_end(&self, future: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(self.tasks.track_future(future));
    }

    /// Waits until background work is cut.
    pub(crate) async fn background_cut(&self) {
        self.cut_background.stopped().await;
    }

    /// Runs a call that writes its response in a task of its own, until requests are cut.
    pub(crate) fn spawn_request(&self, future: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(self.requests.track_future(until_stopped(&self.cut, future)));
    }

    /// Waits until no call writes its response in a task of its own.
    pub(crate) async fn requests_ended(&self) {
        self.requests.wait().await;
    }

    /// How many tasks run without their request, or write its response.
    pub(crate) fn running(&self) -> usize {
        self.tasks.len() + self.requests.len()
    }

    /// Runs `future` in a task that the stop does not wait for, until requests are cut.
    pub(crate) fn spawn_unwaited(&self, future: impl Future<Output = ()> + Send + 'static) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(until_stopped(&self.cut, future));
    }

    /// Waits until all background work has ended.
    pub(crate) async fn drained(&self) {
        self.tasks.wait().await;
    }

    /// Set when all connections are aborted, whatever they are doing.
    pub(crate) fn cut(&self) -> &StopSignal {
        &self.cut
    }

    pub(crate) fn cut_background(&self) {
        self.cut_background.stop();
    }

    /// Whether requests are being cut: a call that is dropped now is counted as unfinished.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut.is_stopped()
    }

    /// Notes a call that the stop has cut, by its handler or its mounted service.
    pub(crate) fn note_cut(&self, handler: &'static str) {
        let mut unfinished = self.unfinished();
        let calls = if self.cut_background.is_stopped() {
            &mut unfinished.background
        } else {
            &mut unfinished.requests
        };
        *calls.entry(handler).or_default() += 1;
    }

    pub(crate) fn unfinished(&self) -> MutexGuard<'_, Unfinished> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What had not ended when a server had to stop; [`App::serve`](crate::App::serve) returns it as its error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfinished {
    pub(crate) requests: BTreeMap<&'static str, usize>,
    pub(crate) background: BTreeMap<&'static str, usize>,
    pub(crate) cleanups: usize,
    pub(crate) is_urgent: bool,
}

impl Unfinished {
    /// The handlers and mounted services that were cut while a client waited for their answer, and how many calls of each.
    pub fn requests(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.requests.iter().map(|(handler, count)| (*handler, *count))
    }

    /// The handlers that were cut while they ran without a client: detached commands, and commands whose
    /// client had left.
    pub fn background(&self) -> impl Iterator<Item = (&'static str, usize)> + '_ {
        self.background.iter().map(|(handler, count)| (*handler, *count))
    }

    /// How many clean-ups and stop hooks had not ended.
    pub fn cleanups(&self) -> usize {
        self.cleanups
    }

    /// Whether a second signal cut the rest short.
    pub fn is_urgent(&self) -> bool {
        self.is_urgent
    }

    /// Names the handlers in the log.
    pub(crate) fn log(&self) {
        for (handler, calls) in self.requests() {
            tracing::error!(handler, calls, "requests were cut: they had not ended when the server stopped");
        }
        for (handler, calls) in self.background() {
            tracing::error!(handler, calls, "work in the background was cut when the server stopped");
        }
    }

    /// Counts upgraded connections, such as web sockets, that had not ended.
    pub(crate) fn note_upgraded(&mut self, count: usize) {
        if count > 0 {
            *self.requests.entry("an upgraded connection").or_default() += count;
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl std::error::Error for Unfinished {}

impl fmt::Display for Unfinished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        for (what, calls) in [("request", &self.requests), ("in the background", &self.background)] {
            let calls: Vec<String> =
                calls.iter().map(|(handler, count)| format!("{count} of {handler}")).collect();
            if !calls.is_empty() {
                parts.push(format!("{what}: {}", calls.join(", ")));
            }
        }
        if self.cleanups > 0 {
            parts.push(format!("clean-ups: {}", self.cleanups));
        }
        if self.is_urgent {
            parts.push("a second signal came".to_owned());
        }
        write!(formatter, "stopped before the end ({})", parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_named() {
        let cut = Unfinished {
            requests: [("app::slow", 2), ("app::other", 1)].into(),
            background: [("app::import", 1)].into(),
            cleanups: 1,
            is_urgent: true,
        };
        assert_eq!(
            cut.to_string(),
            "stopped before the end (request: 1 of app::other, 2 of app::slow; in the background: 1 of \
             app::import; clean-ups: 1; a second signal came)"
        );
        assert!(!cut.is_nothing() && Unfinished::default().is_nothing());
    }
}
