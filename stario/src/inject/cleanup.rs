//! Work that is left to do when a dependency is no longer needed.

use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;

use tokio_util::task::TaskTracker;

use crate::extract::{FromRequest, Parameter, Rejection, Source};
use crate::scope::Scope;

/// Lets a provider say what is to be done when its value is no longer needed.
///
/// The work of a request's dependencies runs after its response is sent, a stream's last event included, and
/// also when the handler fails or panics, a later dependency fails, or the client leaves. That of a
/// singleton runs when the server stops. The last that was deferred runs first, one after the other; what
/// fails or panics is logged, and the others still run.
///
/// ```
/// use stario::prelude::*;
/// use stario::{Cleanup, dependency};
///
/// # stario::app!();
/// # struct Transaction;
/// # impl Transaction { async fn close(&self) {} fn id(&self) -> u8 { 7 } }
/// #[dependency]
/// async fn transaction(cleanup: Cleanup) -> std::sync::Arc<Transaction> {
///     let transaction = std::sync::Arc::new(Transaction);
///     let closing = transaction.clone();
///     cleanup.defer(async move { closing.close().await });
///     transaction
/// }
///
/// #[app::query("/")]
/// async fn home(transaction: &std::sync::Arc<Transaction>) -> u8 {
///     transaction.id()
/// }
///
/// # fn main() {
/// assert_eq!(TestClient::new(app::new()).get("/").send().text(), "7");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Cleanup(Arc<List>);

impl Cleanup {
    /// Runs `work` when the value is no longer needed; `()` or a `Result`, whose error is logged.
    pub fn defer<F>(&self, work: F)
    where
        F: Future + Send + 'static,
        F::Output: CleanupOutcome,
    {
        let work = Box::pin(async move { work.await.log() });
        self.0.work.lock().unwrap_or_else(PoisonError::into_inner).push(work);
    }
}

impl FromRequest for Cleanup {
    const SOURCE: Source = Source::App;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let cleanups = if parameter.is_in_singleton() { scope.app().cleanups() } else { scope.cleanups() };
        Ok(Self(cleanups.list(scope.app().tasks())))
    }
}

/// What deferred work may come to.
#[diagnostic::on_unimplemented(
    message = "deferred work returns `()` or a `Result`, not `{Self}`",
    note = "end the block with `;`"
)]
pub trait CleanupOutcome {
    #[doc(hidden)]
    fn log(self);
}

impl CleanupOutcome for () {
    fn log(self) {}
}

impl<E: Display> CleanupOutcome for Result<(), E> {
    fn log(self) {
        if let Err(error) = self {
            tracing::error!(%error, "a clean-up failed");
        }
    }
}

/// Deferred work, and where it runs.
struct List {
    work: Mutex<Vec<Work>>,
    tasks: TaskTracker,
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

impl std::fmt::Debug for List {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("List").finish_non_exhaustive()
    }
}

/// The clean-ups of one request, or of the app. Nothing until the first is deferred; when it is dropped, a
/// task of its own does what is left.
#[derive(Default)]
pub(crate) struct Cleanups(OnceLock<Arc<List>>);

impl Cleanups {
    fn list(&self, tasks: &TaskTracker) -> Arc<List> {
        let list = self.0.get_or_init(|| Arc::new(List { work: Mutex::default(), tasks: tasks.clone() }));
        Arc::clone(list)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }

    /// Does what was deferred, the last first.
    pub(crate) async fn run(&self) {
        if let Some(list) = self.0.get() {
            list.run().await;
        }
    }
}

impl Drop for Cleanups {
    fn drop(&mut self) {
        if let Some(list) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let tasks = list.tasks.clone();
            runtime.spawn(tasks.track_future(async move { list.run().await }));
        }
    }
}

impl List {
    /// What is deferred while this runs is done too.
    async fn run(&self) {
        while let Some(mut work) = self.pop() {
            let done = std::future::poll_fn(move |ctx| {
                match std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(ctx))) {
                    Ok(poll) => poll.map(Ok),
                    Err(panic) => Poll::Ready(Err(panic)),
                }
            });
            if done.await.is_err() {
                tracing::error!("a clean-up panicked");
            }
        }
    }

    fn pop(&self) -> Option<Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}
