//! Classifies what a handler returned: the type decides the response, and costs nothing at run time.
//!
//! The macros know the value, not its type, and `Html` or `impl Stream` must not be told apart by name.
//! They open `Option` and `Result` first, by a method that [`Outcome`] has for those and the trait
//! [`Unwrapped`] has for all else; a method of the type itself wins over one of a trait. What is left has
//! exactly one [`Reply`], which type inference finds.

use futures_core::Stream;
use http::StatusCode;
use stario_html::Render;

use crate::datastar::IntoEvent;
use crate::error::Error;
use crate::response::{self, IntoResponse, Response};

/// A handler's value on its way to a response.
pub struct Outcome<T>(pub T);

impl<T> Outcome<Option<T>> {
    /// `None` is "nothing": 204.
    #[allow(clippy::result_large_err)] // The error is the answer, and taken at once.
    pub fn present(self) -> Result<T, Response> {
        self.0.ok_or_else(|| StatusCode::NO_CONTENT.into_response())
    }
}

impl<T, E: Into<Error>> Outcome<Result<T, E>> {
    #[allow(clippy::result_large_err)]
    pub fn success(self) -> Result<T, Response> {
        self.0.map_err(|error| error.into().into_response())
    }
}

/// A value that is no `Option`, or no `Result`.
pub trait Unwrapped<T> {
    #[allow(clippy::result_large_err)]
    fn present(self) -> Result<T, Response>;

    #[allow(clippy::result_large_err)]
    fn success(self) -> Result<T, Response>;
}

impl<T> Unwrapped<T> for Outcome<T> {
    fn present(self) -> Result<T, Response> {
        Ok(self.0)
    }

    fn success(self) -> Result<T, Response> {
        Ok(self.0)
    }
}

/// Makes the response for a value that is no `Option` and no `Result`.
pub fn reply<K>(value: impl Reply<K>) -> Response {
    value.reply()
}

/// A value that can be answered, in the one way `K` that fits its type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be sent as a response",
    label = "not a response",
    note = "return an element, text, a number, `()`, `Response`, a stream of events, a type that implements `Render` or `IntoResponse`, or one of them in `Option` or `Result`"
)]
pub trait Reply<K> {
    fn reply(self) -> Response;
}

pub struct AsResponse(());
pub struct AsHtml(());
pub struct AsEvents<K>(std::marker::PhantomData<K>);

impl<T: IntoResponse> Reply<AsResponse> for T {
    fn reply(self) -> Response {
        self.into_response()
    }
}

impl<T: Render> Reply<AsHtml> for T {
    fn reply(self) -> Response {
        response::html(self.into_html())
    }
}

impl<T, K> Reply<AsEvents<K>> for T
where
    T: Stream + Send + 'static,
    T::Item: IntoEvent<K>,
    K: 'static,
{
    fn reply(self) -> Response {
        crate::sse::respond(self)
    }
}
