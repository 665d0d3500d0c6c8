//! An answer on its way, and the call that it waits for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::exchange::Exchange;
use crate::handler::PendingCall;
use crate::response::Response;
use crate::scope::Scope;

/// An answer on its way.
pub(super) enum DispatchState {
    Now(Box<Response>),
    Call(CalledHandler),
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// A handler's call, and the request's head for the page of a panic, if the app has one.
pub(super) struct CalledHandler {
    pub(super) call: PendingCall,
    pub(super) kept: Option<Arc<Scope>>,
}

impl DispatchState {
    pub(super) async fn wait(mut self, exchange: Arc<Exchange>) -> Response {
        *std::future::poll_fn(|ctx| self.poll(&exchange, ctx)).await
    }

    pub(super) fn poll(&mut self, exchange: &Exchange, ctx: &mut Context<'_>) -> Poll<Box<Response>> {
        match self {
            DispatchState::Now(response) => Poll::Ready(std::mem::take(response)),
            DispatchState::Call(called) => called.poll(exchange, ctx),
            DispatchState::Later(answering) => {
                let _entered = exchange.enter();
                answering.as_mut().poll(ctx).map(Box::new)
            }
        }
    }
}

impl CalledHandler {
    pub(super) fn poll(&mut self, exchange: &Exchange, ctx: &mut Context<'_>) -> Poll<Box<Response>> {
        Poll::Ready(match ready!(Pin::new(&mut self.call).poll(ctx)) {
            Ok(response) => response,
            Err(_) => {
                let _entered = exchange.enter();
                let head = self.kept.as_ref().map(|scope| scope.head());
                Box::new(exchange.settings().answers().panicked(head, exchange.id()))
            }
        })
    }
}
