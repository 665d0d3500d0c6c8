//! Turns a handler's return value into an [`Answer`]. The type of the value decides how, at compile time.
//!
//! The macros know the value, not its type, and `Html` or `impl Stream` must not be distinguished by name. They open
//! `Option` and `Result` first, by a method that [`Opened`] has for those and the trait [`NotOptionOrResult`] has for
//! all other types: a method of the type itself wins over one of a trait. The value inside has exactly one [`Reply`],
//! which type inference finds.

use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::Pin;

use futures_core::Stream;
use http::StatusCode;

use crate::body::BodyError;
use crate::datastar::StreamItem;
use crate::error::{Error, Rejection};
use crate::response::{IntoResponse, Response, WholeResponse};
use crate::sse::Frame;

/// A handler's value while its `Option` and `Result` are opened; or the answer, if one of them held no value.
pub struct Opened<T>(pub ControlFlow<Result<Response, Error>, T>);

impl<T> Opened<Option<T>> {
    /// The value in the `Option`; `None` is answered with 204.
    pub fn present(self) -> Opened<T> {
        Opened(match self.0 {
            Continue(Some(value)) => Continue(value),
            Continue(None) => Break(Ok(StatusCode::NO_CONTENT.into_response())),
            Break(answered) => Break(answered),
        })
    }
}

impl<T, E> Opened<Result<T, E>> {
    /// The value in the `Result`; an error is answered.
    pub fn success(self) -> Opened<T>
    where
        E: IntoError,
    {
        Opened(match self.0 {
            Continue(Ok(value)) => Continue(value),
            Continue(Err(error)) => Break(Err(error.into_error())),
            Break(answered) => Break(answered),
        })
    }
}

/// Leaves a value as it is that is neither an `Option` nor a `Result`.
pub trait NotOptionOrResult<T>: Sized {
    /// See `Opened<Option<T>>`.
    fn present(self) -> Opened<T>;

    /// See `Opened<Result<T, E>>`.
    fn success(self) -> Opened<T>;
}

impl<T> NotOptionOrResult<T> for Opened<T> {
    fn present(self) -> Opened<T> {
        self
    }

    fn success(self) -> Opened<T> {
        self
    }
}

/// The return value of a provider or a detached command.
pub struct Outcome<T>(pub T);

impl<T, E> Outcome<Result<T, E>> {
    /// The value of a provider; its error refuses the request.
    ///
    /// # Errors
    ///
    /// The provider's.
    pub fn provided(self) -> Result<T, Rejection>
    where
        E: IntoError,
    {
        self.0.map_err(|error| error.into_error().into_rejection())
    }

    /// The value of a run of a durable command.
    ///
    /// # Errors
    ///
    /// The run's.
    pub fn of_run(self) -> Result<T, Error>
    where
        E: IntoError,
    {
        self.0.map_err(IntoError::into_error)
    }

    /// The value of a detached command; its error is logged.
    pub fn finished(self, handler: &'static str) -> Option<T>
    where
        E: IntoError,
    {
        let error = match self.0 {
            Ok(value) => return Some(value),
            Err(error) => error.into_error(),
        };
        tracing::error!(handler, %error, "a detached command failed");
        None
    }
}

/// An error that a handler can fail with: what `?` converts into an [`Error`].
#[diagnostic::on_unimplemented(
    message = "a handler cannot fail with `{Self}`",
    label = "not an error",
    note = "implement `std::error::Error` for it, and `stario::ErrorResponse` to choose its answer, or return `stario::Result`"
)]
pub trait IntoError {
    /// Converts it.
    fn into_error(self) -> Error;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Error>> IntoError for E {
    fn into_error(self) -> Error {
        self.into()
    }
}

/// A value that is not a `Result`: it cannot fail.
pub trait Unwrapped<T> {
    /// See `Outcome<Result<T, E>>`.
    ///
    /// # Errors
    ///
    /// None: this value cannot fail.
    fn provided(self) -> Result<T, Rejection>;

    /// See `Outcome<Result<T, E>>`.
    fn finished(self, handler: &'static str) -> Option<T>;

    /// See `Outcome<Result<T, E>>`.
    ///
    /// # Errors
    ///
    /// None: this value cannot fail.
    fn of_run(self) -> Result<T, Error>;
}

impl<T> Unwrapped<T> for Outcome<T> {
    fn provided(self) -> Result<T, Rejection> {
        Ok(self.0)
    }

    fn finished(self, _: &'static str) -> Option<T> {
        Some(self.0)
    }

