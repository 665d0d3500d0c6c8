//! `NoRetry`: an error after which a durable command does not run again.

use std::fmt;

use crate::error::{Error, ErrorKind};

/// An error after which a durable command is not run again: it becomes a dead letter at once.
///
/// ```
/// use stario::prelude::*;
/// use stario::NoRetry;
///
/// # fn find(id: u32) -> Option<u32> { Some(id).filter(|id| *id < 7) }
/// # stario::app!();
/// #[app::detached_command("/send/{id}", durable = "send")]
/// async fn send(id: PathParam<u32>) -> Result {
///     let account = find(*id).ok_or(NoRetry::new("no such account"))?;
///     # let _ = account;
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct NoRetry(Error);

impl NoRetry {
    /// Wraps the error.
    pub fn new(error: impl Into<Error>) -> Self {
        Self(error.into())
    }

    /// Whether the error is one, or was caused by one.
    pub(super) fn is_in(error: Error) -> bool {
        let kind = error.into_kind();
        let cause: Option<&(dyn std::error::Error + 'static)> = match &kind {
            ErrorKind::Answer { .. } => None,
            ErrorKind::Rejection(rejection) => rejection.cause().map(|cause| cause as _),
            ErrorKind::Cause(cause) => Some(&**cause),
        };
        std::iter::successors(cause, |error| error.source()).any(<dyn std::error::Error>::is::<NoRetry>)
    }
}

impl fmt::Display for NoRetry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl std::error::Error for NoRetry {}
