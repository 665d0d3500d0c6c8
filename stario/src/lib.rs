//! Live, server-rendered web apps: annotate async functions, build pages with [`html!`], push changes to
//! open browsers.
//!
//! ```no_run
//! use stario::prelude::*;
//!
//! stario::app!();
//!
//! #[app::query("/")]
//! async fn home() -> Html {
//!     html! { <h1>"Hello, world"</h1> }
//! }
//!
//! #[tokio::main]
//! async fn main() -> stario::Result {
//!     app::new().serve().await
//! }
//! ```
//!
//! The [`guide`] answers "How do I …" with short programs, and the [`reference`](mod@reference) is all of it on one page. This page is the
//! map of the types.
//!
//! # Handlers
//!
//! | attribute | method |
//! |---|---|
//! | `#[app::query("/users/{id}")]` | GET: reads |
//! | `#[app::command("/users/{id}")]` | POST: changes something |
//! | `#[app::detached_command("/import")]` | POST: answers 204 once its parameters are resolved, then runs |
//!
//! What else an attribute takes, such as `method = DELETE` or `{path...}`, is at [`app!`]. Each handler has
//! `url(..)` and `action(..)`, which make a [`Link`] to it. [`handler`](macro@handler) makes one without a path.
//!
//! # Parameters
//!
//! They are extractors: each is resolved before the handler runs, and a request that does not fit is answered by a
//! [`Rejection`].
//!
//! | from | parameter |
//! |---|---|
//! | the path | [`PathParam`], [`MatchedPath`] |
//! | the query | [`QueryParam`], [`QueryParams`], [`Query`] |
//! | the headers | [`Header`], [`Headers`], [`Cookie`], `SignedCookie`, `EncryptedCookie` |
//! | the page's signals | [`Signal`], [`Signals`](struct@Signals), [`FileSignal`] |
//! | the body | [`JsonBody`], [`FormBody`], [`FormField`], [`JsonOrForm`], [`UploadedFile`], [`Multipart`], [`RawBody`], [`BodyStream`], `Form` |
//! | the head | [`http::Method`], [`http::Uri`], [`http::Version`], [`http::HeaderMap`], [`http::request::Parts`] |
//! | the request itself | [`ClientAddress`], [`RequestId`], [`Logger`], [`UploadProgress`] |
//! | the response, and whether the client is still there | [`Writer`], [`Alive`] |
//! | the app | [`State`], [`AppHandle`], [`DatastarScript`], [`Nonce`] |
//! | what the app remembers of the browser, messages for the next page | [`Session`], [`Flash`] |
//! | several of these | a struct with [`derive(FromRequest)`](macro@FromRequest) |
//! | a function of yours | the value of a [`dependency`], made when needed if it is [`Lazy`] |
//! | anything else | your own type that implements [`FromRequest`](trait@FromRequest) |
//!
//! # Responses
//!
//! The type that a handler returns decides the response.
//!
//! | value | response |
//! |---|---|
//! | [`Html`], text (escaped), numbers, `bool`, a `Vec` of elements | 200, HTML |
//! | `json!({ .. })`, maps | 200, HTML: their JSON as text; [`Json`] sends JSON |
//! | `()`, `None` | 204 |
//! | a stream, usually made by [`stream!`] or [`try_stream!`] | 200, server-sent events for Datastar; see [`IntoEvent`], [`event`] |
//! | [`Json`], [`Text`], [`Bytes`], [`Redirect`], [`File`], [`Response`], [`IntoResponse`] | itself |
//! | `(StatusCode, [(name, value); N], SetCookie, value)` | the value with a status, headers, cookies ([`ResponsePart`]) |
//! | [`Raw`] | what another template crate rendered |
//! | `Result` | its value, or the answer to its [`Error`] |
//!
//! # The rest
//!
//! | | |
//! |---|---|
//! | pages | [`html!`], [`component`], [templates](mod@crate::html) |
//! | live updates | [`Relay`], [`Update`], [`Event`] |
//! | who is here | [`Presence`] |
//! | signals with a type | [`derive(Signals)`](macro@Signals), [`SignalRef`], [`SignalPatch`], [`TextSignal`] |
//! | settings, layers (middleware), other apps | the methods of [`App`]; [`Limits`], [`Compression`], [`SecurityHeaders`], [`SameOrigin`] (CSRF) |
//! | background jobs | `#[app::detached_command]`, [`durable`] |
//! | static files | `assets!`, `asset!`, `Asset`, `ImportMap` |
//! | errors | [`Error`], [`ErrorResponse`], [`App::on_status`] |
//! | serving | [`App::serve`], [`App::into_service`] |
//! | tests | [`TestClient`](testing::TestClient), [`App::replace`], [`App::check`], [`Warnings`] |
//!
//! # Features
//!
//! The first six are on by default. `default-features = false` turns them off: an app then compiles half as many
//! crates, and no C.
//!
//! | | |
//! |---|---|
//! | `compression` | responses in zstd, brotli or gzip, and request bodies in them: [`App::compression`], [`App::decompression`] |
//! | `files` | files as responses: [`File`]; files in the program: `assets!` |
//! | `http2` | HTTP/2 |
//! | `sealed-cookies` | signed and encrypted cookies: `SetCookie::encrypted` |
//! | `sessions` | [`Session`], [`Flash`] |
//! | `uploads` | multipart bodies and files in them: [`UploadedFile`], [`Multipart`], [`FileSignal`] |
//! | `forms` | forms with rules, and what is wrong by field: `Form` |
//! | `tls` | HTTPS with rustls: `App::tls` |
//! | `metrics` | metrics for Prometheus: `App::metrics` |
//! | `otlp` | spans for an OpenTelemetry collector at `OTEL_EXPORTER_OTLP_ENDPOINT` |
//! | `testing` | pages in tests, for `[dev-dependencies]`: `TestClient::page`, `TestResponse::find` |

