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
//! | a handler | is |
//! |---|---|
//! | `#[app::query("/users/{id}")]` | GET: reads |
//! | `#[app::command("/users/{id}")]` | POST: changes something |
//! | `#[app::detached_command("/import")]` | POST: answers 204 when its parameters are resolved, then goes on |
//!
//! Its parameters are resolved before it runs: [`PathParam`], [`QueryParam`], [`Signal`], [`State`], or a
//! type of your own ([`FromRequest`]), or a value that a function makes ([`dependency`]). What it returns decides the response:
//!
//! | value | response |
//! |---|---|
//! | [`Html`], text (escaped), numbers, `bool`, a `Vec` of elements | 200, HTML |
//! | `()`, `None` | 204 |
//! | a stream, usually of [`stream!`] | 200, server-sent events for Datastar |
//! | [`Response`], [`IntoResponse`] | itself |
//! | `Result` | its value, or its error's status |
//!
//! In tests, [`TestClient`] calls an app without a server.

// The modules in the order in which a request passes them.

/// Accepts connections, reads requests, writes responses, stops gracefully.
mod server;
/// The whole way of a request, in one function.
mod dispatch;
/// Method and path to an endpoint and its captures.
mod routing;
/// One request: what its parameters are resolved from.
mod scope;
/// A request's values as a handler's parameters, one file per source.
mod extract;
/// Dependencies: who makes a value, for how long it is shared, what is cleaned up.
mod inject;
/// Runs a handler: panics, clients that leave.
mod handler;
/// A handler's value to a response, by its type.
mod reply;
/// Responses as values.
mod response;
/// What `stream!` expands to.
mod stream;
/// Events to frames.
mod sse;
/// What the browser's client understands.
mod datastar;
/// The body of a request or a response.
mod body;

// Beside the way.

/// What an app is, and the check that it can serve.
mod app;
/// In-process fan-out.
mod relay;
/// Errors that answer.
mod error;
/// Where the log goes.
mod telemetry;
/// Apps called without a server.
mod testing;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
pub mod prelude;

pub use app::{App, Problems};
pub use body::{Body, BodyError};
pub use datastar::{Action, DatastarScript, Event, IntoEvent, Mode, StreamItem, Url};
pub use error::{Error, Result};
pub use extract::{FromRequest, Parameter, PathParam, QueryParam, Rejection, Signal, Source, State};
pub use http;
pub use inject::{Cleanup, CleanupOutcome, Lazy};
pub use relay::{Relay, Subscription};
pub use response::{IntoResponse, Json, Redirect, Response};
pub use scope::Scope;
pub use stario_html as html;
pub use stario_html::{Children, Html, Raw, Render};
pub use stario_macros::{component, dependency};
pub use testing::{Events, NextEvent, Opening, ReceivedEvent, TestClient, TestRequest, TestResponse};

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Builds events that no plain value stands for.
pub mod event {
    pub use crate::datastar::{redirect, remove, script, signals};
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
