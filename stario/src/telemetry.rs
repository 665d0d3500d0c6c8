//! The log, if the application installs no subscriber of its own, and the record of each request.
//!
//! A `tracing` subscriber that the application installs receives everything. Otherwise lines are written to standard error: text on
//! a terminal, JSON elsewhere. Records of requests and of `Logger` are written without `tracing`.

mod buffer;
mod event;
mod fields;
mod line;
mod listeners;
mod log;
mod logged_route;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
mod names;
#[cfg(feature = "otlp")]
mod otlp;
mod request;

use std::env::VarError;
use std::fmt;
use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::Result;
use crate::panic::locate_panics;
use crate::request_id::RequestId;
pub(crate) use fields::LogFields;
use line::Format;
pub(crate) use listeners::Listeners;
use log::{Installed, Log, Output};
pub(crate) use logged_route::LoggedRoute;
use names::{LOGGER, LOGGER_EVENT, REQUEST};
pub(crate) use request::{RequestOutcome, RequestRecord, answered, routed, span};

/// The variable that chooses the form of lines.
pub(crate) const FORMAT_VARIABLE: &str = "STARIO_LOG_FORMAT";

/// Writes `tracing` records to standard error, unless a subscriber is installed.
///
/// `RUST_LOG` says which, as in `info,app=debug,stario=warn`; INFO and above unless set. `STARIO_LOG_FORMAT`
/// is `text` or `json`; text on a terminal and JSON elsewhere unless set.
pub(crate) fn init() -> Result {
    let filter = filter(std::env::var("RUST_LOG"))?;
    let is_terminal = std::io::stderr().is_terminal();
    let format = format(&std::env::var(FORMAT_VARIABLE), is_terminal)?;
    #[cfg(feature = "otlp")]
    let collector = otlp::layer()?;
    #[cfg(feature = "otlp")]
    let has_collector = collector.is_some();
    #[cfg(not(feature = "otlp"))]
    let has_collector = false;
    let log = set_log(&filter, format, Output::Stderr { is_terminal }, has_collector);
    let subscriber = tracing_subscriber::registry().with(filter);
    #[cfg(feature = "otlp")]
    let subscriber = subscriber.with(collector);
    let subscriber = subscriber.with(event::layer(log)).with(Installed);
    log::begin_batches();
    // This fails if a subscriber is installed already, which then stays.
    if subscriber.try_init().is_ok() {
        locate_panics();
        flush_at_panics();
    }
    Ok(())
}

fn set_log(filter: &Targets, format: Format, output: Output, has_collector: bool) -> &'static Log {
    let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
    let shown = levels.into_iter().rfind(|level| filter.would_enable(LOGGER, level));
    let log = Log {
        format,
        output,
        shows_requests: filter.would_enable(REQUEST, &Level::INFO),
        logger_level: shown.map_or(LevelFilter::OFF, LevelFilter::from_level),
        has_collector,
    };
    log.set()
}

/// Writes the buffered lines at a panic, which may end the process. The hook that was installed before is still called.
fn flush_at_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        log::flush();
        hook(panic);
    }));
}

/// Writes what a `Logger` was given, or hands it to other subscribers.
pub(crate) fn write_logged(
    level: Level,
    message: &dyn fmt::Display,
    fields: Option<&LogFields>,
    request_id: Option<RequestId>,
    span: &Span,
) {
    let log = Log::installed();
    if let Some(log) = log {
        if log.logger_level < level {
            return;
        }
        log.write_fields(level, &message.to_string(), fields, request_id);
        if !log.has_collector {
            return;
        }
    }
    let request_id = request_id.map(tracing::field::display);
    macro_rules! emit {
        ($level:expr) => {
            match fields {
                None => tracing::event!(name: LOGGER_EVENT, target: LOGGER, parent: span, $level, request_id, "{message}"),
                Some(fields) => {
                    if tracing::enabled!(target: LOGGER, $level) {
                        let fields = fields.to_json();
                        tracing::event!(
                            name: LOGGER_EVENT, target: LOGGER, parent: span, $level, request_id, fields, "{message}"
                        );
                    }
                }
            }
        };
    }
    match level {
        Level::ERROR => emit!(Level::ERROR),
        Level::WARN => emit!(Level::WARN),
        Level::INFO => emit!(Level::INFO),
        Level::DEBUG | Level::TRACE => emit!(Level::DEBUG),
    }
}

