//! Which request is polled on this thread.
//!
//! The log reads it to put the request's id on every line, whoever writes the line: a handler, a stream, a
//! clean-up, a library. It only tells what is polled; nothing hands a result out of a poll by it.

use std::cell::Cell;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::extract::RequestId;

/// What is known of the request that is polled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Current {
    pub(crate) request_id: RequestId,
}

thread_local! {
    static CURRENT: Cell<Option<Current>> = const { Cell::new(None) };
}

/// Makes `current` the request that is polled on this thread, until the guard is dropped. None is work of no
/// request.
pub(crate) fn enter(current: impl Into<Option<Current>>) -> Guard {
    // A thread that ends has no request any more.
    let outer = CURRENT.try_with(|cell| cell.replace(current.into())).unwrap_or_default();
    Guard { outer, not_send: PhantomData }
}

/// The request that is polled on this thread.
pub(crate) fn get() -> Option<Current> {
    CURRENT.try_with(Cell::get).unwrap_or_default()
}

/// Restores the request that was polled before, when it is dropped.
#[must_use = "the request is left when the guard is dropped"]
pub(crate) struct Guard {
    outer: Option<Current>,
    /// The guard belongs to the thread whose request it restores.
    not_send: PhantomData<*const ()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|cell| cell.set(self.outer));
    }
}

pin_project_lite::pin_project! {
    /// A future that is polled as part of a request.
    pub(crate) struct InRequest<F> {
        current: Option<Current>,
        #[pin]
        future: F,
    }
}

/// Makes `current` the request of `future`, whenever that is polled.
pub(crate) fn within<F: Future>(current: impl Into<Option<Current>>, future: F) -> InRequest<F> {
    InRequest { current: current.into(), future }
}

impl<F: Future> Future for InRequest<F> {
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

    #[test]
    fn the_outer_request_is_restored_also_by_a_panic() {
        let [outer, inner] = [RequestId::next(), RequestId::next()];
        let polled = || get().map(|current| current.request_id);
        assert_eq!(polled(), None);
        let guard = enter(Current { request_id: outer });
        let panic = std::panic::catch_unwind(|| {
            let _inner = enter(Current { request_id: inner });
            assert_eq!(polled(), Some(inner));
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(panic.is_err());
        assert_eq!(polled(), Some(outer));
        drop(guard);
        assert_eq!(polled(), None);
    }

    #[tokio::test]
    async fn a_future_is_in_its_request_only_while_it_is_polled() {
        let request_id = RequestId::next();
        let polled = within(Current { request_id }, async {
            tokio::task::yield_now().await;
            get().map(|current| current.request_id)
        });
        assert_eq!(polled.await, Some(request_id));
        assert!(get().is_none());
    }
}
