//! Calls a handler: its arguments are resolved, it runs, its value becomes the response.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::Method;
use tokio_util::task::TaskTracker;

use crate::body::{Body, BodyError};
use crate::extract::{Rejection, Requirement};
use crate::reply::Answer;
use crate::response::Response;
use crate::scope::Scope;
use crate::sse;

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
///
/// A call that answers with a stream does not end with the head of its response: it goes on inside the
/// response's body, so that the stream may borrow from the request's scope. See [`conduct`].
pub type EndpointFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Ends a call: what the handler answered, or why it was not called. The request's clean-ups go with the
/// response, to be done when it is sent.
pub fn complete(scope: Scope, answered: Result<Response, Rejection>) -> Response {
    let mut response = answered.unwrap_or_else(Rejection::into_response);
    let cleanups = scope.into_cleanups();
    if !cleanups.is_empty() {
        response.body_mut().clean_up_after(cleanups);
    }
    response
}

/// What a call has come to, besides its end.
enum Progress {
    /// The head of an event stream. Frames follow.
    Head(Response),
    Frame(Bytes),
}

thread_local! {
    /// Left here by a call while it is polled, and taken by the one who polls it before anything else runs
    /// on the thread. It is how a future hands out more than its one result.
    static PROGRESS: Cell<Option<Progress>> = const { Cell::new(None) };
}

/// Ends a call: with the response, or when the last frame of its stream is sent.
pub async fn conduct(answer: Answer<'_>) -> Response {
    let mut frames = match answer {
        Answer::Whole(response) => return response,
        Answer::Events(frames) => frames,
    };
    let mut head = Some(sse::head());
    std::future::poll_fn(move |ctx| {
        let progress = match head.take() {
            Some(head) => Progress::Head(head),
            None => match ready!(frames.as_mut().poll_next(ctx)) {
                Some(frame) => Progress::Frame(frame),
                None => return Poll::Ready(Response::default()),
            },
        };
        // Whoever polls this takes it, and polls again when it is sent: no waker is needed.
        PROGRESS.set(Some(progress));
        Poll::Pending
    })
    .await
}

/// Runs `endpoint` on one request. A panic before the response begins answers 500.
pub(crate) async fn call(endpoint: &'static Endpoint, scope: Scope, tasks: &TaskTracker) -> Response {
    let outlives_client = match endpoint.kind {
        Kind::Query => None,
        Kind::Command => Some(tasks.clone()),
    };
    let call = Call { handler: endpoint.handler, future: (endpoint.call)(scope) };
    Begin { call: Some(call), outlives_client }.await
}

/// A call whose panic is an error value, and a record in the log.
struct Call {
    handler: &'static str,
    future: EndpointFuture,
}

/// What a step of a call came to.
enum Step {
    Progress(Progress),
    End(Response),
    Panicked,
}

impl Call {
    fn step(&mut self, ctx: &mut Context<'_>) -> Poll<Step> {
        // A future that panicked is dropped and never polled again, so no broken invariant is seen.
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(ctx)));
        match (polled, PROGRESS.take()) {
            (Ok(Poll::Ready(response)), _) => Poll::Ready(Step::End(response)),
            (Ok(Poll::Pending), Some(progress)) => Poll::Ready(Step::Progress(progress)),
            (Ok(Poll::Pending), None) => Poll::Pending,
            (Err(panic), _) => {
                tracing::error!(handler = self.handler, panic = panic_message(&*panic), "a handler panicked");
                Poll::Ready(Step::Panicked)
            }
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}

/// A call up to the head of its response.
struct Begin {
    call: Option<Call>,
    /// Where the call goes on when the one who waits for it is dropped, as hyper does when the client
    /// leaves. Until then it costs nothing.
    outlives_client: Option<TaskTracker>,
}

impl Future for Begin {
    type Output = Response;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Response> {
        let Some(call) = &mut self.call else {
            return Poll::Pending;
        };
        let step = ready!(call.step(ctx));
        let call = self.call.take();
        Poll::Ready(match step {
            Step::End(response) => response,
            Step::Progress(Progress::Head(mut response)) => {
                *response.body_mut() = Body::events(Rest { call });
                response
            }
            // `conduct` begins with the head, never with a frame.
            Step::Panicked | Step::Progress(Progress::Frame(_)) => crate::error::internal_server_error(),
        })
    }
}

impl Drop for Begin {
    fn drop(&mut self) {
        if let (Some(call), Some(tasks)) = (self.call.take(), self.outlives_client.take())
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let rest = Begin { call: Some(call), outlives_client: None };
            runtime.spawn(tasks.track_future(async move { drop(rest.await) }));
        }
    }
}

/// A call behind the head of its response: the frames of its stream.
struct Rest {
    call: Option<Call>,
}

impl Stream for Rest {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(call) = &mut self.call else {
            return Poll::Ready(None);
        };
        let step = ready!(call.step(ctx));
        if let Step::Progress(Progress::Frame(frame)) = step {
            return Poll::Ready(Some(Ok(frame)));
        }
        self.call = None;
        Poll::Ready(match step {
            // The response must not look complete.
            Step::Panicked => Some(Err("the handler panicked".into())),
            _ => None,
        })
    }
}
