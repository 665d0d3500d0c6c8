//! Records as lines, each with the fields of the spans around it.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::{Fields, LOGGER};

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
        let mut fields = Fields::with_room();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut own = Fields::with_room();
        event.record(&mut own);
        let message = match own.take("message") {
            Some(Value::String(message)) => message,
            other => other.as_ref().map(Value::to_string).unwrap_or_default(),
        };
        let target = event.metadata().target();
        if target == LOGGER
            && let Some(Value::String(json)) = own.take("fields")
            && let Ok(Value::Object(logged)) = serde_json::from_str(&json)
        {
            logged.into_iter().for_each(|(name, value)| own.set(name, value));
        }
        let mut line = Line::new(self.format, *event.metadata().level(), target, &message);
        own.iter().for_each(|(name, value)| line.field(name.clone(), value));
        // From the innermost span: its word counts where two give a field of one name.
        for span in ctx.event_scope(event).into_iter().flatten() {
            if let Some(fields) = span.extensions().get::<Fields>() {
                fields.iter().for_each(|(name, value)| line.field(name.clone(), value));
            }
        }
        (self.write)(line.end());
    }
}

/// A line that is being written.
struct Line {
    format: Format,
    text: String,
    /// The fields that it has.
    names: Vec<Cow<'static, str>>,
}

impl Line {
    fn new(format: Format, level: Level, target: &str, message: &str) -> Self {
        let mut text = String::with_capacity(512);
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
                push_now(&mut text);
                // Writing to a `String` cannot fail.
                let _ = write!(text, "{plain} {color}{level:>5}{plain} ");
                push_escaped(&mut text, message);
            }
            Format::Json => {
                text.push_str("{\"timestamp\":\"");
                push_now(&mut text);
                text.push_str("\",\"level\":\"");
                text.push_str(level.as_str());
                text.push_str("\",\"target\":");
                push_json_text(&mut text, target);
                text.push_str(",\"message\":");
                push_json_text(&mut text, message);
            }
        }
        Self { format, text, names: Vec::with_capacity(16) }
    }

    /// Adds a field, if there is none of that name and it is one to be shown.
    fn field(&mut self, name: Cow<'static, str>, value: &Value) {
        let is_shown = match self.format {
            Format::Text { .. } => !is_semantic(&name),
            // What is meant for a collector's layer says nothing here.
            Format::Json => !name.starts_with("otel."),
        };
        if !is_shown || self.names.contains(&name) {
            return;
        }
        match self.format {
            Format::Text { ansi } => {
                let (dim, plain) = styles(ansi);
                self.text.push(' ');
                self.text.push_str(dim);
                push_escaped(&mut self.text, &name);
                self.text.push('=');
                self.text.push_str(plain);
                match value {
                    Value::String(text) => push_escaped(&mut self.text, text),
                    other => push_json(&mut self.text, other),
                }
            }
            Format::Json => {
                self.text.push(',');
                push_json_text(&mut self.text, &name);
                self.text.push(':');
                push_json(&mut self.text, value);
            }
        }
        self.names.push(name);
    }

    fn end(mut self) -> String {
        self.text.push_str(if self.format == Format::Json { "}\n" } else { "\n" });
        self.text
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
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
}

fn push_json(line: &mut String, value: &Value) {
    match value {
        Value::String(text) => push_json_text(line, text),
        // Writing to a `String` cannot fail.
        other => drop(write!(line, "{other}")),
    }
}

fn push_json_text(line: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && !matches!(byte, b'"' | b'\\')) {
        line.extend(["\"", text, "\""]);
    } else {
        line.push_str(&Value::from(text).to_string());
    }
}

fn push_now(line: &mut String) {
    // Writing to a `String` cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(line));
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

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
}
