//! One call of a handler: how its future yields several results, and how it outlives its client.
//!
//! The generated future resolves the parameters, calls the function and ends with [`complete`]. Before its end it leaves each
//! result in the exchange, as a [`HandOver`], and returns `Pending`; [`Call::step`] takes the result from there.
//!
//! ```text
//!                       +-- End ------------------------------------> the response
//!   PendingCall --step--+-- Head ---> StreamingCall --Frame*--End---> frames of the response's body
//!                       +-- Accepted -> 204, and the call is spawned (a detached command)
//!                       +-- waits, and has a Writer -> WritingCall is spawned, the channel has the response
//!                       +-- Panicked -> 500
//! ```
//!
//! When a `PendingCall` is dropped because its client left, a query's call is dropped with it and a command's is spawned.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::StatusCode;
use http::header::RETRY_AFTER;
use http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;

use super::stream::{stream, too_many_streams, written};
use super::{Endpoint, EndpointFuture};
use crate::body::{BodyError, Cut};
use crate::channel::{Channel, WrittenResponse};
use crate::error::{Error, reason};
use crate::exchange::Exchange;
use crate::hand_over::{HandOver, NoResponse};
use crate::panic::panic_message;
use crate::response::{self, IntoResponse, Response, WholeResponse};
use crate::route::HandlerKind;
use crate::scope::Scope;
use crate::sse::{self, EventSource, Frame};
use crate::stream_places::StreamPlace;

/// Makes the response of the handler's value, or the app's answer to its error. Without a scope the head of the response is sent,
/// and an error only cuts the response.
fn finish(
    endpoint: &Endpoint,
    exchange: &Exchange,
    scope: Option<&Scope>,
    answered: Result<WholeResponse, Error>,
) -> WholeResponse {
    let answer = |error, head: &Parts| exchange.settings().answers().answer(error, head, exchange.id());
    let Some(scope) = scope else {
        return answered.unwrap_or_else(|error| {
            let (no_head, ()) = http::Request::new(()).into_parts();
            answer(error, &no_head).into()
        });
    };
    let mut response = match answered {
        Ok(WholeResponse::Response(response)) => match response::failure_of(&response) {
            Some(error) => Box::new(answer(error, scope.head())),
            None => response,
        },
        Ok(content) if endpoint.info.caching.is_none() => return content,
        Ok(content) => Box::new(content.into_response()),
        Err(error) => Box::new(answer(error, scope.head())),
    };
    response::finish_file(&mut response, scope.head());
    if let Some(caching) = endpoint.info.caching {
        let (handler, has_nonce) = (endpoint.info.handler, exchange.has_used_nonce());
        response::finish_caching(&mut response, caching, handler, scope.head(), has_nonce);
    }
    WholeResponse::Response(response)
}

/// Yields `Accepted`: the caller answers 204, and moves the call to a task.
pub async fn accept(exchange: &Exchange) {
    let mut is_left = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut is_left, true) {
            return Poll::Ready(());
        }
        // The caller takes it, and spawns the call, which is polled again there.
        exchange.leave(HandOver::Accepted);
        Poll::Pending
    })
    .await;
}

/// Begins a call of `endpoint`. Returns 503 if the limit of detached commands is reached.
///
/// Inlined, so that the call is not copied on the way back.
#[inline(always)]
pub(crate) fn call(
    endpoint: &'static Endpoint,
    exchange: &Arc<Exchange>,
    scope: Arc<Scope>,
) -> Result<PendingCall, Box<Response>> {
    let permit = match endpoint.info.kind {
        HandlerKind::Query | HandlerKind::Command | HandlerKind::DurableCommand | HandlerKind::Files => None,
        // The permit is taken before the parameters are resolved, because resolving them may have side effects.
        HandlerKind::DetachedCommand => match exchange.app().work.admit() {
            Some(permit) => Some(permit),
            None => return Err(Box::new(overloaded(&scope))),
        },
    };
    let future = (endpoint.call)(Arc::clone(exchange), Arc::clone(&scope));
    let call =
        Call { endpoint, exchange: Arc::clone(exchange), scope: Some(scope), future, has_ended: false };
    Ok(PendingCall {
        call: Some(call),
        scope: None,
        written_by: None,
        permit,
        has_client: true,
        is_spawned: false,
    })
}

