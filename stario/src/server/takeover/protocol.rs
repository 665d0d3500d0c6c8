//! The protocol between the two processes of a takeover.
//!
//! The old process speaks first, because only the new program can know versions of both:
//!
//! ```text
//! byte    0    1        2     3        4..8                     8..16
//!         'S'  version  kind  sockets  process that is offered  which sockets have a file that a server has made,
//!                                      them now (big endian)    a bit each from the lowest (big endian)
//! ```
//!
//! The sockets themselves come with these bytes (`SCM_RIGHTS`), the one of the hand-over first. Everything after that is a [`Word`] of
//! one byte.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// The most sockets that are handed over at once. Linux passes 253.
pub(super) const MOST_SOCKETS: usize = 64;

/// The version of all that follows.
const VERSION: u8 = 1;

/// The first byte of a greeting.
const MARK: u8 = b'S';

/// The kinds of greetings: the sockets come along, or another process is offered them.
const SOCKETS: u8 = b'L';
const BUSY: u8 = b'B';

const GREETING_BYTES: usize = 16;

/// What the old process says first.
#[derive(Debug)]
pub(super) enum Greeting {
    /// The sockets, and whether a server has made the file of each.
    Sockets(Vec<(OwnedFd, bool)>),
    /// This process is offered the sockets already.
    Busy { successor: u32 },
}

/// What follows the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Word {
    /// The new process can accept connections.
    Ready = b'R',
    /// The old process accepts no more.
    Yielded = b'Y',
    /// The old process has waited for too long, and keeps the sockets.
    Revoked = b'X',
}

impl Word {
    fn of(byte: u8) -> Option<Self> {
        [Self::Ready, Self::Yielded, Self::Revoked].into_iter().find(|word| *word as u8 == byte)
    }
}

/// Passes at most [`MOST_SOCKETS`] sockets, each with whether a server has made its file.
pub(super) async fn send_sockets(stream: &UnixStream, sockets: &[(BorrowedFd<'_>, bool)]) -> io::Result<()> {
    let files = sockets
        .iter()
        .enumerate()
        .fold(0, |bits, (index, (_, has_file))| bits | u64::from(*has_file) << index);
    let greeting = greeting(SOCKETS, sockets.len(), std::process::id(), files);
    let descriptors: Vec<BorrowedFd<'_>> = sockets.iter().map(|(socket, _)| *socket).collect();
    stream
        .async_io(Interest::WRITABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_SOCKETS))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
                return Err(io::Error::new(ErrorKind::InvalidInput, "there are too many sockets"));
            }
            send(stream, &greeting, &mut control)
        })
        .await
}

/// Says that `successor` is offered the sockets already.
pub(super) async fn send_busy(stream: &UnixStream, successor: u32) -> io::Result<()> {
    let greeting = greeting(BUSY, 0, successor, 0);
    stream.async_io(Interest::WRITABLE, || send(stream, &greeting, &mut SendAncillaryBuffer::default())).await
}

fn greeting(kind: u8, sockets: usize, process: u32, files: u64) -> [u8; GREETING_BYTES] {
    let mut bytes = [0; GREETING_BYTES];
    // There are at most `MOST_SOCKETS`, or the sockets are not sent.
    bytes[..4].copy_from_slice(&[MARK, VERSION, kind, u8::try_from(sockets).unwrap_or(u8::MAX)]);
    bytes[4..8].copy_from_slice(&process.to_be_bytes());
    bytes[8..].copy_from_slice(&files.to_be_bytes());
    bytes
}

fn send(stream: &UnixStream, bytes: &[u8], control: &mut SendAncillaryBuffer<'_, '_, '_>) -> io::Result<()> {
    let flags = if cfg!(any(target_os = "linux", target_os = "android")) {
        // Rust ignores SIGPIPE, but a program may have changed that.
        SendFlags::NOSIGNAL
    } else {
        SendFlags::empty()
    };
    let sent = sendmsg(stream, &[IoSlice::new(bytes)], control, flags)?;
    // The buffer of a new socket has room for all of it.
    if sent == bytes.len() { Ok(()) } else { Err(ErrorKind::WriteZero.into()) }
}

/// Waits for the greeting; none at the end of the connection.
pub(super) async fn receive_greeting(stream: &UnixStream) -> io::Result<Option<Greeting>> {
    stream.async_io(Interest::READABLE, || receive(stream)).await
}

fn receive(stream: &UnixStream) -> io::Result<Option<Greeting>> {
    let mut bytes = [0; GREETING_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_SOCKETS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    // Programs that this process starts meanwhile get none of the sockets.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let flags = RecvFlags::CMSG_CLOEXEC;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let flags = RecvFlags::empty();
    let received = match recvmsg(stream, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags) {
        Ok(received) => received,
        Err(rustix::io::Errno::CONNRESET) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if received.bytes == 0 {
        return Ok(None);
    }
    let mut sockets = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            sockets.extend(descriptors);
        }
    }
    for socket in &sockets {
        rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::CLOEXEC)?;
    }
    let invalid = |message: String| Err(io::Error::new(ErrorKind::InvalidData, message));
    let [MARK, version, kind, count, ..] = bytes else {
        return invalid("the process that listens there is no stario server".to_owned());
    };
    if version != VERSION {
        return invalid(format!(
            "the other process speaks version {version}, and this one version {VERSION}"
        ));
    }
    if received.flags.contains(ReturnFlags::CTRUNC) || sockets.len() != usize::from(count) {
        let got = sockets.len();
        return invalid(format!("{got} of {count} sockets came: this process may not open so many files"));
    }
    if received.bytes < GREETING_BYTES {
        return invalid("the other process has not sent all of its greeting".to_owned());
    }
    let (_, [a, b, c, d, files @ ..]) = bytes.split_at(4) else { return invalid("no greeting".to_owned()) };
    let process = u32::from_be_bytes([*a, *b, *c, *d]);
    let files = files.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    match kind {
        SOCKETS => {
            let with_files =
                sockets.into_iter().enumerate().map(|(index, socket)| (socket, files >> index & 1 == 1));
            Ok(Some(Greeting::Sockets(with_files.collect())))
        }
        BUSY => Ok(Some(Greeting::Busy { successor: process })),
        _ => invalid(format!("the other process says {kind}, which is unknown")),
    }
}

/// Says `word`.
pub(super) async fn say(stream: &UnixStream, word: Word) -> io::Result<()> {
    let bytes = [word as u8];
    stream.async_io(Interest::WRITABLE, || send(stream, &bytes, &mut SendAncillaryBuffer::default())).await
}

/// Waits for a word; none at the end of the connection. A call that is dropped loses no word.
pub(super) async fn hear(stream: &UnixStream) -> io::Result<Option<Word>> {
    let mut byte = [0];
    loop {
        stream.readable().await?;
        return match stream.try_read(&mut byte) {
            Ok(0) => Ok(None),
            Ok(_) => Word::of(byte[0]).map(Some).ok_or_else(|| {
                io::Error::new(ErrorKind::InvalidData, "the other process says what is unknown")
            }),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error),
        };
    }
}
