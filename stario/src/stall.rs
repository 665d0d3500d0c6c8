//! Ends a transfer that is silent, or slower than 256 bytes a second.
//!
//! A [`StallTimer`] is a budget of time. Waiting spends it, and each byte that moves adds 1/256 of a second, up to
//! the limit that the budget began with. So silence ends a transfer after the whole limit, and a trickle not
//! much later. A transfer for which much is held in memory may be demanded to be faster.
//!
//! ```text
//! new (no allocation) --poll_stalled--> waiting, since `since`, until the budget is spent --> stalled
//!                                          |          ^
//!                               note_progress      poll_stalled
//!                                          v          |
//!                                        moving (no time is spent)
//! ```

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::stop::Timer;

/// The least speed of a transfer, in bytes a second.
pub(crate) const LEAST_SPEED: u32 = 256;

/// Ends a transfer that is silent or slower than 256 bytes a second. Allocates nothing until the first wait.
#[derive(Debug)]
pub(crate) struct StallTimer {
    limit: Duration,
    budget: Option<Box<Budget>>,
}

#[derive(Debug)]
struct Budget {
    left: Duration,
    /// When the current wait began.
    since: Option<Instant>,
    end: Pin<Box<Timer>>,
}

impl StallTimer {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { limit, budget: None }
    }

    /// The transfer waits for its peer. Ready when it has waited for too long.
    pub(crate) fn poll_stalled(&mut self, ctx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let budget = self.budget.get_or_insert_with(|| {
            Box::new(Budget { left: limit, since: None, end: Box::pin(Timer::new(Instant::now() + limit)) })
        });
        if budget.since.is_none() {
            let now = Instant::now();
            budget.since = Some(now);
            budget.end.as_mut().reset(now + budget.left);
        }
        budget.end.as_mut().poll_elapsed(ctx)
    }

    /// So many bytes moved, or the transfer waits for its peer no longer.
    #[inline]
    pub(crate) fn note_progress(&mut self, bytes: usize) {
        self.note_progress_at(LEAST_SPEED, bytes);
    }

    /// So many bytes moved of a transfer that must be at least as fast as `least_speed`, in bytes a second.
    #[inline]
    pub(crate) fn note_progress_at(&mut self, least_speed: u32, bytes: usize) {
        if let Some(budget) = &mut self.budget {
            budget.move_on(self.limit, least_speed, bytes);
        }
    }
}

impl Budget {
    fn move_on(&mut self, limit: Duration, least_speed: u32, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        self.left = self.left.saturating_add(time_at(least_speed, bytes)).min(limit);
    }
}

/// How long so many bytes take at the least speed.
pub(crate) fn time_for(bytes: usize) -> Duration {
    time_at(LEAST_SPEED, bytes)
}

fn time_at(speed: u32, bytes: usize) -> Duration {
    Duration::from_secs(bytes as u64) / speed
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many seconds, at most 1000, a transfer of `bytes` every `pause` seconds is ended.
    async fn seconds_until_stalled(bytes: usize, pause: u64) -> u64 {
        let mut stall = StallTimer::new(Duration::from_secs(30));
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(1000) {
            let pause = tokio::time::sleep(Duration::from_secs(pause));
            tokio::select! {
                biased;
                () = std::future::poll_fn(|ctx| stall.poll_stalled(ctx)) => break,
                () = pause => stall.note_progress(bytes),
            }
        }
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_a_trickle_end_and_a_slow_transfer_does_not() {
        assert_eq!(seconds_until_stalled(1, 2000).await, 30);
        assert_eq!(seconds_until_stalled(1, 1).await, 30);
        assert_eq!(seconds_until_stalled(128, 1).await, 59);
        assert_eq!(seconds_until_stalled(256, 1).await, 1000);
        assert_eq!(seconds_until_stalled(10_000, 29).await, 1000 / 29 * 29 + 29);
    }
}
