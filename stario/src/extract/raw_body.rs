//! `RawBody<T>`: the request's body without interpretation.

use bytes::Bytes;

use super::content_type::MediaType;
use super::{FromRequest, value_newtype};
use crate::error::Rejection;
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;

/// Reads the request's whole body: `RawBody` or `RawBody<Bytes>`, `RawBody<Vec<u8>>`, or `RawBody<String>`.
///
/// Its content type does not matter, except that a `String` must be UTF-8: other bytes are refused with 400,
/// another `charset` with 415. An empty body is an empty value. The length is limited by
/// [`App::body_limit`](crate::App::body_limit), 413 beyond; to read a body without holding all of it, see
/// [`BodyStream`](crate::BodyStream).
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/length")]
/// async fn length(body: RawBody) -> usize {
///     body.len()
/// }
///
/// #[app::command("/lines")]
/// async fn lines(text: RawBody<String>) -> usize {
///     text.lines().count()
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new());
/// assert_eq!(client.post("/length").body(vec![0xff, 0]).send().text(), "2");
/// assert_eq!(client.post("/lines").body("a\nb").send().text(), "2");
/// assert_eq!(client.post("/lines").body(vec![0xff, 0]).send().status(), 400);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBody<T = Bytes>(pub T);

value_newtype!(RawBody);

impl<T: WholeBody> FromRequest for RawBody<T> {
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        T::check(MediaType::of(scope.headers()), parameter)?;
        T::read(scope.read_body().await?, parameter).map(Self)
    }
}

/// A type that a [`RawBody`] can be read into: `Bytes`, `Vec<u8>` or `String`.
#[diagnostic::on_unimplemented(
    message = "a raw body cannot be read into `{Self}`",
    label = "not `Bytes`, `Vec<u8>` or `String`",
    note = "to read a value of your own, take `JsonBody<T>` or `FormBody<T>`"
)]
pub trait WholeBody: sealed::ReadWhole {}

impl<T: sealed::ReadWhole> WholeBody for T {}

mod sealed {
    use super::{Bytes, MediaType, Parameter, Rejection};

    #[allow(private_interfaces)] // Other crates cannot name this trait.
    pub trait ReadWhole: Send + Sized {
        fn check(_: Option<MediaType<'_>>, _: &Parameter) -> Result<(), Rejection> {
            Ok(())
        }

        fn read(body: Bytes, parameter: &Parameter) -> Result<Self, Rejection>;

        fn into_bytes(self) -> Bytes;

        fn from_bytes(bytes: Bytes) -> Option<Self>;
    }

    impl ReadWhole for Bytes {
        fn read(body: Bytes, _: &Parameter) -> Result<Self, Rejection> {
            // A slice of the connection's read buffer would keep all of that.
            Ok(if body.is_unique() { body } else { Bytes::copy_from_slice(&body) })
        }

        fn into_bytes(self) -> Bytes {
            self
        }

        fn from_bytes(bytes: Bytes) -> Option<Self> {
            Some(bytes)
        }
    }

    impl ReadWhole for Vec<u8> {
        fn read(body: Bytes, _: &Parameter) -> Result<Self, Rejection> {
            Ok(body.into())
        }

        fn into_bytes(self) -> Bytes {
            self.into()
        }

        fn from_bytes(bytes: Bytes) -> Option<Self> {
            Some(bytes.into())
        }
    }

    #[allow(private_interfaces)]
    impl ReadWhole for String {
        fn check(content_type: Option<MediaType<'_>>, parameter: &Parameter) -> Result<(), Rejection> {
            match content_type {
                Some(content_type) if !content_type.is_utf_8() => {
                    Err(Rejection::unsupported_media_type(parameter, "text in UTF-8"))
                }
                _ => Ok(()),
            }
        }

        fn read(body: Bytes, parameter: &Parameter) -> Result<Self, Rejection> {
            String::from_utf8(body.into())
                .map_err(|_| Rejection::malformed("body", parameter.name(), "not valid text"))
        }

        fn into_bytes(self) -> Bytes {
            self.into()
        }

        fn from_bytes(bytes: Bytes) -> Option<Self> {
            String::from_utf8(bytes.into()).ok()
        }
    }
}
