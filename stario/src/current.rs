//! The work of this thread: one request, and the app whose links it builds.
//!
//! The log reads it to put the request's id on every line, wherever it is written: in a handler, a stream, a clean-up, a
//! library. Links read their prefix from it, and a presence whether the app stops. It only tells what is being polled; no result leaves
//! a poll by it.

use std::cell::Cell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::links::LinkScope;
use crate::request_id::RequestId;

/// The work that is being polled.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Current {
    /// `None` outside of requests.
    pub(crate) request_id: Option<RequestId>,
    /// `None` outside of apps.
    pub(crate) links: Option<LinkScope>,
    /// Whether the app has begun to stop, as a request sees it when it is polled or dropped.
    pub(crate) is_stopping: bool,
}

thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(Current { request_id: None, links: None, is_stopping: false }) };
}

/// Makes `current` what this thread works for, until the guard is dropped.
pub(crate) fn enter(current: Current) -> CurrentGuard {
    // A thread that ends has no request any more.
    let outer = CURRENT.try_with(|cell| cell.replace(current)).unwrap_or_default();
    CurrentGuard { outer, not_send: PhantomData }
}

/// The work of this thread.
pub(crate) fn get() -> Current {
    CURRENT.try_with(Cell::get).unwrap_or_default()
}

/// Restores what the thread worked for before, when it is dropped.
#[must_use = "the request is left when the guard is dropped"]
pub(crate) struct CurrentGuard {
    outer: Current,
    /// The guard belongs to the thread whose work it restores.
    not_send: PhantomData<*const ()>,
}

impl Drop for CurrentGuard {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|cell| cell.set(self.outer));
    }
}

pin_project_lite::pin_project! {
    /// A future that is polled as part of some work.
    pub(crate) struct Within<F> {
        current: Current,
        #[pin]
        future: F,
    }
}

/// Makes `current` what a thread works for, whenever it polls `future`.
pub(crate) fn within<F: Future>(current: Current, future: F) -> Within<F> {
    Within { current, future }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _current = enter(*this.current);
        this.future.poll(ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: RequestId) -> Current {
        Current { request_id: Some(id), ..Current::default() }
    }

    #[test]
    fn the_outer_request_is_restored_also_by_a_panic() {
        let [outer, inner] = [RequestId::next(), RequestId::next()];
        assert_eq!(get().request_id, None);
        let guard = enter(of(outer));
        let panic = std::panic::catch_unwind(|| {
            let _inner = enter(of(inner));
            assert_eq!(get().request_id, Some(inner));
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(panic.is_err());
        assert_eq!(get().request_id, Some(outer));
        drop(guard);
        assert_eq!(get().request_id, None);
    }

    #[tokio::test]
    async fn a_future_is_in_its_request_only_while_it_is_polled() {
        let id = RequestId::next();
        let polled = within(of(id), async {
            tokio::task::yield_now().await;
            get().request_id
        });
        assert_eq!(polled.await, Some(id));
        assert_eq!(get().request_id, None);
    }
}
