//! The bytes of a file, read piece by piece while they are sent.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
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
    /// Where the next chunk begins.
    position: u64,
    /// Of what is not yet read, in bytes.
    unread: u64,
    /// Of all that is still to be sent, in bytes.
    remaining: u64,
    /// Of the chunk that is on its way.
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl FileBody {
    /// The whole file, of `length` bytes.
    pub(crate) fn new(file: File, length: u64) -> Self {
        Self { file: Arc::new(file), length, position: 0, unread: length, remaining: length, reading: None }
    }

    /// The file's length in bytes, whatever is sent of it.
    pub(crate) fn file_length(&self) -> u64 {
        self.length
    }

    /// Sends this range instead. To be called before anything is read.
    pub(crate) fn send(&mut self, range: &RangeInclusive<u64>) {
        self.position = *range.start();
        self.unread = range.end() - range.start() + 1;
        self.remaining = self.unread;
    }

    pub(super) fn remaining(&self) -> u64 {
        self.remaining
    }

    pub(super) fn poll_next(&mut self, ctx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.reading.is_none() && self.unread == 0 {
            return Poll::Ready(None);
        }
        let reading = self.reading.get_or_insert_with(|| {
            let (file, position, wanted) = (Arc::clone(&self.file), self.position, CHUNK.min(self.unread));
            self.position += wanted;
            self.unread -= wanted;
            tokio::task::spawn_blocking(move || read(&file, position, wanted))
        });
        let read = ready!(Pin::new(reading).poll(ctx));
        self.reading = None;
        let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        match &read {
            Ok(bytes) => self.remaining -= bytes.len() as u64,
            // What is missing shows in the length: it must not look complete.
            Err(_) => self.unread = 0,
        }
        Poll::Ready(Some(read))
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
