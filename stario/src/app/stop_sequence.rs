//! The order in which an app stops: one for the server, for [`AppService`](crate::AppService) and for tests.
//!
//! ```text
//! the stop begins: event streams end, idle connections are closed after a moment
//!   --> requests end          until `stop_timeout`, then they are cut
//!   --> background work ends  until `detached_stop_timeout`, then it is cut
//!   --> other processes know that this one stops              until `cleanup_timeout`
//!   --> stop hooks with an attribute run, in reverse order   each until `cleanup_timeout`
//!   --> singletons are cleaned up, in reverse order          each until `cleanup_timeout`
//!   --> other stop hooks run, in reverse order               each until `cleanup_timeout`
//! ```
//!
//! Both times begin with the stop. A call that is cut is dropped where it next waits, which may take a moment. A
//! second signal cuts all waits short.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Assembled;
use crate::settings::Limits;
use crate::stop::StopSignal;
use crate::tasks::UNSENT;
use crate::work::Unfinished;

/// How long calls that were cut may take to end.
const ABORT_GRACE: Duration = Duration::from_secs(1);

/// How long clean-ups may take after a second signal.
const CLEANUP_GRACE: Duration = Duration::from_millis(500);

/// One stop of an app.
pub(crate) struct StopSequence<'a> {
    pub(crate) app: &'a Arc<Assembled>,
    pub(crate) limits: Limits,
    /// Set by a second signal: from then on nothing is awaited.
    pub(crate) second_signal: &'a StopSignal,
}

impl StopSequence<'_> {
    /// Stops the app. `connections_ended` waits until its connections have ended, where this process holds them.
    pub(crate) async fn run<F>(&self, connections_ended: impl Fn() -> F) -> Unfinished
    where
        F: Future<Output = ()>,
    {
        let (app, limits) = (self.app, &self.limits);
        let work = &app.shared().work;
        let started = Instant::now();
        app.shared().stop.stop();

        let requests_ended = || async {
            connections_ended().await;
            work.requests_ended().await;
        };
        if !self.is_in_time(requests_ended(), started + limits.stop_timeout).await {
            tracing::warn!("requests are cut: they had not ended when the server stopped");
            work.cut().stop();
            let _ = timeout(ABORT_GRACE, requests_ended()).await;
        }

        let has_ended = self.is_in_time(work.drained(), started + limits.detached_stop_timeout).await;
        work.cut().stop();
        work.cut_background();
        let mut cleanups = 0;
        if !has_ended && timeout(ABORT_GRACE, work.drained()).await.is_err() {
            // The tasks that still run are stuck, or run clean-ups.
            cleanups += work.running();
        }

        // This comes before the hooks, which may close the connection that the messages are sent by.
        if !self.is_in_time(UNSENT.wait(), Instant::now() + limits.cleanup_timeout).await {
            tracing::warn!(
                "the presence store did not answer in time: other processes learn late that this one stops"
            );
        }
        cleanups += self.clean_up().await;
        let mut unfinished = work.unfinished().clone();
        unfinished.cleanups += cleanups;
        unfinished.is_urgent = self.second_signal.is_stopped();
        unfinished
    }

    /// Runs the stop hooks and cleans up the singletons. Returns how many of both did not end in time, or 1 if a second signal
    /// cut them short.
    pub(crate) async fn clean_up(&self) -> usize {
        let (app, limit) = (self.app, self.limits.cleanup_timeout);
        let handle = app.handle();
        let all = async {
            let registered = app.hooks().stop_registered(&handle, limit).await;
            let singletons = app.shared().cleanups.run(limit).await;
            registered + singletons + app.hooks().stop(&handle, limit).await
        };
        let second_signal = async {
            self.second_signal.stopped().await;
            sleep(CLEANUP_GRACE).await;
        };
        tokio::select! {
            biased;
            unfinished = all => unfinished,
            () = second_signal => 1,
        }
    }

    /// Whether `future` ends before `end`, and before a second signal.
    async fn is_in_time(&self, future: impl Future<Output = ()>, end: Instant) -> bool {
        tokio::select! {
            biased;
            () = future => true,
            () = sleep_until(end) => false,
            () = self.second_signal.stopped() => false,
        }
    }
}
