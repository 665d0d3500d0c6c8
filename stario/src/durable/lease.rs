//! The lease of a run: how long the command belongs to this process, and what extends it while it runs.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::clock::milliseconds;
use super::queue::Queue;
use super::store::Run;
use crate::error::StoreError;
use crate::shared::Shared;

/// When the lease of a run ends that was claimed at `claimed`; `None` if it has been lost. A claim that took long has used up some of it,
/// so it is extended before the command begins.
pub(super) async fn begin(queue: &Queue, run: Run, claimed: Instant) -> Option<Instant> {
    let end = claimed + queue.lease;
    if claimed.elapsed() < queue.lease / 3 {
        return Some(end);
    }
    let extended_end = Instant::now() + queue.lease;
    match timeout_at(extended_end, extend(queue, run)).await {
        Ok(Ok(true)) => Some(extended_end),
        Ok(Err(error)) if Instant::now() < end => {
            tracing::warn!(id = %run.id, %error, "the lease of a durable command is not extended");
            Some(end)
        }
        _ => None,
    }
}

/// Extends the lease of a run again and again, in a task of its own, which a handler that blocks its thread does not keep from it. As a
/// future it ends when the lease is lost. The task ends when this is dropped.
pub(super) struct Heartbeat(JoinHandle<()>);

impl Heartbeat {
    /// Begins to extend a lease that ends at `end`.
    pub(super) async fn begin(app: Arc<Shared>, run: Run, end: Instant) -> Self {
        let heartbeat = Self(tokio::spawn(async move {
            if let Some(queue) = &app.durable {
                lost(queue, run, end).await;
            }
        }));
        // A new task waits for this thread, and no other thread takes it. So it begins to wait for its time before a handler can block.
        tokio::task::yield_now().await;
        heartbeat
    }
}

impl Future for Heartbeat {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        // A task that panicked extends nothing any more.
        Pin::new(&mut self.0).poll(ctx).map(drop)
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Extends the lease each third of its time, and more often while the store fails. Ends when it is lost, and at its end if the store has
/// not answered by then.
async fn lost(queue: &Queue, run: Run, mut end: Instant) {
    let mut next = end - queue.lease * 2 / 3;
    loop {
        sleep_until(next).await;
        let extended_end = Instant::now() + queue.lease;
        match timeout_at(end, extend(queue, run)).await {
            Ok(Ok(true)) => {
                end = extended_end;
                next = end - queue.lease * 2 / 3;
            }
            Ok(Ok(false)) => return,
            Ok(Err(error)) if Instant::now() < end => {
                tracing::warn!(id = %run.id, %error, "the lease of a durable command is not extended");
                next = end.min(Instant::now() + queue.lease / 10);
            }
            Ok(Err(error)) => {
                tracing::error!(id = %run.id, %error, "the lease of a durable command has ended");
                return;
            }
            Err(_) => {
                tracing::error!(id = %run.id, "the lease of a durable command has ended: the store does not answer");
                return;
            }
        }
    }
}

async fn extend(queue: &Queue, run: Run) -> Result<bool, StoreError> {
    let lease_until = queue.clock.now().saturating_add(milliseconds(queue.lease));
    queue.store.extend(run, lease_until).await
}
