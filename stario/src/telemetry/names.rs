//! The names of what stario logs, by which filters and collectors know it.

/// The target of what handlers log through a `Logger`.
pub(super) const LOGGER: &str = "app";

/// The name of those records, where they go through `tracing`.
pub(super) const LOGGER_EVENT: &str = "logger";

/// The target of the records of requests.
pub(super) const REQUEST: &str = "stario::request";

/// The name of the span of a request.
pub(super) const SPAN: &str = "request";