/// Flushes the log and the exporter of spans, before the process ends.
pub(crate) fn flush() {
    #[cfg(feature = "otlp")]
    otlp::flush();
    log::flush_at_end();
}

/// Flushes when it is dropped, however serving ends.
pub(crate) struct FlushAtEnd;

impl Drop for FlushAtEnd {
    fn drop(&mut self) {
        flush();
    }
}

/// The same as [`init`] in a test, whose output is shown when it fails.
pub(crate) fn init_in_test() {
    let filter =
        filter(std::env::var("RUST_LOG")).unwrap_or_else(|_| Targets::new().with_default(LevelFilter::INFO));
    // The test harness catches what `print!` writes, and nothing else.
    let output = Output::Sink(|line| print!("{}", String::from_utf8_lossy(line)));
    let log = set_log(&filter, Format::Text { has_color: false }, output, false);
    let _ = tracing_subscriber::registry().with(filter).with(event::layer(log)).with(Installed).try_init();
}

fn filter(variable: Result<String, VarError>) -> Result<Targets> {
    match variable {
        Ok(directives) if !directives.trim().is_empty() => directives.parse().map_err(|error| {
            let expected = "expected levels and targets, such as `info` or `info,app=debug,stario=warn`";
            invalid(format!("RUST_LOG is {directives:?}: {expected} ({error})"))
        }),
        Ok(_) | Err(VarError::NotPresent) => Ok(Targets::new().with_default(LevelFilter::INFO)),
        Err(VarError::NotUnicode(value)) => {
            Err(invalid(format!("RUST_LOG is {:?}: expected text", value.to_string_lossy())))
        }
    }
}

fn format(variable: &Result<String, VarError>, is_terminal: bool) -> Result<Format> {
    let text = Format::Text { has_color: is_terminal };
    match variable.as_deref().map(str::trim) {
        Ok("") | Err(VarError::NotPresent) => Ok(if is_terminal { text } else { Format::Json }),
        Ok("text") => Ok(text),
        Ok("json") => Ok(Format::Json),
        other => Err(invalid(format!(
            "{FORMAT_VARIABLE} is {:?}: expected `text` or `json`",
            other.unwrap_or("not text")
        ))),
    }
}

fn invalid(message: String) -> crate::error::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, message).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_does_not_parse_is_refused_by_name() {
        let refusal = filter(Ok("stario=loud".to_owned())).unwrap_err().to_string();
        assert!(refusal.starts_with("RUST_LOG is \"stario=loud\": expected levels and targets"), "{refusal}");
        assert_eq!(filter(Ok(" ".to_owned())).unwrap().to_string(), "info");
        assert_eq!(filter(Err(VarError::NotPresent)).unwrap().to_string(), "info");
        assert!(filter(Ok("warn,app=debug".to_owned())).unwrap().would_enable("app", &tracing::Level::DEBUG));
    }

    #[test]
    fn levels_that_are_not_shown_cost_nothing() {
        let log: &'static Log = Box::leak(Box::new(log::tests::collecting(Format::Json)));
        let filter = filter(Ok("warn,app=info".to_owned())).unwrap();
        let subscriber = tracing_subscriber::registry().with(filter).with(event::layer(log)).with(Installed);
        // The macros of `tracing` compare with this before anything else.
        assert_eq!(tracing::Subscriber::max_level_hint(&subscriber), Some(LevelFilter::INFO));
    }

    #[test]
    fn the_format_is_text_on_a_terminal_unless_the_environment_says_otherwise() {
        let check = |variable: Option<&str>, is_terminal, expected: Result<Format, &str>| {
            let variable = variable.map(str::to_owned).ok_or(VarError::NotPresent);
            let found = format(&variable, is_terminal).map_err(|error| error.to_string());
            assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text));
        };
        check(None, true, Ok(Format::Text { has_color: true }));
        check(None, false, Ok(Format::Json));
        check(Some("text"), false, Ok(Format::Text { has_color: false }));
        check(Some("json "), true, Ok(Format::Json));
        check(Some("xml"), true, Err("STARIO_LOG_FORMAT is \"xml\": expected `text` or `json`"));
    }
}
