//! What a handler is, and its call: its arguments are resolved, it runs, its value becomes the response.

mod call;
mod explicit;

use std::fmt;
use std::pin::Pin;

use crate::extract::Requirement;
use crate::layer::Next;
use crate::response::Response;
use crate::scope::Scope;

pub(crate) use call::{Begin, Panicked, call, connect};
pub use call::{accept, complete, conduct};
pub use explicit::{DetachedHandler, Handler, HandlerRoute, command, detached_command, query};

/// The kind of a handler. The method named here is its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// GET: reads, and is dropped when its client leaves.
    Query,
    /// POST: changes something, and runs to its end whether the client waits or not.
    Command,
    /// POST: answers 204 once its parameters are resolved, then goes on in the background.
    DetachedCommand,
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Kind::Query => "query",
            Kind::Command => "command",
            Kind::DetachedCommand => "detached command",
        })
    }
}

/// A handler with all that is known about it. The macros write one per annotated function.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// What it is for.
    pub kind: Kind,
    /// The method it answers; a text, because that is what a request's is compared with.
    pub method: &'static str,
    /// The path template, without what the app puts before it.
    pub path: &'static str,
    /// What the request's headers must be, in the order of their names, which are in lower case.
    pub headers: &'static [(&'static str, &'static str)],
    /// What its attribute puts around it.
    pub layer: Option<fn(Next) -> Next>,
    /// The function's path: `crate::module::name`.
    pub handler: &'static str,
    /// Where the attribute stands.
    pub file: &'static str,
    /// Its line in that file.
    pub line: u32,
    /// Whether its parameters were checked against its path and method when it was compiled.
    pub is_checked: bool,
    /// What its parameters need the app to hold.
    pub requirements: fn() -> Vec<Option<Requirement>>,
    /// Resolves the arguments from the scope, calls the function, classifies its value.
    pub call: fn(Scope) -> EndpointFuture,
}

impl Endpoint {
    /// Whether a request has a body here: browsers send none with GET.
    pub(crate) fn has_body(&self) -> bool {
        self.method != "GET"
    }

    /// Whether signals are in the query, and leave the body to others.
    pub(crate) fn has_signals_in_query(&self) -> bool {
        matches!(self.method, "GET" | "DELETE")
    }
}

/// One call of a handler. Boxed once here: the app keeps handlers of different types in one table.
///
/// A call that answers with a stream does not end with the head of its response: it goes on inside the
/// response's body, so that the stream may borrow from the request's scope; and one that answers before it
/// runs goes on in a task. See [`conduct`] and [`accept`].
pub type EndpointFuture = Pin<Box<dyn Future<Output = Response> + Send>>;
