//! Records as lines, each with the fields of the spans around it.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use smallvec::SmallVec;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::LOGGER;
use super::fields::{Recorded, Scalar};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// `2026-11-21T12:00:00.000000Z  INFO imported rows=3 request_id=…`, for people.
    Text { ansi: bool },
    /// One JSON object a line, for machines.
    Json,
}

/// Writes a line per record.
pub(super) struct Lines {
    pub(super) format: Format,
    pub(super) write: fn(String),
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let mut fields = Recorded::with_room();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Recorded>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut own = Recorded::with_room();
        event.record(&mut own);
        let target = event.metadata().target();
        let logged = if target == LOGGER { logged(&own) } else { None };
        let mut line = Line::new(self.format, *event.metadata().level(), target, own.get("message"));
        for (name, value) in own.iter() {
            if name == "message" || (name == "fields" && logged.is_some()) {
                continue;
            }
            match logged.as_ref().and_then(|logged| logged.get(name)) {
                Some(value) => line.json_field(name, value),
                None => line.field(name, value),
            }
        }
        for (name, value) in logged.iter().flatten() {
            line.json_field(name, value);
        }
        // From the innermost span: its word counts where two give a field of one name.
        for span in ctx.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Recorded>() {
                fields.iter().for_each(|(name, value)| line.field(name, value));
            }
        }
        (self.write)(line.end());
    }
}

/// The fields that a `Logger` was given.
fn logged(own: &Recorded) -> Option<Map<String, Value>> {
    let Some(Scalar::Text(json)) = own.get("fields") else { return None };
    serde_json::from_str(json).ok()
}

/// A line that is being written.
struct Line<'n> {
    format: Format,
    text: String,
    /// The fields that it has.
    names: SmallVec<[&'n str; 16]>,
}

impl<'n> Line<'n> {
    fn new(format: Format, level: Level, target: &str, message: Option<Scalar<&str>>) -> Self {
        let mut text = String::with_capacity(512);
        let message = match message {
            Some(Scalar::Text(message)) => message,
            Some(other) => &json(other).to_string(),
            None => "",
        };
        match format {
            Format::Text { ansi } => {
                let (dim, plain) = styles(ansi);
                let color = match level {
                    _ if !ansi => "",
                    Level::ERROR => "\x1b[31m",
                    Level::WARN => "\x1b[33m",
                    Level::INFO => "\x1b[32m",
                    _ => "\x1b[34m",
                };
                text.push_str(dim);
                push_time(&mut text, SystemTime::now());
                // Writing to a `String` cannot fail.
                let _ = write!(text, "{plain} {color}{level:>5}{plain} ");
                push_escaped(&mut text, message);
            }
            Format::Json => {
                text.push_str("{\"timestamp\":\"");
                push_time(&mut text, SystemTime::now());
                text.push_str("\",\"level\":\"");
                text.push_str(level.as_str());
                text.push_str("\",\"target\":");
                push_json_text(&mut text, target);
                text.push_str(",\"message\":");
                push_json_text(&mut text, message);
            }
        }
        Self { format, text, names: SmallVec::new() }
    }

    /// Adds a field, if there is none of that name and it is one to be shown.
    fn field(&mut self, name: &'n str, value: Scalar<&str>) {
        match value {
            Scalar::Text(value) => self.text_field(name, value),
            other => self.json_field(name, &json(other)),
        }
    }

    fn json_field(&mut self, name: &'n str, value: &Value) {
        match value {
            Value::String(value) => self.text_field(name, value),
            other if self.begin(name) => {
                match self.format {
                    // JSON lets through most of what a terminal acts on.
                    Format::Text { .. } => push_escaped(&mut self.text, &other.to_string()),
                    // Writing to a `String` cannot fail.
                    Format::Json => drop(write!(self.text, "{other}")),
                }
            }
            _ => {}
        }
    }

    fn text_field(&mut self, name: &'n str, value: &str) {
        if self.begin(name) {
            match self.format {
                Format::Text { .. } => push_escaped(&mut self.text, value),
                Format::Json => push_json_text(&mut self.text, value),
            }
        }
    }

