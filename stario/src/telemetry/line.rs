//! Formats lines of the log: time, level, numbers, and text, escaped so that no value can forge another line.

use std::cell::Cell;
use std::net::IpAddr;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tracing::Level;

use crate::moment::Moment;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `2026-11-21T12:00:00.000000Z  INFO imported rows=3 request_id=…`, for people.
    Text { has_color: bool },
    /// One JSON object a line, for machines.
    Json,
}

/// How long `2026-11-21T12:00:00.000000Z` is.
pub(super) const TIME_BYTES: usize = 27;

/// What stands in front of the message of a line of JSON up to the level, and where the time stands in it.
const HEAD: &[u8; 52] = b"{\"timestamp\":\"0000-00-00T00:00:00.000000Z\",\"level\":\"";
const TIME_AT: Range<usize> = 14..41;

/// The same up to the message, of the level that nearly all lines have.
pub(super) const INFO_HEAD: &[u8; 69] =
    b"{\"timestamp\":\"0000-00-00T00:00:00.000000Z\",\"level\":\"INFO\",\"message\":\"";

/// Writes what stands in front of the message of a line that is logged at `now`.
pub(super) fn begin(line: &mut Vec<u8>, format: Format, level: Level, now: Moment) {
    match format {
        Format::Json if level == Level::INFO => begin_prepared(line, INFO_HEAD, now),
        Format::Json => {
            let mut head = *HEAD;
            head[TIME_AT].copy_from_slice(&written(now));
            line.extend_from_slice(&head);
            line.extend_from_slice(level.as_str().as_bytes());
            line.extend_from_slice(b"\",\"message\":\"");
        }
        Format::Text { has_color } => push_text_head(line, has_color, level, &written(now)),
    }
}

/// Writes what a line of JSON that is logged at `now` begins with: [`INFO_HEAD`] and what is known of the line before its time.
#[inline(always)]
pub(super) fn begin_prepared(line: &mut Vec<u8>, beginning: &[u8], now: Moment) {
    let start = line.len();
    line.extend_from_slice(beginning);
    if let Some(time) = line[start..].get_mut(TIME_AT) {
        time.copy_from_slice(&written(now));
    }
}

/// Writes what stands in front of the message for people.
pub(super) fn push_text_head(line: &mut Vec<u8>, has_color: bool, level: Level, time: &[u8]) {
    let (dim, plain, color): (&[u8], &[u8], &[u8]) =
        if has_color { (b"\x1b[2m", b"\x1b[0m", color(level)) } else { (b"", b"", b"") };
    for part in [dim, time, plain, b" ", color, padded(level), plain, b" "] {
        line.extend_from_slice(part);
    }
}

/// The level in five columns.
fn padded(level: Level) -> &'static [u8; 5] {
    match level {
        Level::ERROR => b"ERROR",
        Level::WARN => b" WARN",
        Level::INFO => b" INFO",
        Level::DEBUG => b"DEBUG",
        Level::TRACE => b"TRACE",
    }
}

fn color(level: Level) -> &'static [u8; 5] {
    match level {
        Level::ERROR => b"\x1b[31m",
        Level::WARN => b"\x1b[33m",
        Level::INFO => b"\x1b[32m",
        Level::DEBUG | Level::TRACE => b"\x1b[34m",
    }
}

/// Writes one more field. Text in JSON's form is quoted in both formats.
pub(super) fn push_field(line: &mut Vec<u8>, format: Format, name: &str, value: &Value) {
    match format {
        Format::Json => {
            line.extend_from_slice(b",\"");
            push_escaped(line, format, name);
            line.extend_from_slice(b"\":");
        }
        Format::Text { .. } => {
            line.push(b' ');
            push_escaped(line, format, name);
            line.push(b'=');
        }
    }
    match value {
        Value::String(text) => {
            line.push(b'"');
            push_escaped(line, Format::Json, text);
            line.push(b'"');
        }
        // Numbers, and JSON within which text is quoted already.
        other => push_controls_escaped(line, Format::Json, &other.to_string()),
    }
}

/// Whether a byte stands for itself everywhere.
const IS_PLAIN: [bool; 256] = {
    let mut is_plain = [false; 256];
    let mut byte = b' ';
    while byte < 0x7f {
        is_plain[byte as usize] = byte != b'"' && byte != b'\\';
        byte += 1;
    }
    is_plain
};

/// Whether nothing in a text has to be escaped.
pub(super) fn is_plain(text: &[u8]) -> bool {
    // All bytes in any case: without branches this is faster for what is plain.
    text.iter().fold(true, |all, byte| all & IS_PLAIN[usize::from(*byte)])
}

