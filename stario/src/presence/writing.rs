//! How a node writes many records: some at the same time, and without those that the store refuses.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use super::outbox::Id;

/// How many records are written at the same time.
pub(super) const CONCURRENT: usize = 32;

/// The people whose records the store has refused although it can be reached, and how often.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<Id, u32>>);

/// What follows from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefusalCount {
    /// The record is written again.
    First,
    /// It is left out, which the log says.
    Final,
    /// It is left out, as before.
    Known,
}

impl Refusals {
    fn lock(&self) -> MutexGuard<'_, HashMap<Id, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, id: &Id) -> RefusalCount {
        let mut times = self.lock();
        let times = times.entry(id.clone()).or_default();
        *times = times.saturating_add(1);
        match times {
            1 => RefusalCount::First,
            2 => RefusalCount::Final,
            _ => RefusalCount::Known,
        }
    }

    /// Notes that the store has taken a record, or that there is none to write.
    pub(super) fn end(&self, id: &Id) {
        self.lock().remove(id);
    }
}

/// Runs futures at the same time, and returns their outputs in the same order.
pub(super) async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(|ctx| {
        let mut is_done = true;
        for (future, output) in &mut running {
            if output.is_none() {
                match future.as_mut().poll(ctx) {
                    Poll::Ready(ready) => *output = Some(ready),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
