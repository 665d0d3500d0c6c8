//! `RateLimiter`: how often one client, or one value of a parameter, may ask.
//!
//! It counts as the generic cell rate algorithm does. Of each key it knows one number: the time at which all of its uses are
//! given back. A use moves that time on by one interval, and is refused if the time would be too far ahead. So a limit of 5 a
//! minute allows five uses at once, and then one every 12 seconds.
//!
//! The algorithm is ten lines. What takes care is the table of keys, which must stay small whatever clients send; the crates for
//! rate limits have no table with a bound.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::{HeaderValue, RETRY_AFTER};

use crate::error::Rejection;

/// How many keys one limit counts: they take 2.5 MiB at most.
const KEYS: usize = 64 * 1024;

/// How long, in nanoseconds, a full table waits until it looks for room again, if all of its keys were at their limit.
const SEARCH_PAUSE: u64 = 1_000_000_000;

/// A limit as it is written in a handler's attribute.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    /// How many uses there are in each period.
    pub count: u32,
    /// The time in which so many are given back.
    pub period: Duration,
}

/// Counts the uses of each key.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    /// How long it takes until one use is given back, in nanoseconds, as are all times here.
    interval: u64,
    /// How far ahead the time of a key may be if another use is allowed.
    most_ahead: u64,
    started: Instant,
    /// Makes a number of each key, in a way that no client can guess.
    hasher: RandomState,
    table: Mutex<KeyTable>,
    /// Whether the log says that clients have no address.
    has_warned: AtomicBool,
}

/// The times at which all uses are given back, since the limiter was made.
#[derive(Debug, Default)]
struct KeyTable {
    by_key: HashMap<u64, u64>,
    /// The time that is shared by all keys for which there is no room.
    of_others: u64,
    /// When the next search for room may be.
    next_search: u64,
}

impl RateLimiter {
    pub(crate) fn new(RateLimit { count, period }: RateLimit) -> Self {
        let count = u64::from(count.max(1));
        let period = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX / 4).min(u64::MAX / 4);
        let interval = (period / count).max(1);
        Self {
            interval,
            most_ahead: interval * (count - 1),
            started: Instant::now(),
            hasher: RandomState::new(),
            table: Mutex::default(),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Counts a use of this key.
    ///
    /// # Errors
    ///
    /// 429 with `retry-after` if the key is at its limit. The use does not count then.
    pub(crate) fn admit(&self, key: impl Hash) -> Result<(), Rejection> {
        let now = u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX / 4);
        self.count(self.hasher.hash_one(key), now).map_err(|wait| too_many(Duration::from_nanos(wait)))
    }

    /// Says in the log, once, that uses are not counted, because the server does not say where connections come from.
    #[cold]
    pub(crate) fn warn_of_no_address(&self) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a rate limit by the client does not count: the connection has no address, as on a Unix socket; let the proxy in front \
                 limit, or limit by a parameter"
            );
        }
    }

    /// Counts a use; the error is how long to wait.
    fn count(&self, key: u64, now: u64) -> Result<(), u64> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.by_key.len() >= KEYS && !table.by_key.contains_key(&key) {
            table.make_room(now, now + self.most_ahead);
        }
        let has_room = table.by_key.len() < KEYS;
        let KeyTable { by_key, of_others, .. } = &mut *table;
        let time = match by_key.get_mut(&key) {
            Some(time) => time,
            None if has_room => by_key.entry(key).or_insert(now),
            None => of_others,
        };
        let next = (*time).max(now);
        match (next - now).checked_sub(self.most_ahead) {
            None | Some(0) => {
                *time = next + self.interval;
                Ok(())
            }
            Some(wait) => Err(wait),
        }
    }
}

impl KeyTable {
    /// Removes keys: first those whose uses are all given back, because they count as keys that were never seen; if that is not
    /// enough, those with the fewest uses. A key that is at its limit, with a time beyond `limited`, stays.
    #[cold]
    fn make_room(&mut self, now: u64, limited: u64) {
        if now < self.next_search {
            return;
        }
        self.by_key.retain(|_, time| *time > now);
        // An eighth is freed at once, so that one in 8,192 new keys pays for the search.
        let most = KEYS - KEYS / 8;
        if let Some(surplus) = self.by_key.len().checked_sub(most + 1) {
            let mut times: Vec<u64> = self.by_key.values().copied().collect();
            let (_, bound, _) = times.select_nth_unstable(surplus);
            self.by_key.retain(|_, time| *time > *bound || *time > limited);
        }
        if self.by_key.len() >= KEYS {
            self.next_search = now + SEARCH_PAUSE;
            tracing::warn!(
                keys = KEYS,
                "a rate limit has no room: all its keys are at their limit, and further ones share one count"
            );
        }
    }
}