/// Writes text as part of a JSON string, or as part of a line for people.
pub(super) fn push_escaped(line: &mut Vec<u8>, format: Format, text: &str) {
    if is_plain(text.as_bytes()) {
        return line.extend_from_slice(text.as_bytes());
    }
    if format != Format::Json {
        return push_controls_escaped(line, format, text);
    }
    for character in text.chars() {
        match character {
            '"' => line.extend_from_slice(b"\\\""),
            '\\' => line.extend_from_slice(b"\\\\"),
            '\n' => line.extend_from_slice(b"\\n"),
            '\r' => line.extend_from_slice(b"\\r"),
            '\t' => line.extend_from_slice(b"\\t"),
            character => push_character(line, format, character),
        }
    }
}

/// Writes text in which quotes are as they should be, and what terminals act on may be left.
pub(super) fn push_controls_escaped(line: &mut Vec<u8>, format: Format, text: &str) {
    if text.bytes().fold(true, |all, byte| all & (b' '..0x7f).contains(&byte)) {
        return line.extend_from_slice(text.as_bytes());
    }
    for character in text.chars() {
        match (format, character) {
            (Format::Text { .. }, '\n' | '\r' | '\t') => {
                character.escape_default().for_each(|part| push_utf8(line, part));
            }
            _ => push_character(line, format, character),
        }
    }
}

/// Escapes line ends, terminal escapes and characters that change the direction of text (Unicode, UAX 9), so that a value cannot
/// forge a line or change what a terminal shows.
fn push_character(line: &mut Vec<u8>, format: Format, character: char) {
    let is_reordering = matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !character.is_control() && !is_reordering {
        return push_utf8(line, character);
    }
    let escaped = match format {
        Format::Json => format!("\\u{:04x}", u32::from(character)),
        Format::Text { .. } => format!("\\u{{{:x}}}", u32::from(character)),
    };
    line.extend_from_slice(escaped.as_bytes());
}

fn push_utf8(line: &mut Vec<u8>, character: char) {
    line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

/// All numbers of two digits, so that a division by 100 gives two.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1;
    }
    pairs
};

/// The last `N` digits of a number, with zeros in front.
#[inline]
pub(super) fn digits<const N: usize>(mut number: u64) -> [u8; N] {
    let mut digits = [0; N];
    let mut pairs = digits.rchunks_exact_mut(2);
    for pair in &mut pairs {
        pair.copy_from_slice(&PAIRS[(number % 100) as usize]);
        number /= 100;
    }
    if let [digit] = pairs.into_remainder() {
        *digit = b'0' + (number % 10) as u8;
    }
    digits
}

#[inline]
pub(super) fn push_number(line: &mut Vec<u8>, number: u64) {
    match number {
        0..10 => line.extend_from_slice(&digits::<1>(number)),
        10..100 => line.extend_from_slice(&digits::<2>(number)),
        100..1000 => line.extend_from_slice(&digits::<3>(number)),
        _ => line.extend_from_slice(&digits::<20>(number)[20 - (number.ilog10() as usize + 1)..]),
    }
}

/// A duration with one decimal and the unit that suits, such as `92.3µs`.
#[inline]
pub(super) fn push_duration(line: &mut Vec<u8>, nanos: u64) {
    let rounded = |tenth: u64| nanos.saturating_add(tenth / 2) / tenth;
    let (tenths, unit) = match nanos {
        0..1_000 => (nanos * 10, b"ns\0"),
        1_000..1_000_000 => (rounded(100), b"\xc2\xb5s"),
        1_000_000..1_000_000_000 => (rounded(100_000), b"ms\0"),
        _ => (rounded(100_000_000), b"s\0\0"),
    };
    let &[first, second, third] = unit;
    match tenths {
        // Nearly all durations. Eight bytes are appended at once: leading digits that are missing are shifted out first, and
        // bytes of the unit that are missing are cut off afterwards.
        0..10_000 => {
            let [hundreds, tens, ones, tenth] = digits::<4>(tenths);
            let text = [hundreds, tens, ones, b'.', tenth, first, second, third];
            let missing = 2 - usize::from(tenths >= 100) - usize::from(tenths >= 1000);
            let text = u64::from_le_bytes(text) >> (8 * missing);
            line.extend_from_slice(&text.to_le_bytes());
            let unused = usize::from(second == 0) + usize::from(third == 0);
            line.truncate(line.len() - missing - unused);
        }
        _ => {
            push_number(line, tenths / 10);
            line.extend_from_slice(&[b'.', b'0' + (tenths % 10) as u8]);
            line.extend_from_slice(&unit[..unit.iter().filter(|byte| **byte != 0).count()]);
        }
    }
}

