//! Counts tasks, so that their end can be waited for.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};

use tokio::sync::Notify;

/// Counts messages to other processes that are not sent yet, such as that a member has left. A stop waits for them.
pub(crate) static UNSENT: LazyLock<TaskTracker> = LazyLock::new(TaskTracker::default);

/// Counts its tokens, and wakes the tasks that wait until the last token is dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct TaskTracker(Arc<Count>);

/// The orderings are sequential: one side lowers the count and then looks for waiting tasks, the other begins to wait and
/// then reads the count.
#[derive(Debug, Default)]
struct Count {
    tokens: AtomicUsize,
    ended: Notify,
}

impl TaskTracker {
    pub(crate) fn len(&self) -> usize {
        self.0.tokens.load(Ordering::SeqCst)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts until the token is dropped.
    pub(crate) fn token(&self) -> TaskToken {
        self.0.tokens.fetch_add(1, Ordering::SeqCst);
        TaskToken(Arc::clone(&self.0))
    }

    /// The future, counted until it is dropped.
    pub(crate) fn track_future<F: Future>(&self, future: F) -> Tracked<F> {
        Tracked { future, _token: self.token() }
    }

    /// Runs `future` in a task of its own, counted.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        tokio::task::spawn(self.track_future(future));
    }

    /// Waits until there is no token.
    pub(crate) async fn wait(&self) {
        loop {
            let mut ended = pin!(self.0.ended.notified());
            ended.as_mut().enable();
            if self.is_empty() {
                return;
            }
            ended.await;
        }
    }
}

/// Counts for its [`TaskTracker`] until it is dropped.
#[derive(Debug)]
pub(crate) struct TaskToken(Arc<Count>);

impl Drop for TaskToken {
    fn drop(&mut self) {
        if self.0.tokens.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.ended.notify_waiters();
        }
    }
}

pin_project_lite::pin_project! {
    /// A future and its token, which is dropped after it.
    pub(crate) struct Tracked<F> {
        #[pin]
        future: F,
        _token: TaskToken,
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(ctx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_token_ends_the_wait() {
        let tasks = TaskTracker::default();
        tasks.wait().await;
        let (first, second) = (tasks.token(), tasks.token());
        assert_eq!(tasks.len(), 2);
        let mut waiting = pin!(tasks.wait());
        let mut is_over = async || {
            tokio::select! {
                biased;
                () = waiting.as_mut() => true,
                () = std::future::ready(()) => false,
            }
        };
        assert!(!is_over().await);
        drop(first);
        assert!(!is_over().await);
        drop(second);
        assert!(is_over().await);
    }
}
