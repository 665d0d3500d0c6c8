//! Calls an app without a server, from tests that are `async` or not.

mod events;
mod request;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{HeaderMap, Method, StatusCode};

use crate::app::{App, Assembled, StopSequence};
use crate::body::Body;
use crate::compress::{self, Decompression};
use crate::settings::Limits;
use crate::stop::StopSignal;

pub use events::{Events, NextEvent, ReceivedEvent};
pub use request::{OpenStream, TestRequest};

/// How long a test waits for a response or an event before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs what tests that are not `async` wait for.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.expect("a runtime for tests can be started")
});

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
        let hurry = StopSignal::default();
        let limits = Limits::default();
        let limits = limits.stop_timeout(PATIENCE).detached_stop_timeout(PATIENCE).cleanup_timeout(PATIENCE);
        let unfinished =
            StopSequence { app: &self.app, limits, hurry: &hurry }.run(|| std::future::ready(())).await;
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

/// A response with its whole body.
///
/// A request with `accept-encoding` gets a compressed response, as any client does. [`text`](Self::text),
/// [`json`](Self::json) and [`events`](Self::events) decompress it; the headers and [`bytes`](Self::bytes) are
/// as they were sent.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home() -> String {
///     "again and ".repeat(100)
/// }
///
/// # fn main() {
/// let res = TestClient::new(app::new()).get("/").header("accept-encoding", "br").send();
/// assert_eq!(res.header("content-encoding"), "br");
/// assert_eq!(res.text(), "again and ".repeat(100));
/// assert!(res.bytes().len() < 50);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    /// The body before it was compressed, or why that is not known.
    content: Result<Bytes, String>,
}

impl TestResponse {
    /// The status code; compares with numbers too: `assert_eq!(res.status(), 200)`.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// A header's value, or `""` when it is not there or not text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The cookie called `name` that the response sets, with its attributes; the last, if there are several.
    ///
    /// ```
    /// use stario::prelude::*;
    /// use stario::SetCookie;
    ///
    /// # stario::app!();
    /// #[app::command("/login")]
    /// async fn login() -> (SetCookie, ()) {
    ///     (SetCookie::new("session", "7"), ())
    /// }
    ///
    /// # fn main() {
    /// let res = TestClient::new(app::new()).post("/login").send();
    /// let session = res.cookie("session").unwrap();
    /// assert_eq!((session.value(), session.http_only()), ("7", Some(true)));
    /// assert_eq!(res.cookie("theme"), None);
    /// # }
    /// ```
    pub fn cookie(&self, name: &str) -> Option<cookie::Cookie<'_>> {
        let lines = self.headers.get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies = lines.filter_map(|line| cookie::Cookie::parse(line).ok());
        cookies.rfind(|cookie| cookie.name() == name)
    }

    /// The body as it was sent.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text, decompressed.
    ///
    /// # Panics
    ///
    /// When it is not UTF-8, or not in the coding that `content-encoding` names.
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.content()).expect("the body is text")
    }

    /// The JSON of the body, decompressed.
    ///
    /// # Panics
    ///
    /// When it is not JSON, or not a `T`, or not in the coding that `content-encoding` names.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(self.content()).expect("the body is the JSON asked for")
    }

    /// The Datastar events of a stream that has ended. For a stream that stays open, see
    /// [`TestRequest::open`].
    ///
    /// # Panics
    ///
    /// When the response is not an event stream, or not in the coding that `content-encoding` names.
    pub fn events(&self) -> Vec<ReceivedEvent> {
        events::assert_event_stream(self.status, &self.headers);
        let mut parser = events::Parser::default();
        parser.push(self.content());
        std::iter::from_fn(|| parser.next()).collect()
    }

    fn content(&self) -> &[u8] {
        match &self.content {
            Ok(content) => content,
            Err(error) => panic!("the response cannot be decompressed: {error}"),
        }
    }
}

/// The body of a response before it was compressed, if it was.
fn decoded(headers: &HeaderMap, body: Body) -> Body {
    match compress::coding_of(headers) {
        Some(coding) => compress::decoded(body, coding, Decompression::trusted()),
        None => body,
    }
}

/// Waits for `future` in a test that is not async.
fn block_on<F: Future>(future: F) -> F::Output {
    assert!(
        tokio::runtime::Handle::try_current().is_err(),
        "this test is async: write `.await` where it says `.send()` or `.wait()`"
    );
    RUNTIME.block_on(future)
}

/// Fails the test when `future` takes too long.
async fn patiently<F: Future>(what: &str, future: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(PATIENCE, future).await else {
        panic!("no {what} within {} seconds", PATIENCE.as_secs());
    };
    output
}
