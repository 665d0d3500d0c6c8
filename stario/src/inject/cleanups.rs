//! The clean-ups of a request, an attempt or an app: a list that runs when its owner is dropped.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::tasks::TaskTracker;

use crate::current::{self, Current};
use crate::panic::{catch_panic, panic_message};

/// What deferred work may return.
#[diagnostic::on_unimplemented(
    message = "deferred work returns `()` or a `Result`, not `{Self}`",
    note = "end the block with `;`: `async move {{ work.await; }}`"
)]
pub trait CleanupOutcome {
    #[doc(hidden)]
    fn log(self);
}

impl CleanupOutcome for () {
    fn log(self) {}
}

/// The output of a block that only a panic ends, as in `async { todo!() }`. Its type, `!`, has no name in stable Rust.
#[diagnostic::do_not_recommend]
impl CleanupOutcome for <fn() -> ! as Returns>::Output {
    fn log(self) {}
}

/// Gives the output type of `fn() -> T` a name.
#[doc(hidden)]
pub trait Returns {
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

impl<E: Display> CleanupOutcome for Result<(), E> {
    fn log(self) {
        if let Err(error) = self {
            tracing::error!(%error, "a clean-up failed");
        }
    }
}

/// Deferred work, and the counter of the tasks in which it runs.
pub(super) struct List {
    state: Mutex<CleanupState>,
    tasks: TaskTracker,
    /// The request that has deferred it, for the log.
    current: Current,
}

#[derive(Default)]
struct CleanupState {
    work: Vec<DeferredWork>,
    /// Another list runs this one.
    is_kept: bool,
    is_done: bool,
}

type DeferredWork = Pin<Box<dyn Future<Output = ()> + Send>>;

impl std::fmt::Debug for List {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("List").finish_non_exhaustive()
    }
}

/// The clean-ups of one request, of one attempt to make a singleton, or of the app. Nothing until the first
/// is deferred; when it is dropped, a task of its own does what is left.
#[derive(Default)]
pub(crate) struct Cleanups(OnceLock<Arc<List>>);

impl Cleanups {
    pub(super) fn list(&self, tasks: &TaskTracker) -> Arc<List> {
        let list = || List { state: Mutex::default(), tasks: tasks.clone(), current: current::get() };
        Arc::clone(self.0.get_or_init(|| Arc::new(list())))
    }

    /// Takes over the clean-ups of an attempt that made its singleton: they run when these do. The clean-ups of an attempt
    /// that failed run with those of the request that made it.
    pub(crate) fn keep(&self, attempt: &Cleanups) {
        if let Some(kept) = attempt.0.get() {
            kept.lock().is_kept = true;
            let kept = Arc::clone(kept);
            self.list(&kept.tasks).add(Box::pin(async move { kept.run().await }));
        }
    }

    /// Runs the deferred work, the last first. Returns how many clean-ups did not end within `limit`.
    pub(crate) async fn run(&self, limit: Duration) -> usize {
        let Some(list) = self.0.get() else { return 0 };
        let mut cut = 0;
        while let Some(work) = list.pop() {
            // A clean-up that takes too long must not use up the time of the others.
            if tokio::time::timeout(limit, run_one(work)).await.is_err() {
                tracing::error!(seconds = limit.as_secs_f64(), "a clean-up did not end in its time");
                cut += 1;
            }
        }
        cut
    }
}

impl Drop for Cleanups {
    fn drop(&mut self) {
        let Some(list) = self.0.take() else { return };
        let (is_kept, is_left) = {
            let state = list.lock();
            (state.is_kept, !state.work.is_empty())
        };
        if is_kept {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let tasks = list.tasks.clone();
                let current = list.current;
                runtime.spawn(tasks.track_future(current::within(current, async move { list.run().await })));
            }
            Err(_) if is_left => tracing::warn!("clean-ups are lost: they were dropped outside of a runtime"),
            Err(_) => {}
        }
    }
}

impl List {
    fn lock(&self) -> MutexGuard<'_, CleanupState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, work: DeferredWork) {
        let mut state = self.lock();
        if !state.is_done {
            state.work.push(work);
            return;
        }
        drop(state);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let work = current::within(self.current, run_one(work));
                drop(runtime.spawn(self.tasks.track_future(work)));
            }
            Err(_) => tracing::warn!("a clean-up is lost: it was deferred late and outside of a runtime"),
        }
    }

    /// Runs all deferred work, also what is deferred meanwhile.
    async fn run(&self) {
        while let Some(work) = self.pop() {
            run_one(work).await;
        }
    }

    fn pop(&self) -> Option<DeferredWork> {
        let mut state = self.lock();
        let work = state.work.pop();
        state.is_done = work.is_none();
        work
    }
}

async fn run_one(work: DeferredWork) {
    if let Err(panic) = catch_panic(work).await {
        tracing::error!(panic = panic_message(&*panic), "a clean-up panicked");
    }
}
