//! The log that stario writes itself, if no other subscriber is installed, and whether others listen as well.

use std::cell::Cell;
use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber, dispatcher};
use tracing_subscriber::layer::Layer;

use super::buffer::{Buffer, CAPACITY, Loss};
use super::fields::LogFields;
use super::line::{self, Format};
use super::names::LOGGER;
use crate::moment::Moment;
use crate::request_id::{Digits, RequestId};

/// How long the end of the process waits for the lines to be written.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// How much memory a thread keeps for its next line.
const KEPT_BYTES: usize = 4096;

static LOG: OnceLock<Log> = OnceLock::new();

/// The buffer of standard error.
static STDERR: LazyLock<Buffer> = LazyLock::new(|| Buffer::new(CAPACITY, to_stderr, push_loss));

/// What cannot be written is lost: a full disk or a closed pipe must not end the server.
fn to_stderr(lines: &[u8]) {
    let _ = std::io::stderr().lock().write_all(lines);
}

/// What the log shows, how, and where.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) format: Format,
    pub(super) output: Output,
    /// Whether the records of requests are shown.
    pub(super) shows_requests: bool,
    /// The levels of the records that are written by a `Logger`.
    pub(super) logger_level: LevelFilter,
    /// Whether a collector takes spans, and events as parts of them.
    pub(super) has_collector: bool,
}

/// Where lines go.
#[derive(Debug, Clone, Copy)]
pub(super) enum Output {
    Stderr {
        is_terminal: bool,
    },
    /// Wherever tests want them.
    Sink(fn(&[u8])),
}

impl Log {
    /// Makes this the process's log, if there is none yet. Returns the one there is.
    pub(super) fn set(self) -> &'static Self {
        LOG.get_or_init(|| self)
    }

    /// The log, if it is what the code that runs now logs to.
    pub(super) fn installed() -> Option<&'static Self> {
        let log = LOG.get()?;
        dispatcher::get_default(tracing::Dispatch::is::<Installed>).then_some(log)
    }

    /// Writes a line of the time `now` that `write` has the message and the fields of.
    pub(super) fn write_line(&self, level: Level, now: Moment, write: impl FnOnce(&mut Vec<u8>)) {
        self.write_bytes(level, |line| {
            line::begin(line, self.format, level, now);
            write(line);
        });
    }

    /// Writes the line of a request, which `write` has all of, straight into the buffer. `write` must not log.
    pub(super) fn write_record(&self, write: impl FnOnce(&mut Vec<u8>)) {
        match self.output {
            Output::Stderr { is_terminal } => STDERR.append_by(is_terminal, write),
            Output::Sink(_) => self.write_bytes(Level::INFO, write),
        }
    }

    /// Writes a line that `write` has all of.
    pub(super) fn write_bytes(&self, level: Level, write: impl FnOnce(&mut Vec<u8>)) {
        thread_local! {
            static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        // A thread that ends has no memory for its next line.
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        write(&mut line);
        match self.output {
            Output::Stderr { is_terminal } => {
                STDERR.append(&line, is_terminal || level <= Level::WARN);
            }
            Output::Sink(sink) => sink(&line),
        }
        if line.capacity() <= KEPT_BYTES {
            line.clear();
            let _ = LINE.try_with(|kept| kept.set(line));
        }
    }

    /// Writes what a `Logger` was given.
    pub(super) fn write_fields(
        &self,
        level: Level,
        message: &str,
        fields: Option<&LogFields>,
        request_id: Option<RequestId>,
    ) {
        self.write_line(level, Moment::now(), |line| {
            line::push_escaped(line, self.format, message);
            if self.format == Format::Json {
                line.push(b'"');
            }
            for (name, value) in fields.into_iter().flat_map(LogFields::iter) {
                match self.format {
                    Format::Json => line::push_field(line, self.format, unreserved(name), value),
                    Format::Text { .. } => line::push_field(line, self.format, name, value),
                }
            }
            end(line, self.format, LOGGER, request_id.map(RequestId::digits).as_ref());
        });
    }
}

/// Writes the target, the request's id, and the end of the line.
pub(super) fn end(line: &mut Vec<u8>, format: Format, target: &str, request_id: Option<&Digits>) {
    if format == Format::Json {
        line.extend_from_slice(b",\"target\":\"");
        line::push_escaped(line, format, target);
        line.push(b'"');
    }
    end_with_id(line, format, request_id);
}

/// Writes the request's id, and the end of the line.
pub(super) fn end_with_id(line: &mut Vec<u8>, format: Format, request_id: Option<&Digits>) {
    let (before, behind, end): (&[u8], &[u8], &[u8]) = match format {
        Format::Json => (b",\"request_id\":\"", b"\"", b"}\n"),
        Format::Text { .. } => (b" request_id=", b"", b"\n"),
    };
    if let Some(id) = request_id {
        line.extend_from_slice(before);
        line.extend_from_slice(id.as_bytes());
        line.extend_from_slice(behind);
    }
    line.extend_from_slice(end);
}

/// The name of a field where it cannot be taken for what the line says of itself: of two values of one name in
/// a JSON object, most readers take the last.
fn unreserved(name: &str) -> &str {
    match name {
        "timestamp" => "fields.timestamp",
        "level" => "fields.level",
        "target" => "fields.target",
        "message" => "fields.message",
        "request_id" => "fields.request_id",
        _ => name,
    }
}

