//! Calls a handler: its arguments are resolved, it runs, its value becomes the response.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Method;
use tokio_util::task::TaskTracker;

use crate::extract::{Rejection, Requirement};
use crate::response::Response;
use crate::scope::Scope;

/// What a handler is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// GET: reads, and is dropped when its client leaves.
    Query,
    /// POST: changes something, and runs to its end whether the client waits or not.
    Command,
}

impl Kind {
    pub(crate) fn method(self) -> Method {
        match self {
            Kind::Query => Method::GET,
            Kind::Command => Method::POST,
        }
    }
}

/// A handler with all that is known about it. The macros write one per annotated function.
#[derive(Debug)]
pub struct Endpoint {
    /// Decides the method.
    pub kind: Kind,
    /// The path template.
    pub path: &'static str,
    /// The function's path: `crate::module::name`.
    pub handler: &'static str,
    /// Where the attribute stands.
    pub file: &'static str,
    /// Its line in that file.
    pub line: u32,
    /// What its parameters need the app to hold.
    pub requirements: fn() -> Vec<Option<Requirement>>,
    /// Resolves the arguments from the scope, calls the function, classifies its value.
    pub call: fn(Scope) -> EndpointFuture,
}

/// One call of a handler. Boxed once here: the app keeps handlers of different types in one table.
pub type EndpointFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Answers a refused parameter, in the app's words if it has its own.
pub fn refuse(scope: &Scope, rejection: Rejection) -> Response {
    match scope.app().settings().rejection_handler() {
        Some(handler) => handler(&rejection, scope.head()),
        None => rejection.into_response(scope.head()),
    }
}

/// Runs `endpoint` on one request. A panic anywhere in it answers 500.
pub(crate) async fn call(endpoint: &'static Endpoint, scope: Scope, tasks: &TaskTracker) -> Response {
    let call = CatchPanic { handler: endpoint.handler, future: (endpoint.call)(scope) };
    match endpoint.kind {
        Kind::Query => call.await,
        Kind::Command => RunToEnd { call: Some(call), tasks: tasks.clone() }.await,
    }
}

/// A call whose panic is a 500 and a record in the log.
struct CatchPanic {
    handler: &'static str,
    future: EndpointFuture,
}

impl Future for CatchPanic {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Response> {
        // A future that panicked is dropped and never polled again, so no broken invariant is seen.
        match catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(ctx))) {
            Ok(poll) => poll,
            Err(panic) => {
                tracing::error!(handler = self.handler, panic = panic_message(&*panic), "a handler panicked");
                Poll::Ready(crate::error::internal_server_error())
            }
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}

/// A call that goes on in a task of its own when the one who waits for it is dropped, as hyper does when
/// the client leaves. Until then it costs nothing.
struct RunToEnd {
    call: Option<CatchPanic>,
    tasks: TaskTracker,
}

impl Future for RunToEnd {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Response> {
        let Some(call) = &mut self.call else {
            return Poll::Pending;
        };
        let poll = Pin::new(call).poll(ctx);
        if poll.is_ready() {
            self.call = None;
        }
        poll
    }
}

impl Drop for RunToEnd {
    fn drop(&mut self) {
        if let Some(call) = self.call.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(self.tasks.track_future(async move { drop(call.await) }));
        }
    }
}