/// The 503 for a detached command beyond the limit.
fn overloaded(scope: &Scope) -> Response {
    let (exchange, status) = (scope.exchange(), StatusCode::SERVICE_UNAVAILABLE);
    let _entered = exchange.enter();
    let mut response =
        exchange.settings().answers().status(status, reason(status), scope.head(), scope.exchange().id());
    response::set(response.headers_mut(), RETRY_AFTER, "1");
    response
}

/// A handler's future with its exchange. A panic becomes [`Step::Panicked`] and a record in the log.
struct Call {
    endpoint: &'static Endpoint,
    exchange: Arc<Exchange>,
    /// Kept until the response has a head, which may depend on the head of the request.
    scope: Option<Arc<Scope>>,
    future: EndpointFuture,
    has_ended: bool,
}

impl Drop for Call {
    fn drop(&mut self) {
        // A future that has ended holds nothing.
        if self.has_ended {
            return;
        }
        // What the handler holds is dropped while the thread is marked as working for the request, so that what is logged has its
        // id; a panic ends nothing else.
        let _entered = self.exchange.enter();
        let future = std::mem::replace(&mut self.future, Box::pin(std::future::pending()));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(future))) {
            let (handler, panic) = (self.endpoint.info.handler, panic_message(&*panic));
            tracing::error!(handler, panic, "a handler panicked when it was dropped");
        }
        if self.exchange.app().work.is_cut() {
            self.exchange.note_cut();
        }
    }
}

/// The result of one poll of a call. A whole response is large, so it is written into the caller's `whole`.
enum Step {
    /// An event stream begins. Its permit counts it against the limit of streams.
    Head(StreamPlace),
    HandOver(HandOver),
    End,
    Panicked,
}

impl Step {
    /// The end of a call that has nothing to hand over but its end.
    fn end(self, whole: Option<WholeResponse>) -> Result<WholeResponse, NoResponse> {
        match self {
            Step::End => whole.ok_or(NoResponse),
            Step::Head(_) | Step::HandOver(_) | Step::Panicked => Err(NoResponse),
        }
    }
}

impl Call {
    #[inline(always)]
    fn step(&mut self, whole: &mut Option<WholeResponse>, ctx: &mut Context<'_>) -> Poll<Step> {
        let Self { endpoint, exchange, scope, future, has_ended } = self;
        let _entered = exchange.enter();
        poll_step(endpoint, exchange, scope, future, has_ended, whole, ctx)
    }

    /// The same as [`step`](Self::step), where the thread is marked as working for the request already.
    fn step_entered(&mut self, ctx: &mut Context<'_>) -> Poll<Step> {
        let Self { endpoint, exchange, scope, future, has_ended } = self;
        // A stream ends without a value.
        poll_step(endpoint, exchange, scope, future, has_ended, &mut None, ctx)
    }

    /// Drops the scope if the handler's `Writer` has sent a head.
    fn release_scope(&mut self, channel: &Channel) {
        if self.scope.is_some() && channel.has_begun() {
            self.scope = None;
        }
    }

    /// Ends what a handler with a `Writer` has left open, and logs why its response is cut.
    fn conclude(&self, channel: &Channel, value: Result<WholeResponse, NoResponse>) {
        let _entered = self.exchange.enter();
        if let Some(error) = channel.conclude(value) {
            tracing::error!(handler = self.endpoint.info.handler, error, "a response was cut");
        }
    }
}

