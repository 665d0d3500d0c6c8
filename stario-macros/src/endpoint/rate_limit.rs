//! `rate_limit = "5/minute by name, 100/hour"`: how often a handler may be called.

use super::model::milliseconds;

/// One limit of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RateLimit {
    pub(super) count: u32,
    pub(super) milliseconds: u64,
    /// The name of the parameter whose values are counted; the client's address is counted if there is none.
    pub(super) by: Option<String>,
}

/// Reads the limits in the text. The error is the first part of the text that is no limit.
pub(super) fn rate_limits(text: &str) -> Result<Vec<RateLimit>, &str> {
    text.split(',').map(str::trim).map(|limit| rate_limit(limit).ok_or(limit)).collect()
}

fn rate_limit(text: &str) -> Option<RateLimit> {
    let (rate, by) = match text.split_once(' ') {
        Some((rate, rest)) => (rate, Some(rest.trim_start().strip_prefix("by ")?.trim())),
        None => (text, None),
    };
    let (count, period) = rate.split_once('/')?;
    let milliseconds = match period {
        "second" => 1000,
        "minute" => 60 * 1000,
        "hour" => 3600 * 1000,
        "day" => 24 * 3600 * 1000,
        period => milliseconds(period)?,
    };
    let is_name = |name: &&str| !name.is_empty() && !name.contains(char::is_whitespace);
    Some(RateLimit {
        count: count.parse().ok().filter(|count| *count > 0)?,
        milliseconds,
        by: match by {
            Some(name) => Some(Some(name).filter(is_name)?.to_owned()),
            None => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::{RateLimit, rate_limits};

    #[test]
    fn a_limit_is_a_count_a_time_and_a_parameter() {
        let check = |text: &str, expected: &[(u32, u64, Option<&str>)]| {
            let expected: Vec<_> = expected
                .iter()
                .map(|&(count, milliseconds, by)| RateLimit {
                    count,
                    milliseconds,
                    by: by.map(str::to_owned),
                })
                .collect();
            assert_eq!(rate_limits(text), Ok(expected), "{text}");
        };
        check("5/minute", &[(5, 60_000, None)]);
        check("1/second", &[(1, 1000, None)]);
        check("100/hour", &[(100, 3_600_000, None)]);
        check("1000/day", &[(1000, 86_400_000, None)]);
        check("3/10m", &[(3, 600_000, None)]);
        check("5/minute by user", &[(5, 60_000, Some("user"))]);
        check("5/minute by name, 100/hour", &[(5, 60_000, Some("name")), (100, 3_600_000, None)]);
    }

    #[test]
    fn what_is_no_limit_is_named() {
        for bad in [
            "",
            "5",
            "5/",
            "/minute",
            "0/minute",
            "-1/minute",
            "5/minutes",
            "5/fortnight",
            "5 / minute",
            "5/minute user",
            "5/minute by",
            "5/minute by ",
            "5/minute by a b",
            "5000000000/minute",
            "5/0s",
        ] {
            assert_eq!(rate_limits(bad), Err(bad.trim()), "{bad}");
            assert_eq!(rate_limits(&format!("1/second, {bad}")), Err(bad.trim()), "{bad}");
        }
    }
}
