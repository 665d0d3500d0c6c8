//! The bytes of a file, read piece by piece while they are sent.

use std::any::Any;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::SizeHint;
use tokio::task::JoinHandle;

use super::{Body, BodyError, BodyKind, Frames, Pieces};

/// The most bytes read at once, and so the memory that one response takes for a file.
const CHUNK: u64 = 64 * 1024;

/// What is sent of a file.
pub(crate) struct FileBody {
    file: Arc<File>,
    /// The file's size in bytes when it was opened.
    length: u64,
    /// Where the next chunk begins.
    position: u64,
    /// Bytes not yet asked of the file.
    unread: u64,
    /// Bytes not yet handed to the connection.
    remaining: u64,
    /// The read in progress.
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
}

impl Body {
    /// The file that this body is of.
    pub(crate) fn as_file(&mut self) -> Option<&mut FileBody> {
        match &mut self.kind {
            BodyKind::Frames(frames) => frames.as_mut().as_any()?.downcast_mut(),
            _ => None,
        }
    }
}

impl Frames for FileBody {
    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Result<Pieces, BodyError>>> {
        let this = self.get_mut();
        if this.reading.is_none() && this.unread == 0 {
            return Poll::Ready(None);
        }
        let reading = this.reading.get_or_insert_with(|| {
            let (file, position, wanted) = (Arc::clone(&this.file), this.position, CHUNK.min(this.unread));
            this.position += wanted;
            this.unread -= wanted;
            tokio::task::spawn_blocking(move || read(&file, position, wanted))
        });
        let read = ready!(Pin::new(reading).poll(ctx));
        this.reading = None;
        let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        match &read {
            Ok(bytes) => this.remaining -= bytes.len() as u64,
            // What is missing shows in the length: it must not look complete.
            Err(_) => this.unread = 0,
        }
        Poll::Ready(Some(read.map(Pieces::from).map_err(Into::into)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }

    fn is_end(&self) -> bool {
        self.remaining == 0
    }

    fn as_any(self: Pin<&mut Self>) -> Option<&mut dyn Any> {
        Some(self.get_mut())
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
