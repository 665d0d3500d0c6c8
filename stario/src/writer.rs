//! `Writer`: a response sent step by step, by the handler itself.
//!
//! A handler that takes one is called like any other, up to the first thing it waits for; then its call moves to a task of its
//! own. From there it writes to the connection through a [`Channel`]: a buffer with a limit, whose reading end is the response's
//! body. So the bytes of a handler that waits for something else are still sent, a handler that is ahead of its client waits, and
//! a handler whose client has left is notified and runs on. A handler that answers without having waited costs no task.

mod alive;
mod into_header;
mod parameter;

use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use http::header::{HeaderName, HeaderValue, SET_COOKIE};
use http::{StatusCode, request};
use serde::Serialize;
use stario_html::Render;

use into_header::{IntoHeader, header};

use crate::channel::{Channel, WriteError, WriteKind};
use crate::datastar::{Event, IntoEvent};
use crate::event;
use crate::response::{self, IntoResponse, Location, Redirect, SetCookie};

pub use alive::{Alive, WhileAlive};

/// Sends the response of a query or a command, step by step: a handler's parameter.
///
/// | whole responses | |
/// |---|---|
/// | [`w.html(el)`](Self::html) | an element, or text, which is escaped |
/// | [`w.json(data)`](Self::json) | JSON |
/// | [`w.text(text)`](Self::text) | plain text |
/// | [`w.bytes(media_type, data)`](Self::bytes) | anything |
/// | [`w.redirect(url)`](Self::redirect) | a redirect, 307 |
/// | [`w.empty()`](Self::empty) | no body, 204 |
/// | [`w.respond(response)`](Self::respond) | anything that handlers return: a `File`, a tuple, … |
///
/// | events for Datastar | |
/// |---|---|
/// | [`w.patch(el).await`](Self::patch) | whatever [`stream!`](crate::stream!) can yield; an element replaces the one with its id |
/// | [`w.sync(signals).await`](Self::sync) | changes signals |
/// | [`w.navigate(url).await`](Self::navigate) | leads to another page |
/// | [`w.execute(js).await`](Self::execute) | runs JavaScript |
/// | [`w.remove(selector).await`](Self::remove) | removes elements |
/// | [`w.open_events()`](Self::open_events) | sends the head at once, before there is an event |
///
/// | primitives | |
/// |---|---|
/// | [`w.write_headers(status)`](Self::write_headers) | sends status and headers at once |
/// | [`w.write(data).await`](Self::write) | sends bytes, and 200 before the first ones |
/// | [`w.end()`](Self::end), [`w.end_with(data)`](Self::end_with) | ends the response |
///
/// | before the head is sent | |
/// |---|---|
/// | [`w.status(status)`](Self::status) | sets the status: `w.status(StatusCode::CREATED).json(data)` |
/// | [`w.set_header(name, value)`](Self::set_header), [`w.add_header(..)`](Self::add_header) | replaces, adds |
/// | [`w.cookie(cookie)`](Self::cookie), [`w.delete_cookie(name)`](Self::delete_cookie) | |
///
/// | as long as the client is there | |
/// |---|---|
/// | [`w.alive(source)`](Self::alive) | a source that ends when the client leaves or the server stops |
/// | [`w.while_alive(future).await`](Self::while_alive) | a block that does |
///
/// A handler with a `Writer` returns nothing or `Result<()>`. The response ends when the handler returns; if it
/// has sent nothing, that is a 204. An error is answered with its status if nothing is sent yet; otherwise it
/// cuts the response off, because its head cannot be taken back.
///
/// **A client that leaves** does not end the handler, be it a query or a command, and is not an error: whatever
/// is written then is dropped. A handler that wants to stop uses `alive` or `while_alive`; otherwise it runs
/// until it returns.
///
/// **A slow client** makes [`write`](Self::write) and the events wait: at most 64 KiB are buffered for it, or
/// one write if that is larger; see [`App::write_buffer`](crate::App::write_buffer).
///
/// The compiler checks the order of calls where types can express it: methods that end the response consume the
/// `Writer`. Other misuse is a [`WriteError`]: a status or a header after the head was sent, a body that is not
/// as long as its `content-length`.
///
/// A response with a `content-length` has that length; one without is chunked on HTTP/1.1. The response to
/// HEAD, and those with status 204, 205 and 304, have no body. The server decides how a body is delimited: a
/// `transfer-encoding` that is set is dropped.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/countdown")]
/// async fn countdown(w: Writer) -> Result {
///     for left in (0..3).rev() {
///         w.patch(html! { <p id="left">{left}</p> }).await?;
///     }
///     w.navigate("/launched").await?;
///     Ok(())
/// }
///
/// #[app::command("/items")]
/// async fn add(name: Signal<String>, w: Writer) -> Result {
///     w.set_header("x-total", 1)?;
///     Ok(w.status(StatusCode::CREATED).json(json!({ "name": *name }))?)
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/countdown").send().events().len(), 4);
/// let res = client.post("/items").signals(&json!({ "name": "cup" })).send();
/// assert_eq!(res.status(), 201);
/// assert_eq!(res.header("x-total"), "1");
/// assert_eq!(res.text(), r#"{"name":"cup"}"#);
/// # }
/// ```
pub struct Writer {
    channel: Arc<Channel>,
    /// The request, if it wants a part of a file, or a file only under conditions.
    conditions: Option<Box<request::Parts>>,
}