/// Polls a handler's future once.
fn poll_step(
    endpoint: &Endpoint,
    exchange: &Exchange,
    scope: &mut Option<Arc<Scope>>,
    future: &mut EndpointFuture,
    has_ended: &mut bool,
    whole: &mut Option<WholeResponse>,
    ctx: &mut Context<'_>,
) -> Poll<Step> {
    let mut polled = Poll::Pending;
    // A future that panicked is dropped and never polled again, so no broken invariant is seen.
    let caught = catch_unwind(AssertUnwindSafe(|| {
        if let Poll::Ready(answered) = future.as_mut().poll(ctx) {
            *has_ended = true;
            *whole = Some(finish(endpoint, exchange, scope.as_deref(), answered));
            polled = Poll::Ready(Step::End);
        } else if let Some(hand_over) = exchange.take() {
            // The response has a head now.
            let scope = scope.take();
            polled = Poll::Ready(match hand_over {
                HandOver::Head => match exchange.place_for_stream() {
                    Some(place) => Step::Head(place),
                    None => {
                        *whole = Some(too_many_streams(exchange, scope.as_deref().map(Scope::head)).into());
                        Step::End
                    }
                },
                hand_over => Step::HandOver(hand_over),
            });
        }
    }));
    if let Err(panic) = caught {
        *has_ended = true;
        let (handler, panic) = (endpoint.info.handler, panic_message(&*panic));
        exchange.seen().note_panic(&panic);
        tracing::error!(handler, panic, "a handler panicked");
        return Poll::Ready(Step::Panicked);
    }
    polled
}

/// A call whose response has no head yet.
pub(crate) struct PendingCall {
    call: Option<Call>,
    /// The scope of a call that has ended.
    scope: Option<Arc<Scope>>,
    /// The exchange whose channel delivers the response, once a handler with a `Writer` runs in its own task.
    written_by: Option<Arc<Exchange>>,
    /// Counts a detached command against the limit until it ends.
    permit: Option<OwnedSemaphorePermit>,
    has_client: bool,
    /// Whether it runs in a task of its own. When that is dropped, the call ends.
    is_spawned: bool,
}

impl PendingCall {
    /// Polls the response into `whole`: ready once it is there.
    #[inline(always)]
    pub(crate) fn poll_whole(
        &mut self,
        whole: &mut Option<WholeResponse>,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<(), NoResponse>> {
        let has_client = self.has_client;
        let Some(call) = &mut self.call else { return self.poll_written(whole, ctx) };
        let step = call.step(whole, ctx);
        let has_channel =
            call.endpoint.info.kind != HandlerKind::DetachedCommand && call.exchange.channel().is_some();
        if !has_channel {
            return self.respond(step, whole);
        }
        let exchange = Arc::clone(&call.exchange);
        let Some(channel) = exchange.channel() else { return Poll::Pending };
        if !has_client {
            channel.leave();
        }
        if !channel.has_writer() {
            return self.respond(step, whole);
        }
        match step {
            Poll::Pending => {
                call.release_scope(channel);
                self.detach(true);
            }
            Poll::Ready(step) => {
                call.conclude(channel, step.end(whole.take()));
                self.call = None;
            }
        }
        self.written_by = Some(exchange);
        self.poll_written(whole, ctx)
    }

    /// Takes the scope of a call that has ended.
    pub(crate) fn take_scope(&mut self) -> Option<Arc<Scope>> {
        self.scope.take()
    }

    /// Writes the response that `step` begins into `whole`.
    #[inline(always)]
    fn respond(
        &mut self,
        step: Poll<Step>,
        whole: &mut Option<WholeResponse>,
    ) -> Poll<Result<(), NoResponse>> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        // There is one match, because a step is large, and each function that takes it out of the `Poll` would copy it.
        let responded = match step {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Step::End) => {
                self.scope = call.scope.take();
                Ok(())
            }
            Poll::Ready(Step::Head(place)) => {
                let exchange = Arc::clone(&call.exchange);
                let stop = Some(exchange.app().stop.clone());
                let source = StreamingCall { call: self.call.take() };
                *whole = Some(stream(&exchange, sse::head(), source, stop, place).into());
                Ok(())
            }
            Poll::Ready(Step::HandOver(HandOver::Accepted)) => {
                self.detach(true);
                *whole = Some(StatusCode::NO_CONTENT.into_response().into());
                Ok(())
            }
            // A stream hands over its head first.
            Poll::Ready(Step::HandOver(_) | Step::Panicked) => Err(NoResponse),
        };
        self.call = None;
        Poll::Ready(responded)
    }

    /// Puts the response of a handler that writes it in its place.
    fn poll_written(
        &mut self,
        whole: &mut Option<WholeResponse>,
        ctx: &mut Context<'_>,
    ) -> Poll<Result<(), NoResponse>> {
        let Some(exchange) = &self.written_by else { return Poll::Pending };
        let Some(channel) = exchange.channel() else { return Poll::Pending };
        let (head, reader, is_events) = match ready!(channel.poll_head(ctx)) {
            Ok(WrittenResponse::Whole(response)) => {
                *whole = Some(response.into());
                return Poll::Ready(Ok(()));
            }
            Ok(WrittenResponse::Events(head, reader)) => (head, reader, true),
            Ok(WrittenResponse::Bytes(head, reader)) => (head, reader, false),
            Err(NoResponse) => return Poll::Ready(Err(NoResponse)),
        };
        // From here on, dropping the reader means that the client has left. The server's stop does not end this stream; the handler
        // sees the stop through `alive`.
        let response = match exchange.place_for_stream() {
            // The handler learns, by the reader's drop, that its client has left.
            None => too_many_streams(exchange, None),
            Some(place) if is_events => stream(exchange, head, reader, None, place),
            Some(place) => written(head, reader, place),
        };
        self.written_by = None;
        *whole = Some(response.into());
        Poll::Ready(Ok(()))
    }

    /// Moves the call to a task: when it has answered before its end, when it writes its response, and when the dispatch is
    /// dropped because the client left.
    fn detach(&mut self, has_client: bool) {
        let Some(call) = self.call.take() else { return };
        let exchange = Arc::clone(&call.exchange);
        let work = &exchange.app().work;
        // A call that the server's stop cuts ends here, and so does the response that it writes.
        if work.is_cut() {
            if let Some(channel) = exchange.channel() {
                channel.conclude(Err(NoResponse));
            }
            return;
        }
        let writer = exchange.channel().filter(|channel| channel.has_writer());
        match writer {
            Some(channel) if call.endpoint.info.kind != HandlerKind::DetachedCommand => {
                work.spawn_request(WritingCall { call, channel: Arc::clone(channel) });
            }
            // A query only reads: without its client nobody needs it.
            _ if call.endpoint.info.kind == HandlerKind::Query => {}
            _ => {
                let permit = self.permit.take();
                // A detached command whose client leaves before it is answered is accepted here.
                let mut rest = PendingCall {
                    call: Some(call),
                    scope: None,
                    written_by: None,
                    permit,
                    has_client,
                    is_spawned: true,
                };
                work.spawn(std::future::poll_fn(move |ctx| rest.poll_whole(&mut None, ctx).map(drop)));
            }
        }
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        let exchange = self.written_by.take().or_else(|| Some(Arc::clone(&self.call.as_ref()?.exchange)));
        let Some(exchange) = exchange else { return };
        if let Some(channel) = exchange.channel() {
            channel.leave();
        }
        if !self.is_spawned {
            self.detach(false);
        }
    }
}

