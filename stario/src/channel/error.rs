//! How a [`Writer`](crate::Writer) can be misused.

use std::fmt;

use http::StatusCode;

/// A misuse of a [`Writer`](crate::Writer) that only shows at run time.
///
/// A client that has left is not one: what is written then is dropped. `?` makes it an
/// [`Error`](crate::Error), which answers 500 if nothing is sent yet, and otherwise cuts the response off.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// A status, a header, a cookie or a whole response was given after the head was sent.
    HeadSent,
    /// The response has ended, because the handler has returned.
    Ended,
    /// An event was pushed to a response that is not an event stream, or whose status is not 200.
    NotEvents,
    /// Bytes were written to a response whose status allows no body (RFC 9110 section 6.4.1).
    NoBody(StatusCode),
    /// The status is not a final one, 200 to 599.
    Status(StatusCode),
    /// The status that was set is not one of a redirect, and the response is a redirect.
    NotRedirect {
        /// The status that was set.
        status: StatusCode,
        /// Where the response redirects to.
        location: String,
    },
    /// The `content-length` that was set is not a number, or not just one.
    ContentLength,
    /// The body is not as long as the `content-length` that was set.
    Length {
        /// The `content-length`.
        declared: u64,
        /// How much was written, including the bytes that would have been too many.
        written: u64,
    },
    /// The event is invalid, for this reason.
    Event(String),
    /// It is not safe to redirect there, for this reason.
    Location(String),
    /// The response could not be made; the log says why.
    Response,
    /// The cookie is invalid, for this reason.
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
                return write!(formatter, "{} is not a status of a response: 200 to 599", status.as_u16());
            }
            WriteError::NotRedirect { status, location } => {
                return write!(
                    formatter,
                    "{} is not a status of a redirect, and this response redirects to `{location}`: expected 300 to 308, \
                     but not 304",
                    status.as_u16()
                );
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