// The modules in the order in which a request passes them.

/// Accepts connections, reads requests, writes responses, stops gracefully.
mod server;
/// The app as a service for servers that are not stario's.
mod service;
/// Takes a request from its head to its response: refuses it, or finds its route, passes layers, calls, finishes.
mod dispatch;
/// Finds the route of a request: host, path, method and headers to an endpoint and its captures.
mod routing;
/// Layers around handlers, as services of `tower`.
mod layer;
/// One request, to the last byte of its response.
mod exchange;
/// The inputs of one request: what its parameters are resolved from.
mod scope;
/// Extractors: a handler's parameters from the request, one file per source.
mod extract;
/// Dependencies: their providers, how long a value is shared, clean-ups.
mod inject;
/// Runs a handler: panics, clients that leave.
mod handler;
/// Turns a handler's return value into a response, by its type.
mod reply;
/// Responses as values.
mod response;
/// What `stream!` expands to.
mod stream;
/// Server-sent events: joins events into frames, sends pings, ends at the server's stop.
mod sse;
/// The buffer between a handler with a `Writer` and the body of its response.
mod channel;
/// A response sent step by step by its handler, and whether its client is still there.
mod writer;
/// Datastar's protocol: events, actions, links, the client's script.
mod datastar;
/// Responses in the coding that the client asks for.
#[cfg_attr(not(feature = "compression"), path = "compress/absent.rs")]
mod compress;
/// The body of a request or a response.
mod body;
/// Files that are part of the program.
#[cfg(feature = "files")]
mod assets;

// What several stages use.

