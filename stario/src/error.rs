//! Errors, and the answers to them.
//!
//! Whatever goes wrong with a request becomes one [`Error`]: what a handler or a provider returns, a refused
//! parameter, the error of a layer, a panic. The app then answers it, in `answers.rs`.

mod rejection;

use std::error::Error as StdError;
use std::fmt;

use http::{StatusCode, request};

use crate::body::Response;
use crate::error_text::{Chain, client_text};

pub use rejection::Rejection;

/// A `Result` whose error is an [`Error`] unless another is named.
pub type Result<T = (), E = Error> = core::result::Result<T, E>;

/// An error of a store: of sessions, of who is here, or of durable commands.
pub type StoreError = Box<dyn StdError + Send + Sync>;

/// What a handler, or the app itself, failed with.
///
/// Whatever converts into a `Box<dyn std::error::Error>` converts into one with `?`: every error of `std` and
/// of other crates, `anyhow::Error`, a string. Handlers and providers may also return such an error directly.
/// How it is answered:
///
/// | the error | the answer |
/// |---|---|
/// | made by [`Error::new`] | its status and text |
/// | a refused parameter ([`Rejection`]) | the refusal's, or that of [`App::on_rejection`](crate::App::on_rejection) |
/// | of a type for which there is [`App::on_error`](crate::App::on_error) | what that returns |
/// | of a type that implements [`ErrorResponse`] | its own |
/// | `tower`'s errors for a layer's timeout or overload | 503 |
/// | any other, and a panic | 500 and no detail; the cause is logged once, with the request's id |
///
/// An answer that is only a status and a sentence, as is 404 for a path without a route, is sent as plain text,
/// or as the page that the app has for that status: [`App::on_status`](crate::App::on_status).
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
pub struct Error(Box<ErrorKind>);

pub(crate) enum ErrorKind {
    /// For the client: a status and a text.
    Answer { status: StatusCode, message: String },
    /// A parameter was refused.
    Rejection(Rejection),
    /// Answered by its type; for the log only, if the type has no answer.
    Cause(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// An error that answers `status` with `message` as plain text, or as the page that the app has for this
    /// status.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self(Box::new(ErrorKind::Answer { status, message: message.into() }))
    }

    /// The status that this error answers with, unless [`App::on_error`](crate::App::on_error) chooses another.
    pub fn status(&self) -> StatusCode {
        match &*self.0 {
            ErrorKind::Answer { status, .. } => *status,
            ErrorKind::Rejection(rejection) => rejection.status(),
            ErrorKind::Cause(cause) => match error_response(&**cause) {
                Some(error) => error.status(),
                None => StatusCode::INTERNAL_SERVER_ERROR,
            },
        }
    }

    /// The text that a client may see.
    pub(crate) fn message(&self) -> String {
        match &*self.0 {
            ErrorKind::Answer { message, .. } => message.clone(),
            ErrorKind::Rejection(rejection) => rejection.message().to_owned(),
            ErrorKind::Cause(cause) => match error_response(&**cause) {
                Some(error) => {
                    let status = error.status();
                    let text = (!status.is_server_error()).then(|| client_text(error)).flatten();
                    text.unwrap_or_else(|| reason(status).to_owned())
                }
                None => reason(StatusCode::INTERNAL_SERVER_ERROR).to_owned(),
            },
        }
    }

    pub(crate) fn into_kind(self) -> ErrorKind {
        *self.0
    }

    /// The rejection for this error of a provider.
    pub(crate) fn into_rejection(self) -> Rejection {
        let (status, message) = (self.status(), self.message());
        match self.into_kind() {
            ErrorKind::Rejection(rejection) => rejection,
            ErrorKind::Answer { .. } => Rejection::new(status, message),
            ErrorKind::Cause(cause) => Rejection::caused(status, message, cause),
        }
    }
}