/// Writes an address behind `before`.
pub(super) fn push_address(line: &mut Vec<u8>, before: &[u8; 20], address: IpAddr) {
    let IpAddr::V4(address) = address else {
        line.extend_from_slice(before);
        return line.extend_from_slice(address.to_string().as_bytes());
    };
    // All of it at once: each append to the line would look for room.
    let mut text = [0; 20 + 16];
    text[..20].copy_from_slice(before);
    let mut length = 20;
    for octet in address.octets() {
        let (digits, count) = OCTETS[usize::from(octet)];
        text[length..length + 4].copy_from_slice(&digits);
        length += count;
    }
    line.extend_from_slice(&text[..length - 1]);
}

/// Each number of an IPv4 address with the point behind it, and how many bytes of the four these are.
const OCTETS: [([u8; 4], usize); 256] = {
    let mut octets = [([0; 4], 0); 256];
    let mut octet = u8::MAX;
    loop {
        let [hundreds, tens, ones] = [b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10];
        octets[octet as usize] = match octet {
            0..10 => ([ones, b'.', 0, 0], 2),
            10..100 => ([tens, ones, b'.', 0], 3),
            100.. => ([hundreds, tens, ones, b'.'], 4),
        };
        if octet == 0 {
            break octets;
        }
        octet -= 1;
    }
};

thread_local! {
    /// The second of the thread's last line.
    static SECOND: Cell<Option<Second>> = const { Cell::new(None) };
}

/// A second of the calendar. The wall clock is read once for all lines of it; within it, the time of a line is how much
/// later it is logged than the second began, which saves a reading of the clock and the calendar for each.
#[derive(Clone, Copy)]
struct Second {
    began: Moment,
    text: [u8; 20],
}

impl Second {
    /// The second that it is now.
    #[cold]
    fn read() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = Moment::now().earlier(since.subsec_nanos().into());
        let second = Self { began, text: calendar(since.as_secs()) };
        // A thread that ends remembers nothing.
        let _ = SECOND.try_with(|kept| kept.set(Some(second)));
        second
    }

    /// How long after its beginning `now` is, if it is in it.
    fn micros(&self, now: Moment) -> Option<u64> {
        let since = now.nanos_since(self.began);
        (since < 1_000_000_000).then_some(since / 1000)
    }
}

/// `2026-11-21T12:00:00.000000Z`: the time `now` as RFC 3339 has it.
fn written(now: Moment) -> [u8; TIME_BYTES] {
    let kept = SECOND.try_with(Cell::get).unwrap_or_default();
    let (text, micros) = match kept.and_then(|second| Some((second.text, second.micros(now)?))) {
        Some(time) => time,
        None => {
            let second = Second::read();
            // A second that has begun since `now` was read is at its beginning.
            (second.text, second.micros(now).unwrap_or(0))
        }
    };
    let mut time = *b"0000-00-00T00:00:00.000000Z";
    time[..20].copy_from_slice(&text);
    time[20..26].copy_from_slice(&digits::<6>(micros));
    time
}

/// `2026-11-21T12:00:00.`: a second since 1970, in the calendar.
fn calendar(seconds: u64) -> [u8; 20] {
    let (year, month, day) = date(seconds / 86_400);
    let mut text = *b"0000-00-00T00:00:00.";
    text[0..4].copy_from_slice(&digits::<4>(year));
    text[5..7].copy_from_slice(&digits::<2>(month));
    text[8..10].copy_from_slice(&digits::<2>(day));
    text[11..13].copy_from_slice(&digits::<2>(seconds / 3600 % 24));
    text[14..16].copy_from_slice(&digits::<2>(seconds / 60 % 60));
    text[17..19].copy_from_slice(&digits::<2>(seconds % 60));
    text
}

