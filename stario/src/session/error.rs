//! The errors of sessions.

use std::fmt;

use http::StatusCode;

use crate::error::{ErrorRegistration, ErrorResponse, Registered, StoreError};

/// Why a session could not be changed, or a message not be kept for the next page.
///
/// In a handler, `?` answers it: 409 for a session that has ended meanwhile, 503 for one that too many requests change
/// at once, 500 for all others, whose text is only in the log.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionError {
    /// The session was ended, or given a new id, by another request, since this request has read it. The change was not
    /// stored, and the session is not created anew.
    Ended,
    /// Other requests have changed the session again and again while this one tried to.
    Busy,
    /// The browser needs a new cookie, and the head of the response is sent.
    HeadSent,
    /// The value is larger than [`Sessions::max_bytes`](crate::Sessions::max_bytes).
    TooLarge {
        /// The bytes of the value as JSON.
        bytes: usize,
        /// The most that may be stored.
        limit: usize,
    },
    /// The value cannot be written as JSON.
    Json(serde_json::Error),
    /// The cookie is invalid, for this reason.
    Cookie(String),
    /// The store failed.
    Store(StoreError),
}

impl fmt::Display for SessionError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionError::Ended => formatter.write_str("the session has ended meanwhile; load the page again"),
            SessionError::Busy => formatter.write_str("the session is changed by too many requests at once"),
            SessionError::HeadSent => formatter.write_str(
                "the browser needs a new cookie, and the head of the response is sent: change the session, or push the \
                 message, before the first event",
            ),
            SessionError::TooLarge { bytes, limit } => write!(
                formatter,
                "the session would have {bytes} bytes, and may have {limit}: keep large values elsewhere, and their key in \
                 the session"
            ),
            SessionError::Json(_) => formatter.write_str("the session's value cannot be written as JSON"),
            SessionError::Cookie(problem) => formatter.write_str(problem),
            SessionError::Store(_) => formatter.write_str("the store of sessions failed"),
        }
    }
}

impl std::error::Error for SessionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SessionError::Json(error) => Some(error),
            SessionError::Store(error) => Some(&**error),
            _ => None,
        }
    }
}

impl ErrorResponse for SessionError {
    fn status(&self) -> StatusCode {
        match self {
            SessionError::Ended => StatusCode::CONFLICT,
            SessionError::Busy => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

// By hand, because `#[error_response]` is for crates that have an app.
#[diagnostic::do_not_recommend]
impl Registered for SessionError {}

inventory::submit! {
    ErrorRegistration { downcast: |error| Some(error.downcast_ref::<SessionError>()?) }
}
