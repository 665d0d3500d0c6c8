//! The records of `tracing`'s macros as lines: formatted by `tracing-subscriber`, then made safe to show, and
//! given the id of the request that is polled.

use std::borrow::Cow;
use std::io;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::line::{self, Format, TIME_BYTES};
use super::log::{self, Log};
use super::names::{LOGGER_EVENT, REQUEST, SPAN};
use crate::current;
use crate::request_id::RequestId;

/// Writes what is logged by the app and its libraries.
pub(super) fn layer<S>(log: &'static Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(Events(log)).with_ansi(false);
    match log.format {
        Format::Json => {
            let layer = layer.json().flatten_event(true).with_current_span(false).with_span_list(true);
            layer.with_filter(FilterFn::new(is_of_others)).boxed()
        }
        Format::Text { .. } => layer.with_target(false).with_filter(FilterFn::new(is_of_others)).boxed(),
    }
}

/// Whether the event comes from the app or a library. stario's own records are written without `tracing`, and go through it only
/// for a collector.
fn is_of_others(metadata: &Metadata<'_>) -> bool {
    let is_request_span = metadata.is_span() && metadata.name() == SPAN && metadata.target() == "stario";
    !is_request_span && metadata.target() != REQUEST && metadata.name() != LOGGER_EVENT
}

