//! The bytes of a file, read piece by piece while they are sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::task::JoinHandle;

/// What is read at once, and so what one response holds of a file, in bytes.
const CHUNK: u64 = 64 * 1024;

/// What is sent of a file.
pub(crate) struct FileBody {
    file: Arc<File>,
    /// Of the file, in bytes, when it was opened.
    length: u64,
    pieces: VecDeque<Piece>,
    /// Of all that is still to be sent, in bytes.
    remaining: u64,
    /// Of the chunk that is on its way.
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

/// What comes next.
pub(crate) enum Piece {
    /// Bytes that are none of the file's.
    Text(Bytes),
    /// `length` bytes of the file.
    Range { from: u64, length: u64 },
}

impl Piece {
    fn length(&self) -> u64 {
        match self {
            Piece::Text(text) => text.len() as u64,
            Piece::Range { length, .. } => *length,
        }
    }
}

impl FileBody {
    /// The whole file, of `length` bytes.
    pub(crate) fn new(file: File, length: u64) -> Self {
        let mut body =
            Self { file: Arc::new(file), length, pieces: VecDeque::new(), remaining: 0, reading: None };
        body.send([Piece::Range { from: 0, length }]);
        body
    }

    /// The file's length in bytes, whatever is sent of it.
    pub(crate) fn file_length(&self) -> u64 {
        self.length
    }

    /// Sends these pieces instead. To be called before anything is read.
    pub(crate) fn send(&mut self, pieces: impl Into<VecDeque<Piece>>) {
        self.pieces = pieces.into();
        self.remaining = self.pieces.iter().map(Piece::length).sum();
    }

    pub(super) fn remaining(&self) -> u64 {
        self.remaining
    }

    pub(super) fn poll_next(&mut self, ctx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let read = ready!(Pin::new(reading).poll(ctx));
                self.reading = None;
                let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
                match &read {
                    Ok(bytes) => self.remaining -= bytes.len() as u64,
                    // What is missing shows in the length: it must not look complete.
                    Err(_) => self.pieces.clear(),
                }
                return Poll::Ready(Some(read));
            }
            match self.pieces.front_mut() {
                None => return Poll::Ready(None),
                Some(Piece::Text(text)) => {
                    let text = std::mem::take(text);
                    self.pieces.pop_front();
                    self.remaining -= text.len() as u64;
                    return Poll::Ready(Some(Ok(text)));
                }
                Some(Piece::Range { length: 0, .. }) => drop(self.pieces.pop_front()),
                Some(Piece::Range { from, length }) => {
                    let (file, position, wanted) = (Arc::clone(&self.file), *from, CHUNK.min(*length));
                    *from += wanted;
                    *length -= wanted;
                    self.reading = Some(tokio::task::spawn_blocking(move || read(&file, position, wanted)));
                }
            }
        }
    }
}

/// Reads exactly `wanted` bytes, at most [`CHUNK`].
fn read(mut file: &File, position: u64, wanted: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(wanted).unwrap_or_default());
    file.seek(SeekFrom::Start(position))?;
    file.take(wanted).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < wanted {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file became shorter while it was sent",
        ));
    }
    Ok(bytes.into())
}
