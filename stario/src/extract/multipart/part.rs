//! One part of a multipart body.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::disposition::Disposition;
use super::parser::MultipartParser;
use crate::error::{Error, Rejection};

impl MultipartParser {
    pub(in super::super) async fn next_part(&mut self) -> Result<Option<MultipartPart<'_>>, Rejection> {
        let head = self.next_head().await?;
        Ok(head.map(|(headers, disposition)| MultipartPart { parser: self, headers, disposition }))
    }
}

/// One part of a [`Multipart`](crate::Multipart) body.
#[derive(Debug)]
pub struct MultipartPart<'m> {
    parser: &'m mut MultipartParser,
    headers: HeaderMap,
    disposition: Disposition,
}

impl MultipartPart<'_> {
    /// The name of the form's field.
    pub fn name(&self) -> &str {
        &self.disposition.name
    }

    /// The file's name, if the part is a file: without a path, and safe to use in one. It is `file` if nothing is left
    /// of the client's name.
    pub fn file_name(&self) -> Option<&str> {
        self.disposition.file_name.as_deref()
    }

    /// The type of the content, as the client says.
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok())
    }

    /// All headers of the part.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether it is a file input in which nothing was chosen: browsers send an empty file without a name.
    pub(in super::super) fn is_unnamed_file(&self) -> bool {
        self.disposition.is_unnamed_file
    }

    /// Reads the next bytes of the content as they arrive; `None` at its end.
    ///
    /// # Errors
    ///
    /// As [`Multipart`](crate::Multipart) says.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        Ok(self.next_chunk().await?)
    }

    /// Reads the whole content, or the rest of it.
    ///
    /// # Errors
    ///
    /// As [`Multipart`](crate::Multipart) says.
    pub async fn bytes(mut self) -> Result<Vec<u8>, Error> {
        Ok(self.rest().await?)
    }

    /// Reads the whole content as text.
    ///
    /// # Errors
    ///
    /// As [`Multipart`](crate::Multipart) says; and 400 if the content is not UTF-8.
    pub async fn text(self) -> Result<String, Error> {
        String::from_utf8(self.bytes().await?).map_err(|_| {
            Error::new(http::StatusCode::BAD_REQUEST, "a part of the request's body is not valid text")
        })
    }

    pub(in super::super) async fn rest(&mut self) -> Result<Vec<u8>, Rejection> {
        let mut content = Vec::new();
        while let Some(chunk) = self.next_chunk().await? {
            content.extend_from_slice(&chunk);
            self.hold(content.capacity(), content.len())?;
        }
        // From here on it is the caller's.
        self.hold(0, 0)?;
        Ok(content)
    }

    /// Counts what is held of this part.
    pub(in super::super) fn hold(&mut self, in_memory: usize, length: usize) -> Result<(), Rejection> {
        self.parser.hold(in_memory, length)
    }

    pub(in super::super) async fn next_chunk(&mut self) -> Result<Option<Bytes>, Rejection> {
        self.parser.content().await
    }
}
