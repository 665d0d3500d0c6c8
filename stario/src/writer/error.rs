//! How a [`Writer`](super::Writer) can be misused.

use std::fmt;

use http::StatusCode;

/// A misuse of a [`Writer`](crate::Writer) that only shows when it runs.
///
/// A client that has left is none: what is written then is dropped. `?` makes it an
/// [`Error`](crate::Error), which answers 500 if nothing is sent yet, and else cuts the response.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// A status, a header, a cookie or a whole response came when the head was sent already.
    HeadSent,
    /// The response has ended, because the handler has returned.
    Ended,
    /// An event came for a response that is no event stream, or whose status is not 200.
    NotEvents,
    /// Bytes came for a response whose status allows no body (RFC 9110 section 6.4.1).
    NoBody(StatusCode),
    /// The status is no final one, 200 to 599.
    Status(StatusCode),
    /// The `content-length` that was set is not one number.
    ContentLength,
    /// The body is not as long as the `content-length` that was set.
    Length {
        /// The `content-length`.
        declared: u64,
        /// What was written, the bytes that would have been too many included.
        written: u64,
    },
    /// The event cannot be sent as it was meant, for this reason.
    Event(String),
    /// It is not safe to go there, for this reason.
    Location(String),
    /// The response that was given could not be made; the log says why.
    Response,
    /// Browsers would not take the cookie as it is meant, for this reason.
    Cookie(String),
    /// A header's name or value is not one that HTTP can carry.
    Header(http::Error),
    /// The value cannot be written as JSON.
    Json(serde_json::Error),
}

impl std::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            WriteError::Header(error) => Some(error),
            WriteError::Json(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            WriteError::HeadSent => "the status and the headers of this response are sent already",
            WriteError::Ended => "this response has ended",
            WriteError::NotEvents => {
                "events go to an event stream with status 200, and this response is none"
            }
            WriteError::NoBody(status) => {
                return write!(formatter, "a response with status {} has no body", status.as_u16());
            }
            WriteError::Status(status) => {
                return write!(formatter, "{} is no status of a response: 200 to 599", status.as_u16());
            }
            WriteError::ContentLength => "the `content-length` of this response is not one number",
            WriteError::Length { declared, written } => {
                return write!(
                    formatter,
                    "the `content-length` of this response is {declared}, and {written} bytes were written"
                );
            }
            WriteError::Event(reason) | WriteError::Location(reason) | WriteError::Cookie(reason) => reason,
            WriteError::Response => "the response could not be made",
            WriteError::Header(_) => "not a header that HTTP can carry",
            WriteError::Json(_) => "not a value that JSON can carry",
        };
        formatter.write_str(text)
    }
}
