//! `Multipart`: the parts of a `multipart/form-data` body (RFC 7578) as they arrive.

mod disposition;
mod parser;
mod part;

use super::FromRequest;
use super::content_type::MediaType;
use crate::error::{Error, Rejection};
use crate::parameter::{Parameter, Source};
use crate::scope::Scope;
pub(super) use parser::MultipartParser;
pub use part::MultipartPart;

/// Reads the parts of a form with files, one after the other as they arrive; no part is kept in memory.
///
/// The body's content type is `multipart/form-data` with a boundary of 1 to 70 characters; another type is
/// refused with 415, a missing or longer boundary with 422. Reading a part returns a
/// [`stario::Result`](crate::Result), whose error answers 422 if the body is malformed, has more than 1000 parts
/// or more than 8 KiB of headers in one part, and 413 if it is longer than
/// [`App::body_limit`](crate::App::body_limit). Where a whole file is needed before the handler can start,
/// [`UploadedFile`](crate::UploadedFile) is simpler.
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::command("/import")]
/// async fn import(mut form: Multipart) -> stario::Result<String> {
///     let mut summary = String::new();
///     while let Some(mut part) = form.next_part().await? {
///         summary += &format!("{} {:?}:", part.name(), part.file_name());
///         while let Some(chunk) = part.chunk().await? {
///             summary += &format!(" {} bytes.", chunk.len());
///         }
///     }
///     Ok(summary)
/// }
///
/// # fn main() {
/// let body = "--x\r\ncontent-disposition: form-data; name=\"rows\"; filename=\"a.csv\"\r\n\r\n1,2\r\n--x--\r\n";
/// let client = TestClient::new(app::new());
/// let post = |content_type| client.post("/import").header("content-type", content_type).body(body).send();
/// assert_eq!(post("multipart/form-data; boundary=x").text(), "rows Some(&quot;a.csv&quot;): 3 bytes.");
/// assert_eq!(post("text/csv").status(), 415);
/// # }
/// ```
#[derive(Debug)]
pub struct Multipart(MultipartParser);

impl Multipart {
    /// Reads the next part; `None` after the last. The rest of the previous part is skipped.
    ///
    /// # Errors
    ///
    /// As [`Multipart`] says. After an error there are no more parts.
    pub async fn next_part(&mut self) -> Result<Option<MultipartPart<'_>>, Error> {
        Ok(self.0.next_part().await?)
    }
}

impl FromRequest for Multipart {
    const SOURCE: Source = Source::Body;

    async fn from_request(scope: &Scope, parameter: &Parameter) -> Result<Self, Rejection> {
        if is_multipart(scope) {
            MultipartParser::new(scope).map(Self)
        } else {
            Err(Rejection::unsupported_media_type(parameter, "`multipart/form-data`"))
        }
    }
}

/// Whether the body's content type is that of a form with parts.
pub(super) fn is_multipart(scope: &Scope) -> bool {
    MediaType::of(scope.headers()).is_some_and(|content_type| content_type.is("multipart/form-data"))
}