/// An error that chooses its own answer.
///
/// Implement it for the error types of your app, with `#[error_response]` above the impl. The answer is then
/// found wherever the error comes from, also when `?` turns it into a [`stario::Error`](Error). Only the status
/// is required: below 500, the error's text is sent; from 500 on, the text is logged and the client gets only
/// the status. Implement [`response`](Self::response) to write the whole answer.
///
/// ```
/// use stario::prelude::*;
/// use stario::{ErrorResponse, error_response};
///
/// stario::app!();
///
/// #[derive(Debug)]
/// enum ShopError {
///     SoldOut,
///     Warehouse(std::io::Error),
/// }
///
/// impl std::fmt::Display for ShopError {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         match self {
///             ShopError::SoldOut => write!(f, "sold out"),
///             ShopError::Warehouse(cause) => write!(f, "the warehouse does not answer: {cause}"),
///         }
///     }
/// }
///
/// impl std::error::Error for ShopError {}
///
/// #[error_response]
/// impl ErrorResponse for ShopError {
///     fn status(&self) -> StatusCode {
///         match self {
///             ShopError::SoldOut => StatusCode::CONFLICT,
///             ShopError::Warehouse(_) => StatusCode::BAD_GATEWAY,
///         }
///     }
/// }
///
/// fn order(item: &str) -> Result<(), ShopError> {
///     match item {
///         "tea" => Err(ShopError::SoldOut),
///         _ => Err(ShopError::Warehouse(std::io::ErrorKind::TimedOut.into())),
///     }
/// }
///
/// #[app::command("/order/{item}")]
/// async fn order_item(item: PathParam<String>) -> stario::Result {
///     Ok(order(&item)?)
/// }
///
/// fn main() {
///     let client = TestClient::new(app::new());
///     let res = client.post("/order/tea").send();
///     assert_eq!((res.status().as_u16(), res.text()), (409, "sold out"));
///     let res = client.post("/order/coffee").send();
///     assert_eq!((res.status().as_u16(), res.text()), (502, "Bad Gateway"));
/// }
/// ```
pub trait ErrorResponse: StdError + Send + Sync + Registered + 'static {
    /// The status it answers with.
    fn status(&self) -> StatusCode;

    /// The whole answer to `request`, if it is more than the status and a text. It is sent as it is, with its
    /// own status; the error is logged if that is 500 or above.
    fn response(&self, request: &request::Parts) -> Option<Response> {
        let _ = request;
        None
    }
}

/// An error that `#[error_response]` made known.
#[diagnostic::on_unimplemented(
    message = "`{Self}` implements `ErrorResponse`, and nothing tells the app",
    label = "not found where it is answered",
    note = "write `#[error_response]` above this impl: `use stario::error_response;`"
)]
pub trait Registered {}

/// Finds the answer of one type of error.
#[derive(Debug)]
pub struct ErrorRegistration {
    /// The error as what it is, if it is of the type.
    pub downcast: for<'e> fn(&'e (dyn StdError + 'static)) -> Option<&'e dyn ErrorResponse>,
}

inventory::collect!(ErrorRegistration);

/// The error as one that chooses its answer. There are as many types of those as a program has, so this
/// asks each; it is asked when a request has failed.
pub(crate) fn error_response<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e dyn ErrorResponse> {
    inventory::iter::<ErrorRegistration>.into_iter().find_map(|registration| (registration.downcast)(error))
}

/// The text for the client of a failure whose cause is only in the log.
pub(crate) fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

// `Error` is no `std::error::Error` itself: the two impls would overlap.
impl<E: Into<Box<dyn StdError + Send + Sync>>> From<E> for Error {
    fn from(cause: E) -> Self {
        Self(Box::new(ErrorKind::Cause(cause.into())))
    }
}

/// In a handler, `?` answers what the refusal would have answered.
impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        Self(Box::new(ErrorKind::Rejection(rejection)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            ErrorKind::Answer { message, .. } => formatter.write_str(message),
            ErrorKind::Rejection(rejection) => match rejection.cause() {
                Some(cause) => Chain(cause).fmt(formatter),
                None => rejection.fmt(formatter),
            },
            ErrorKind::Cause(cause) => Chain(&**cause).fmt(formatter),
        }
    }
}

// `main` prints the `Debug` form of its error: it is meant for people.
impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
