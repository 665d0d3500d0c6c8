//! The error of a handler, and how it reaches the client: the status and text it was given, or 500 with
//! no detail.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use http::StatusCode;

use crate::extract::Rejection;
use crate::response::Response;

/// A `Result` whose error is an [`Error`] unless another is named.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

/// What a handler, or the app itself, failed with.
///
/// Any error converts into one by `?`. It answers 500 and its cause is logged, never sent. An error made
/// by [`Error::new`] answers its own status and text.
///
/// ```
/// use stario::prelude::*;
///
/// fn price(text: &str) -> stario::Result<u32> {
///     if text.is_empty() {
///         return Err(stario::Error::new(StatusCode::NOT_FOUND, "no such item"));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(price("").unwrap_err().status(), 404);
/// assert_eq!(price("many").unwrap_err().status(), 500);
/// ```
pub struct Error(Box<Inner>);

enum Inner {
    /// For the client: a status and a text.
    Answer { status: StatusCode, message: String },
    /// For the log only.
    Cause(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// An error that answers `status` with `message` as plain text.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner::Answer { status, message: message.into() }))
    }

    /// The status that this error answers with.
    pub fn status(&self) -> StatusCode {
        match &*self.0 {
            Inner::Answer { status, .. } => *status,
            Inner::Cause(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// An error that answers what a refused parameter would.
    pub(crate) fn from_rejection(rejection: &Rejection) -> Self {
        Self::new(rejection.status(), rejection.message())
    }

    pub(crate) fn into_response(self) -> Response {
        let (status, message) = self.into_answer();
        crate::response::text(status, message)
    }

    /// What the client is told. A cause is logged here, once.
    pub(crate) fn into_answer(self) -> (StatusCode, String) {
        match *self.0 {
            Inner::Answer { status, message } => (status, message),
            Inner::Cause(cause) => {
                tracing::error!(error = %Chain(&*cause), "a handler or a dependency failed");
                (StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_SERVER_ERROR.to_owned())
            }
        }
    }
}

/// All that a client is told of a failure that is none of its business.
const INTERNAL_SERVER_ERROR: &str = "Internal Server Error";

/// The answer to a failure whose cause is nobody's business but the log's.
pub(crate) fn internal_server_error() -> Response {
    crate::response::text(StatusCode::INTERNAL_SERVER_ERROR, INTERNAL_SERVER_ERROR)
}

/// What a panic says, for the log.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}

/// What `future` comes to, or the panic that ends it.
pub(crate) async fn catch_panic<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |ctx| {
        // A future that panicked is never polled again, so no broken invariant is seen.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(ctx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

// `Error` is no `std::error::Error` itself: the two impls would overlap.
impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(cause: E) -> Self {
        Self(Box::new(Inner::Cause(Box::new(cause))))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Inner::Answer { message, .. } => formatter.write_str(message),
            Inner::Cause(cause) => Chain(&**cause).fmt(formatter),
        }
    }
}

// `main` prints the `Debug` form of its error: it is meant for people.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// An error with all its sources on one line.
struct Chain<'a>(&'a (dyn StdError + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, formatter)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(formatter, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
