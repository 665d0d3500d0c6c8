//! Bodies as they were before they were compressed: those of requests, if the app takes them, and what tests
//! receive.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::codecs::{BrotliDecoder, DecodeV2, GzipDecoder, ZstdDecoder};
use async_compression::core::util::{PartialBuffer, WriteBuffer};
use async_compression::zstd::DParameter;
use bytes::{Buf, Bytes};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use http_body::Frame;

use super::ContentCoding;
use crate::body::{Body, BodyError};

/// The most bytes that come out at once.
const PIECE_BYTES: usize = 16 * 1024;

/// The ratio is checked from this many decompressed bytes on: a short repetitive body is not an attack.
const FREE_BYTES: u64 = 1024 * 1024;

/// The largest window that a zstd frame may ask for, as its binary logarithm: a frame may ask for gigabytes, and RFC 9659
/// allows 8 MiB.
const WINDOW_LOG_MAX: u32 = 23;

/// How compressed request bodies are read; see [`App::decompression`](crate::App::decompression).
#[derive(Debug, Clone, Copy)]
#[must_use = "give it to an app with `App::decompression`"]
pub struct Decompression {
    ratio: u32,
}

impl Decompression {
    /// Makes the default settings: bodies may expand a hundredfold.
    pub const fn new() -> Self {
        Self { ratio: 100 }
    }

    /// Lets bodies expand without a limit, for those of the app itself.
    pub(crate) const fn trusted() -> Self {
        Self::new().ratio(u32::MAX)
    }

    /// Sets how many times larger a body may become; 100 unless set. One that becomes larger is refused with 413.
    /// The limit applies from 1 MiB of decompressed bytes on.
    pub const fn ratio(mut self, ratio: u32) -> Self {
        self.ratio = ratio;
        self
    }
}

impl Default for Decompression {
    fn default() -> Self {
        Self::new()
    }
}

/// The one coding that a body is in; `None` if it is in none, in several, or in one that is not known.
pub(crate) fn coding_of(headers: &HeaderMap) -> Option<ContentCoding> {
    let mut codings = super::vary::members(headers, CONTENT_ENCODING)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"));
    let coding = ContentCoding::from_name(codings.next()?)?;
    codings.next().is_none().then_some(coding)
}

/// Why a compressed body is refused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DecodeError {
    /// It is not what its head says, or has no end.
    Broken(ContentCoding),
    /// Its zstd frame asks for a window that is larger than [`WINDOW_LOG_MAX`] allows.
    Window,
    /// It expands more than this many times.
    Expands(u32),
}

impl DecodeError {
    /// The status that answers it.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            DecodeError::Broken(_) | DecodeError::Window => StatusCode::BAD_REQUEST,
            DecodeError::Expands(_) => StatusCode::PAYLOAD_TOO_LARGE,
        }
    }
}

impl std::error::Error for DecodeError {}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Broken(coding) => write!(formatter, "the body is not whole `{coding}`"),
            DecodeError::Window => {
                formatter.write_str("the zstd body needs a window of more than 8 MiB to be decompressed")
            }
            DecodeError::Expands(ratio) => {
                write!(formatter, "the body expands to more than {ratio} times its length")
            }
        }
    }
}

/// The body as it was before it was compressed.
pub(crate) fn decoded(body: Body, coding: ContentCoding, settings: Decompression) -> Body {
    Body::new(Decoded::new(body, coding, settings))
}

/// A body as it was before it was compressed. It takes in no more than is asked for.
struct Decoded {
    body: Body,
    coding: ContentCoding,
    ratio: u32,
    decoder: Box<dyn DecodeV2 + Send>,
    /// The rest of the frame that is being decoded.
    input: Bytes,
    position: DecoderPosition,
    /// Whether the decoder may hold more than it has given.
    holds_output: bool,
    taken: u64,
    given: u64,
}

/// Where in the coding's own structure the input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DecoderPosition {
    Start,
    Inside,
    /// Behind a member of gzip, a frame of zstd, or all of brotli.
    End,
}

