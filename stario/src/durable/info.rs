//! What the attribute of a durable command says.

use std::time::Duration;

use super::clock::milliseconds;
use super::schedule::Schedule;
use super::store::Wanted;
use crate::error::Result;

/// The longest pause between two attempts: an hour.
const MOST_BACKOFF: Duration = Duration::from_secs(3600);

/// Makes values of an older version those of the handler's. It takes their version.
pub(super) type LiftFn = fn(u32, serde_json::Value) -> Result<serde_json::Value>;

/// What the attribute of a durable command says. The macros write one per handler.
#[derive(Debug)]
pub struct DurableInfo {
    /// The name under which its work is stored.
    pub name: &'static str,
    /// The version of its values.
    pub version: u32,
    /// What reads older ones.
    pub lift: Option<LiftFn>,
    /// The most attempts.
    pub attempts: u32,
    /// The pause after the first attempt; it doubles with each.
    pub backoff: Duration,
    /// How long after its request it runs.
    pub delay: Duration,
    /// The most that run at once.
    pub concurrency: Option<u32>,
    /// The most of one group that run at once.
    pub concurrency_of_group: Option<u32>,
    /// Whether those of one group run in order.
    pub is_in_order: bool,
    /// Whether the group is all of its commands.
    pub is_one_group: bool,
    /// When it runs without a request.
    pub schedule: Option<Schedule>,
}

impl DurableInfo {
    /// What the attribute says unless it says otherwise.
    pub const DEFAULT: Self = Self {
        name: "",
        version: 1,
        lift: None,
        attempts: 10,
        backoff: Duration::from_secs(10),
        delay: Duration::ZERO,
        concurrency: None,
        concurrency_of_group: None,
        is_in_order: false,
        is_one_group: false,
        schedule: None,
    };

    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            name: self.name.to_owned(),
            version: self.version,
            concurrency: self.concurrency,
            concurrency_of_group: self.concurrency_of_group,
            is_in_order: self.is_in_order,
        }
    }

    /// How many milliseconds pass between this attempt, which failed, and the next.
    pub(crate) fn backoff_after(&self, attempt: u32) -> i64 {
        let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
        milliseconds(self.backoff.saturating_mul(factor).min(MOST_BACKOFF.max(self.backoff)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_an_hour() {
        let info = DurableInfo { backoff: Duration::from_secs(10), ..DurableInfo::DEFAULT };
        let pauses = [1, 2, 3, 9, 10, 33, u32::MAX].map(|attempt| info.backoff_after(attempt) / 1000);
        assert_eq!(pauses, [10, 20, 40, 2560, 3600, 3600, 3600]);
        let slow = DurableInfo { backoff: Duration::from_secs(7200), ..DurableInfo::DEFAULT };
        assert_eq!(slow.backoff_after(3), 7_200_000);
    }
}
