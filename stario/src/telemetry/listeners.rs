//! Who reads what is logged of requests.

use tracing::Level;

use super::log::Log;

/// Who reads what is logged of a request. The default is nobody.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Listeners {
    /// The log, if that shows requests.
    pub(super) log: Option<&'static Log>,
    /// Whether a subscriber of others or a collector listens.
    has_others: bool,
    /// Whether they take the records of requests, and not their spans alone.
    pub(super) takes_records: bool,
}

impl Listeners {
    /// Those that listen to the code that runs now.
    pub(crate) fn find() -> Self {
        Self::lasting().unwrap_or_else(|| {
            let takes_records = tracing::enabled!(target: "stario::request", Level::INFO);
            Self { log: None, has_others: true, takes_records }
        })
    }

    /// The same if it lasts: once the app's own log is what the code logs to, nothing else takes its place. What the subscriber of
    /// somebody else wants may change at any time.
    pub(crate) fn lasting() -> Option<Self> {
        let log = Log::installed()?;
        let log_of_requests = log.shows_requests.then_some(log);
        let has_others = log.has_collector;
        Some(Self { log: log_of_requests, has_others, takes_records: has_others && log.shows_requests })
    }

    /// Whether anyone reads the record of a request.
    pub(crate) fn want_records(self) -> bool {
        self.log.is_some() || self.takes_records
    }

    /// Whether anyone but the log listens, which needs no spans.
    pub(super) fn want_spans(self) -> bool {
        self.has_others
    }
}
