//! Calls an app without a server, from tests that are `async` or not.

mod decode;
mod events;
mod request;
mod response;
mod wait;

use std::sync::Arc;

use http::Method;

use crate::app::{App, Assembled, StopSequence};
use crate::settings::Limits;
use crate::stop::StopSignal;

pub use events::{Events, NextEvent, ReceivedEvent};
pub use request::{OpenStream, TestRequest};
pub use response::TestResponse;
use wait::{PATIENCE, block_on, patiently};

/// Sends requests to an app in the same process: the same routing, parameters and responses as behind the
/// server, without a socket.
///
/// A request is sent by `.send()` in a plain test and by `.await` in an async one.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/users/{user_id}")]
/// async fn get_user(user_id: PathParam<i64>) -> Html {
///     html! { <div>"User "{user_id}</div> }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let res = client.get("/users/123").send();
/// assert_eq!(res.status(), 200);
/// assert!(res.text().contains("User 123"));
/// # }
/// ```
#[derive(Clone)]
pub struct TestClient {
    app: Arc<Assembled>,
}

impl TestClient {
    /// A client of `app`. What the app logs is part of the test's output.
    ///
    /// # Panics
    ///
    /// When the app could not be served, with the problems that [`App::check`] finds.
    pub fn new(app: App) -> Self {
        crate::telemetry::init_in_test();
        match app.assemble() {
            Ok(app) => Self { app: Arc::new(app) },
            Err(problems) => panic!("{problems}"),
        }
    }

    /// A GET request for a path with its query, such as `/search?q=x`.
    pub fn get(&self, path: impl AsRef<str>) -> TestRequest {
        self.request(Method::GET, path)
    }

    /// A POST request.
    pub fn post(&self, path: impl AsRef<str>) -> TestRequest {
        self.request(Method::POST, path)
    }

    /// A request of any method.
    pub fn request(&self, method: Method, path: impl AsRef<str>) -> TestRequest {
        TestRequest::new(Arc::clone(&self.app), method, path.as_ref())
    }
}

impl TestClient {
    /// Runs the hooks of [`App::on_start`], as a server does before it listens. They do not run unless this is
    /// called.
    ///
    /// # Panics
    ///
    /// When one fails, or they take longer than thirty seconds.
    pub async fn start(&self) {
        let app = self.app.handle();
        if let Err(error) = patiently("end of the start hooks", self.app.hooks().start(&app)).await {
            panic!("the app did not start: {error}");
        }
    }

    /// [`start`](Self::start), in a test that is not async.
    ///
    /// # Panics
    ///
    /// In an async test; and where `start` does.
    pub fn start_blocking(&self) {
        block_on(self.start());
    }

    /// Waits for everything that goes on without a request: detached commands, commands whose client left, and
    /// clean-ups. More requests may follow.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// #[app::detached_command("/count")]
    /// async fn count(total: State<AtomicU32>) {
    ///     total.fetch_add(1, Ordering::Relaxed);
    /// }
    ///
    /// #[app::query("/total")]
    /// async fn total(total: State<AtomicU32>) -> u32 {
    ///     total.load(Ordering::Relaxed)
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().state(AtomicU32::new(0)));
    /// assert_eq!(client.post("/count").send().status(), 204);
    /// client.drain_blocking();
    /// assert_eq!(client.get("/total").send().text(), "1");
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When it takes longer than thirty seconds.
    pub async fn drain(&self) {
        patiently("end of what goes on in the background", self.app.shared().work.drained()).await;
    }

    /// [`drain`](Self::drain), in a test that is not async.
    ///
    /// # Panics
    ///
    /// In an async test; and where `drain` does.
    pub fn drain_blocking(&self) {
        block_on(self.drain());
    }

    /// Stops the app as a server does: event streams end, detached commands and commands whose client left
    /// finish, then singletons are cleaned up, and the hooks of [`App::on_stop`] run.
    ///
    /// # Panics
    ///
    /// When the app does not end within thirty seconds.
    pub async fn stop(self) {
        let second_signal = StopSignal::default();
        let limits = Limits::default();
        let limits = limits.stop_timeout(PATIENCE).detached_stop_timeout(PATIENCE).cleanup_timeout(PATIENCE);
        let unfinished = StopSequence { app: &self.app, limits, second_signal: &second_signal }
            .run(|| std::future::ready(()))
            .await;
        assert!(unfinished.is_nothing(), "the app did not end within 30 seconds: {unfinished}");
    }

    /// [`stop`](Self::stop), in a test that is not async.
    ///
    /// # Panics
    ///
    /// In an async test; and when the app does not end within thirty seconds.
    pub fn stop_blocking(self) {
        block_on(self.stop());
    }
}

impl std::fmt::Debug for TestClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TestClient").finish_non_exhaustive()
    }
}
