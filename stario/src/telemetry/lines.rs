//! Records as lines, each with the fields of the spans around it.

use std::fmt::Write as _;

use serde_json::Value;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Scope};

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
    pub(super) write: fn(&str),
}

impl<S> Layer<S> for Lines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let mut fields = Fields::default();
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
        let mut own = Fields::default();
        event.record(&mut own);
        let message = own.take("message").as_ref().map(plain).unwrap_or_default();
        let target = event.metadata().target();
        if target == LOGGER
            && let Some(Value::String(json)) = own.take("fields")
            && let Ok(Value::Object(logged)) = serde_json::from_str(&json)
        {
            logged.into_iter().for_each(|(name, value)| own.set(name, value));
        }
        let mut around = Fields::default();
        for span in ctx.event_scope(event).into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                fields.iter().for_each(|(name, value)| around.set(name.to_owned(), value.clone()));
            }
        }
        // The record's own word counts.
        for (name, _) in own.iter() {
            around.take(name);
        }
        let line = Line { level: *event.metadata().level(), target, message, own, around };
        (self.write)(&match self.format {
            Format::Text { ansi } => line.text(ansi),
            Format::Json => line.json(),
        });
    }
}

struct Line<'a> {
    level: Level,
    target: &'a str,
    message: String,
    own: Fields,
    around: Fields,
}

impl Line<'_> {
    fn text(&self, ansi: bool) -> String {
        let (dim, plain_again) = if ansi { ("\x1b[2m", "\x1b[0m") } else { ("", "") };
        let color = match self.level {
            _ if !ansi => "",
            Level::ERROR => "\x1b[31m",
            Level::WARN => "\x1b[33m",
            Level::INFO => "\x1b[32m",
            _ => "\x1b[34m",
        };
        let mut line = format!("{dim}{}{plain_again} {color}{:>5}{plain_again} ", now(), self.level);
        push_escaped(&mut line, &self.message);
        for (name, value) in self.own.iter() {
            // What the message says already, in the words of a standard.
            if !is_semantic(name) {
                push_field(&mut line, name, value, dim, plain_again);
            }
        }
        for (name, value) in self.around.iter().filter(|(name, _)| !is_semantic(name)) {
            push_field(&mut line, name, value, dim, plain_again);
        }
        line.push('\n');
        line
    }

    fn json(&self) -> String {
        let level = self.level.as_str();
        let head = [("timestamp", now().into()), ("level", level.into()), ("target", self.target.into())];
        let mut line = String::from("{");
        let head = head.iter().map(|(name, value)| (*name, value));
        let message = Value::String(self.message.clone());
        let all = head.chain([("message", &message)]).chain(self.own.iter()).chain(self.around.iter());
        // What is meant for a collector's layer says nothing here.
        let said = all.filter(|(name, _)| !name.starts_with("otel."));
        for (position, (name, value)) in said.enumerate() {
            let separator = if position == 0 { "" } else { "," };
            // Writing to a `String` cannot fail.
            let _ = write!(line, "{separator}{}:{value}", Value::from(name));
        }
        line.push_str("}\n");
        line
    }
}

/// Whether the field is one of OpenTelemetry's conventions, which on a terminal repeat what the message says.
fn is_semantic(name: &str) -> bool {
    ["http.", "url.", "client.", "otel.", "network.", "server."].iter().any(|prefix| name.starts_with(prefix))
}

fn push_field(line: &mut String, name: &str, value: &Value, dim: &str, plain_again: &str) {
    line.push(' ');
    line.push_str(dim);
    push_escaped(line, name);
    line.push('=');
    line.push_str(plain_again);
    push_escaped(line, &plain(value));
}

/// A text without its quotes, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
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

fn now() -> String {
    let mut now = String::new();
    // Writing to a `String` cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut now));
    now
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
        let lines = Lines { format, write: |line| WRITTEN.lock().unwrap().push_str(line) };
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
