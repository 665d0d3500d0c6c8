//! How long one who makes little progress is waited for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// The bytes that are worth a second.
const LEAST_SPEED: u32 = 256;

/// A stock of time: waiting spends it, and what comes of the wait refills it. So silence is borne for the
/// whole stock, and a trickle below 256 bytes a second not much longer. Costs nothing until the first wait.
pub(crate) struct Patience {
    limit: Duration,
    waiting: Option<Box<Waiting>>,
}

struct Waiting {
    left: Duration,
    since: Option<Instant>,
    end: Pin<Box<Sleep>>,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, waiting: None }
    }

    /// Nothing has come yet. Ready when that has been so for too long.
    pub(crate) fn poll_end(&mut self, ctx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| {
            Box::new(Waiting { left: limit, since: None, end: Box::pin(tokio::time::sleep(limit)) })
        });
        if waiting.since.is_none() {
            let now = Instant::now();
            waiting.since = Some(now);
            waiting.end.as_mut().reset(now + waiting.left);
        }
        waiting.end.as_mut().poll(ctx)
    }

    /// Something has come of it.
    pub(crate) fn refill(&mut self, bytes: usize) {
        let Some(waiting) = &mut self.waiting else { return };
        if let Some(since) = waiting.since.take() {
            waiting.left = waiting.left.saturating_sub(since.elapsed());
        }
        waiting.left = waiting.left.saturating_add(time_for(bytes)).min(self.limit);
    }
}

/// How long one may take for so many bytes who is just fast enough.
pub(crate) fn time_for(bytes: usize) -> Duration {
    Duration::from_secs(bytes as u64) / LEAST_SPEED
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many seconds one is waited for who sends `bytes` every `pause` seconds, of at most 1000.
    async fn endured(bytes: usize, pause: u64) -> u64 {
        let mut patience = Patience::new(Duration::from_secs(30));
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1000) {
            let pause = tokio::time::sleep(Duration::from_secs(pause));
            tokio::select! {
                biased;
                () = std::future::poll_fn(|ctx| patience.poll_end(ctx)) => break,
                () = pause => patience.refill(bytes),
            }
        }
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_a_trickle_end_and_a_slow_client_does_not() {
        assert_eq!(endured(1, 2000).await, 30);
        assert_eq!(endured(1, 1).await, 30);
        assert_eq!(endured(128, 1).await, 59);
        assert_eq!(endured(256, 1).await, 1000);
        assert_eq!(endured(10_000, 29).await, 1000 / 29 * 29 + 29);
    }
}
