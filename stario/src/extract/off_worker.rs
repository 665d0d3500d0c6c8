//! Parsing of large inputs, which would keep a worker of the runtime from all its other requests.

use std::panic::resume_unwind;

use tokio::runtime::Handle;

use crate::current;
use crate::error::Rejection;

/// The most bytes that are parsed where the request is polled: 64 KiB, which takes less than a millisecond.
const INLINE_BYTES: usize = 16 * 1024;

/// Parses an input of `length` bytes, on a thread for blocking work if it is large.
pub(super) async fn parse<T: Send + 'static>(
    length: usize,
    parse: impl FnOnce() -> Result<T, Rejection> + Send + 'static,
) -> Result<T, Rejection> {
    let Some(runtime) = (length > INLINE_BYTES).then(|| Handle::try_current().ok()).flatten() else {
        return parse();
    };
    // What the user's types log belongs to the request, on whatever thread they are made.
    let current = current::get();
    let parsing = runtime.spawn_blocking(move || {
        let _guard = current::enter(current);
        parse()
    });
    // Boxed: each parameter would have room for it in the handler's future.
    match Box::pin(parsing).await {
        Ok(parsed) => parsed,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(Rejection::internal("the runtime ended before the request was parsed")),
        },
    }
}
