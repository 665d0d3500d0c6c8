//! Gives an app its start hooks and stop hooks.

use super::App;
use super::hook::Hook;
use crate::error::Result;
use crate::extract::AppHandle;
use crate::inject::CleanupOutcome;

impl App {
    /// Runs a function before the app serves, while its port is still closed.
    ///
    /// Write `#[app::on_start]` above a function instead where it takes dependencies; this is for what is known in `main` alone.
    ///
    /// Singletons with `#[dependency(singleton, eager)]` are made first, one after the other; if some fail, all of these failures are the
    /// error. Then hooks run one after the other: those with an attribute in the order of their files and lines, then those that are
    /// given here in the order in which they are given. The first that fails keeps the
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
    /// A function with `#[app::on_stop]` takes dependencies, and so runs before the singletons are cleaned up.
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
