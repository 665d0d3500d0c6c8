//! The records of `tracing`'s macros as lines: formatted by `tracing-subscriber`, then made safe to show, and
//! given the id of the request that is polled.

use std::io;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::line::{self, Format, TIME_BYTES};
use super::log::{self, Log};
use super::{LOGGER_EVENT, REQUEST, SPAN};
use crate::current;

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

/// Whether it is not one of those that the log writes without `tracing`, which only a collector gets by it.
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
    let request_id = current::get().map(|current| current.request_id);
    match format {
        Format::Json => {
            line::push_controls_escaped(line, format, event.strip_suffix('}').unwrap_or(event));
            // Within a string the quotes would be escaped, so this is a name: the event says it itself.
            let is_said = event.contains(r#""request_id":"#);
            log::end_with_id(line, format, request_id.filter(|_| !is_said));
        }
        Format::Text { has_color } => {
            let event = match event.split_at_checked(TIME_BYTES) {
                Some((time, rest)) if has_color => {
                    line::push_head(line, format, level, time.as_bytes());
                    rest.get(1 + 5 + 1..).unwrap_or_default()
                }
                _ => event,
            };
            line::push_controls_escaped(line, format, event);
            let said = request_id.map(|id| format!("request_id={id}"));
            log::end_with_id(line, format, request_id.filter(|_| !event.contains(&said.unwrap_or_default())));
        }
    }
}
