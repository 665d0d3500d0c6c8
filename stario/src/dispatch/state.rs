//! `DispatchState`: what a request waits for between its route and its response.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::found::Found;
use crate::app::Assembled;
use crate::exchange::Exchange;
use crate::handler::PendingCall;
use crate::response::{self, Response};
use crate::scope::Scope;
use crate::stop::Timer;

/// What a request reaches behind its layers or guards: `answer` or `answer_admitted` of `dispatch.rs`.
pub(super) type AnswerFn = fn(&Arc<Assembled>, &Arc<Exchange>, Arc<Scope>, Found) -> DispatchState;

/// The response, or what it waits for.
pub(super) enum DispatchState {
    Now(Box<Response>),
    Call(CalledHandler),
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// A handler's call, and the request's head for the page of a panic or of a timeout, if there may be one.
pub(super) struct CalledHandler {
    pub(super) call: PendingCall,
    pub(super) kept: Option<Arc<Scope>>,
    pub(super) deadline: Option<Pin<Box<Deadline>>>,
}

pin_project_lite::pin_project! {
    /// The time until which a handler must have answered.
    pub(super) struct Deadline {
        timeout: Duration,
        #[pin]
        timer: Timer,
    }
}

impl Deadline {
    pub(super) fn after(timeout: Duration) -> Self {
        Self { timeout, timer: Timer::new(Instant::now() + timeout) }
    }
}

impl DispatchState {
    pub(super) async fn wait(mut self, exchange: Arc<Exchange>) -> Response {
        std::future::poll_fn(|ctx| {
            let mut response = None;
            ready!(self.poll(&exchange, &mut response, ctx));
            Poll::Ready(response.unwrap_or_default())
        })
        .await
    }

    /// Polls the response into `response`: ready once it is there.
    pub(super) fn poll(
        &mut self,
        exchange: &Exchange,
        response: &mut Option<Response>,
        ctx: &mut Context<'_>,
    ) -> Poll<()> {
        *response = Some(match self {
            DispatchState::Now(response) => std::mem::take(&mut **response),
            DispatchState::Call(called) => return called.poll(exchange, response, ctx),
            DispatchState::Later(answering) => {
                let _entered = exchange.enter();
                ready!(answering.as_mut().poll(ctx))
            }
        });
        Poll::Ready(())
    }
}

impl CalledHandler {
    fn poll(
        &mut self,
        exchange: &Exchange,
        response: &mut Option<Response>,
        ctx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut whole = None;
        match self.call.poll_whole(&mut whole, ctx) {
            Poll::Ready(Ok(())) => {
                let give_memory = |headers: &mut HeaderMap| {
                    if let Some(scope) = self.call.take_scope() {
                        scope.give_headers(headers);
                    }
                };
                whole.unwrap_or_default().finish(response, give_memory);
            }
            Poll::Ready(Err(_)) => *response = Some(self.panicked(exchange)),
            Poll::Pending => {
                let Some(deadline) = &mut self.deadline else { return Poll::Pending };
                ready!(deadline.as_mut().project().timer.poll_elapsed(ctx));
                let timeout = deadline.timeout;
                *response = Some(self.time_out(exchange, timeout));
            }
        }
        Poll::Ready(())
    }

    /// The answer to a call that panicked.
    #[cold]
    fn panicked(&self, exchange: &Exchange) -> Response {
        let _entered = exchange.enter();
        let head = self.kept.as_ref().map(|scope| scope.head());
        exchange.settings().answers().panicked(head, exchange.id())
    }

    /// The answer to a call that takes too long. The call is dropped with this value, as if its client had left.
    #[cold]
    fn time_out(&self, exchange: &Exchange, timeout: Duration) -> Response {
        let _entered = exchange.enter();
        let handler = exchange.route().map(|route| route.target.endpoint.handler);
        tracing::error!(handler, ?timeout, "a handler did not answer in time");
        let message = format!("the answer took longer than {timeout:?}");
        let (status, answers) = (StatusCode::SERVICE_UNAVAILABLE, exchange.settings().answers());
        match &self.kept {
            Some(scope) => answers.status(status, &message, scope.head(), exchange.id()),
            None => response::text(status, message),
        }
    }
}
