//! The bytes of one connection, whatever carries them, and what is noticed on the way: how much moves, that the
//! client takes nothing, and that it has left.
//!
//! hyper does not read while a request of HTTP/1 is answered ([`http1::Builder::half_close`]): it would do so at every poll of a
//! stream, and allocate another buffer while the head of the request is still in the first. So the socket itself watches
//! whether the client leaves, in each flush: every poll of such a connection flushes. Over TLS the end of the
//! input is a message of its own, which only a read finds, so hyper reads there.
//!
//! ```text
//! Idle --flush, while a request is answered--> Waiting --readable--> is it the end? --yes--> left, or withheld (Done)
//!   ^                                            |                       |
//!   |                                            |                       +--no, bytes--> Done
//!   +----------- hyper reads --------------------+------------------------------------------+
//! ```
//!
//! Bytes that wait to be used hide the end of the input: a second request, stray line ends, a body that the handler does not read.
//! Then the connection requests a check every half second ([`Activity::look_for_client`]), and the next flush makes it: tokio's
//! readiness has `read_closed` even while bytes are unread.
//!
//! A handler, or a refusal, may drop the request's body before its end. hyper then reads once more, and never again on this
//! connection. So from then on the same check is made until the request is answered, over TLS, too: it finds a client that has left
//! within half a second. Nothing is read meanwhile: the rest of the body stays in the kernel's buffer, and when that is full, the
//! client waits. One client is not found: the end of its input stands behind bytes that nobody reads. It costs what a client costs
//! that stays: the kernel's buffer, the permit of the connection, and the handler until its end or its timeout.
//!
//! [`http1::Builder::half_close`]: hyper::server::conn::http1::Builder::half_close
//!
//! A client may end its input right behind a request without a body, and wait for the answer. hyper would drop the request, so the
//! end is withheld until that is answered ([`Activity::withholds_end`]).

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::TcpStream;
use tokio::task::coop::has_budget_remaining;

use super::activity::Activity;
use super::places::Place;
use crate::stall::StallTimer;
use crate::stop::StopWatch;
use crate::tasks::TaskToken;

/// An enum, so that hyper is compiled for one type.
pub(super) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

macro_rules! each {
    ($self:expr, $socket:ident => $call:expr) => {
        match $self {
            Socket::Tcp($socket) => $call,
            #[cfg(unix)]
            Socket::Unix($socket) => $call,
            #[cfg(feature = "tls")]
            Socket::Tls($socket) => $call,
        }
    };
}

impl Socket {
    /// Makes closing reset the connection. The kernel would keep retransmitting what it holds to a client that
    /// stopped reading.
    fn reset_on_close(&self) {
        let socket = match self {
            Self::Tcp(socket) => SockRef::from(socket),
            #[cfg(unix)]
            Self::Unix(_) => return,
            #[cfg(feature = "tls")]
            Self::Tls(socket) => SockRef::from(socket.get_ref().0),
        };
        // It fails for a connection that has ended already, which holds nothing.
        let _ = socket.set_linger(Some(Duration::ZERO));
    }

