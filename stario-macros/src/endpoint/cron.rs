//! `cron = "0 3 * * mon-fri"`: a cron expression as sets of numbers.

/// The fields of an expression: bit `n` stands for the value `n`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cron {
    pub(super) minutes: u64,
    pub(super) hours: u64,
    pub(super) days: u64,
    pub(super) months: u64,
    /// From Sunday, which is 0.
    pub(super) weekdays: u64,
    /// Whether a day need only fit one of the fields of days, because neither is `*`.
    pub(super) is_either_day: bool,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// The longest each month can be.
const DAYS: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// One field: what it is called, the values that it takes, and names for them.
struct Field {
    name: &'static str,
    first: u32,
    last: u32,
    names: &'static [&'static str],
}

/// Reads an expression of five fields, or says what is wrong with it.
pub(super) fn cron(text: &str) -> Result<Cron, String> {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    let [minutes, hours, days, months, weekdays] = fields[..] else {
        return Err(format!(
            "`{text}` is not a cron expression: write minute, hour, day of the month, month and day of the week, as in `cron = \"0 3 * * mon-fri\"`"
        ));
    };
    let field = |name, first, last, names| Field { name, first, last, names };
    let is_either_day = days != "*" && weekdays != "*";
    let days = field("day of the month", 1, 31, &[]).read(days)?;
    let months = field("month", 1, 12, &MONTHS).read(months)?;
    let weekdays = field("day of the week", 0, 7, &WEEKDAYS).read(weekdays)?;
    let fits = |month: &u32| {
        let index = (*month - 1) as usize;
        months >> month & 1 == 1 && (1..=DAYS[index]).any(|day| days >> day & 1 == 1)
    };
    if !is_either_day && !(1..=12).any(|month| fits(&month)) {
        return Err(format!("`{text}` has no day: none of its months is that long"));
    }
    Ok(Cron {
        minutes: field("minute", 0, 59, &[]).read(minutes)?,
        hours: field("hour", 0, 23, &[]).read(hours)?,
        days,
        months,
        // Sunday is 0 and 7.
        weekdays: (weekdays | weekdays >> 7) & 0x7f,
        is_either_day,
    })
}

impl Field {
    /// `*`, or values, ranges and steps, separated by commas.
    fn read(&self, text: &str) -> Result<u64, String> {
        text.split(',').try_fold(0, |all, item| Ok(all | self.item(item).ok_or_else(|| self.problem(item))?))
    }

    fn item(&self, text: &str) -> Option<u64> {
        let (range, step) = match text.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
            None => (text, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (self.first, self.last_of_all()),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None => {
                let first = self.value(range)?;
                // `5/15` begins at 5.
                (first, if step.is_some() { self.last_of_all() } else { first })
            }
        };
        if first > last {
            return None;
        }
        let step = step.unwrap_or(1);
        Some((first..=last).step_by(step as usize).fold(0, |all, value| all | 1 << value))
    }

    /// The last value of `*`: Sunday is there once.
    fn last_of_all(&self) -> u32 {
        if self.last == 7 { 6 } else { self.last }
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(position) => u32::try_from(position).ok()? + self.first,
            None if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok()?,
            None => return None,
        };
        (self.first..=self.last).contains(&value).then_some(value)
    }

    fn problem(&self, item: &str) -> String {
        let Self { name, first, last, .. } = self;
        let names = match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!(", or `{first}` to `{last}`"),
            _ => String::new(),
        };
        format!(
            "`{item}` is not a valid {name}: write `*`, a number from {first} to {last}{names}, a range such as `{first}-{last}`, or steps such as `*/2`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(values: impl IntoIterator<Item = u32>) -> u64 {
        values.into_iter().fold(0, |all, value| all | 1 << value)
    }

    #[test]
    fn an_expression_is_read_field_by_field() {
        let read = cron("*/15 3,4 1-5/2 jan,12 Mon-fri").unwrap();
        let expected = Cron {
            minutes: bits([0, 15, 30, 45]),
            hours: bits([3, 4]),
            days: bits([1, 3, 5]),
            months: bits([1, 12]),
            weekdays: bits(1..=5),
            is_either_day: true,
        };
        assert_eq!(read, expected);
        let every_minute = cron("* * * * *").unwrap();
        assert_eq!((every_minute.minutes, every_minute.hours), (bits(0..60), bits(0..24)));
        assert_eq!((every_minute.days, every_minute.months), (bits(1..=31), bits(1..=12)));
        assert_eq!((every_minute.weekdays, every_minute.is_either_day), (bits(0..7), false));
        assert_eq!(cron("50/5 0 * * *").unwrap().minutes, bits([50, 55]));
        for sunday in ["0", "7", "sun", "7-7"] {
            assert_eq!(cron(&format!("0 0 * * {sunday}")).unwrap().weekdays, 1, "{sunday}");
        }
        assert_eq!(cron("0 0 * * 5-7").unwrap().weekdays, bits([0, 5, 6]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let check = |text: &str, begin: &str| {
            let problem = cron(text).unwrap_err();
            assert!(problem.starts_with(begin), "{text}: {problem}");
        };
        check("", "`` is not a cron expression");
        check("0 3 * *", "`0 3 * *` is not a cron expression");
        check("@daily", "`@daily` is not a cron expression");
        check(
            "60 3 * * *",
            "`60` is not a valid minute: write `*`, a number from 0 to 59, a range such as `0-59`",
        );
        check("0 24 * * *", "`24` is not a valid hour");
        check("0 0 0 * *", "`0` is not a valid day of the month");
        check("0 0 * 13 *", "`13` is not a valid month: write `*`, a number from 1 to 12, or `jan` to `dec`");
        check("0 0 * * 8", "`8` is not a valid day of the week");
        check("+1 0 * * *", "`+1` is not a valid minute");
        check("*/0 0 * * *", "`*/0` is not a valid minute");
        check("5-3 0 * * *", "`5-3` is not a valid minute");
        check("1,,2 0 * * *", "`` is not a valid minute");
        check("0 0 31 2,4 *", "`0 0 31 2,4 *` has no day");
        assert!(cron("0 0 29 2 *").is_ok() && cron("0 0 31 2 mon").is_ok());
    }
}