/// Appends the line that says what the log has lost.
fn push_loss(lines: &mut Vec<u8>, loss: Loss<'_>) {
    let format = LOG.get().map_or(Format::Json, |log| log.format);
    line::begin(lines, format, Level::WARN, Moment::now());
    lines.extend_from_slice(match loss {
        Loss::NoRoom { .. } => &b"lines of the log were dropped: more came than were written"[..],
        Loss::TooLong { .. } => b"a line of the log was dropped: it is longer than 4 MiB",
    });
    if format == Format::Json {
        lines.push(b'"');
    }
    match loss {
        Loss::NoRoom { lines: count } => line::push_field(lines, format, "lines", &count.into()),
        Loss::TooLong { bytes, start } => {
            line::push_field(lines, format, "bytes", &bytes.into());
            line::push_field(lines, format, "start", &String::from_utf8_lossy(start).into());
        }
    }
    end(lines, format, "stario::telemetry", None);
}

/// Begins to collect lines in batches.
pub(super) fn begin_batches() {
    STDERR.begin_batches();
}

/// Waits until all lines are written, but not for ever. Returns whether they are.
pub(super) fn flush() -> bool {
    STDERR.flush(FLUSH_LIMIT)
}

/// Flushes at the end of the process: later lines are written directly.
pub(super) fn flush_at_end() {
    STDERR.end_batches(FLUSH_LIMIT);
}

/// Marks the subscriber that stario has installed.
pub(super) struct Installed;

impl<S: Subscriber> Layer<S> for Installed {
    /// It takes no records, so that only the filter says which levels are skipped early.
    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::OFF)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::cell::RefCell;

    use serde_json::{Value, json};

    use super::*;

    thread_local! {
        static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }

    /// A log of lines that [`written`] returns.
    pub(in crate::telemetry) fn collecting(format: Format) -> Log {
        let output = Output::Sink(|line| WRITTEN.with_borrow_mut(|written| written.extend_from_slice(line)));
        let logger_level = LevelFilter::INFO;
        Log { format, output, shows_requests: true, logger_level, has_collector: false }
    }

    /// The lines that this thread has written, with zeros in the place of their time.
    pub(in crate::telemetry) fn written() -> Vec<String> {
        let text = String::from_utf8(WRITTEN.take()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
        let at_zero = |line: &str| {
            let time = line.find("20").unwrap();
            let (start, end) = (&line[..time], &line[time + line::TIME_BYTES..]);
            assert!(line[..time + line::TIME_BYTES].ends_with('Z'), "{line}");
            format!("{start}0{end}")
        };
        text.lines().map(at_zero).collect()
    }

    pub(in crate::telemetry) const TEXT: Format = Format::Text { has_color: false };

    #[test]
    fn the_fields_of_a_logger_are_fields_of_the_line() {
        let id = RequestId::next();
        let mut fields = LogFields::default();
        fields.set("rows", 3.into());
        fields.set("file", "a \"b\"\n.csv".into());
        for format in [TEXT, Format::Json] {
            collecting(format).write_fields(Level::WARN, "imported\n", Some(&fields), Some(id));
            collecting(format).write_fields(Level::INFO, "none", None, Some(id));
        }
        collecting(Format::Text { has_color: true }).write_fields(Level::ERROR, "red", None, Some(id));
        let expected = [
            format!(r#"0  WARN imported\n rows=3 file="a \"b\"\n.csv" request_id={id}"#),
            format!("0  INFO none request_id={id}"),
            format!(
                r#"{{"timestamp":"0","level":"WARN","message":"imported\n","rows":3,"file":"a \"b\"\n.csv","target":"app","request_id":"{id}"}}"#
            ),
            format!(
                r#"{{"timestamp":"0","level":"INFO","message":"none","target":"app","request_id":"{id}"}}"#
            ),
            format!("\x1b[2m0\x1b[0m \x1b[31mERROR\x1b[0m red request_id={id}"),
        ];
        assert_eq!(written(), expected);
    }

    /// Names and values of fields that a client chooses cannot replace the fields of the line.
    #[test]
    fn a_line_of_json_is_one_object_whatever_its_fields_are() {
        let hostile = "\"}\n{\"level\":\"ERROR\"}\0\x1b[2J\u{2028}\u{feff}";
        let mut fields = LogFields::default();
        for name in ["level", "message", "timestamp", "target", "request_id", hostile] {
            fields.set(name, hostile.into());
        }
        let id = RequestId::next();
        collecting(Format::Json).write_fields(Level::INFO, hostile, Some(&fields), Some(id));
        let lines = written();
        let [line] = &lines[..] else { panic!("{lines:?}") };
        // Of a name that comes twice, the last would be found.
        assert_eq!(
            serde_json::from_str::<Value>(line).unwrap(),
            json!({
                "timestamp": "0", "level": "INFO", "target": "app", "message": hostile, hostile: hostile,
                "request_id": id.to_string(), "fields.level": hostile, "fields.message": hostile,
                "fields.timestamp": hostile, "fields.target": hostile, "fields.request_id": hostile,
            })
        );
    }

    #[test]
    fn dropped_lines_are_a_line() {
        let mut line = Vec::new();
        push_loss(&mut line, Loss::NoRoom { lines: 7 });
        let line: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!((&line["level"], &line["lines"]), (&json!("WARN"), &json!(7)));
        assert_eq!(line["message"], "lines of the log were dropped: more came than were written");
        let mut line = Vec::new();
        push_loss(&mut line, Loss::TooLong { bytes: 5 << 20, start: b"{\"level\":\"INFO\"\xff" });
        let line: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["message"], "a line of the log was dropped: it is longer than 4 MiB");
        assert_eq!(
            (&line["bytes"], &line["start"]),
            (&json!(5 << 20), &json!("{\"level\":\"INFO\"\u{fffd}"))
        );
    }
}