/// The result of a `Writer`'s methods.
type Result<T> = std::result::Result<T, WriteError>;

/// Whole responses.
impl Writer {
    /// Sends an element, or whatever else renders; text is escaped.
    ///
    /// # Errors
    ///
    /// As [`respond`](Self::respond).
    pub fn html(self, content: impl Render) -> Result<()> {
        self.respond(content)
    }

    /// Sends JSON.
    ///
    /// # Errors
    ///
    /// When `data` cannot be written as JSON; and as [`respond`](Self::respond).
    #[allow(clippy::needless_pass_by_value)] // References serialize too.
    pub fn json(self, data: impl Serialize) -> Result<()> {
        let json = serde_json::to_vec(&data).map_err(WriteError::Json)?;
        self.respond(response::with_type(response::JSON.clone(), json))
    }

    /// Sends plain text.
    ///
    /// # Errors
    ///
    /// As [`respond`](Self::respond).
    pub fn text(self, text: impl Into<String>) -> Result<()> {
        self.respond(response::text(StatusCode::OK, text))
    }

    /// Sends bytes of a media type.
    ///
    /// ```
    /// # use stario::prelude::*;
    /// # stario::app!();
    /// #[app::query("/pixel.gif")]
    /// async fn pixel(w: Writer) -> Result {
    ///     Ok(w.bytes("image/gif", &b"GIF89a"[..])?)
    /// }
    /// # fn main() {
    /// assert_eq!(TestClient::new(app::new()).get("/pixel.gif").send().header("content-type"), "image/gif");
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When `media_type` is not a valid header value; and as [`respond`](Self::respond).
    pub fn bytes<K>(self, media_type: impl IntoHeader<HeaderValue, K>, data: impl Into<Bytes>) -> Result<()> {
        let media_type = header(media_type)?;
        self.respond(response::with_type(media_type, data.into()))
    }

    /// Redirects to another place of this site, or to a [`Location::external`] one: 307, the client repeats
    /// the request there, method and body included.
    ///
    /// Choose another redirect with [`status`](Self::status), as in `w.status(StatusCode::SEE_OTHER).redirect("/")`;
    /// a status that is not a redirect's is an error. In an event stream, use
    /// [`navigate`](Self::navigate).
    ///
    /// # Errors
    ///
    /// When the location is not safe to go to; and as [`respond`](Self::respond).
    pub fn redirect(self, location: impl Into<Location>) -> Result<()> {
        let location = location.into();
        location.checked().map_err(|error| WriteError::Location(error.to_string()))?;
        self.respond(Redirect::to(location))
    }

