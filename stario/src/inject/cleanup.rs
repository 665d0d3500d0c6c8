//! A parameter that takes work to do when a dependency is no longer needed.

use std::sync::Arc;

use super::cleanups::{CleanupOutcome, List};
use crate::error::Rejection;
use crate::extract::FromRequest;
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;

/// Lets a provider defer work until its value is no longer needed.
///
/// For a request's dependency, the work runs after the response is sent, including the last event of a stream,
/// and also when the handler fails or panics, a later dependency fails, or the client leaves. For a singleton,
/// it runs when the server stops. Deferred work runs one after the other, the last deferred first; what fails or
/// panics is logged, and the rest still runs.
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
    /// Runs `work` when the value is no longer needed. It returns `()` or a `Result`, whose error is logged. Work
    /// deferred even later, by a task that outlived the request, runs at once.
    pub fn defer<F>(&self, work: F)
    where
        F: Future + Send + 'static,
        F::Output: CleanupOutcome,
    {
        self.0.add(Box::pin(async move { work.await.log() }));
    }
}

impl FromRequest for Cleanup {
    const SOURCE: Source = Source::App;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        let cleanups = match parameter.singleton() {
            // Of this attempt to make it; see `Cleanups::keep`.
            Some(provider) => scope.exchange().attempt(provider),
            None => scope.exchange().cleanups(),
        };
        Ok(Self(cleanups.list(scope.app().work.tasks())))
    }
}