/// `App`: how it is composed, checked, assembled and stopped.
mod app;
/// Headers that parameters add to the response.
#[cfg(feature = "sessions")]
mod head_changes;
/// Sessions: values that an app stores for one browser.
#[cfg(feature = "sessions")]
mod session;
/// The facts of a connection that its requests read and set.
mod connection;
/// The timeout of transfers that are silent or too slow.
mod stall;
/// Counts tasks, so that their end can be waited for.
mod tasks;
/// How much memory the process may use.
mod memory;
/// How many connections and streams the process can hold.
mod capacity;
/// How many streams are open at once.
mod stream_places;
/// Rate limits.
mod rate_limit;
/// The signal to stop, and timers, both cheap to poll.
mod stop;
/// Which client a request comes from.
mod client;
/// The results that a handler's future yields before it ends.
mod hand_over;
/// The nonce of a content security policy.
mod nonce;
/// The description of a handler's parameter, and of a provider.
mod parameter;
/// The description of a handler and its route.
mod route;
/// Settings of parts, and of the app that is served.
mod settings;
/// Error pages: the response to an error, a rejection or a status.
mod answers;
/// Development mode: pages that show causes and routes, and reload after a build.
#[cfg_attr(not(debug_assertions), path = "development/absent.rs")]
mod development;
/// An app's state.
mod states;
/// Work that outlives its request.
mod work;
/// Commands that outlive their process.
pub mod durable;
/// The state that all requests of one app share.
mod shared;
/// Texts that live as long as the process.
mod intern;
/// The characters that are percent-encoded in a segment of a path.
mod path_segment;
/// The prefixes that links to handlers get.
mod links;
/// The id of a request.
mod request_id;
/// Readings of the clock.
mod moment;
/// Texts that are mostly short, without an allocation.
mod short_text;
/// Whether what a task polls was woken since the last poll.
mod wake_flag;
/// Publish and subscribe: in this process and, with a transport, between processes.
pub mod relay;
/// Presence: which users are connected, by topic.
pub mod presence;
/// Errors, and the responses that they cause.
mod error;
/// The text of errors, which may panic.
mod error_text;
/// Panics: caught, located, and written to the log.
mod panic;
/// Which request is polled, for the log.
mod current;
/// The log, metrics and spans.
mod telemetry;
/// Apps called without a server.
pub mod testing;

/// The pages of documentation, whose programs are compiled with the tests.
mod docs;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod prelude;

