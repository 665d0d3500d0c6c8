//! The clock of durable commands: that of the system, or one that a test moves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// Tells the time in milliseconds since 1970.
#[derive(Debug)]
pub(crate) struct Clock(AtomicI64);

/// What stands in the place of a time while the clock is the system's.
const RUNNING: i64 = i64::MIN;

impl Default for Clock {
    fn default() -> Self {
        Self(AtomicI64::new(RUNNING))
    }
}

impl Clock {
    pub(crate) fn now(&self) -> i64 {
        match self.0.load(Ordering::SeqCst) {
            RUNNING => system_time(),
            frozen => frozen,
        }
    }

    /// Stops the clock at the time that it is now.
    pub(crate) fn freeze(&self) {
        let _ = self.0.compare_exchange(RUNNING, system_time(), Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Moves a clock that is stopped.
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(milliseconds(by), Ordering::SeqCst);
    }
}

fn system_time() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, milliseconds)
}

/// A duration in the unit of all times of a store.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
}
