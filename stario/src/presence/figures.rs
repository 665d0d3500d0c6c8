//! Figures of presences: how many people are listed, and what becomes of the records that other processes read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::telemetry::metrics;

/// How many people all presences of the process list.
static PEOPLE: AtomicU64 = AtomicU64::new(0);

/// Whether the process has a presence, or had one. Without, there is no figure.
static IS_USED: AtomicBool = AtomicBool::new(false);

/// The people that one presence lists: they no longer count when it is dropped.
pub(super) struct PeopleFigure(u64);

impl PeopleFigure {
    pub(super) fn new() -> Self {
        IS_USED.store(true, Ordering::Relaxed);
        Self(0)
    }

    pub(super) fn add(&mut self) {
        self.0 += 1;
        PEOPLE.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn remove(&mut self) {
        self.0 -= 1;
        PEOPLE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for PeopleFigure {
    fn drop(&mut self) {
        PEOPLE.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Counts what has become of a record.
pub(super) fn count_record(outcome: &'static str) {
    metrics::count_record(outcome);
}

/// Says how many people are listed, in the metrics that are fetched now.
pub(crate) fn measure() {
    if IS_USED.load(Ordering::Relaxed) {
        metrics::set_people(PEOPLE.load(Ordering::Relaxed));
    }
}