/// A call that writes its response, in a task of its own.
struct WritingCall {
    call: Call,
    channel: Arc<Channel>,
}

impl Future for WritingCall {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let Self { call, channel } = &mut *self;
        let mut whole = None;
        let Poll::Ready(step) = call.step(&mut whole, ctx) else {
            call.release_scope(channel);
            return Poll::Pending;
        };
        call.conclude(channel, step.end(whole));
        Poll::Ready(())
    }
}

impl Drop for WritingCall {
    fn drop(&mut self) {
        // A response whose handler is dropped before its end is cut.
        self.call.conclude(&self.channel, Err(NoResponse));
    }
}

/// A call whose response has begun: the source of its stream's frames.
struct StreamingCall {
    call: Option<Call>,
}

impl Drop for StreamingCall {
    fn drop(&mut self) {
        if let Some(channel) = self.call.as_ref().and_then(|call| call.exchange.channel()) {
            channel.leave();
        }
    }
}

impl EventSource for StreamingCall {
    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Frame, BodyError>>> {
        let Some(call) = &mut self.call else { return Poll::Ready(None) };
        // The response's body, which polls this, has marked the thread.
        let step = match ready!(call.step_entered(ctx)) {
            Step::HandOver(HandOver::Frame(frame)) => return Poll::Ready(Some(Ok(frame))),
            step => step,
        };
        self.call = None;
        Poll::Ready(match step {
            Step::HandOver(HandOver::Cut(error)) => Some(Err(error)),
            Step::Panicked => Some(Err(Cut("the handler panicked").into())),
            Step::Head(_) | Step::HandOver(_) | Step::End => None,
        })
    }
}