    /// Sends no body: 204.
    ///
    /// # Errors
    ///
    /// As [`respond`](Self::respond).
    pub fn empty(self) -> Result<()> {
        self.respond(StatusCode::NO_CONTENT)
    }

    /// Sends anything that a handler could return; a status and headers that were set before replace its own.
    ///
    /// # Errors
    ///
    /// When the head is sent already; when a `content-length` was set and differs from the body's; when the
    /// status allows no body, and there is one; when the response cannot be made at all, which is logged.
    pub fn respond<K>(self, response: impl IntoResponse<K>) -> Result<()> {
        let response = response.into_response();
        if response::failure_of(&response).is_some() {
            return Err(WriteError::Response);
        }
        self.channel.respond(response, self.conditions.as_deref())
    }
}

/// Events for Datastar. The first sends the head of an event stream.
impl Writer {
    /// Pushes whatever [`stream!`](crate::stream!) can yield: an element replaces the one with its id, JSON
    /// changes signals, `(Mode, selector, element)` says where and how, `event::…` builds the rest.
    ///
    /// It returns the `Writer`, for the next call. A client that has left is not an error: a loop that pushes as
    /// long as its client is connected iterates over [`alive`](Self::alive), or runs in
    /// [`while_alive`](Self::while_alive).
    ///
    /// # Errors
    ///
    /// When the response is not an event stream, because its head was sent with another type or status; when the
    /// event is invalid, see [`Event`].
    pub async fn patch<K>(&self, value: impl IntoEvent<K>) -> Result<&Self> {
        self.push(value.into_event()).await
    }

    /// Changes signals: those in `signals`, which is a map or a struct.
    ///
    /// # Errors
    ///
    /// When they are not a JSON object; and as [`patch`](Self::patch).
    pub async fn sync(&self, signals: impl Serialize) -> Result<&Self> {
        self.push(Event::new(event::signals(signals))).await
    }

    /// Sends the browser to another page of this site, or to a [`Location::external`] one.
    ///
    /// # Errors
    ///
    /// When the location is not safe to go to; and as [`patch`](Self::patch).
    pub async fn navigate(&self, location: impl Into<Location>) -> Result<&Self> {
        let location = location.into();
        location.checked().map_err(|error| WriteError::Location(error.to_string()))?;
        self.push(Event::new(event::redirect(location))).await
    }

    /// Runs JavaScript in the browser. Never build the code from user input.
    ///
    /// # Errors
    ///
    /// As [`patch`](Self::patch).
    pub async fn execute(&self, javascript: impl AsRef<str>) -> Result<&Self> {
        self.push(Event::new(event::script(javascript))).await
    }

    /// Removes the elements that match the CSS selector.
    ///
    /// # Errors
    ///
    /// As [`patch`](Self::patch).
    pub async fn remove(&self, selector: impl Into<std::borrow::Cow<'static, str>>) -> Result<&Self> {
        self.push(Event::new(event::remove(selector))).await
    }

    /// Sends the head of the event stream now, so that the browser has it before the first event is there.
    ///
    /// # Errors
    ///
    /// When the head is sent already, and when a `content-type` other than that of event streams was set.
    pub fn open_events(&self) -> Result<&Self> {
        self.channel.begin(StatusCode::OK, WriteKind::Event(None))?;
        Ok(self)
    }

    async fn push(&self, event: Event) -> Result<&Self> {
        let shared = event.shared().cloned();
        let bytes = event.into_bytes().map_err(|invalid| WriteError::Event(invalid.to_string()))?;
        self.channel.write(&bytes, WriteKind::Event(shared.as_ref())).await.map(|()| self)
    }
}

