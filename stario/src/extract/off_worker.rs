//! Parsing of large inputs, which would keep a worker of the runtime from all its other requests.

use std::panic::resume_unwind;
use std::sync::LazyLock;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::current;
use crate::error::Rejection;

/// The most bytes that are parsed where the request is polled: 16 KiB, which takes less than a millisecond.
const INLINE_BYTES: usize = 16 * 1024;

/// A permit for each large input that may be parsed at once in this process: as many as the machine has cores. More would be no
/// faster, and would hold the values of all of them, which can take a hundred times as much memory as the inputs.
static PARSERS: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(cores()));

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Parses an input of `length` bytes, on a thread for blocking work if it is large. A request that is dropped while it waits
/// for its permit drops its input.
pub(super) async fn parse<T: Send + 'static>(
    length: usize,
    parse: impl FnOnce() -> Result<T, Rejection> + Send + 'static,
) -> Result<T, Rejection> {
    let Some(runtime) = (length > INLINE_BYTES).then(|| Handle::try_current().ok()).flatten() else {
        return parse();
    };
    // Lines that the user's types log belong to the request, on whatever thread they are made.
    let current = current::get();
    let parsing = async move {
        // The semaphore is never closed, so that there is always a permit.
        let permit = PARSERS.acquire().await.ok();
        let parse = move || {
            let (_guard, _permit) = (current::enter(current), permit);
            parse()
        };
        runtime.spawn_blocking(parse).await
    };
    // Boxed: each parameter would have room for it in the handler's future.
    match Box::pin(parsing).await {
        Ok(parsed) => parsed,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) => Err(Rejection::internal("the runtime ended before the request was parsed")),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;
    use tokio::task::spawn_blocking;

    use super::*;

    #[tokio::test]
    async fn as_many_inputs_are_parsed_at_once_as_there_are_cores() {
        let (began, mut beginnings) = tokio::sync::mpsc::unbounded_channel();
        let start = |name: usize| {
            let (release, released) = mpsc::channel::<()>();
            let began = began.clone();
            let mut parsing = Box::pin(parse(INLINE_BYTES + 1, move || {
                began.send(name).unwrap();
                let _ = released.recv();
                Ok(name)
            }));
            assert!((&mut parsing).now_or_never().is_none());
            (release, parsing)
        };
        let mut first: Vec<_> = (0..cores()).map(start).collect();
        for _ in 0..cores() {
            beginnings.recv().await.unwrap();
        }
        let (release_last, last) = start(cores());
        // A thread that it had asked for would begin before this one.
        spawn_blocking(|| ()).await.unwrap();
        assert_eq!(beginnings.recv().now_or_never(), None);
        let (release, parsing) = first.remove(0);
        drop(release);
        assert_eq!(parsing.await.unwrap(), 0);
        drop(release_last);
        assert_eq!(last.await.unwrap(), cores());
        assert_eq!(beginnings.recv().await, Some(cores()));
        drop(first);
    }
}
