//! Hooks: functions that an app runs before it serves, and after.

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::extract::AppHandle;
use crate::panic::{catch_panic, panic_message};

pub(crate) enum Hook {
    Start(StartHook),
    Stop(StopHook),
}

type StartHook = Box<dyn FnOnce(AppHandle) -> Pin<Box<dyn Future<Output = Result> + Send>> + Send>;

type StopHook = Box<dyn FnOnce(AppHandle) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The hooks of a checked app, in their order.
pub(crate) struct Hooks(Mutex<State>);

struct State {
    waiting: std::vec::IntoIter<Hook>,
    /// The stop hooks of those start hooks that have run.
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
    /// The first failure. What was started until then is undone by [`Hooks::stop`].
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
