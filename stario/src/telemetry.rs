//! Where the log goes when the user has not said, and what is in it of every request.
//!
//! Everything is a `tracing` record, so whoever installs a subscriber of their own gets it all. What is
//! installed here otherwise writes lines to standard error: for people on a terminal, JSON elsewhere.

mod fields;
mod lines;
#[cfg(feature = "metrics")]
pub(crate) mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
mod output;
mod request;

use std::env::VarError;
use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::{Result, locate_panics};
pub(crate) use fields::Fields;
use lines::{Format, Lines};
pub(crate) use request::{Outcome, RequestRecord, answered, routed, span, wants_requests, write_request};

/// The target of what handlers log through a `Logger`.
pub(crate) const LOGGER: &str = "app";

/// Writes `tracing` records to standard error, unless a subscriber is installed.
///
/// `RUST_LOG` says which, as in `info,app=debug,stario=warn`; INFO and above unless set. `STARIO_LOG_FORMAT`
/// is `text` or `json`; text on a terminal and JSON elsewhere unless set.
pub(crate) fn init() -> Result {
    let filter = filter(std::env::var("RUST_LOG"))?;
    let format = format(&std::env::var("STARIO_LOG_FORMAT"), std::io::stderr().is_terminal())?;
    let subscriber = tracing_subscriber::registry().with(filter).with(Lines { format, write: output::write });
    #[cfg(feature = "otlp")]
    let subscriber = subscriber.with(otlp::layer()?);
    output::begin();
    // Fails when there is one already, which is what was asked.
    if subscriber.try_init().is_ok() {
        locate_panics();
    }
    Ok(())
}

/// Sends what was not sent yet, before the process ends.
pub(crate) fn flush() {
    #[cfg(feature = "otlp")]
    otlp::flush();
    output::flush();
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
    let lines = Lines { format: Format::Text { ansi: false }, write: to_test_output };
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
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
    let text = Format::Text { ansi: is_terminal };
    match variable.as_deref().map(str::trim) {
        Ok("") | Err(VarError::NotPresent) => Ok(if is_terminal { text } else { Format::Json }),
        Ok("text") => Ok(text),
        Ok("json") => Ok(Format::Json),
        other => Err(invalid(format!(
            "STARIO_LOG_FORMAT is {:?}: expected `text` or `json`",
            other.unwrap_or("not text")
        ))),
    }
}

fn invalid(message: String) -> crate::error::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidInput, message).into()
}

/// The test harness catches what `print!` writes, and nothing else.
#[allow(clippy::needless_pass_by_value)] // The signature of the other one.
fn to_test_output(line: String) {
    print!("{line}");
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
    fn the_format_is_text_on_a_terminal_unless_the_environment_says_otherwise() {
        let check = |variable: Option<&str>, is_terminal, expected: Result<Format, &str>| {
            let variable = variable.map(str::to_owned).ok_or(VarError::NotPresent);
            let found = format(&variable, is_terminal).map_err(|error| error.to_string());
            assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text));
        };
        check(None, true, Ok(Format::Text { ansi: true }));
        check(None, false, Ok(Format::Json));
        check(Some("text"), false, Ok(Format::Text { ansi: false }));
        check(Some("json "), true, Ok(Format::Json));
        check(Some("xml"), true, Err("STARIO_LOG_FORMAT is \"xml\": expected `text` or `json`"));
    }
}
