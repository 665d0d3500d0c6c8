//! What an app does before it serves, and after.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::App;
use crate::error::{Error, Result};
use crate::extract::AppHandle;
use crate::inject::CleanupOutcome;
use crate::panic::{catch_panic, panic_message};

pub(crate) enum Hook {
    Start(StartHook),
    Stop(StopHook),
}

type StartHook = Box<dyn FnOnce(AppHandle) -> Pin<Box<dyn Future<Output = Result> + Send>> + Send>;

type StopHook = Box<dyn FnOnce(AppHandle) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

impl App {
    /// Runs a function before the app serves, while its port is still closed.
    ///
    /// Hooks run one after the other, in the order in which they are given. The first that fails keeps the
    /// app from starting, with its error as the reason; then the [`on_stop`](Self::on_stop) hooks that were
    /// given before it run, to undo what was started.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// #[derive(Default)]
    /// struct Schema {
    ///     version: std::sync::OnceLock<u32>,
    /// }
    ///
    /// async fn migrate(app: stario::AppHandle) -> stario::Result {
    ///     let schema = app.state::<Schema>().expect("the app has its schema");
    ///     schema.version.set(7).ok();
    ///     Ok(())
    /// }
    ///
    /// # fn main() {
    /// let app = app::new().state(Schema::default()).on_start(migrate);
    /// # TestClient::new(app).start_blocking();
    /// # }
    /// ```
    pub fn on_start<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce(AppHandle) -> Fut + Send + 'static,
        Fut: Future<Output = Result> + Send + 'static,
    {
        self.hooks.push(Hook::Start(Box::new(|app| Box::pin(hook(app)))));
        self
    }

    /// Runs a function when the app has stopped: after the last request and detached command, and after the
    /// singletons are cleaned up.
    ///
    /// Hooks run one after the other, the last one given first. One that fails, panics, or takes longer than
    /// [`Limits::cleanup_timeout`](crate::Limits::cleanup_timeout) is logged, and the others still run. Hooks
    /// given after an [`on_start`](Self::on_start) hook that failed do not run: there is nothing to undo.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// let (sender, goodbye) = std::sync::mpsc::channel();
    /// let app = app::new().on_stop(|_| async move { drop(sender.send("goodbye")) });
    /// let client = TestClient::new(app);
    /// client.start_blocking();
    /// client.stop_blocking();
    /// assert_eq!(goodbye.recv(), Ok("goodbye"));
    /// # }
    /// ```
    pub fn on_stop<F, Fut>(mut self, hook: F) -> Self
    where
        F: FnOnce(AppHandle) -> Fut + Send + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: CleanupOutcome,
    {
        self.hooks.push(Hook::Stop(Box::new(|app| Box::pin(async { hook(app).await.log() }))));
        self
    }
}

/// The hooks of a checked app, in their order.
pub(crate) struct Hooks(Mutex<State>);

struct State {
    waiting: std::vec::IntoIter<Hook>,
    /// What undoes that which was started.
    undo: Vec<StopHook>,
}

impl Hooks {
    pub(super) fn new(hooks: Vec<Hook>) -> Self {
        Self(Mutex::new(State { waiting: hooks.into_iter(), undo: Vec::new() }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the start hooks, once.
    ///
    /// # Errors
    ///
    /// The first failure. What was started until then waits for [`Hooks::stop`].
    pub(crate) async fn start(&self, app: &AppHandle) -> Result {
        while let Some(hook) = self.next_start() {
            match catch_panic(app.run(|| hook(app.clone()))).await {
                Ok(outcome) => outcome?,
                Err(panic) => {
                    let message = format!("a start hook panicked: {}", panic_message(&*panic));
                    return Err(Error::from(std::io::Error::other(message)));
                }
            }
        }
        Ok(())
    }

    fn next_start(&self) -> Option<StartHook> {
        let mut state = self.lock();
        loop {
            match state.waiting.next()? {
                Hook::Start(hook) => return Some(hook),
                Hook::Stop(hook) => state.undo.push(hook),
            }
        }
    }

    /// Runs the stop hooks of what was started, once; returns how many did not end within `limit`.
    pub(crate) async fn stop(&self, app: &AppHandle, limit: Duration) -> usize {
        let mut cut = 0;
        while let Some(hook) = self.next_stop() {
            match tokio::time::timeout(limit, catch_panic(app.run(|| hook(app.clone())))).await {
                Ok(Ok(())) => {}
                Ok(Err(panic)) => {
                    tracing::error!(panic = panic_message(&*panic), "a stop hook panicked");
                }
                Err(_) => {
                    tracing::error!(seconds = limit.as_secs_f64(), "a stop hook did not end in its time");
                    cut += 1;
                }
            }
        }
        cut
    }

    fn next_stop(&self) -> Option<StopHook> {
        self.lock().undo.pop()
    }
}