/// Primitives.
impl Writer {
    /// Sends the status and the headers now: the client has them before the first byte of the body.
    ///
    /// ```
    /// # use stario::prelude::*;
    /// # stario::app!();
    /// #[app::query("/file")]
    /// async fn file(w: Writer) -> Result {
    ///     w.set_header("content-type", "application/octet-stream")?;
    ///     w.set_header("content-length", 1024)?;
    ///     w.write_headers(StatusCode::OK)?.write([0; 1000]).await?;
    ///     Ok(w.end_with([0; 24])?)
    /// }
    /// # fn main() {
    /// let res = TestClient::new(app::new()).get("/file").send();
    /// assert_eq!((res.header("content-length"), res.bytes()), ("1024", &[0; 1024][..]));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When they are sent already, when the status is not from 200 to 599, and when the `content-length` is not a number.
    pub fn write_headers(&self, status: StatusCode) -> Result<&Self> {
        self.channel.begin(status, WriteKind::Bytes)?;
        Ok(self)
    }

    /// Sends bytes as they are; before the first of them the headers, with status 200, unless they are sent already.
    ///
    /// It waits while the client is slow, and resolves when the bytes are buffered; they are never sent in part.
    ///
    /// # Errors
    ///
    /// When the body would become longer than its `content-length`, and then none of the bytes is sent; when
    /// the status allows no body.
    pub async fn write(&self, data: impl AsRef<[u8]>) -> Result<&Self> {
        self.channel.write(&Bytes::copy_from_slice(data.as_ref()), WriteKind::Bytes).await?;
        Ok(self)
    }

    /// Ends the response: 204 if the headers are not sent yet.
    ///
    /// # Errors
    ///
    /// When fewer bytes were written than the `content-length` says: then the connection is cut off, so that
    /// the response does not look complete.
    pub fn end(self) -> Result<()> {
        self.channel.end(None)
    }

    /// Ends the response with these bytes, without waiting for the client. If the headers are not sent yet the
    /// status is 200, even without any bytes.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write) and [`end`](Self::end).
    pub fn end_with(self, data: impl AsRef<[u8]>) -> Result<()> {
        self.channel.end(Some(Bytes::copy_from_slice(data.as_ref())))
    }
}

/// Before the head is sent.
impl Writer {
    /// Sets the status of what follows, a whole response or the first [`write`](Self::write).
    #[must_use = "the `Writer` is what sends the response"]
    pub fn status(self, status: StatusCode) -> Self {
        self.channel.set_status(status);
        self
    }

    /// Sets a header, replacing any of the same name. Names and values are text or bytes, values also numbers;
    /// names are sent in lower case.
    ///
    /// # Errors
    ///
    /// When HTTP cannot carry it, and when the headers are sent already.
    pub fn set_header<K, L>(
        &self,
        name: impl IntoHeader<HeaderName, K>,
        value: impl IntoHeader<HeaderValue, L>,
    ) -> Result<&Self> {
        let (name, value) = (header(name)?, header(value)?);
        self.channel.change_headers(|headers| _ = headers.insert(name, value))?;
        Ok(self)
    }

    /// Adds a header, keeping any of the same name.
    ///
    /// # Errors
    ///
    /// As [`set_header`](Self::set_header).
    pub fn add_header<K, L>(
        &self,
        name: impl IntoHeader<HeaderName, K>,
        value: impl IntoHeader<HeaderValue, L>,
    ) -> Result<&Self> {
        let (name, value) = (header(name)?, header(value)?);
        self.channel.change_headers(|headers| _ = headers.append(name, value))?;
        Ok(self)
    }

