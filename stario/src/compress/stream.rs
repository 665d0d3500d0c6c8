//! A streamed body, compressed by one encoder that is flushed after each frame.
//!
//! ```text
//! empty --a frame of the body--> input --pieces of 32 KiB--> input --the last piece, flushed--> empty
//! empty --trailers, or the body's end--> ended: the coding's end, then the trailers
//! any   --an error of the body or of the encoder--> ended, without the coding's end
//! ```
//!
//! Each poll returns the output of one piece, so a large frame is sent as far as the connection takes it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::ContentCoding;
use super::encoder::Encoder;
use super::settings::Effort;
use crate::body::{Body, BodyError};

/// The most input that is compressed before the output is offered to the connection.
const PIECE_BYTES: usize = 32 * 1024;

/// A body in a coding. Each frame of the one inside is flushed, so that it can be decoded when it arrives.
pub(super) struct Encoded {
    /// Kept to the end: its clean-ups run after the last byte.
    body: Body,
    coding: ContentCoding,
    effort: Effort,
    /// Made for the first byte: a stream that has sent nothing holds none, and the answer to HEAD neither.
    encoder: Option<Encoder>,
    /// The rest of the frame that is being compressed.
    input: Bytes,
    /// The trailers, which follow the encoded body.
    trailers: Option<Frame<Bytes>>,
    is_ended: bool,
}

impl Encoded {
    pub(super) fn new(body: Body, coding: ContentCoding, effort: Effort) -> Self {
        Self { body, coding, effort, encoder: None, input: Bytes::new(), trailers: None, is_ended: false }
    }

    fn encoder(&mut self) -> &mut Encoder {
        self.encoder.get_or_insert_with(|| Encoder::new(self.coding, self.effort))
    }

    /// Compresses the next piece of the input, and flushes after the last.
    fn encode_piece(&mut self) -> io::Result<Bytes> {
        let piece = self.input.split_to(self.input.len().min(PIECE_BYTES));
        let is_last = self.input.is_empty();
        let mut output = Vec::with_capacity(piece.len() / 3 + 64);
        let encoder = self.encoder();
        encoder.encode(&piece, &mut output)?;
        if is_last {
            encoder.flush(&mut output)?;
        }
        Ok(output.into())
    }

    fn finish(&mut self) -> io::Result<Bytes> {
        self.is_ended = true;
        let mut output = Vec::new();
        self.encoder();
        if let Some(encoder) = self.encoder.take() {
            encoder.finish(&mut output)?;
        }
        Ok(output.into())
    }

    /// Ends without the coding's own end, so that what was cut does not look complete.
    fn cut(&mut self, error: BodyError) -> BodyError {
        self.is_ended = true;
        self.encoder = None;
        self.input = Bytes::new();
        error
    }
}

impl http_body::Body for Encoded {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        loop {
            let output = if !this.input.is_empty() {
                this.encode_piece()
            } else if this.is_ended {
                return Poll::Ready(this.trailers.take().map(Ok));
            } else {
                match ready!(Pin::new(&mut this.body).poll_frame(ctx)) {
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => {
                            this.input = data;
                            continue;
                        }
                        Err(trailers) => {
                            this.trailers = Some(trailers);
                            this.finish()
                        }
                    },
                    Some(Err(error)) => return Poll::Ready(Some(Err(this.cut(error)))),
                    None => this.finish(),
                }
            };
            match output {
                // An encoder may keep a piece to itself until it is flushed.
                Ok(output) if output.is_empty() => {}
                Ok(output) => return Poll::Ready(Some(Ok(Frame::data(output)))),
                Err(error) => return Poll::Ready(Some(Err(this.cut(error.into())))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_ended && self.trailers.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