    /// Whether hyper reads from it while a request is answered.
    pub(super) fn is_read_meanwhile(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            #[cfg(unix)]
            Self::Unix(_) => false,
            #[cfg(feature = "tls")]
            Self::Tls(_) => true,
        }
    }

    /// Ready when the system has said that the socket is readable. The task is woken once.
    fn poll_readable(&self, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(socket) => socket.poll_read_ready(ctx),
            #[cfg(unix)]
            Self::Unix(socket) => socket.poll_read_ready(ctx),
            #[cfg(feature = "tls")]
            Self::Tls(_) => Poll::Pending,
        }
    }

    /// Whether tokio knows the socket to be readable. It registers no waker.
    fn is_readable(&self) -> bool {
        self.try_read(|_| Ok(())).is_ok()
    }

    /// How many bytes wait to be read, none or one; none are left at the end of the input.
    fn peek(&self) -> io::Result<usize> {
        self.try_read(|socket| socket.peek(&mut [MaybeUninit::uninit()]))
    }

    /// Whether bytes wait to be read, also where tokio has not heard of them yet.
    pub(super) fn has_input(&self) -> bool {
        match self {
            Self::Tcp(socket) => has_input(socket),
            #[cfg(unix)]
            Self::Unix(socket) => has_input(socket),
            #[cfg(feature = "tls")]
            Self::Tls(socket) => has_input(socket.get_ref().0),
        }
    }

    /// Calls `read`, unless the system has said that there is nothing to read.
    fn try_read<T>(&self, read: impl FnOnce(SockRef<'_>) -> io::Result<T>) -> io::Result<T> {
        match self {
            Self::Tcp(socket) => socket.try_io(Interest::READABLE, || read(SockRef::from(socket))),
            #[cfg(unix)]
            Self::Unix(socket) => socket.try_io(Interest::READABLE, || read(SockRef::from(socket))),
            #[cfg(feature = "tls")]
            Self::Tls(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// The readiness that tokio knows already. It makes no system call, and registers no waker.
    fn readiness(&self, ctx: &mut Context<'_>) -> Ready {
        const ANY: Interest = Interest::READABLE.add(Interest::WRITABLE);
        let polled = match self {
            Self::Tcp(socket) => pin!(socket.ready(ANY)).poll(ctx),
            #[cfg(unix)]
            Self::Unix(socket) => pin!(socket.ready(ANY)).poll(ctx),
            #[cfg(feature = "tls")]
            Self::Tls(socket) => pin!(socket.get_ref().0.ready(ANY)).poll(ctx),
        };
        match polled {
            Poll::Ready(Ok(ready)) => ready,
            Poll::Ready(Err(_)) | Poll::Pending => Ready::EMPTY,
        }
    }
}

/// Whether bytes wait to be read from a socket of the system, also where tokio has not heard of them yet.
pub(super) fn has_input<'a>(socket: impl Into<SockRef<'a>>) -> bool {
    socket.into().peek(&mut [MaybeUninit::uninit()]).is_ok_and(|count| count > 0)
}

/// Who watches for the end of the client's input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watch {
    /// hyper was the last to read.
    Idle,
    /// The task is woken when the socket is readable.
    Waiting,
    /// Bytes wait for hyper, or the end of the input that is withheld from it.
    Done,
}

/// A connection's socket, which notes what moves. It fails when the client takes nothing of what is written for too
/// long, and when a look finds that the client has left.
pub(super) struct WatchedSocket {
    socket: Socket,
    activity: Arc<Activity>,
    stall: StallTimer,
    watch: Watch,
    /// The bytes of the next request that hyper had read when its connection was rebuilt.
    unread: Bytes,
    /// Once the connection is upgraded: the server's stop and its cut, which end it.
    upgraded: Option<Box<(StopWatch, StopWatch)>>,
    /// Counts the connection against the limits. `None` at the end of a connection that may not linger.
    place: Option<Place>,
    /// Counts the socket among those that the server's stop waits for. An upgraded one outlives its task.
    _token: TaskToken,
}

impl WatchedSocket {
    pub(super) fn new(
        socket: Socket,
        activity: Arc<Activity>,
        write_timeout: Duration,
        place: Place,
        token: TaskToken,
    ) -> Self {
        let stall = StallTimer::new(write_timeout);
        Self {
            socket,
            activity,
            stall,
            watch: Watch::Idle,
            unread: Bytes::new(),
            upgraded: None,
            place: Some(place),
            _token: token,
        }
    }

    /// Whether hyper reads from it while a request is answered.
    pub(super) fn is_read_meanwhile(&self) -> bool {
        self.socket.is_read_meanwhile()
    }

    /// Replaces the permit for the end of the connection. Returns whether there is one.
    pub(super) fn change_place(&mut self, change: impl FnOnce(Place) -> Option<Place>) -> bool {
        self.place = self.place.take().and_then(change);
        self.place.is_some()
    }

    /// Makes hyper read `bytes` before those of the socket.
    pub(super) fn put_back(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    #[inline(always)]
    fn note_written(
        &mut self,
        ctx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(count)) => {
                self.stall.note_progress(*count);
                self.activity.note_written(*count, false);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.stall.poll_stalled(ctx).is_ready() => {
                self.socket.reset_on_close();
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => {
                self.activity.note_written(0, true);
                if self.has_left_meanwhile(ctx) {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
                }
            }
        }
        if self.activity.take_look() && self.has_client_left(ctx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        written
    }

    /// Whether the connection was reset, or its input has ended where that means the same.
    fn has_client_left(&self, ctx: &mut Context<'_>) -> bool {
        let ready = self.socket.readiness(ctx);
        ready.is_write_closed() || ready.is_read_closed() && self.activity.leaves_with_input()
    }

    /// Whether the client has left, while a request is answered and hyper does not read.
    fn has_left_meanwhile(&mut self, ctx: &mut Context<'_>) -> bool {
        match self.watch {
            Watch::Idle if self.activity.is_blind() => self.watch_input(ctx),
            Watch::Waiting if self.socket.is_readable() => self.watch_input(ctx),
            Watch::Idle | Watch::Waiting | Watch::Done => false,
        }
    }

    /// Waits for the socket to be readable. Returns whether the client has left.
    #[cold]
    fn watch_input(&mut self, ctx: &mut Context<'_>) -> bool {
        if self.socket.is_read_meanwhile() || self.activity.has_bytes_behind() {
            return false;
        }
        loop {
            if self.socket.poll_readable(ctx).is_pending() {
                // Where tokio's budget for this poll is used up, the task is polled again soon, and the socket does not wake it.
                if has_budget_remaining() {
                    self.watch = Watch::Waiting;
                    self.activity.note_waiting();
                }
                return false;
            }
            let has_ended = match self.socket.peek() {
                Ok(count) => count == 0,
                // The socket was readable before hyper read all that there was.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(_) => return true,
            };
            self.watch = Watch::Done;
            self.activity.note_unwatched();
            return has_ended && !self.activity.withholds_end();
        }
    }

    /// Ends an upgraded connection with the server: its input ends at the stop, and every read and write fails at the cut.
    fn poll_stop(&mut self, ctx: &mut Context<'_>) -> io::Result<IsStopped> {
        if self.activity.is_upgraded() { self.poll_upgraded_stop(ctx) } else { Ok(false) }
    }

    #[cold]
    fn poll_upgraded_stop(&mut self, ctx: &mut Context<'_>) -> io::Result<IsStopped> {
        let app = self.activity.app();
        let watches = self
            .upgraded
            .get_or_insert_with(|| Box::new((app.shared().stop.watch(), app.shared().work.cut().watch())));
        if watches.1.poll_stopped(ctx).is_ready() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(watches.0.poll_stopped(ctx).is_ready())
    }
}

type IsStopped = bool;

impl AsyncRead for WatchedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.poll_stop(ctx)? {
            return Poll::Ready(Ok(()));
        }
        self.watch = Watch::Idle;
        let before = buffer.filled().len();
        let read = if self.unread.is_empty() {
            each!(&mut self.socket, socket => Pin::new(socket).poll_read(ctx, buffer))
        } else {
            let count = self.unread.len().min(buffer.remaining());
            buffer.put_slice(&self.unread.split_to(count));
            Poll::Ready(Ok(()))
        };
        if read.is_pending() {
            self.activity.note_waiting();
            if self.activity.takes_question_for_input() && self.socket.has_input() {
                self.activity.note_input();
            }
            return read;
        }
        let filled = buffer.filled();
        let count = filled.len() - before;
        self.activity.note_read(count, filled.as_ptr_range().end.addr());
        let is_end = matches!(read, Poll::Ready(Ok(()))) && count == 0 && buffer.remaining() > 0;
        // No waker is registered: the connection is polled again when the request is answered.
        if is_end && self.activity.withholds_end() { Poll::Pending } else { read }
    }
}

impl AsyncWrite for WatchedSocket {
    fn poll_write(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_stop(ctx)?;
        let written = each!(&mut self.socket, socket => Pin::new(socket).poll_write(ctx, bytes));
        self.note_written(ctx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_stop(ctx)?;
        let written = each!(&mut self.socket, socket => Pin::new(socket).poll_write_vectored(ctx, slices));
        self.note_written(ctx, written)
    }

    /// hyper asks this once, and joins what it writes if it may not write it in parts.
    fn is_write_vectored(&self) -> bool {
        !self.activity.write_mode().is_joined() && each!(&self.socket, socket => socket.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_stop(ctx)?;
        if self.has_left_meanwhile(ctx) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let flushed = each!(&mut self.socket, socket => Pin::new(socket).poll_flush(ctx));
        self.note_written(ctx, flushed.map_ok(|()| 0)).map_ok(drop)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = each!(&mut self.socket, socket => Pin::new(socket).poll_shutdown(ctx));
        self.note_written(ctx, shut.map_ok(|()| 0)).map_ok(drop)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    use super::super::places::Role;
    use super::*;
    use crate::app::discover;
    use crate::settings::Limits;
    use crate::tasks::TaskTracker;

    #[tokio::test]
    async fn what_was_not_taken_in_time_is_not_offered_any_longer() {
        struct Routes;
        let app = discover::<Routes>("tests");
        let app = Arc::new(app.mount("/", axum::Router::<()>::new()).assemble().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let mut watched = WatchedSocket::new(
            Socket::Tcp(socket),
            Activity::new(app, ([127, 0, 0, 1], 0).into(), Role::Served, &Limits::default()),
            Duration::from_millis(50),
            Place::of(Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap()),
            TaskTracker::default().token(),
        );
        let error = loop {
            if let Err(error) = watched.write_all(&[0; 1 << 14]).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(watched);
        // The client receives only what had arrived before the reset.
        let error = client.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
