//! When a command runs by itself: every so often, or at the times of a cron expression, in UTC.

/// When a durable command runs without a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schedule {
    /// Every so many milliseconds, counted from 1970, so that all processes agree.
    Every(i64),
    /// At the minutes of a cron expression.
    Cron(Cron),
}

/// A cron expression, read when the program is compiled: bit `n` of a field stands for the value `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cron {
    /// 0 to 59.
    pub minutes: u64,
    /// 0 to 23.
    pub hours: u32,
    /// Of the month, 1 to 31.
    pub days: u32,
    /// 1 to 12.
    pub months: u16,
    /// 0 to 6, from Sunday.
    pub weekdays: u8,
    /// Whether a day need only fit one of the two fields of days, because neither is `*`.
    pub is_either_day: bool,
}

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;

impl Schedule {
    /// The first time after `now`; `None` if there is none within the next 30 years.
    pub(crate) fn next(&self, now: i64) -> Option<i64> {
        match self {
            Schedule::Every(period) => Some((now.div_euclid(*period) + 1) * period),
            Schedule::Cron(cron) => cron.next(now),
        }
    }

    /// Whether this is one of its times.
    pub(crate) fn has(&self, time: i64) -> bool {
        self.next(time - 1) == Some(time)
    }
}

impl Cron {
    fn next(&self, now: i64) -> Option<i64> {
        let first = (now.div_euclid(MINUTE) + 1) * MINUTE;
        let today = first.div_euclid(DAY);
        (today..today + 30 * 366).filter(|day| self.has_day(*day)).find_map(|day| {
            let begin = if day == today { first.rem_euclid(DAY) / MINUTE } else { 0 };
            let minute = (begin..24 * 60).find(|minute| {
                self.hours >> (minute / 60) & 1 == 1 && self.minutes >> (minute % 60) & 1 == 1
            })?;
            Some(day * DAY + minute * MINUTE)
        })
    }

    /// Whether it has times on this day, counted from 1970.
    fn has_day(&self, day: i64) -> bool {
        let (month, day_of_month) = month_and_day(day);
        if self.months >> month & 1 == 0 {
            return false;
        }
        // 1970 began on a Thursday.
        let fits_month = self.days >> day_of_month & 1 == 1;
        let fits_week = self.weekdays >> (day + 4).rem_euclid(7) & 1 == 1;
        if self.is_either_day { fits_month || fits_week } else { fits_month && fits_week }
    }
}

/// The month and the day of the month of a day, counted from 1970, in the Gregorian calendar: by years of 365.2425 days that
/// begin in March (Hinnant, "chrono-compatible low-level date algorithms").
fn month_and_day(day: i64) -> (i64, i64) {
    let day_of_era = (day + 719_468).rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }, day_of_month)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-30 06:05:22.500 UTC, a Monday.
    const NOW: i64 = 1_796_018_722_500;

    const ANY: Cron = Cron {
        minutes: (1 << 60) - 1,
        hours: (1 << 24) - 1,
        days: u32::MAX - 1,
        months: 0x1ffe,
        weekdays: 0x7f,
        is_either_day: false,
    };

    fn after_now(cron: Cron) -> i64 {
        let next = Schedule::Cron(cron).next(NOW).unwrap();
        assert!(Schedule::Cron(cron).has(next));
        next - NOW.div_euclid(MINUTE) * MINUTE
    }

    #[test]
    fn a_period_is_counted_from_1970() {
        let every = Schedule::Every(15 * MINUTE);
        assert_eq!(every.next(NOW), Some(NOW.div_euclid(MINUTE) * MINUTE + 10 * MINUTE));
        let next = every.next(NOW).unwrap();
        assert_eq!(every.next(next), Some(next + 15 * MINUTE));
        assert!(every.has(next) && !every.has(next + 1));
    }

    #[test]
    fn a_cron_expression_has_its_minutes() {
        assert_eq!(after_now(ANY), MINUTE);
        let three_o_clock = Cron { minutes: 1, hours: 1 << 3, ..ANY };
        assert_eq!(after_now(three_o_clock), DAY - (3 * 60 + 5) * MINUTE);
        let seven_o_clock = Cron { minutes: 1, hours: 1 << 7, ..ANY };
        assert_eq!(after_now(seven_o_clock), 55 * MINUTE);
    }

    #[test]
    fn days_are_those_of_the_month_or_of_the_week() {
        let midnight = Cron { minutes: 1, hours: 1, ..ANY };
        let to_midnight = DAY - (6 * 60 + 5) * MINUTE;
        // Tomorrow is Tuesday, the first of December.
        assert_eq!(after_now(Cron { days: 1 << 1, ..midnight }), to_midnight);
        assert_eq!(after_now(Cron { weekdays: 1 << 2, ..midnight }), to_midnight);
        assert_eq!(after_now(Cron { weekdays: 1 << 1, ..midnight }), to_midnight + 6 * DAY);
        assert_eq!(after_now(Cron { days: 1 << 3, weekdays: 1 << 3, ..midnight }), to_midnight + 64 * DAY);
        let either = Cron { days: 1 << 4, weekdays: 1 << 3, is_either_day: true, ..midnight };
        assert_eq!(after_now(either), to_midnight + DAY);
    }

    #[test]
    fn a_leap_day_is_found_and_a_day_that_never_comes_is_not() {
        let leap_day = Cron { minutes: 1, hours: 1, days: 1 << 29, months: 1 << 2, ..ANY };
        let next = Schedule::Cron(leap_day).next(NOW).unwrap();
        // 2028-02-29.
        assert_eq!(next, 1_835_395_200_000);
        assert_eq!(Schedule::Cron(Cron { days: 1 << 30, ..leap_day }).next(NOW), None);
    }
}