/// Year, month and day of a number of days since 1970-01-01.
fn date(days: u64) -> (u64, u64, u64) {
    // Counted from 1 March of the year 0, so that a leap day is the last of its year, and 400 years are alike.
    let days = days + 719_468;
    let (centuries, day) = (days / 146_097 * 4, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // Months of 31, 30, 31, 30, 31 days, and again: 153 in five.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, passed) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (centuries * 100 + year + passed, month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn output(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        write(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn nothing_in_a_text_acts_on_a_terminal_or_passes_for_another_line() {
        let hostile = "a\r\nb\"\\\u{1b}[2J\u{7f}\u{85}\u{9b}2J\u{202e}c\u{2066}\u{2028} ä";
        let text = Format::Text { has_color: false };
        let check = |format, expected| {
            assert_eq!(output(|line| push_escaped(line, format, hostile)), expected);
        };
        check(text, "a\\r\\nb\"\\\\u{1b}[2J\\u{7f}\\u{85}\\u{9b}2J\\u{202e}c\\u{2066}\\u{2028} ä");
        check(Format::Json, "a\\r\\nb\\\"\\\\\\u001b[2J\\u007f\\u0085\\u009b2J\\u202ec\\u2066\\u2028 ä");
        let json = output(|line| push_escaped(line, Format::Json, hostile));
        assert_eq!(serde_json::from_str::<String>(&format!("\"{json}\"")).unwrap(), hostile);
    }

    #[test]
    fn fields_are_json_in_both_formats() {
        let check = |value: Value, text, json| {
            let format = Format::Text { has_color: true };
            assert_eq!(output(|line| push_field(line, format, "n", &value)), text);
            assert_eq!(output(|line| push_field(line, Format::Json, "n", &value)), json);
        };
        check(Value::from("a \"b\""), r#" n="a \"b\"""#, r#","n":"a \"b\"""#);
        check(Value::from(0.25), " n=0.25", r#","n":0.25"#);
        check(
            serde_json::json!(["\u{9b}2J\u{202e}"]),
            r#" n=["\u009b2J\u202e"]"#,
            r#","n":["\u009b2J\u202e"]"#,
        );
    }

    #[test]
    fn numbers_are_decimal() {
        for number in [0, 7, 10, 99, 100, 101, 999, 1000, 12_345, 123_456, u64::MAX] {
            assert_eq!(output(|line| push_number(line, number)), number.to_string());
        }
        assert_eq!((digits::<3>(7), digits::<4>(12_345)), (*b"007", *b"2345"));
    }

    #[test]
    fn durations_have_one_decimal_and_the_unit_that_suits() {
        let nanos =
            [0, 812, 1000, 1049, 1051, 92_341, 999_949, 1_000_000, 45_678_901, 2_000_000_000, 75_120_000_000];
        for nanos in nanos {
            let expected = format!("{:.1?}", Duration::from_nanos(nanos));
            assert_eq!(output(|line| push_duration(line, nanos)), expected);
        }
    }

    #[test]
    fn addresses_are_written_as_others_write_them() {
        for address in ["127.0.0.1", "0.10.200.255", "::1", "2001:db8::7"] {
            let address: IpAddr = address.parse().unwrap();
            let written = output(|line| push_address(line, b"twenty bytes before:", address));
            assert_eq!(written, format!("twenty bytes before:{address}"));
        }
    }

    #[test]
    fn lines_of_one_second_share_its_beginning() {
        let now = Moment::now();
        assert!(written(now).starts_with(b"20"));
        let began = now.earlier(250_000_000);
        SECOND.set(Some(Second { began, text: *b"1999-12-31T23:59:59." }));
        assert_eq!(&written(now), b"1999-12-31T23:59:59.250000Z");
        // Each is read of a second that began so many nanoseconds before it.
        let written_after = |nanos: u64| {
            SECOND.set(Some(Second { began: now.earlier(nanos), text: *b"1999-12-31T23:59:59." }));
            written(now)
        };
        assert_eq!(&written_after(999_999_999), b"1999-12-31T23:59:59.999999Z");
        // The next second, and a time before this one, are read anew.
        for nanos in [1_000_000_000, 1_u64.wrapping_neg()] {
            assert!(written_after(nanos).starts_with(b"20"));
        }
    }

    #[test]
    fn the_time_is_that_of_the_calendar() {
        let time = |seconds| String::from_utf8(calendar(seconds).to_vec()).unwrap();
        assert_eq!(time(0), "1970-01-01T00:00:00.");
        assert_eq!(time(951_868_799), "2000-02-29T23:59:59.");
        // Each day of 500 years, counted one by one, at another time of day.
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for number in 0..182_500 {
            let second = number * 7919 % 86_400;
            let (hour, minute, rest) = (second / 3600, second / 60 % 60, second % 60);
            let expected = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{rest:02}.");
            assert_eq!(time(number * 86_400 + second), expected);
            let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let days = match month {
                4 | 6 | 9 | 11 => 30,
                2 if is_leap => 29,
                2 => 28,
                _ => 31,
            };
            day += 1;
            if day > days {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }
}
