//! Calls an app without a server, from tests that are `async` or not.

mod cookie_jar;
mod decode;
mod durable_store;
mod events;
#[cfg(feature = "testing")]
mod page;
mod request;
mod response;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::app::{App, Assembled, StopSequence};
use crate::durable::run_due;
use crate::extract::AppHandle;
use crate::settings::Limits;
use crate::stop::StopSignal;
use cookie_jar::CookieJar;

pub use durable_store::check_durable_store;
pub use events::{Events, NextEvent, ReceivedEvent};
#[cfg(feature = "testing")]
pub use page::{AsyncPage, FoundElement, Page};
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
    jar: Option<Arc<CookieJar>>,
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
            Ok(app) => {
                if let Some(queue) = &app.shared().durable {
                    queue.clock.freeze();
                }
                Self { app: Arc::new(app), jar: None }
            }
            Err(problems) => panic!("{problems}"),
        }
    }

    /// Keeps cookies from one request to the next, as a browser does. Clones made from now on share them.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::SetCookie;
    ///
    /// # stario::app!();
    /// #[app::command("/login")]
    /// async fn login(name: FormField<String>) -> (SetCookie, ()) {
    ///     (SetCookie::new("name", name.0), ())
    /// }
    ///
    /// #[app::query("/")]
    /// async fn home(name: Cookie<String>) -> String {
    ///     format!("Hello, {}!", *name)
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new()).keep_cookies();
    /// client.post("/login").field("name", "Ada").send();
    /// assert_eq!(client.get("/").send().text(), "Hello, Ada!");
    /// # }
    /// ```
    #[must_use]
    pub fn keep_cookies(mut self) -> Self {
        self.jar = Some(Arc::default());
        self
    }

    /// The app, as handlers take it: its state, its routes, and its durable commands.
    ///
    /// ```
    /// use stario::prelude::*;
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # fn main() {
    /// let client = TestClient::new(app::new().state(7_u32));
    /// assert_eq!(client.app().state::<u32>().map(|seven| *seven), Some(7));
    /// # }
    /// ```
    pub fn app(&self) -> AppHandle {
        self.app.handle()
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
        TestRequest::new(Arc::clone(&self.app), method, path.as_ref(), self.jar.clone())
    }
}

impl TestClient {
    /// Makes the eager singletons and runs the start hooks, as a server does before it listens. This happens only where it is
    /// called.
    ///
    /// # Panics
    ///
    /// When one fails, or they take longer than thirty seconds.
    pub async fn start(&self) {
        let app = self.app.handle();
        if let Err(error) = patiently("end of the start hooks", self.app.start(&app)).await {
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
    /// Durable commands that are due run here, one after the other, and nowhere else in a test, unless its app is served.
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
    /// When it takes longer than thirty seconds, or when the store of durable commands fails.
    pub async fn drain(&self) {
        let drained = async {
            loop {
                self.app.shared().work.drained().await;
                match run_due(&self.app).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => panic!("the store of durable commands failed: {error}"),
                }
            }
        };
        patiently("end of what goes on in the background", drained).await;
    }

    /// Moves the clock of durable commands, which stands still otherwise: what is delayed, scheduled or waits for its next attempt
    /// becomes due, and runs with the next [`drain`](Self::drain). Of a schedule the next run is stored with each drain.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::MemoryQueue;
    ///
    /// # stario::app!();
    /// #[app::detached_command("/remind", durable = "remind", delay = "1h")]
    /// async fn remind(log: Logger) {
    ///     log.info("an hour has passed");
    /// }
    ///
    /// # fn main() {
    /// let client = TestClient::new(app::new().durable(MemoryQueue::new()));
    /// client.post("/remind").send();
    /// client.drain_blocking();                        // Nothing is due.
    /// client.advance_clock(Duration::from_secs(3600));
    /// client.drain_blocking();                        // Now it runs.
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the app has no store of durable commands.
    pub fn advance_clock(&self, by: Duration) {
        let Some(queue) = &self.app.shared().durable else {
            panic!(
                "the app has no durable commands, whose clock could be moved: give it `.durable(MemoryQueue::new())`"
            );
        };
        queue.clock.advance(by);
    }

    /// [`drain`](Self::drain), in a test that is not async.
    ///
    /// # Panics
    ///
    /// In an async test; and where `drain` does.
    pub fn drain_blocking(&self) {
        block_on(self.drain());
    }

    /// Stops the app as a server does: event streams end (a test sees a plain end), detached commands and commands whose client left
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

#[cfg(feature = "testing")]
impl TestClient {
    /// Opens a page in a browser of its own, as if somebody had typed the path. It has the cookies of the client
    /// if that [keeps](Self::keep_cookies) them. Needs the feature `testing`.
    ///
    /// A path is of `http://localhost`; write `https://admin.example.com/` for a page of another host.
    ///
    /// # Panics
    ///
    /// In an async test, which takes [`async_page`](Self::async_page); when the answer is not a page; and when something
    /// that the page does when it is opened fails.
    #[track_caller]
    pub fn page(&self, path: impl AsRef<str>) -> Page {
        Page::open(Arc::clone(&self.app), self.jar.clone().unwrap_or_default(), path.as_ref())
    }

    /// [`page`](Self::page), in a test that is async.
    ///
    /// # Panics
    ///
    /// Where `page` does.
    #[track_caller]
    pub fn async_page(&self, path: impl AsRef<str>) -> impl Future<Output = AsyncPage> + Send {
        let jar = self.jar.clone().unwrap_or_default();
        let place = std::panic::Location::caller();
        AsyncPage::open(Arc::clone(&self.app), jar, path.as_ref().to_owned(), place)
    }
}

impl std::fmt::Debug for TestClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TestClient").finish_non_exhaustive()
    }
}
