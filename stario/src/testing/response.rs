//! The response to a request of a test.

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};

use super::events::{Parser, ReceivedEvent, assert_event_stream};

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
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The body before it was compressed, or why that is not known.
    pub(super) content: Result<Bytes, String>,
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
    /// [`TestRequest::open`](crate::testing::TestRequest::open).
    ///
    /// # Panics
    ///
    /// When the response is not an event stream, or not in the coding that `content-encoding` names.
    pub fn events(&self) -> Vec<ReceivedEvent> {
        assert_event_stream(self.status, &self.headers);
        let mut parser = Parser::default();
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
