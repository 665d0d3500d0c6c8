//! One call, from the request to the last thing it does: how it hands out more than one result, and how it
//! outlives the one who waits for it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Span;

use super::{Endpoint, EndpointFuture, Kind};
use crate::app::Assembled;
use crate::body::{Body, BodyError};
use crate::error::{Error, panic_message};
use crate::reply::Answer;
use crate::response::{self, IntoResponse, Response};
use crate::scope::Scope;
use crate::sse;

/// Ends a call: what the handler answered, or the app's answer to what went wrong.
/// The request's clean-ups go with the response, to be done when it is sent.
pub fn complete(scope: Scope, answered: Result<Response, Error>) -> Response {
    let answered = answered.and_then(|response| match response::failure_of(&response) {
        Some(error) => Err(error),
        None => Ok(response),
    });
    let mut response = match answered {
        Ok(response) => response,
        Err(error) => scope.app().answers().answer(error, scope.head(), scope.request_id()),
    };
    response::finish_file(&mut response, scope.head());
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
    /// The stream has failed, and must not look complete.
    Cut(BodyError),
    /// Nothing is left to answer, but something to do.
    Accepted,
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
                Some(Ok(frame)) => Progress::Frame(frame),
                Some(Err(error)) => Progress::Cut(error),
                None => return Poll::Ready(Response::default()),
            },
        };
        // Whoever polls this takes it, and polls again when it is sent: no waker is needed.
        PROGRESS.set(Some(progress));
        Poll::Pending
    })
    .await
}

/// Answers 204 now; what follows runs in a task of its own.
pub async fn accept() {
    let mut is_told = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut is_told, true) {
            return Poll::Ready(());
        }
        // Whoever polls this takes it, and moves the call to where it is polled again.
        PROGRESS.set(Some(Progress::Accepted));
        Poll::Pending
    })
    .await;
}

/// The handler panicked before its response began; the log has it.
#[derive(Debug)]
pub(crate) struct Panicked;

/// Runs `endpoint` on one request.
pub(crate) async fn call(
    endpoint: &'static Endpoint,
    scope: Scope,
    app: &Arc<Assembled>,
) -> Result<Response, Panicked> {
    let place = match endpoint.kind {
        Kind::Query | Kind::Command => None,
        // Before the parameters, whose resolution may have effects.
        Kind::DetachedCommand => match app.work().admit() {
            Some(place) => Some(place),
            None => return Ok(overloaded()),
        },
    };
    let call = Call {
        endpoint,
        span: scope.span().clone(),
        app: Arc::clone(app),
        future: (endpoint.call)(scope),
        has_ended: false,
    };
    Begin { call: Some(call), place }.await
}

/// As many detached commands run as may.
fn overloaded() -> Response {
    let mut response = crate::response::text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    crate::response::set(response.headers_mut(), RETRY_AFTER, "1");
    response
}

/// A call whose panic is an error value, and a record in the log.
struct Call {
    endpoint: &'static Endpoint,
    /// The request's: what the call logs, however late, carries its id.
    span: Span,
    app: Arc<Assembled>,
    future: EndpointFuture,
    has_ended: bool,
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.has_ended && self.app.work().is_cut() {
            self.app.work().lose(self.endpoint.handler);
        }
    }
}

/// What a step of a call came to.
enum Step {
    Progress(Progress),
    End(Response),
    Panicked,
}

impl Call {
    fn step(&mut self, ctx: &mut Context<'_>) -> Poll<Step> {
        let _links = self.app.prefixes().enter();
        let _entered = self.span.enter();
        // A future that panicked is dropped and never polled again, so no broken invariant is seen.
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(ctx)));
        match (polled, PROGRESS.take()) {
            (Ok(Poll::Ready(response)), _) => {
                self.has_ended = true;
                Poll::Ready(Step::End(response))
            }
            (Ok(Poll::Pending), Some(progress)) => Poll::Ready(Step::Progress(progress)),
            (Ok(Poll::Pending), None) => Poll::Pending,
            (Err(panic), _) => {
                self.has_ended = true;
                let (handler, panic) = (self.endpoint.handler, panic_message(&*panic));
                tracing::error!(handler, panic, "a handler panicked");
                Poll::Ready(Step::Panicked)
            }
        }
    }
}

/// A call up to the head of its response.
struct Begin {
    call: Option<Call>,
    /// That of a detached command among those that run at once, until its end.
    place: Option<OwnedSemaphorePermit>,
}

impl Future for Begin {
    type Output = Result<Response, Panicked>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.call else {
            return Poll::Pending;
        };
        let step = ready!(call.step(ctx));
        if let Step::Progress(Progress::Accepted) = step {
            self.go_on();
            return Poll::Ready(Ok(StatusCode::NO_CONTENT.into_response()));
        }
        let call = self.call.take();
        Poll::Ready(match step {
            Step::End(response) => Ok(response),
            Step::Progress(Progress::Head(mut response)) => {
                *response.body_mut() = Body::events(Rest { call });
                Ok(response)
            }
            // `conduct` begins with the head, never with a frame.
            Step::Panicked | Step::Progress(_) => Err(Panicked),
        })
    }
}

impl Begin {
    /// Moves what is left of the call to a task: when it has answered early, and when the one who waits for
    /// it is dropped, as hyper does when the client leaves. Until then it costs nothing.
    fn go_on(&mut self) {
        let Some(call) = self.call.take() else { return };
        let app = Arc::clone(&call.app);
        // What is dropped because time is up goes nowhere.
        if call.endpoint.kind == Kind::Query || app.work().is_cut() {
            return;
        }
        let place = self.place.take();
        app.work().go_on(async move {
            // A detached command whose client leaves before it is answered is accepted here.
            let mut rest = Begin { call: Some(call), place };
            drop((&mut rest).await);
        });
    }
}

impl Drop for Begin {
    fn drop(&mut self) {
        self.go_on();
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
            Step::Progress(Progress::Cut(error)) => Some(Err(error)),
            Step::Panicked => Some(Err("the handler panicked".into())),
            _ => None,
        })
    }
}