impl Decoded {
    fn new(body: Body, coding: ContentCoding, settings: Decompression) -> Self {
        let decoder: Box<dyn DecodeV2 + Send> = match coding {
            ContentCoding::Zstd => {
                Box::new(ZstdDecoder::new_with_params(&[DParameter::window_log_max(WINDOW_LOG_MAX)]))
            }
            ContentCoding::Brotli => Box::new(BrotliDecoder::new()),
            ContentCoding::Gzip => Box::new(GzipDecoder::new()),
        };
        Self {
            body,
            coding,
            ratio: settings.ratio,
            decoder,
            input: Bytes::new(),
            position: DecoderPosition::Start,
            holds_output: false,
            taken: 0,
            given: 0,
        }
    }

    /// The next piece; empty if there is none without more input.
    fn decode(&mut self) -> Result<Bytes, DecodeError> {
        let mut piece = Vec::new();
        if self.holds_output || !self.input.is_empty() {
            piece.resize(PIECE_BYTES, 0);
            let mut output = WriteBuffer::new_initialized(&mut piece);
            self.decode_into(&mut output).map_err(|error| self.why(&error))?;
            let length = output.written_len();
            piece.truncate(length);
        }
        self.given += piece.len() as u64;
        if self.given > FREE_BYTES && self.given > self.taken * u64::from(self.ratio) {
            return Err(DecodeError::Expands(self.ratio));
        }
        Ok(piece.into())
    }

    /// The cause of an error of the decoder. The zstd library names its errors by texts alone.
    fn why(&self, error: &io::Error) -> DecodeError {
        match self.coding {
            ContentCoding::Zstd if error.to_string().contains("too much memory") => DecodeError::Window,
            coding => DecodeError::Broken(coding),
        }
    }

    fn decode_into(&mut self, output: &mut WriteBuffer<'_>) -> io::Result<()> {
        while !self.input.is_empty() && !output.has_no_spare_space() {
            if self.position == DecoderPosition::End {
                if self.coding == ContentCoding::Brotli {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                self.decoder.reinit()?;
            }
            self.position = DecoderPosition::Inside;
            let mut input = PartialBuffer::new(&self.input[..]);
            let before = output.written_len();
            let is_ended = self.decoder.decode(&mut input, output)?;
            let taken = input.written_len();
            if taken == 0 && output.written_len() == before && !is_ended {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.input.advance(taken);
            self.holds_output = !is_ended;
            if is_ended {
                self.position = DecoderPosition::End;
            }
        }
        if self.input.is_empty() && self.holds_output && !output.has_no_spare_space() {
            let before = output.written_len();
            let is_ended = match self.coding {
                // Its decoder takes no input for an error. What ends it is never held back.
                ContentCoding::Gzip => self.decoder.flush(output).map(|_| false)?,
                ContentCoding::Zstd | ContentCoding::Brotli => {
                    self.decoder.decode(&mut PartialBuffer::new(&[]), output)?
                }
            };
            if is_ended {
                self.position = DecoderPosition::End;
            }
            self.holds_output = !is_ended && output.written_len() > before;
        }
        Ok(())
    }

    /// After an error there is nothing.
    fn fail(&mut self, error: BodyError) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.body = Body::empty();
        self.input = Bytes::new();
        (self.position, self.holds_output) = (DecoderPosition::End, false);
        Poll::Ready(Some(Err(error)))
    }
}

impl http_body::Body for Decoded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        loop {
            match this.decode() {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Err(error) => return this.fail(error.into()),
            }
            match ready!(Pin::new(&mut this.body).poll_frame(ctx)) {
                Some(Ok(frame)) => {
                    // Trailers are no part of the content.
                    this.input = frame.into_data().unwrap_or_default();
                    this.taken += this.input.len() as u64;
                }
                Some(Err(error)) => return this.fail(error),
                None if this.position == DecoderPosition::Inside => {
                    return this.fail(DecodeError::Broken(this.coding).into());
                }
                None => return Poll::Ready(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zstd_window_beyond_the_limit_is_named() {
        let failure = |window_log: u8| {
            // The frame's magic number, no flags, the window, and one raw block of one byte that is the last.
            let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, (window_log - 10) << 3, 9, 0, 0, b'x'];
            let mut decoded = Decoded::new(Body::empty(), ContentCoding::Zstd, Decompression::new());
            decoded.input = Bytes::copy_from_slice(&frame);
            decoded.decode().err().map(|error| (error.status().as_u16(), error.to_string()))
        };
        let text = "the zstd body needs a window of more than 8 MiB to be decompressed";
        assert_eq!(failure(23), None);
        assert_eq!(failure(24), Some((400, text.to_owned())));
    }
}
