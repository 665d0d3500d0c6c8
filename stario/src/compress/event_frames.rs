//! The body of a compressed event stream.
//!
//! ```text
//! input --pieces, until 32 KiB of output--> output --taken--> input, or empty if it has no more pieces
//! empty --a frame of the stream--> input
//! empty --the end of the stream--> ended: the coding's end is the last output
//! any   --an error--> ended, without the coding's end
//! ```
//!
//! A piece is a shared event, a ping, or bytes of this stream alone. Only an empty stream polls the one inside.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::ContentCoding;
use super::events::EventEncoder;
use super::settings::Effort;
use super::shared::SharedEvent;
use crate::body::{Body, BodyError, Frames, Pieces};

/// The most input of this stream alone that is compressed before the output is offered to the connection. Shared events do
/// not count.
const PIECE_BYTES: usize = 32 * 1024;

/// An event stream in zstd or gzip. Each frame is flushed, so the client can decode it when it arrives.
pub(super) struct EncodedEvents {
    /// Kept to the end: its clean-ups run after the last byte.
    body: Body,
    encoder: EventEncoder,
    input: Input,
    is_ended: bool,
}

impl EncodedEvents {
    pub(super) fn new(body: Body, coding: ContentCoding, effort: Effort) -> Self {
        let (encoder, input) = (EventEncoder::new(coding, effort), Input::default());
        Self { body, encoder, input, is_ended: false }
    }

    /// Compresses some of the input.
    fn encode_some(&mut self) -> io::Result<()> {
        while self.encoder.len() < PIECE_BYTES {
            match self.input.next() {
                Some(Piece::Own(bytes)) => self.encoder.add_own(bytes)?,
                Some(Piece::Shared(event)) => self.encoder.add_shared(event)?,
                Some(Piece::Ping) => self.encoder.add_ping()?,
                None => {
                    // A quiet stream keeps nothing of what it has sent.
                    self.input = Input::default();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Ends without the coding's own end, so that what was cut does not look complete.
    fn cut(&mut self, error: BodyError) -> BodyError {
        self.is_ended = true;
        self.input = Input::default();
        error
    }
}

impl Frames for EncodedEvents {
    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Pieces, BodyError>>> {
        let this = &mut *self;
        loop {
            if let Err(error) = this.encode_some() {
                return Poll::Ready(Some(Err(this.cut(error.into()))));
            }
            let output = this.encoder.take();
            if !output.is_empty() {
                return Poll::Ready(Some(Ok(output.into())));
            }
            if this.is_ended {
                return Poll::Ready(None);
            }
            match ready!(this.body.poll_pieces(ctx)) {
                Some(Ok(pieces)) => this.input = Input { pieces, ..Input::default() },
                Some(Err(error)) => return Poll::Ready(Some(Err(this.cut(error)))),
                None => {
                    this.is_ended = true;
                    this.encoder.finish();
                }
            }
        }
    }

    fn still_waits(mut self: Pin<&mut Self>, ctx: &Context<'_>) -> bool {
        self.input.pieces.bytes.is_empty() && !self.is_ended && self.body.still_waits(ctx)
    }

    fn is_end(&self) -> bool {
        self.is_ended && self.encoder.len() == 0
    }
}

/// The frame that is being compressed.
#[derive(Default)]
struct Input {
    pieces: Pieces,
    /// How many bytes are taken, and how many shared events.
    bytes: usize,
    events: usize,
}

enum Piece<'a> {
    Own(&'a [u8]),
    Shared(&'a SharedEvent),
    Ping,
}

impl Input {
    fn next(&mut self) -> Option<Piece<'_>> {
        let Pieces { bytes, shared, is_ping } = &self.pieces;
        let start = self.bytes;
        let own_end = match shared.get(self.events) {
            Some(part) if part.start() == start => {
                self.bytes += part.event.bytes().len();
                self.events += 1;
                return Some(Piece::Shared(&part.event));
            }
            Some(part) => part.start(),
            None => bytes.len(),
        };
        if start == own_end {
            return None;
        }
        self.bytes = own_end.min(start + PIECE_BYTES);
        Some(if *is_ping { Piece::Ping } else { Piece::Own(&bytes[start..self.bytes]) })
    }
}
