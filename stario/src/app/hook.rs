//! Hooks: functions that an app runs before it serves, and after.
//!
//! ```text
//!   start:  eager singletons --> start hooks, one after the other --> the port opens
//!   stop:   stop hooks with an attribute --> singletons are cleaned up --> stop hooks that `App::on_stop` was given
//! ```

use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::discover::{AppHook, HookKind};
use crate::error::{Error, Result};
use crate::extract::AppHandle;
use crate::panic::{catch_panic, panic_message};
use crate::scope::Scope;

pub(crate) enum Hook {
    /// Given by `App::on_start`.
    Start(StartHook),
    /// Given by `App::on_stop`.
    Stop(StopHook),
    /// A function with an attribute, which takes parameters.
    Registered(&'static AppHook),
}

type StartHook = Box<dyn FnOnce(AppHandle) -> Pin<Box<dyn Future<Output = Result> + Send>> + Send>;

type StopHook = Box<dyn FnOnce(AppHandle) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The hooks of a checked app, in their order.
pub(crate) struct Hooks {
    /// The providers of eager singletons.
    eager: Vec<&'static AppHook>,
    state: Mutex<HookState>,
}

struct HookState {
    waiting: std::vec::IntoIter<Hook>,
    /// The stop hooks of those start hooks that have run.
    undo: Vec<StopHook>,
    /// Those of them that have an attribute.
    registered_undo: Vec<&'static AppHook>,
    /// Whether making the eager singletons has begun.
    is_begun: bool,
}

enum NextStart {
    Given(StartHook),
    Registered(&'static AppHook),
}

impl Hooks {
    pub(super) fn new(eager: Vec<&'static AppHook>, hooks: Vec<Hook>) -> Self {
        let state = HookState {
            waiting: hooks.into_iter(),
            undo: Vec::new(),
            registered_undo: Vec::new(),
            is_begun: false,
        };
        Self { eager, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, HookState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the eager singletons and runs the start hooks, once.
    ///
    /// # Errors
    ///
    /// All failures of eager singletons, or the first failure of a hook. What was started until then is undone by
    /// [`Hooks::stop`].
    pub(crate) async fn start(&self, app: &AppHandle) -> Result {
        if !std::mem::replace(&mut self.lock().is_begun, true) {
            self.make_singletons(app).await?;
        }
        while let Some(hook) = self.next_start() {
            match hook {
                NextStart::Given(hook) => match catch_panic(app.run(|| hook(app.clone()))).await {
                    Ok(outcome) => outcome?,
                    Err(panic) => {
                        return Err(failure(&format!("a start hook panicked: {}", panic_message(&*panic))));
                    }
                },
                NextStart::Registered(hook) => call(hook, app)
                    .await
                    .map_err(|cause| failure(&format!("the start hook {hook} failed: {cause}")))?,
            }
        }
        Ok(())
    }

    /// Makes the eager singletons, one after the other, and reports all that fail.
    async fn make_singletons(&self, app: &AppHandle) -> Result {
        let mut failures = Vec::new();
        for provider in &self.eager {
            if let Err(cause) = call(provider, app).await {
                failures.push(format!("the dependency {provider} cannot be made: {cause}"));
            }
        }
        match &failures[..] {
            [] => Ok(()),
            [only] => Err(failure(only)),
            several => Err(failure(&format!("the app cannot start:\n  {}", several.join("\n  ")))),
        }
    }

    fn next_start(&self) -> Option<NextStart> {
        let mut state = self.lock();
        loop {
            match state.waiting.next()? {
                Hook::Start(hook) => return Some(NextStart::Given(hook)),
                Hook::Stop(hook) => state.undo.push(hook),
                Hook::Registered(hook) => match hook.kind {
                    HookKind::Stop => state.registered_undo.push(hook),
                    HookKind::Start | HookKind::Eager(_) => return Some(NextStart::Registered(hook)),
                },
            }
        }
    }

    /// Runs the stop hooks that take parameters, once, while singletons can still be used. Returns how many did not
    /// end within `limit`.
    pub(crate) async fn stop_registered(&self, app: &AppHandle, limit: Duration) -> usize {
        let mut cut = 0;
        while let Some(hook) = self.next_registered_stop() {
            match tokio::time::timeout(limit, call(hook, app)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(hook = hook.name, error, "a stop hook failed"),
                Err(_) => {
                    let seconds = limit.as_secs_f64();
                    tracing::error!(hook = hook.name, seconds, "a stop hook did not end in its time");
                    cut += 1;
                }
            }
        }
        cut
    }

    /// Runs the other stop hooks of what was started, once; returns how many did not end within `limit`.
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

    fn next_registered_stop(&self) -> Option<&'static AppHook> {
        self.lock().registered_undo.pop()
    }
}

/// Resolves the parameters of a hook and calls it. What its parameters defer runs when the app stops, or now if the hook
/// fails.
///
/// # Errors
///
/// Calls the hook. Its error is a text for people.
async fn call(hook: &'static AppHook, app: &AppHandle) -> Result<(), String> {
    let scope = Scope::without_request(app.shared());
    match catch_panic(app.run(|| (hook.call)(&scope))).await {
        Ok(Ok(())) => {
            app.shared().cleanups.keep(scope.exchange().cleanups());
            Ok(())
        }
        Ok(Err(rejection)) => Err(one_line(&Error::from(rejection).to_string())),
        Err(panic) => Err(one_line(&format!("it panicked: {}", panic_message(&*panic)))),
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

fn failure(message: &str) -> Error {
    Error::from(message)
}