    /// Writes the name, if the value is to follow.
    fn begin(&mut self, name: &'n str) -> bool {
        let is_shown = match self.format {
            Format::Text { .. } => !is_semantic(name),
            // What is meant for a collector's layer says nothing here.
            Format::Json => !name.starts_with("otel."),
        };
        let name = if self.format == Format::Json { beside_the_line_s_own(name) } else { name };
        if !is_shown || self.names.contains(&name) {
            return false;
        }
        self.names.push(name);
        match self.format {
            Format::Text { ansi } => {
                let (dim, plain) = styles(ansi);
                self.text.push(' ');
                self.text.push_str(dim);
                push_escaped(&mut self.text, name);
                self.text.push('=');
                self.text.push_str(plain);
            }
            Format::Json => {
                self.text.push(',');
                push_json_text(&mut self.text, name);
                self.text.push(':');
            }
        }
        true
    }

    fn end(mut self) -> String {
        self.text.push_str(if self.format == Format::Json { "}\n" } else { "\n" });
        self.text
    }
}

/// The name of a field where it cannot be taken for what the line says of itself: of two values of one name in
/// a JSON object, most readers take the last.
fn beside_the_line_s_own(name: &str) -> &str {
    match name {
        "timestamp" => "fields.timestamp",
        "level" => "fields.level",
        "target" => "fields.target",
        "message" => "fields.message",
        _ => name,
    }
}

/// What begins and ends what people may overlook.
fn styles(ansi: bool) -> (&'static str, &'static str) {
    if ansi { ("\x1b[2m", "\x1b[0m") } else { ("", "") }
}

/// Whether the field is one of OpenTelemetry's conventions, which on a terminal repeat what the message says.
fn is_semantic(name: &str) -> bool {
    ["http.", "url.", "client.", "otel.", "network.", "server."].iter().any(|prefix| name.starts_with(prefix))
}