/// Takes formatted events.
struct Events(&'static Log);

impl<'w> MakeWriter<'w> for Events {
    type Writer = EventWriter;

    fn make_writer(&'w self) -> EventWriter {
        EventWriter { log: self.0, level: Level::ERROR }
    }

    fn make_writer_for(&'w self, metadata: &Metadata<'_>) -> EventWriter {
        EventWriter { log: self.0, level: *metadata.level() }
    }
}

/// Takes one formatted event, with its line end, in one call.
struct EventWriter {
    log: &'static Log,
    level: Level,
}

impl io::Write for EventWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        self.log.write_bytes(self.level, |line| push_event(line, self.log.format, self.level, &text));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn push_event(line: &mut Vec<u8>, format: Format, level: Level, event: &str) {
    let event = event.trim_end_matches('\n');
    let digits = current::get().request_id.map(RequestId::digits);
    match format {
        Format::Json => {
            let event = rename_reserved(event.strip_suffix('}').unwrap_or(event));
            line::push_controls_escaped(line, format, &event);
            // Within a string the quotes would be escaped, so this is a name: the event says it itself.
            let is_said = event.contains(r#""request_id":"#);
            log::end_with_id(line, format, digits.as_ref().filter(|_| !is_said));
        }
        Format::Text { has_color } => {
            let event = match event.split_at_checked(TIME_BYTES) {
                Some((time, rest)) if has_color => {
                    line::push_text_head(line, has_color, level, time.as_bytes());
                    rest.get(1 + 5 + 1..).unwrap_or_default()
                }
                _ => event,
            };
            line::push_controls_escaped(line, format, event);
            let said = digits.as_ref().map(|digits| format!("request_id={}", digits.as_str()));
            log::end_with_id(
                line,
                format,
                digits.as_ref().filter(|_| !event.contains(&said.unwrap_or_default())),
            );
        }
    }
}

/// Renames the fields that have the names of what the line says first: of two values of one name in a JSON
/// object, most readers take the last.
fn rename_reserved(event: &str) -> Cow<'_, str> {
    let own = event.find(r#","level":""#).map_or(event.len(), |start| start + r#","level":""#.len());
    let (own, fields) = event.split_at(own);
    // Within a string the quotes would be escaped, so these are names.
    if !fields.contains(r#","level":"#) && !fields.contains(r#","timestamp":"#) {
        return event.into();
    }
    let fields = fields.replace(r#","level":"#, r#","fields.level":"#);
    let fields = fields.replace(r#","timestamp":"#, r#","fields.timestamp":"#);
    [own, &fields].concat().into()
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::log::tests::{TEXT, collecting, written};
    use super::*;
    use crate::current::{Current, enter};
    use crate::request_id::RequestId;

    /// The lines that `write` writes by `tracing`.
    fn lines(format: Format, write: impl FnOnce()) -> Vec<String> {
        let log: &'static Log = Box::leak(Box::new(collecting(format)));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer(log)), write);
        written()
    }

    #[test]
    fn events_have_the_id_of_the_request_that_is_polled() {
        let id = RequestId::next();
        let write = || {
            tracing::info!(target: "shop", rows = 3, name = "x", "imported");
            let _current = enter(Current { request_id: Some(id), ..Current::default() });
            tracing::warn!(target: "shop", rows = 3, "imported");
            tracing::warn!(target: "shop", request_id = %id, "said itself");
            let span = tracing::info_span!("import", file = "a.csv");
            let _entered = span.enter();
            tracing::error!(target: "shop", "failed");
        };
        let json = [
            r#"{"timestamp":"0","level":"INFO","message":"imported","rows":3,"name":"x","target":"shop"}"#
                .to_owned(),
            format!(
                r#"{{"timestamp":"0","level":"WARN","message":"imported","rows":3,"target":"shop","request_id":"{id}"}}"#
            ),
            format!(
                r#"{{"timestamp":"0","level":"WARN","message":"said itself","request_id":"{id}","target":"shop"}}"#
            ),
            format!(
                r#"{{"timestamp":"0","level":"ERROR","message":"failed","target":"shop","spans":[{{"file":"a.csv","name":"import"}}],"request_id":"{id}"}}"#
            ),
        ];
        assert_eq!(lines(Format::Json, write), json);
        let text = [
            r#"0  INFO imported rows=3 name="x""#.to_owned(),
            format!("0  WARN imported rows=3 request_id={id}"),
            format!("0  WARN said itself request_id={id}"),
            format!(r#"0 ERROR import{{file="a.csv"}}: failed request_id={id}"#),
        ];
        assert_eq!(lines(TEXT, write), text);
    }

    #[test]
    fn what_terminals_act_on_is_escaped() {
        let hostile = "a\r\nb\u{1b}[2J\u{9b}2J\u{202e}\u{2066}\u{2028} ä";
        let write = || tracing::info!(target: "shop", shown = %hostile, text = hostile, "{hostile}");
        let text = lines(TEXT, write);
        let [line] = &text[..] else { panic!("{text:?}") };
        let is_escaped = |line: &str| {
            !line.chars().any(|character| {
                character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}')
            })
        };
        assert!(is_escaped(line), "{line:?}");
        assert!(line.contains(r"shown=a\r\nb\u{1b}[2J\u{9b}2J\u{202e}\u{2066}\u{2028} ä"), "{line}");
        let json = lines(Format::Json, write);
        let [line] = &json[..] else { panic!("{json:?}") };
        assert!(is_escaped(line), "{line:?}");
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        for field in ["message", "shown", "text"] {
            assert_eq!(record[field], hostile);
        }
    }

    #[test]
    fn a_field_cannot_pass_for_what_the_line_says_itself() {
        let hostile = r#"","level":"ERROR"#;
        let write = || {
            let span = tracing::info_span!("import", level = "none", x = hostile);
            let _entered = span.enter();
            tracing::info!(target: "shop", level = "none", timestamp = 1, target = 2, x = hostile, "{hostile}");
        };
        let json = lines(Format::Json, write);
        let record: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
        let expected = serde_json::json!({
            "timestamp": "0", "level": "INFO", "message": hostile, "target": "shop",
            "fields.level": "none", "fields.timestamp": 1, "x": hostile,
            "spans": [{ "level": "none", "name": "import", "x": hostile }],
        });
        assert_eq!(record, expected);
    }

    #[test]
    fn a_terminal_shows_the_level_in_color() {
        let write = || tracing::warn!(target: "shop", shown = %"\u{1b}[31m", "imported");
        let expected = "\u{1b}[2m0\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m imported shown=\\u{1b}[31m";
        assert_eq!(lines(Format::Text { has_color: true }, write), [expected]);
    }

    /// The log writes these itself; a collector gets them by `tracing`.
    #[test]
    fn what_only_a_collector_gets_is_no_line() {
        let write = || {
            let span = tracing::error_span!(target: "stario", "request", request_id = "7f");
            let _entered = span.enter();
            tracing::info!(target: "stario::request", "GET / 200 in 1ms");
            tracing::info!(name: "logger", target: "app", "imported");
            tracing::info!(target: "app", "by a macro");
        };
        assert_eq!(
            lines(Format::Json, write),
            [r#"{"timestamp":"0","level":"INFO","message":"by a macro","target":"app"}"#]
        );
    }
}