    /// Sets a cookie.
    ///
    /// ```
    /// # use stario::prelude::*;
    /// # stario::app!();
    /// use stario::SetCookie;
    ///
    /// #[app::command("/login")]
    /// async fn login(w: Writer) -> Result {
    ///     w.cookie(SetCookie::new("session", "token").secure(true))?;
    ///     w.delete_cookie("guest")?;
    ///     Ok(w.redirect("/")?)
    /// }
    /// # fn main() {
    /// let res = TestClient::new(app::new()).post("/login").send();
    /// assert_eq!(res.header("set-cookie"), "session=token; HttpOnly; SameSite=Lax; Secure; Path=/");
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When browsers would not take it as it is meant, and when the headers are sent already.
    pub fn cookie(&self, cookie: impl Into<SetCookie>) -> Result<&Self> {
        let header =
            cookie.into().into_header().map_err(|invalid| WriteError::Cookie(invalid.to_string()))?;
        self.add_header(SET_COOKIE, header)
    }

    /// Makes the browser forget a cookie of path `/` and this host. For another path or domain, use
    /// `w.cookie(SetCookie::removal(name).path(..))`.
    ///
    /// # Errors
    ///
    /// As [`cookie`](Self::cookie).
    pub fn delete_cookie(&self, name: impl Into<String>) -> Result<&Self> {
        self.cookie(SetCookie::removal(name))
    }
}

/// Waits that end when the client leaves.
impl Writer {
    /// The items of `source`, until the client leaves or the server stops: then the wait for the next item ends
    /// at once. The code after the loop always runs. Waits in the body of the loop are not ended: where one may
    /// take long, put the loop into [`while_alive`](Self::while_alive).
    ///
    /// ```
    /// # use stario::prelude::*;
    /// # stario::app!();
    /// #[app::query("/updates")]
    /// async fn updates(relay: State<Relay<u32>>, w: Writer) -> Result {
    ///     let mut updates = w.alive(relay.subscribe("updates"));
    ///     w.open_events()?;
    ///     while let Some((_, count)) = updates.next().await {
    ///         w.patch(html! { <p id="count">{count}</p> }).await?;
    ///     }
    ///     // Clean up here.
    ///     Ok(())
    /// }
    /// # fn main() {
    /// let relay = Relay::<u32>::new();
    /// let client = TestClient::new(app::new().state(relay.clone()));
    /// let mut events = client.get("/updates").open().send();
    /// relay.publish("updates", 7);
    /// assert_eq!(events.next().wait().unwrap().elements(), r#"<p id="count">7</p>"#);
    /// # }
    /// ```
    pub fn alive<S: Stream>(&self, source: S) -> WhileAlive<S> {
        Alive::of(&self.channel).stream(source)
    }

    /// Runs `future` until the client leaves or the server stops: then it is dropped, whatever it waits for, and
    /// the result is `None`. The code after it always runs.
    ///
    /// The future can be a loop or a single operation:
    ///
    /// ```
    /// # use stario::prelude::*;
    /// # stario::app!();
    /// # async fn slow_call() -> u32 { 7 }
    /// #[app::query("/both")]
    /// async fn both(w: Writer) -> Result {
    ///     if let Some(result) = w.while_alive(slow_call()).await {
    ///         w.patch(html! { <p id="result">{result}</p> }).await?;
    ///     }
    ///     let ticks: Option<Result> = w.while_alive(async {
    ///         let mut ticks = 0;
    ///         loop {
    ///             tokio::time::sleep(Duration::from_millis(1)).await;
    ///             ticks += 1;
    ///             w.sync(json!({ "ticks": ticks })).await?;
    ///             # if ticks == 2 { return Ok(()); }
    ///         }
    ///     }).await;
    ///     // Clean up here.
    ///     ticks.unwrap_or(Ok(()))
    /// }
    /// # fn main() {
    /// # assert_eq!(TestClient::new(app::new()).get("/both").send().events().len(), 3);
    /// # }
    /// ```
    pub fn while_alive<F: Future>(&self, future: F) -> impl Future<Output = Option<F::Output>> + use<F> {
        Alive::of(&self.channel).run(future)
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Writer").finish_non_exhaustive()
    }
}