/// Line ends and terminal escapes in a value must not pass for another record, or for the terminal's own.
fn push_escaped(line: &mut String, text: &str) {
    for character in text.chars() {
        if character.is_control() || reorders(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
}

/// Whether terminals show what follows in another order (Unicode, UAX 9), or on another line.
fn reorders(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn json(value: Scalar<&str>) -> Value {
    match value {
        Scalar::Text(text) => text.into(),
        Scalar::Unsigned(number) => number.into(),
        Scalar::Signed(number) => number.into(),
        Scalar::Float(number) => number.into(),
        Scalar::Bool(is_so) => is_so.into(),
    }
}

fn push_json_text(line: &mut String, text: &str) {
    let is_plain = |byte| byte >= b' ' && byte != b'"' && byte != b'\\';
    // To the end in any case, so that many are tested at once.
    if text.bytes().fold(true, |all, byte| all & is_plain(byte)) {
        line.push('"');
        line.push_str(text);
        line.push('"');
    } else {
        line.push_str(&Value::from(text).to_string());
    }
}

/// `2026-11-21T12:00:00.000000Z`: the time as RFC 3339 has it.
fn push_time(line: &mut String, time: SystemTime) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs(), u64::from(since.subsec_micros()));
    let (year, month, day) = date(seconds / 86_400);
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let parts = [
        (0..4, year),
        (5..7, month),
        (8..10, day),
        (11..13, hour),
        (14..16, minute),
        (17..19, second),
        (20..26, micros),
    ];
    for (places, mut number) in parts {
        for digit in text[places].iter_mut().rev() {
            *digit += u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    }
    line.push_str(std::str::from_utf8(&text).unwrap_or_default());
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
    use std::sync::Mutex;
    use std::time::Duration;

    use serde_json::json;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// The lines that `log` writes, without their time.
    fn lines(format: Format, log: impl FnOnce()) -> Vec<String> {
        static WRITTEN: Mutex<String> = Mutex::new(String::new());
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().unwrap();
        let lines = Lines { format, write: |line| WRITTEN.lock().unwrap().push_str(&line) };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), log);
        let written = std::mem::take(&mut *WRITTEN.lock().unwrap());
        let start = if format == Format::Json {
            r#"{"timestamp":"2026-11-21T12:00:00.000000Z","#
        } else {
            "2026-11-21T12:00:00.000000Z "
        };
        written.lines().map(|line| line[start.len()..].to_owned()).collect()
    }

    fn log() {
        let request = tracing::info_span!("request", request_id = "7f", url.path = "/x", rows = 1);
        let _entered = request.enter();
        tracing::warn!(target: "app", fields = r#"{"rows":3,"file":"a.csv"}"#, "imported");
        tracing::info!(target: "other", ok = true, "a\nb\x1b[2J");
    }

    #[test]
    fn people_read_text() {
        assert_eq!(
            lines(Format::Text { ansi: false }, log),
            [
                " WARN imported file=a.csv rows=3 request_id=7f",
                r" INFO a\nb\u{1b}[2J ok=true request_id=7f rows=1"
            ]
        );
    }

    /// Whoever chooses the names and the values of fields can say nothing in the name of the line.
    #[test]
    fn a_line_of_json_is_one_object_whatever_its_fields_are() {
        let hostile = "\"}\n{\"level\":\"ERROR\"}\0\x1b[2J\u{2028}\u{feff}";
        let fields =
            json!({ "level": "none", "message": hostile, "timestamp": 1, "target": {}, hostile: hostile });
        let written = lines(Format::Json, || {
            let span = tracing::info_span!("request", level = hostile, nan = f64::NAN);
            let _entered = span.enter();
            tracing::info!(target: "app", fields = fields.to_string(), "{hostile}");
        });
        let [line] = &written[..] else { panic!("{written:?}") };
        // Of a name that comes twice, the last would be found.
        let found: Value = serde_json::from_str(&format!("{{{line}")).unwrap();
        assert_eq!(
            found,
            json!({
                "level": "INFO", "target": "app", "message": hostile, hostile: hostile, "nan": null,
                "fields.level": "none", "fields.message": hostile, "fields.timestamp": 1, "fields.target": {},
            })
        );
    }

    #[test]
    fn people_see_what_is_there() {
        let mut line = String::new();
        push_escaped(&mut line, "a\r\nb\u{1b}[2J\u{85}\u{202e}c\u{2066}\u{2028} ä");
        assert_eq!(line, r"a\r\nb\u{1b}[2J\u{85}\u{202e}c\u{2066}\u{2028} ä");
        // Within what is written as JSON too.
        let log = || tracing::info!(target: "app", fields = "{\"tags\":[\"\u{9b}2J\"]}");
        let [line] = &lines(Format::Text { ansi: false }, log)[..] else { panic!("one record was made") };
        assert!(line.ends_with(r#"tags=["\u{9b}2J"]"#), "{line}");
    }

    #[test]
    fn machines_read_json() {
        assert_eq!(
            lines(Format::Json, log),
            [
                r#""level":"WARN","target":"app","message":"imported","file":"a.csv","rows":3,"request_id":"7f","url.path":"/x"}"#,
                r#""level":"INFO","target":"other","message":"a\nb\u001b[2J","ok":true,"request_id":"7f","url.path":"/x","rows":1}"#,
            ]
        );
    }

    #[test]
    fn what_is_no_text_is_written_as_json_has_it() {
        let log = || {
            let request = tracing::info_span!("request", rows = 1, name = "\"a\"");
            request.record("rows", 2.5);
            let _entered = request.enter();
            tracing::warn!(target: "app", rows = 7, fields = r#"{"rows":[3],"name":null}"#, message = 5);
            tracing::info!(target: "other", rate = f64::NAN, left = -1, fields = "{}");
        };
        assert_eq!(
            lines(Format::Json, log),
            [
                r#""level":"WARN","target":"app","message":"5","rows":[3],"name":null}"#,
                r#""level":"INFO","target":"other","message":"","rate":null,"left":-1,"fields":"{}","rows":2.5,"name":"\"a\""}"#,
            ]
        );
    }

    #[test]
    fn the_time_is_that_of_the_calendar() {
        let written = |seconds, micros| {
            let mut line = String::new();
            push_time(&mut line, UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros));
            line
        };
        assert_eq!(written(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(written(951_868_799, 999_999), "2000-02-29T23:59:59.999999Z");
        // Each day of 500 years, counted one by one, at another time of day.
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for number in 0..182_500 {
            let time = number * 7919 % 86_400;
            let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
            let expected = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000000Z");
            assert_eq!(written(number * 86_400 + time, 0), expected);
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