    fn of_run(self) -> Result<T, Error> {
        Ok(self.0)
    }
}

/// Drops the value of a detached command, which was answered before it ran.
pub fn end<T: NoValue>(_: Option<T>) {}

/// Ends a run of a durable command.
///
/// # Errors
///
/// The run's.
pub fn end_run<T: NoValue>(ended: Result<T, Error>) -> Result<(), Error> {
    ended.map(drop)
}

/// A type that a detached command may return.
#[diagnostic::on_unimplemented(
    message = "a detached command has answered before it runs: it cannot send `{Self}`",
    label = "this would not be sent",
    note = "return nothing or `Result<()>`; to answer with its result, make it a `command`"
)]
pub trait NoValue {}

impl NoValue for () {}

/// Does not compile if the handler has a `Writer` and returns a value.
pub fn expect_nothing_if<const HAS_WRITER: bool, T: NoValueIfWriter<HAS_WRITER>>(_: &T) {}

/// A type that a handler may return, which depends on whether it has a `Writer`.
#[diagnostic::on_unimplemented(
    message = "this handler has a `Writer`: it cannot return `{Self}` too",
    label = "this would not be sent",
    note = "send it by the `Writer`, as in `Ok(w.html(..)?)`, and return nothing or `Result<()>`; or take no `Writer`"
)]
pub trait NoValueIfWriter<const HAS_WRITER: bool> {}

#[diagnostic::do_not_recommend]
impl<T> NoValueIfWriter<false> for T {}

#[diagnostic::do_not_recommend]
impl NoValueIfWriter<true> for () {}

/// A handler's answer; `'s` is the life of its dependencies, from which a stream may borrow.
pub enum Answer<'s> {
    /// A whole response.
    Whole(WholeResponse),
    /// The frames of an event stream.
    Events(FrameStream<'s>),
}

/// Frames of whole events.
pub(crate) type FrameStream<'s> = Pin<Box<dyn Stream<Item = Result<Frame, BodyError>> + Send + 's>>;

/// The end of a call whose `Option` or `Result` held no value.
///
/// # Errors
///
/// The error.
pub fn without_value(answered: Result<Response, Error>) -> Result<WholeResponse, Error> {
    answered.map(WholeResponse::from)
}

/// Answers with a value that is neither an `Option` nor a `Result`.
pub fn reply<'s, T, K>(value: T) -> Answer<'s>
where
    T: Reply<'s, K>,
    T::Responder: Responder<'s, T>,
{
    T::Responder::answer(value)
}

/// Answers with a value that is a whole response, as caches need it.
pub fn reply_whole<'s, T, K>(value: T) -> Answer<'s>
where
    T: Reply<'s, K>,
    T::Responder: Responder<'s, T> + WholeReply,
{
    T::Responder::answer(value)
}

/// A way to answer with a whole response.
#[diagnostic::on_unimplemented(
    message = "`etag` and `cache` are for whole responses, and this handler sends a stream of events",
    label = "a stream",
    note = "a cache keeps what has an end: remove `etag` and `cache`, or return the page itself"
)]
pub trait WholeReply {}

#[diagnostic::do_not_recommend]
impl<K> WholeReply for AsWhole<K> {}

/// A value that can be answered, in the one way `K` that fits its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a response",
    label = "not a response",
    note = "return an element, text, a number, `()`, `Json(..)`, `Response`, a stream of events, a type that implements `Render` or `IntoResponse`, or one of them in `Option` or `Result`"
)]
pub trait Reply<'s, K> {
    /// The way itself, known only if there is one.
    type Responder;
}

/// How an answer is made of a `T`. A trait of its own, so that rustc says what in a stream is not `Send`.
pub trait Responder<'s, T> {
    /// Makes the answer.
    fn answer(value: T) -> Answer<'s>;
}

/// The value is a whole response, in the way `K`.
pub struct AsWhole<K>(std::marker::PhantomData<K>);
/// The value is a stream whose items become events in the way `K`.
pub struct AsEvents<K>(std::marker::PhantomData<K>);

impl<T: IntoResponse<K>, K> Reply<'_, AsWhole<K>> for T {
    type Responder = AsWhole<K>;
}

#[diagnostic::do_not_recommend]
impl<'s, T: IntoResponse<K>, K> Responder<'s, T> for AsWhole<K> {
    fn answer(value: T) -> Answer<'s> {
        Answer::Whole(value.into_whole())
    }
}

impl<'s, T, K> Reply<'s, AsEvents<K>> for T
where
    T: Stream + 's,
    T::Item: StreamItem<K>,
    K: 's,
{
    type Responder = AsEvents<K>;
}

impl<'s, T, K> Responder<'s, T> for AsEvents<K>
where
    T: Stream + Send + 's,
    T::Item: StreamItem<K>,
    K: 's,
{
    fn answer(value: T) -> Answer<'s> {
        Answer::Events(Box::pin(crate::sse::frames(value)))
    }
}
