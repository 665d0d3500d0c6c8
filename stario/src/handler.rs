//! `Endpoint`: a handler and what is known of it; and its call, from resolving the arguments to the response.

mod call;
mod complete;
mod explicit;
mod route;
mod stream;

use std::pin::Pin;
use std::sync::Arc;

use crate::durable::{DurableInfo, StoredValues};
use crate::error::{Error, Result};
use crate::exchange::Exchange;
use crate::layer::Next;
use crate::parameter::Requirement;
use crate::response::WholeResponse;
use crate::route::{EndpointInfo, HandlerKind};
use crate::scope::Scope;

pub use call::accept;
pub(crate) use call::{PendingCall, call};
pub use complete::complete;
pub use explicit::{DetachedHandler, Handler, HandlerRoute, command, detached_command, query};
pub(crate) use route::{EndpointRoute, RouteTarget};
pub(crate) use stream::mounted;

/// A handler with all that is known about it. The macros write one per annotated function.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// What requests it answers, and where it stands.
    pub info: EndpointInfo,
    /// The layer in its attribute.
    pub layer: Option<fn(Next) -> Next>,
    /// What the app must provide for its parameters, such as state.
    pub requirements: fn() -> Vec<Option<Requirement>>,
    /// Resolves the arguments from the scope, calls the function, classifies its value.
    pub call: EndpointCall,
    /// How the stored command runs, if the handler is durable: `call` then only stores the arguments.
    pub durable: Option<&'static DurableEndpoint>,
}

/// A durable handler: how its commands are stored, and how they run.
#[derive(Debug)]
pub struct DurableEndpoint {
    /// What its attribute says.
    pub info: DurableInfo,
    /// Takes the arguments from what is stored, and calls the function.
    pub run: fn(Arc<Exchange>, Arc<Scope>, StoredValues) -> RunFuture,
}

/// One run of a durable command.
pub type RunFuture = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Endpoint {
    /// A route of the framework itself, by GET. `handler` is its name in the log and in lists.
    pub(crate) const fn of_framework(
        kind: HandlerKind,
        path: &'static str,
        handler: &'static str,
        (file, line): (&'static str, u32),
        call: EndpointCall,
    ) -> Self {
        let info = EndpointInfo::new(kind, "GET", path, handler, file, line);
        Self { info, layer: None, requirements: Vec::new, call, durable: None }
    }
}

/// Begins one call of a handler.
pub(crate) type EndpointCall = fn(Arc<Exchange>, Arc<Scope>) -> EndpointFuture;

/// One call of a handler. Boxed once here: the app keeps handlers of different types in one table.
///
/// A call that answers with a stream does not end with the head of its response: it runs on inside the
/// response's body, so that the stream may borrow from the request's dependencies; and one that answers before it
/// runs is moved to a task. See `complete` and `accept`. It drops the scope when its parameters are resolved; the call keeps
/// it until there is a head.
pub type EndpointFuture = Pin<Box<dyn Future<Output = Result<WholeResponse, Error>> + Send>>;
