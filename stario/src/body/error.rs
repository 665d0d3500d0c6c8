//! Why a body ends before its end.

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

/// The client stopped sending, or was too slow.
#[derive(Debug)]
pub(crate) struct Stalled;

impl std::error::Error for Stalled {}

impl std::fmt::Display for Stalled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the request's body did not come in time")
    }
}
