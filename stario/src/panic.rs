//! Panics: where one was, what it said, and futures that end with one instead of unwinding.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

thread_local! {
    /// The text of this thread's last panic, and where it was, which its payload does not tell.
    static LAST_PANIC: Cell<Option<(String, String)>> = const { Cell::new(None) };
}

/// Makes [`panic_message`] say where a panic was. The hook that is installed already is still called.
pub(crate) fn locate_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if let Some(place) = panic.location() {
            let last = (panic_text(panic.payload()).to_owned(), place.to_string());
            // A thread that is ending may have dropped it already, and needs it no more.
            let _ = LAST_PANIC.try_with(|place| place.set(Some(last)));
        }
        hook(panic);
    }));
}

/// The text of a caught panic, and where it was, for the log.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> String {
    let text = panic_text(panic);
    match LAST_PANIC.take() {
        // The text differs if this panic was resumed from another thread: the place is then that of another panic.
        Some((last, place)) if last == text => format!("{text}, at {place}"),
        _ => text.to_owned(),
    }
}

fn panic_text(panic: &dyn Any) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}

/// Wraps `future`: the result is its output, or the panic that ended it.
pub(crate) fn catch_panic<F: Future>(future: F) -> CatchPanic<F> {
    CatchPanic { future }
}

pin_project_lite::pin_project! {
    /// The future of [`catch_panic`]. It is written by hand, because an `async` function would have room for the wrapped
    /// future twice.
    pub(crate) struct CatchPanic<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, Box<dyn Any + Send>>;

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        // A future that panicked is never polled again, so no broken invariant is seen.
        match catch_unwind(AssertUnwindSafe(|| future.poll(ctx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
