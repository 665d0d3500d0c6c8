//! Where connections come from: addresses, Unix sockets, and sockets that were open before the process was.

#[cfg(unix)]
pub(super) mod unix;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::socket::Socket;
use crate::error::Result;
use crate::settings::Address;

/// How long the system waits before it asks a silent peer whether it is still there, and how often it asks then.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(5));

pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(unix::Listener),
}

impl Listener {
    /// # Errors
    ///
    /// An address that another process uses, or that may not be used; the message names it.
    pub(super) fn bind(address: &Address, backlog: u32) -> Result<Self> {
        let bound = match address {
            Address::Tcp(address) => bind(*address, backlog).map(Self::Tcp),
            #[cfg(unix)]
            Address::Unix { path, mode } => unix::Listener::bind(path, *mode, backlog).map(Self::Unix),
            #[cfg(not(unix))]
            Address::Unix { .. } => Err(io::ErrorKind::Unsupported.into()),
        };
        bound.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")).into()
        })
    }

    /// The sockets that systemd, or another program by its protocol, has opened for this process.
    #[cfg(unix)]
    pub(super) fn inherited() -> Result<Vec<Self>> {
        let mut sockets = listenfd::ListenFd::from_env();
        let mut listeners = Vec::with_capacity(sockets.len());
        for index in 0..sockets.len() {
            let listener = match sockets.take_tcp_listener(index) {
                Ok(Some(listener)) => {
                    listener.set_nonblocking(true)?;
                    Self::Tcp(TcpListener::from_std(listener)?)
                }
                Ok(None) => continue,
                Err(_) => Self::Unix(unix::Listener::inherited(&mut sockets, index)?),
            };
            listeners.push(listener);
        }
        Ok(listeners)
    }

    #[cfg(not(unix))]
    #[allow(clippy::unnecessary_wraps)] // The signature of the other platforms.
    pub(super) fn inherited() -> Result<Vec<Self>> {
        Ok(Vec::new())
    }

    /// The listener of a socket that another server has handed over; `has_file` says whether a server has made its file.
    #[cfg(unix)]
    pub(super) fn taken(socket: OwnedFd, has_file: bool) -> io::Result<Self> {
        let is_unix = rustix::net::getsockname(&socket)?.address_family() == rustix::net::AddressFamily::UNIX;
        if is_unix {
            return unix::Listener::taken(socket, has_file).map(Self::Unix);
        }
        let listener = std::net::TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Self::Tcp)
    }

    /// Whether it listens on this address.
    #[cfg(unix)]
    pub(super) fn is_at(&self, address: &Address) -> bool {
        match (self, address) {
            (Self::Tcp(listener), Address::Tcp(address)) => {
                listener.local_addr().is_ok_and(|own| own == *address)
            }
            (Self::Unix(listener), Address::Unix { path, .. }) => listener.is_at(path),
            _ => false,
        }
    }

    /// Whether it listens on some port of this IP address, and `address` leaves the port to the system.
    #[cfg(unix)]
    pub(super) fn is_at_any_port_of(&self, address: &Address) -> bool {
        let (Self::Tcp(listener), Address::Tcp(address)) = (self, address) else { return false };
        address.port() == 0 && listener.local_addr().is_ok_and(|own| own.ip() == address.ip())
    }

    /// Applies the mode of `address` and this process's backlog to a listener that was handed over.
    #[cfg(unix)]
    pub(super) fn adapt(&self, address: &Address, backlog: u32) -> io::Result<()> {
        // A socket that listens already only gets another limit.
        rustix::net::listen(self, i32::try_from(backlog).unwrap_or(i32::MAX))?;
        match (self, address) {
            (Self::Unix(listener), Address::Unix { mode, .. }) => listener.set_mode(*mode),
            _ => Ok(()),
        }
    }

    /// The Unix socket, if it is one.
    #[cfg(unix)]
    pub(super) fn unix(&self) -> Option<&unix::Listener> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(listener) => Some(listener),
        }
    }

    pub(super) async fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(socket, peer)| (Socket::Tcp(socket), peer)),
            // A process that can open the socket's file runs on this machine.
            #[cfg(unix)]
            Self::Unix(listener) => {
                listener.accept().await.map(|socket| (Socket::Unix(socket), (Ipv4Addr::LOCALHOST, 0).into()))
            }
        }
    }

    /// Accepts a connection that waits for that already; else fails with `WouldBlock`. It asks the system itself, because tokio
    /// may not have heard of the connection yet.
    pub(super) fn accept_now(&self) -> io::Result<(Socket, SocketAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (socket, peer) = SockRef::from(listener).accept()?;
                socket.set_nonblocking(true)?;
                let socket = TcpStream::from_std(socket.into())?;
                let peer = peer.as_socket().ok_or(io::ErrorKind::InvalidData)?;
                Ok((Socket::Tcp(socket), peer))
            }
            #[cfg(unix)]
            Self::Unix(listener) => {
                let (socket, _) = SockRef::from(listener).accept()?;
                socket.set_nonblocking(true)?;
                let socket = tokio::net::UnixStream::from_std(OwnedFd::from(socket).into())?;
                Ok((Socket::Unix(socket), (Ipv4Addr::LOCALHOST, 0).into()))
            }
        }
    }

    /// Whether only programs of this machine reach it. A Unix socket is not: a proxy listens in front of it.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Tcp(listener) => listener.local_addr().is_ok_and(|address| address.ip().is_loopback()),
            #[cfg(unix)]
            Self::Unix(_) => false,
        }
    }

    /// The address as a URL, or the path of a Unix socket.
    pub(super) fn name(&self, scheme: &str) -> Result<String> {
        Ok(match self {
            Self::Tcp(listener) => format!("{scheme}://{}", listener.local_addr()?),
            #[cfg(unix)]
            Self::Unix(listener) => format!("unix:{}", listener.path()),
        })
    }
}

#[cfg(unix)]
impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

fn bind(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restarted server takes its address back at once.
    socket.set_reuseaddr(true)?;
    if address.is_ipv6() {
        // `::` beside `0.0.0.0` is then two addresses, and on all systems the same.
        SockRef::from(&socket).set_only_v6(true)?;
    }
    socket.bind(address)?;
    socket.listen(backlog)
}

/// Sends small events at once, and notices a peer that vanished without closing its connection.
pub(super) fn prepare(socket: &TcpStream, write_timeout: Duration) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    let (time, interval) = KEEP_ALIVE;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(time).with_interval(interval))?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(write_timeout))?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = write_timeout;
    Ok(())
}
