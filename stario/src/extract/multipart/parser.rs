//! Parses a multipart body (RFC 2046 section 5.1). The parser holds one chunk of the body and, while it looks for
//! their end, the headers of one part.
//!
//! A body is parsed in this order of positions:
//!
//! ```text
//! Content -> Delimiter -> (headers) -> Content -> Delimiter -> ... -> End
//! ```
//!
//! What stands before the first delimiter is read as a content that nobody asks for.

use bytes::{Buf, Bytes, BytesMut};

use super::super::BodyStream;
use super::disposition::{Disposition, parse_headers};
use super::{MediaType, Rejection, Scope};
use crate::body::HeldBytes;

/// The most parts of a body.
const PART_LIMIT: usize = 1000;

/// The most bytes of one part's headers: 8 KiB.
const HEADER_LIMIT: usize = 8 * 1024;

#[derive(Debug)]
pub(in super::super) struct MultipartParser {
    body: BodyStream,
    buffer: BytesMut,
    /// Separates the parts: `\r\n--` and the boundary.
    delimiter: Vec<u8>,
    position: ParserPosition,
    parts: usize,
    kept: KeptBytes,
}

/// How many bytes of the parts that were read are kept.
#[derive(Debug, Clone, Copy, Default)]
struct KeptBytes {
    in_memory: usize,
    /// In memory or on the disk.
    anywhere: usize,
}

/// Where in the body the buffer begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParserPosition {
    /// Inside of a part's content, or of the text before the first part.
    Content,
    /// Right after a delimiter.
    Delimiter,
    /// After the last part, or after an error.
    End,
}

impl MultipartParser {
    pub(in super::super) fn new(scope: &Scope) -> Result<Self, Rejection> {
        let boundary = MediaType::of(scope.headers()).and_then(MediaType::boundary);
        let Some(boundary) = boundary else {
            return Err(invalid("a multipart body needs a boundary of 1 to 70 characters"));
        };
        scope.refuse_compressed()?;
        Ok(Self {
            body: BodyStream::new(scope)?,
            // The first delimiter may stand at the very beginning of the body.
            buffer: BytesMut::from("\r\n"),
            delimiter: [b"\r\n--", boundary.as_bytes()].concat(),
            position: ParserPosition::Content,
            parts: 0,
            kept: KeptBytes::default(),
        })
    }

    /// Counts the part that is being read, beside the parts that are kept: it holds `in_memory` bytes, and `length` bytes
    /// of it are kept there or on the disk.
    pub(super) fn hold(&mut self, in_memory: usize, length: usize) -> Result<(), Rejection> {
        let KeptBytes { in_memory: before, anywhere } = self.kept;
        Ok(self.body.held().set(before + in_memory, anywhere + length)?)
    }

    /// Counts a part that stays in memory or on the disk while the next is read.
    pub(in super::super) fn keep(&mut self, in_memory: usize, length: usize) -> Result<(), Rejection> {
        self.kept.in_memory += in_memory;
        self.kept.anywhere += length;
        self.hold(0, 0)
    }

    /// The count of the kept bytes, when all parts are read.
    pub(in super::super) fn into_held(self) -> HeldBytes {
        self.body.into_held()
    }

    /// Reads up to the next part's content. `None` is the end of the body; after an error there are no more parts.
    pub(super) async fn next_head(&mut self) -> Result<Option<(http::HeaderMap, Disposition)>, Rejection> {
        let head = self.read_head().await;
        if head.is_err() {
            self.position = ParserPosition::End;
        }
        head
    }

    async fn read_head(&mut self) -> Result<Option<(http::HeaderMap, Disposition)>, Rejection> {
        while self.content().await?.is_some() {}
        if self.position == ParserPosition::End || self.is_last().await? {
            self.position = ParserPosition::End;
            return Ok(None);
        }
        self.parts += 1;
        if self.parts > PART_LIMIT {
            return Err(malformed(format_args!("it has more than {PART_LIMIT} parts")));
        }
        // The section begins with the line end after the delimiter, because a part may have no header at all.
        let section = self.headers().await?;
        let line_end = section.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(section.len());
        let headers = section.get(line_end..).and_then(|rest| rest.strip_prefix(b"\r\n"));
        let headers =
            headers.and_then(parse_headers).ok_or_else(|| malformed("a part has broken headers"))?;
        let disposition = Disposition::of(&headers)
            .ok_or_else(|| malformed("a part has no `content-disposition` with a name"))?;
        self.position = ParserPosition::Content;
        Ok(Some((headers, disposition)))
    }

    /// Reads the next bytes of the content; `None` at its end.
    pub(super) async fn content(&mut self) -> Result<Option<Bytes>, Rejection> {
        while self.position == ParserPosition::Content {
            match find(&self.buffer, &self.delimiter) {
                Some(0) => {
                    self.buffer.advance(self.delimiter.len());
                    self.position = ParserPosition::Delimiter;
                }
                Some(length) => return Ok(Some(self.buffer.split_to(length).freeze())),
                None => {
                    // The last bytes may be the beginning of a delimiter. They are kept until more is read.
                    let sure = (self.buffer.len() + 1).saturating_sub(self.delimiter.len());
                    if sure > 0 {
                        return Ok(Some(self.buffer.split_to(sure).freeze()));
                    }
                    self.fill().await?;
                }
            }
        }
        Ok(None)
    }

    /// Whether the delimiter was the last: `--` follows.
    async fn is_last(&mut self) -> Result<bool, Rejection> {
        while self.buffer.len() < 2 {
            self.fill().await?;
        }
        Ok(self.buffer.starts_with(b"--"))
    }

    /// Reads the headers of a part up to the empty line that ends them, with the line end before it.
    async fn headers(&mut self) -> Result<Bytes, Rejection> {
        // Bytes that were searched are not searched again, however small the chunks are.
        let mut searched = 0;
        loop {
            if let Some(end) = find(&self.buffer[searched..], b"\r\n\r\n").map(|at| searched + at) {
                if end > HEADER_LIMIT {
                    return Err(headers_too_long());
                }
                let section = self.buffer.split_to(end + 2).freeze();
                self.buffer.advance(2);
                return Ok(section);
            }
            if self.buffer.len() > HEADER_LIMIT {
                return Err(headers_too_long());
            }
            searched = self.buffer.len().saturating_sub(3);
            self.fill().await?;
        }
    }

    /// Reads one more chunk. The body must not end here.
    async fn fill(&mut self) -> Result<(), Rejection> {
        match self.body.next().await {
            Some(chunk) => self.buffer.extend_from_slice(&chunk?),
            None => {
                self.position = ParserPosition::End;
                return Err(malformed("it ends within a part"));
            }
        }
        Ok(())
    }
}

fn headers_too_long() -> Rejection {
    malformed(format_args!("a part has more than {HEADER_LIMIT} bytes of headers"))
}

fn malformed(why: impl std::fmt::Display) -> Rejection {
    invalid(format!("the request's body is not valid multipart: {why}"))
}

/// Refuses a body that is not what its content type says.
fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Rejection {
    Rejection::new(http::StatusCode::UNPROCESSABLE_ENTITY, message)
}

/// Finds the first position of `pattern`, which begins with a carriage return.
fn find(text: &[u8], pattern: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        start += text.get(start..)?.iter().position(|byte| *byte == b'\r')?;
        if text[start..].starts_with(pattern) {
            return Some(start);
        }
        start += 1;
    }
}
