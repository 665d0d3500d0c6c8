//! `Moment`: a reading of the clock as one number, so that the time between two of them is one subtraction.

/// A reading of the clock that never goes back, in nanoseconds since some time before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(nanos())
    }

    /// The moment so many nanoseconds earlier. It may be before the clock began.
    pub(crate) fn earlier(self, nanos: u64) -> Self {
        Self(self.0.wrapping_sub(nanos))
    }

    /// How many nanoseconds it is after `earlier`; a number of centuries if it is before that.
    pub(crate) fn nanos_since(self, earlier: Self) -> u64 {
        self.0.wrapping_sub(earlier.0)
    }
}

/// The system's own numbers: `Instant` has to be subtracted from another one to become a number, which takes as long as to read it.
#[cfg(unix)]
fn nanos() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
}

#[cfg(not(unix))]
fn nanos() -> u64 {
    static FIRST: std::sync::LazyLock<std::time::Instant> = std::sync::LazyLock::new(std::time::Instant::now);
    let since = FIRST.elapsed();
    since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
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
