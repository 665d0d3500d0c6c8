//! The errors that end a body early.

/// What can go wrong while a body is read or produced.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// The end of a response that must not look complete. Its cause is in the log already.
#[derive(Debug)]
pub(crate) struct Cut(pub(crate) &'static str);

impl std::error::Error for Cut {}

impl std::fmt::Display for Cut {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

/// The end of an event stream that the server's stop has ended. It must not look complete: a browser then connects again.
#[derive(Debug)]
pub(crate) struct Stopped;

impl std::error::Error for Stopped {}

impl std::fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the server stops")
    }
}

/// The body is longer than its reader allows.
#[derive(Debug)]
pub(crate) struct TooLong;

impl std::error::Error for TooLong {}

impl std::fmt::Display for TooLong {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the body is too long")
    }
}

/// All request bodies together would hold more memory than they may.
#[derive(Debug)]
pub(crate) struct MemoryFull;

impl std::error::Error for MemoryFull {}

impl std::fmt::Display for MemoryFull {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the memory for request bodies is full: try again later")
    }
}

/// The client stopped sending, or was too slow.
#[derive(Debug)]
pub(crate) struct Stalled;

impl std::error::Error for Stalled {}

impl std::fmt::Display for Stalled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the request's body did not come in time")
    }
}
