//! The log that stario writes itself, if no other subscriber is installed, and whether others listen as well.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber, dispatcher};
use tracing_subscriber::layer::Layer;

use super::buffer;
use super::fields::Fields;
use super::line::{self, Format};
use crate::extract::RequestId;

/// How long the end of the process waits for the lines to be written.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// How much memory a thread keeps for its next line.
const KEPT_BYTES: usize = 4096;

static LOG: OnceLock<Log> = OnceLock::new();

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
    /// The test harness catches what `print!` writes, and nothing else.
    Test,
}

impl Log {
    /// Makes this the process's log, if there is none yet. Returns the one there is.
    pub(super) fn set(self) -> &'static Self {
        LOG.get_or_init(|| self)
    }

    /// The log, if it is what the code that runs now logs to.
    pub(super) fn installed() -> Option<&'static Self> {
        let log = LOG.get()?;
        dispatcher::get_default(|subscriber| subscriber.is::<Installed>()).then_some(log)
    }

    /// Writes a line that `write` has the message and the fields of.
    pub(super) fn write_line(&self, level: Level, write: impl FnOnce(&mut Vec<u8>)) {
        let time = SystemTime::now();
        self.write_bytes(level, |line| {
            line::begin(line, self.format, level, time);
            write(line);
        });
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
                buffer::STDERR.append(&line, is_terminal || level <= Level::WARN);
            }
            Output::Test => print!("{}", String::from_utf8_lossy(&line)),
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
        fields: Option<&Fields>,
        request_id: RequestId,
    ) {
        self.write_line(level, |line| {
            line::push_escaped(line, self.format, message);
            if self.format == Format::Json {
                line.push(b'"');
            }
            for (name, value) in fields.into_iter().flat_map(Fields::iter) {
                match self.format {
                    Format::Json => line::push_field(line, self.format, unreserved(name), value),
                    Format::Text { .. } => line::push_field(line, self.format, name, value),
                }
            }
            end(line, self.format, super::LOGGER, Some(request_id));
        });
    }
}

/// Writes the target, the request's id, and the end of the line.
pub(super) fn end(line: &mut Vec<u8>, format: Format, target: &str, request_id: Option<RequestId>) {
    if format == Format::Json {
        line.extend_from_slice(b",\"target\":\"");
        line::push_escaped(line, format, target);
        line.push(b'"');
    }
    end_with_id(line, format, request_id);
}

/// Writes the request's id, and the end of the line.
pub(super) fn end_with_id(line: &mut Vec<u8>, format: Format, request_id: Option<RequestId>) {
    let (before, behind, end): (&[u8], &[u8], &[u8]) = match format {
        Format::Json => (b",\"request_id\":\"", b"\"", b"}\n"),
        Format::Text { .. } => (b" request_id=", b"", b"\n"),
    };
    if let Some(id) = request_id {
        line.extend_from_slice(before);
        line.extend_from_slice(id.digits().as_str().as_bytes());
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

/// Appends the line that says how many lines were dropped.
pub(super) fn push_dropped(lines: &mut Vec<u8>, count: u64) {
    let format = LOG.get().map_or(Format::Json, |log| log.format);
    line::begin(lines, format, Level::WARN, SystemTime::now());
    lines.extend_from_slice(b"lines of the log were dropped: more came than were written");
    if format == Format::Json {
        lines.push(b'"');
    }
    line::push_field(lines, format, "lines", &count.into());
    end(lines, format, "stario::telemetry", None);
}

/// Begins to collect lines in batches.
pub(super) fn begin_batches() {
    buffer::STDERR.set_direct(false);
}

/// Waits until all lines are written, but not for ever. Returns whether they are.
pub(super) fn flush() -> bool {
    buffer::STDERR.flush(FLUSH_LIMIT)
}

/// The same at the end of the process: what is logged later is written by whoever logs it.
pub(super) fn flush_at_end() {
    let is_written = flush();
    buffer::STDERR.set_direct(is_written);
}

/// By this layer the subscriber is known that writes to the log.
pub(super) struct Installed;

impl<S: Subscriber> Layer<S> for Installed {}