pub use app::{App, OriginalUri, Problems, Warnings};
#[cfg(feature = "files")]
pub use assets::{Asset, ImportMap};
pub use body::{Body, BodyError};
pub use bytes::Bytes;
pub use channel::WriteError;
#[cfg(feature = "compression")]
pub use compress::{Compression, ContentCoding, Decompression};
pub use cookie;
pub use datastar::{Action, DatastarScript, Event, IntoEvent, Link, Mode, StreamItem, Url};
pub use docs::{guide, reference};
pub use durable::{Attempt, DurableStore, IdempotencyKey, MemoryQueue, NoRetry};
pub use error::{Error, ErrorResponse, Rejection, Result, StoreError};
pub use extract::{
    AppHandle, BodyStream, ClientAddress, Cookie, FormBody, FormField, FromRequest, Header, Headers,
    JsonBody, JsonOrForm, Logger, MatchedPath, PathParam, Query, QueryParam, QueryParams, RawBody, Signal,
    Signals, State, UploadProgress, WholeBody,
};
#[cfg(feature = "sealed-cookies")]
pub use extract::{EncryptedCookie, RetiredKeys, SignedCookie};
#[cfg(feature = "forms")]
pub use extract::{Field, FieldOf, FieldRef, FileRef, Form, FormFields, GroupRef, ListRef, Problem};
#[cfg(feature = "uploads")]
pub use extract::{FileSignal, Multipart, MultipartPart, UploadedFile};
pub use handler::{DetachedHandler, Handler, HandlerRoute, command, detached_command, query};
pub use http;
pub use inject::{Cleanup, CleanupOutcome, Lazy, Replacement};
pub use layer::Next;
pub use nonce::Nonce;
pub use parameter::{Parameter, Source};
pub use presence::Presence;
pub use relay::{Relay, Subscription, Update, Updates};
pub use request_id::RequestId;
#[cfg(feature = "files")]
pub use response::File;
pub use response::{
    Attachment, IntoResponse, Json, Location, Redirect, Response, ResponsePart, SetCookie, Text,
    UnsafeLocation,
};
pub use route::{HandlerKind, RouteInfo};
pub use scope::Scope;
pub use service::AppService;
#[cfg(feature = "sessions")]
pub use session::{
    Flash, InvalidSessionId, MemoryStore, Session, SessionData, SessionError, SessionFilter, SessionId,
    SessionInfo, SessionRecord, SessionStore, Sessions,
};
pub use settings::{Guard, Limits, ProxyHeader, SameOrigin, SecurityHeaders};
pub use stario_html as html;
pub use stario_html::{Children, Html, Raw, Render};
pub use stario_html::{PageSignals, SignalPatch, SignalRef, TextSignal};
/// Groups several parameters in a struct, which handlers then take as one.
///
/// Each field is a parameter with the field's name. It takes the same attributes, `#[default(..)]` and
/// `#[name("..")]`; fields are resolved in order, and the first that fails decides the answer. A struct may
/// hold others like it, and at most one field that reads the body. A [`PathParam`] cannot be a field: it
/// stays with the handler, next to the path. The crate must have an [`app!`](crate::app!).
///
/// ```
/// use stario::prelude::*;
/// use stario::FromRequest;
///
/// #[derive(FromRequest)]
/// struct Filter {
///     page: QueryParam<u32>,
///     #[default(10)]
///     limit: QueryParam<u32>,
///     user_agent: Header<Option<String>>,
/// }
///
/// # stario::app!();
/// #[app::query("/list")]
/// async fn list(filter: Filter) -> String {
///     format!("page {} of {}, for {:?}", filter.page, filter.limit, filter.user_agent.0)
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/list?page=2").send().text(), "page 2 of 10, for None");
/// assert_eq!(
///     client.get("/list").send().text(),
///     "missing query parameter `page`: expected a whole number of 32 bits, not negative"
/// );
/// # }
/// ```
pub use stario_macros::FromRequest;
/// Makes the fields of a struct the signals of a page, with a type each.
///
/// - `data-signals={value}` declares them, with the values that they have in `value`.
/// - `Search::page()` refers to one of them, a [`SignalRef`]. [`html!`](crate::html!) takes it where its type fits: in `data-bind` what an
///   input can hold, in `data-show`, `data-class:name` and `data-indicator` a `bool`, in `data-text`, `data-attr:name` and
///   `data-style:name` text, numbers and `bool`.
/// - Where expressions stand, it is set, toggled, compared and joined: `Search::page().set(1).then(list::action())`.
/// - [`Signals<Search>`](struct@Signals) reads all of them, [`Signal<u32>`](Signal) reads one, by its name.
/// - `yield Search::page().is(2)` patches one of them, `yield search` all but the local ones, and
///   `yield Search::page().delete()` removes one. [`event::signals`] gives a patch options, such as `only_if_missing`.
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(Signals, Default)]
/// struct Search {
///     q: String,
///     page: u32,
///     /// Stays in the page.
///     #[signals(local)]
///     open: bool,
/// }
///
/// # stario::app!();
/// #[app::query("/")]
/// async fn home() -> Html {
///     html! {
///         <main data-signals={Search { page: 1, ..Search::default() }}>
///             <input data-bind={Search::q()}>
///             <b data-text={"Page " + Search::page()}></b>
///             <button data-show={Search::page().gt(1)} data-on:click={Search::page().set(1).then(list::action())}>"First"</button>
///         </main>
///     }
/// }
///
/// #[app::query("/list")]
/// async fn list(mut search: Signals<Search>) -> impl Stream<Item = Event> {
///     stream! {
///         search.page += 1;
///         yield Search::q().is("");
///         yield search.0;
///     }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// let page = client.get("/").send();
/// assert!(page.text().starts_with(r#"<main data-signals='{"q":"","page":1,"_open":false}'><input data-bind="q">"#));
/// assert!(page.text().contains(r#"<button data-show="$page &gt; 1" data-on:click="$page = 1; @get('/list')">"#));
///
/// let events = client.get("/list").signals(&json!({ "q": "tea", "page": "1" })).send().events();
/// assert_eq!(events[0].signals(), Some(json!({ "q": "" })));
/// assert_eq!(events[1].signals(), Some(json!({ "q": "tea", "page": 2 })));
/// # }
/// ```
///
/// # Fields
///
/// Each field is one signal, whose type serde writes and reads. These attributes say more:
///
/// | attribute | the field |
/// |---|---|
/// | `#[signals(local)]` | is called `_name` in the page, which never sends it; what is read of it is its `Default` |
/// | `#[signals(nested)]` | is a struct that derives `Signals`: `Search::list().page()` is `list.page` |
/// | `#[signals(fn = "..")]` | has a function of this name, where its own is taken |
/// | `#[serde(rename = "..")]`, and `rename_all` on the struct | has this name in the page |
/// | `#[serde(default)]`, on the field or the struct | may be missing in what a page sends |
/// | `#[serde(skip)]` | is not a signal |
///
/// Other attributes of serde do not go with signals, and do not compile. The struct need not derive serde's traits; if it
/// does, they are for other uses. A function is as visible as its field. An enum that is text says so, `impl TextSignal for
/// Sort {}` ([`TextSignal`]), so that it can be bound, shown and compared.
///
/// The crate must have an [`app!`](crate::app!). One that has none names stario: `#[signals(crate = stario)]`.
pub use stario_macros::Signals;
/// Makes a function a handler without registering it: [`App::route`] gives it a path and a kind.
///
/// It works as with `#[app::query]`, except that the path is checked against the parameters when the app is
/// checked, and that there are no links, because only the app knows the path. `#[handler(detached)]` makes
/// one that answers before it runs; `layer = ..`, `body_limit = ..` and `timeout = ..` are allowed too.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[handler]
/// async fn search(q: QueryParam<String>) -> Html {
///     html! { <p>"Nothing about "{q}</p> }
/// }
///
/// #[handler]
/// async fn remove(id: PathParam<u32>) {
///     let _ = id;
/// }
///
/// #[handler(detached)]
/// async fn import() {}
///
/// # fn main() {
/// let app = app::new()
///     .route(query::<search>("/search"))
///     .route(command::<remove>("/items/{id}").method("DELETE"))
///     .route(detached_command::<import>("/import"));
/// let client = TestClient::new(app);
/// assert_eq!(client.get("/search?q=cats").send().text(), "<p>Nothing about cats</p>");
/// assert_eq!(client.request(stario::http::Method::DELETE, "/items/7").send().status(), 204);
/// assert_eq!(client.post("/import").send().status(), 204);
/// # }
/// ```
pub use stario_macros::handler;
/// Beside the functions of these names: the attributes are those of an app.
#[doc(hidden)]
pub use stario_macros::{appless as command, appless as detached_command, appless as query};
pub use stario_macros::{component, dependency, error_response};
pub use work::Unfinished;
pub use writer::{Alive, WhileAlive, Writer};

