//! Which protocol a connection speaks: by what TLS negotiated, else by its first bytes.
//!
//! The bytes are peeked at, so hyper reads them as if nobody had looked. While they may still become the preface of
//! HTTP/2, the socket's readiness is cleared, so that the next look waits for more bytes:
//!
//! ```text
//! wait until readable --> peek --> not the preface, or all of it, or no more bytes can come --> decided
//!      ^                   |
//!      +-------------------+ a part of the preface: readiness is cleared
//! ```

use std::io;

use super::super::socket::Socket;

/// The protocols that TLS offers, the preferred first.
#[cfg(feature = "tls")]
pub(in super::super) const ALPN: &[&[u8]] = &[b"h2", b"http/1.1"];

/// The first bytes of a connection of HTTP/2 (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Protocol {
    Http1,
    Http2,
}

impl Protocol {
    /// The protocol of a new connection. It waits until enough bytes have come to know it.
    pub(in super::super) async fn of(socket: &Socket) -> io::Result<Self> {
        match socket {
            Socket::Tcp(socket) => peek::tcp(socket).await,
            #[cfg(unix)]
            Socket::Unix(socket) => peek::unix(socket).await,
            #[cfg(feature = "tls")]
            Socket::Tls(socket) => {
                let is_http2 = socket.get_ref().1.alpn_protocol() == Some(b"h2");
                Ok(if is_http2 { Self::Http2 } else { Self::Http1 })
            }
        }
    }

    /// The protocol that begins with `bytes`, or none if more of them are needed.
    fn beginning_with(bytes: &[u8], is_end: bool) -> Option<Self> {
        if bytes.len() >= PREFACE.len() && bytes.starts_with(PREFACE) {
            return Some(Self::Http2);
        }
        // If the input ends before that, HTTP/1 answers.
        (is_end || bytes.is_empty() || !PREFACE.starts_with(bytes)).then_some(Self::Http1)
    }
}

#[cfg(unix)]
mod peek {
    use std::io;

    use rustix::net::{RecvFlags, recv};
    use tokio::io::Interest;
    use tokio::net::{TcpStream, UnixStream};

    use super::{PREFACE, Protocol};

    macro_rules! peek {
        ($socket:expr) => {
            loop {
                let is_end = $socket.ready(Interest::READABLE).await?.is_read_closed();
                let peeked = $socket.try_io(Interest::READABLE, || {
                    let mut bytes = [0; PREFACE.len()];
                    let (_, count) = recv($socket, &mut bytes, RecvFlags::PEEK)?;
                    let protocol = Protocol::beginning_with(&bytes[..count], is_end);
                    // Makes tokio wait for more bytes than these.
                    protocol.ok_or_else(|| io::ErrorKind::WouldBlock.into())
                });
                match peeked {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    peeked => break peeked,
                }
            }
        };
    }

    pub(super) async fn tcp(socket: &TcpStream) -> io::Result<Protocol> {
        peek!(socket)
    }

    pub(super) async fn unix(socket: &UnixStream) -> io::Result<Protocol> {
        peek!(socket)
    }
}

#[cfg(not(unix))]
mod peek {
    use std::io;
    use std::time::Duration;

    use tokio::net::TcpStream;

    use super::{PREFACE, Protocol};

    /// How long a part of the preface is left alone before the next look.
    const PAUSE: Duration = Duration::from_millis(10);

    pub(super) async fn tcp(socket: &TcpStream) -> io::Result<Protocol> {
        loop {
            let is_end = socket.readable().await.is_err();
            let mut bytes = [0; PREFACE.len()];
            let count = socket.peek(&mut bytes).await?;
            if let Some(protocol) = Protocol::beginning_with(&bytes[..count], is_end) {
                return Ok(protocol);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_preface_is_http2() {
        let of = |bytes: &[u8]| Protocol::beginning_with(bytes, false);
        assert_eq!(of(PREFACE), Some(Protocol::Http2));
        for length in 1..PREFACE.len() {
            assert_eq!(of(&PREFACE[..length]), None);
            assert_eq!(Protocol::beginning_with(&PREFACE[..length], true), Some(Protocol::Http1));
            let mut other = PREFACE[..length].to_vec();
            other[length - 1] = b'x';
            assert_eq!(of(&other), Some(Protocol::Http1));
        }
        assert_eq!(of(b""), Some(Protocol::Http1));
        assert_eq!(of(b"GET / HTTP/1.1\r\nhost: x\r\n"), Some(Protocol::Http1));
    }
}
