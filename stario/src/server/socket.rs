//! The bytes of one connection, whatever carries them, and the end of those who do not take theirs.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::activity::Activity;
use crate::patience::Patience;

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
    /// Has the system give up what it still holds, at the end of one who does not take it: it would go on
    /// offering it for as long as a little is taken now and then.
    fn discard(&self) {
        let socket = match self {
            Self::Tcp(socket) => SockRef::from(socket),
            #[cfg(unix)]
            Self::Unix(_) => return,
            #[cfg(feature = "tls")]
            Self::Tls(socket) => SockRef::from(socket.get_ref().0),
        };
        // One that has ended already holds nothing.
        let _ = socket.set_linger(Some(Duration::ZERO));
    }
}

/// Notes what is read, and fails when nothing of what is written is taken for too long.
pub(super) struct Watched {
    socket: Socket,
    activity: Arc<Activity>,
    patience: Patience,
}

impl Watched {
    pub(super) fn new(socket: Socket, activity: Arc<Activity>, patience: Patience) -> Self {
        Self { socket, activity, patience }
    }

    fn progress(
        &mut self,
        ctx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match &written {
            Poll::Ready(Ok(count)) => {
                self.patience.refill(*count);
                self.activity.wrote(*count, false);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending if self.patience.poll_end(ctx).is_ready() => {
                self.socket.discard();
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending => self.activity.wrote(0, true),
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = each!(&mut self.socket, socket => Pin::new(socket).poll_read(ctx, buffer));
        let received = buffer.filled().len() - before;
        if received > 0 {
            self.activity.received(received);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, ctx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = each!(&mut self.socket, socket => Pin::new(socket).poll_write(ctx, bytes));
        self.progress(ctx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = each!(&mut self.socket, socket => Pin::new(socket).poll_write_vectored(ctx, slices));
        self.progress(ctx, written)
    }

    fn is_write_vectored(&self) -> bool {
        each!(&self.socket, socket => socket.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = each!(&mut self.socket, socket => Pin::new(socket).poll_flush(ctx));
        self.progress(ctx, flushed.map_ok(|()| 0)).map_ok(drop)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = each!(&mut self.socket, socket => Pin::new(socket).poll_shutdown(ctx));
        self.progress(ctx, shut.map_ok(|()| 0)).map_ok(drop)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::app::Limits;

    #[tokio::test]
    async fn what_was_not_taken_in_time_is_not_offered_any_longer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let patience = Patience::new(Duration::from_millis(50));
        let mut watched = Watched::new(Socket::Tcp(socket), Activity::new(&Limits::default()), patience);
        let error = loop {
            if let Err(error) = watched.write_all(&[0; 1 << 14]).await {
                break error;
            }
        };
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(watched);
        // Of what the system had taken only that comes which was here already.
        let error = client.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