/// The refusal of a use for which `wait` is too early.
fn too_many(wait: Duration) -> Rejection {
    let seconds = wait.as_nanos().div_ceil(1_000_000_000);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let message = format!("too many requests: try again in {seconds} {unit}");
    let header = HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX));
    Rejection::new(StatusCode::TOO_MANY_REQUESTS, message).with_header(RETRY_AFTER, header)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;
    const MINUTE: u64 = 60 * SECOND;

    fn a_minute(count: u32) -> RateLimiter {
        RateLimiter::new(RateLimit { count, period: Duration::from_secs(60) })
    }

    fn keys(limiter: &RateLimiter) -> usize {
        limiter.table.lock().unwrap().by_key.len()
    }

    #[test]
    fn uses_are_given_back_one_by_one() {
        let limiter = a_minute(5);
        (0..5).for_each(|_| assert_eq!(limiter.count(1, 0), Ok(())));
        assert_eq!(limiter.count(1, 0), Err(12 * SECOND));
        assert_eq!(limiter.count(1, 12 * SECOND - 1), Err(1));
        assert_eq!(limiter.count(1, 12 * SECOND), Ok(()));
        assert_eq!(limiter.count(1, 12 * SECOND), Err(12 * SECOND));
        // Another key has uses of its own.
        assert_eq!(limiter.count(2, 12 * SECOND), Ok(()));
        // After a long time there are five again, and not more.
        (0..5).for_each(|_| assert_eq!(limiter.count(1, 10 * MINUTE), Ok(())));
        assert_eq!(limiter.count(1, 10 * MINUTE), Err(12 * SECOND));
    }

    #[test]
    fn a_limit_of_one_counts() {
        let limiter = a_minute(1);
        assert_eq!(limiter.count(1, 0), Ok(()));
        assert_eq!(limiter.count(1, 0), Err(MINUTE));
        assert_eq!(limiter.count(1, MINUTE), Ok(()));
    }

    #[test]
    fn extreme_limits_do_not_overflow() {
        for (count, period) in
            [(u32::MAX, Duration::from_nanos(1)), (u32::MAX, Duration::MAX), (1, Duration::MAX)]
        {
            let limiter = RateLimiter::new(RateLimit { count, period });
            assert_eq!(limiter.count(1, u64::MAX / 4), Ok(()), "{count} in {period:?}");
        }
    }

    #[test]
    fn a_flood_of_keys_frees_none_that_is_limited() {
        let limiter = a_minute(5);
        (0..5).for_each(|_| limiter.count(0, 0).unwrap());
        let mut most = 0;
        for key in 1..2 * KEYS as u64 {
            assert_eq!(limiter.count(key, 1), Ok(()));
            most = most.max(keys(&limiter));
        }
        assert_eq!(most, KEYS);
        assert_eq!(limiter.count(0, 1), Err(12 * SECOND - 1));
    }

    #[test]
    fn keys_without_uses_go_first() {
        let limiter = a_minute(5);
        (0..KEYS as u64 - 1).for_each(|key| limiter.count(key, 0).unwrap());
        let used = KEYS as u64;
        (0..2).for_each(|_| limiter.count(used, 0).unwrap());
        // After 12 seconds all but one have their use back.
        limiter.count(used + 1, 12 * SECOND).unwrap();
        assert_eq!(keys(&limiter), 2);
    }

    #[test]
    fn keys_beyond_a_table_of_limited_ones_share_a_count() {
        let limiter = a_minute(1);
        (0..KEYS as u64).for_each(|key| limiter.count(key, 0).unwrap());
        let other = KEYS as u64;
        assert_eq!(limiter.count(other, 0), Ok(()));
        assert_eq!(limiter.count(other + 1, 0), Err(MINUTE));
        assert_eq!(keys(&limiter), KEYS);
        assert_eq!(limiter.count(7, 0), Err(MINUTE));
        // When they have recovered, there is room again.
        assert_eq!(limiter.count(other + 1, MINUTE), Ok(()));
        assert_eq!(keys(&limiter), 1);
    }

    #[test]
    fn the_refusal_says_when_to_come_back() {
        let check = |wait, expected: &str, seconds: &str| {
            let refusal = too_many(wait);
            assert_eq!((refusal.status().as_u16(), refusal.message()), (429, expected));
            assert_eq!(refusal.header().unwrap().1, seconds);
        };
        check(Duration::from_nanos(1), "too many requests: try again in 1 second", "1");
        check(Duration::from_secs(12), "too many requests: try again in 12 seconds", "12");
        check(Duration::from_millis(12_001), "too many requests: try again in 13 seconds", "13");
    }
}