/// The options of a Datastar action; see [`Action`].
pub mod action {
    pub use crate::datastar::{ContentType, RequestCancellation, Retry};
}

/// Builds events with everything that the protocol offers: mode, selector, namespace, view transition, id,
/// retry.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/live")]
/// async fn live(last_event_id: Header<Option<String>>) -> impl Stream<Item = Event> {
///     let seen = last_event_id.0.and_then(|id| id.parse().ok()).unwrap_or(0);
///     stream! {
///         for number in seen + 1..=3 {
///             yield event::patch(html! { <b id="number">{number}</b> })
///                 .view_transition()
///                 .id(number)
///                 .retry(Duration::from_secs(3));
///         }
///         yield event::signals(json!({ "done": true })).only_if_missing();
///         yield event::script("console.log('done')").auto_remove(false);
///     }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.get("/live").send().events().len(), 5);
/// assert_eq!(client.get("/live").header("last-event-id", "2").send().events().len(), 3);
/// # }
/// ```
pub mod event {
    pub use crate::datastar::{
        Comment, Namespace, PatchElements, PatchSignals, Redirect, Remove, Script, comment, patch, ping,
        redirect, remove, script, signals,
    };
}

/// Builds a page or a part of one, checked at compile time.
///
/// ```
/// use stario::prelude::*;
///
/// let name = "Ada & Co";
/// let page = html! { <p class="name">"Hello, "{name}</p> };
/// assert_eq!(page.as_str(), r#"<p class="name">Hello, Ada &amp; Co</p>"#);
/// ```
#[macro_export]
macro_rules! html {
    ($($template:tt)*) => {
        $crate::__private::html_macro! { @crate($crate::__private::stario_html) $($template)* }
    };
}
