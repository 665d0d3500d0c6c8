//! `Moment`: a reading of the clock as one number, so that the time between two of them is one subtraction.

use std::sync::LazyLock;
use std::time::Instant;

/// A reading of the clock that never goes back, in nanoseconds since the first reading of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn now() -> Self {
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        let since = FIRST.elapsed();
        Self(since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos()))
    }

    /// The moment so many nanoseconds earlier. It may be before the first reading.
    pub(crate) fn earlier(self, nanos: u64) -> Self {
        Self(self.0.wrapping_sub(nanos))
    }

    /// How many nanoseconds it is after `earlier`; a number of centuries if it is before that.
    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        self.0.wrapping_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_apart_by_their_nanoseconds() {
        let first = Moment::now();
        let second = Moment::now();
        assert!(second.nanos_since(first) < 1_000_000_000);
        assert_eq!(first.nanos_since(first.earlier(u64::MAX / 2)), u64::MAX / 2);
        assert!(first.earlier(1).nanos_since(first) > u64::MAX / 2);
    }
}
