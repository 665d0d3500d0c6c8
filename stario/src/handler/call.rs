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
use crate::error::{Error, panic_message, reason};
use crate::reply::Answer;
use crate::response::{self, IntoResponse, Response};
use crate::scope::Scope;
use crate::sse;
use crate::writer::Line;

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
    /// An event stream begins. Frames follow.
    Head,
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

    /// Left here in the same way by a call whose handler takes a `Writer` or an `Alive`.
    static LINE: Cell<Option<Arc<Line>>> = const { Cell::new(None) };
}

/// Lets the call that is polled be told when its client leaves, and answer by the line if it has a `Writer`.
pub(crate) fn connect(line: Arc<Line>) {
    LINE.set(Some(line));
}

/// Ends a call: with the response, or when the last frame of its stream is sent.
pub async fn conduct(answer: Answer<'_>) -> Response {
    let mut frames = match answer {
        Answer::Whole(response) => return response,
        Answer::Events(frames) => frames,
    };
    let mut has_begun = false;
    std::future::poll_fn(move |ctx| {
        let progress = if std::mem::replace(&mut has_begun, true) {
            match ready!(frames.as_mut().poll_next(ctx)) {
                Some(Ok(frame)) => Progress::Frame(frame),
                Some(Err(error)) => Progress::Cut(error),
                None => return Poll::Ready(Response::default()),
            }
        } else {
            Progress::Head
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

/// The call of `endpoint` on one request; or the answer, if too much runs already.
pub(crate) fn call(
    endpoint: &'static Endpoint,
    scope: Scope,
    app: &Arc<Assembled>,
) -> Result<Begin, Box<Response>> {
    let place = match endpoint.kind {
        Kind::Query | Kind::Command => None,
        // Before the parameters, whose resolution may have effects.
        Kind::DetachedCommand => match app.work().admit() {
            Some(place) => Some(place),
            None => return Err(Box::new(overloaded(&scope))),
        },
    };
    let call = Call {
        endpoint,
        span: scope.span().clone(),
        app: Arc::clone(app),
        future: (endpoint.call)(scope),
        line: None,
        has_ended: false,
    };
    Ok(Begin { call: Some(call), place, line: None, has_client: true })
}

/// As many detached commands run as may.
fn overloaded(scope: &Scope) -> Response {
    let (app, status) = (scope.app(), StatusCode::SERVICE_UNAVAILABLE);
    let mut response = app.answers().status(status, reason(status), scope.head(), scope.request_id());
    response::set(response.headers_mut(), RETRY_AFTER, "1");
    response
}

/// A call whose panic is an error value, and a record in the log.
struct Call {
    endpoint: &'static Endpoint,
    /// The request's: what the call logs, however late, carries its id.
    span: Span,
    app: Arc<Assembled>,
    future: EndpointFuture,
    /// Once the handler has asked for it.
    line: Option<Arc<Line>>,
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

impl Step {
    /// What a call came to that has nothing to hand out but its end.
    fn end(self) -> Result<Response, Panicked> {
        match self {
            Step::End(response) => Ok(response),
            Step::Progress(_) | Step::Panicked => Err(Panicked),
        }
    }
}

impl Call {
    fn step(&mut self, ctx: &mut Context<'_>) -> Poll<Step> {
        // A handler may itself poll a call of another handler.
        let _outer = Outer(LINE.take());
        self.step_alone(ctx)
    }

    fn step_alone(&mut self, ctx: &mut Context<'_>) -> Poll<Step> {
        let _links = self.app.prefixes().enter();
        let _entered = self.span.enter();
        // A future that panicked is dropped and never polled again, so no broken invariant is seen.
        let polled = catch_unwind(AssertUnwindSafe(|| self.future.as_mut().poll(ctx)));
        if let Some(line) = LINE.take() {
            self.line = Some(line);
        }
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

/// The line of a call around this one, put back when this one is polled.
struct Outer(Option<Arc<Line>>);

impl Drop for Outer {
    fn drop(&mut self) {
        if let Some(line) = self.0.take() {
            LINE.set(Some(line));
        }
    }
}

/// A call up to the head of its response.
pub(crate) struct Begin {
    call: Option<Call>,
    /// That of a detached command among those that run at once, until its end.
    place: Option<OwnedSemaphorePermit>,
    /// The call's, which may be elsewhere; none for a detached command, which has no client.
    line: Option<Arc<Line>>,
    has_client: bool,
}

impl Future for Begin {
    type Output = Result<Response, Panicked>;

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.call else {
            return self.poll_written(ctx);
        };
        let step = call.step(ctx);
        let has_client = call.endpoint.kind != Kind::DetachedCommand;
        if let Some(line) = call.line.clone().filter(|_| has_client) {
            return self.poll_with(&line, step, ctx);
        }
        let step = ready!(step);
        self.begin(step)
    }
}

impl Begin {
    /// The response, if this step has it.
    fn begin(&mut self, step: Step) -> Poll<Result<Response, Panicked>> {
        if let Step::Progress(Progress::Accepted) = step {
            self.go_on(true);
            return Poll::Ready(Ok(StatusCode::NO_CONTENT.into_response()));
        }
        let call = self.call.take();
        Poll::Ready(match step {
            Step::Progress(Progress::Head) => {
                // From here on the frames tell whether the client is there.
                self.line = None;
                let mut response = sse::head();
                *response.body_mut() = Body::events(Rest { call, end: None });
                Ok(response)
            }
            // `conduct` begins with the head, never with a frame.
            step => step.end(),
        })
    }

    /// The same for a call that has asked for its line.
    fn poll_with(
        &mut self,
        line: &Arc<Line>,
        step: Poll<Step>,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<Response, Panicked>> {
        if !self.has_client {
            line.leave();
        }
        self.line = Some(Arc::clone(line));
        if !line.is_written() {
            let step = ready!(step);
            return self.begin(step);
        }
        match step {
            Poll::Pending => self.go_on(true),
            Poll::Ready(step) => {
                line.conclude(step.end());
                self.call = None;
            }
        }
        self.poll_written(ctx)
    }

    /// The response of a call that writes it, and is elsewhere.
    fn poll_written(&mut self, ctx: &mut Context<'_>) -> Poll<Result<Response, Panicked>> {
        let Some(line) = &self.line else {
            return Poll::Pending;
        };
        let response = ready!(line.poll_head(ctx));
        if response.as_ref().is_ok_and(|response| response.body().is_written()) {
            // From here on the body tells whether the client is there.
            self.line = None;
        }
        Poll::Ready(response)
    }

    /// Moves what is left of the call to a task: when it has answered early, when it writes, and when the one
    /// who waits for it is dropped, as hyper does when the client leaves. Until then it costs nothing.
    fn go_on(&mut self, has_client: bool) {
        let Some(call) = self.call.take() else { return };
        let app = Arc::clone(&call.app);
        if let Some(line) = call.line.clone().filter(|line| line.is_written()) {
            let writing = Writing { call, line };
            if !app.work().is_cut() {
                app.work().spawn_request(writing);
            }
            return;
        }
        // What is dropped because time is up goes nowhere.
        if call.endpoint.kind == Kind::Query || app.work().is_cut() {
            return;
        }
        let place = self.place.take();
        app.work().go_on(async move {
            // A detached command whose client leaves before it is answered is accepted here.
            let mut rest = Begin { call: Some(call), place, line: None, has_client };
            drop((&mut rest).await);
        });
    }
}

impl Drop for Begin {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.leave();
        }
        self.go_on(false);
    }
}

/// A call that writes its response, in a task of its own.
struct Writing {
    call: Call,
    line: Arc<Line>,
}

impl Future for Writing {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let step = ready!(self.call.step(ctx));
        self.line.conclude(step.end());
        Poll::Ready(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // If it was dropped before its end: whoever waits for it must not wait for ever.
        self.line.conclude(Err(Panicked));
    }
}

/// A call behind the head of its response: the frames of its stream.
struct Rest {
    call: Option<Call>,
    /// Of which the clean-ups count. They run when this is dropped: more may follow the last frame, as the
    /// end of a compressed body does.
    end: Option<Response>,
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(line) = self.call.as_ref().and_then(|call| call.line.as_ref()) {
            line.leave();
        }
    }
}

impl Stream for Rest {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(call) = &mut self.call else {
            return Poll::Ready(None);
        };
        let step = match call.step(ctx) {
            Poll::Ready(Step::Progress(Progress::Frame(frame))) => return Poll::Ready(Some(Ok(frame))),
            Poll::Ready(step) => step,
            Poll::Pending => return Poll::Pending,
        };
        self.call = None;
        Poll::Ready(match step {
            Step::Progress(Progress::Cut(error)) => Some(Err(error)),
            Step::Panicked => Some(Err("the handler panicked".into())),
            Step::End(response) => {
                self.end = Some(response);
                None
            }
            Step::Progress(_) => None,
        })
    }
}
