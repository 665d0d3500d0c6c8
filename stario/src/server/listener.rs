//! Where connections come from: addresses, Unix sockets, and sockets that were open before the process was.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
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

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
    use std::path::{Path, PathBuf};

    use tokio::net::{UnixListener, UnixSocket, UnixStream};

    pub(crate) struct Listener {
        listener: UnixListener,
        /// Kept only for its drop, which removes the file. None for a socket that another process has made.
        _file: Option<SocketFile>,
    }

    /// The socket's file. Its drop removes it, unless another file has taken its place.
    struct SocketFile {
        path: PathBuf,
        identity: (u64, u64),
    }

    impl Listener {
        pub(super) fn bind(path: &Path, mode: u32, backlog: u32) -> io::Result<Self> {
            remove_stale_socket(path)?;
            let socket = UnixSocket::new_stream()?;
            socket.bind(path)?;
            let file = SocketFile { path: path.to_owned(), identity: identity(path)? };
            // Nobody can connect before `listen`, so the mode holds for all.
            fs::set_permissions(path, Permissions::from_mode(mode))?;
            Ok(Self { listener: socket.listen(backlog)?, _file: Some(file) })
        }

        pub(super) fn inherited(sockets: &mut listenfd::ListenFd, index: usize) -> io::Result<Self> {
            let Some(listener) = sockets.take_unix_listener(index)? else {
                return Err(io::ErrorKind::NotFound.into());
            };
            listener.set_nonblocking(true)?;
            Ok(Self { listener: UnixListener::from_std(listener)?, _file: None })
        }

        pub(super) async fn accept(&self) -> io::Result<UnixStream> {
            self.listener.accept().await.map(|(socket, _)| socket)
        }

        pub(super) fn path(&self) -> String {
            let address = self.listener.local_addr().ok();
            let path = address.as_ref().and_then(|address| address.as_pathname());
            path.map(|path| path.display().to_string()).unwrap_or_default()
        }
    }

    /// Removes a socket that another server has left and that nobody listens to any more.
    fn remove_stale_socket(path: &Path) -> io::Result<()> {
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if !found.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
        }
        match std::os::unix::net::UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            Err(error) => Err(error),
            Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there")),
        }
    }

    fn identity(path: &Path) -> io::Result<(u64, u64)> {
        fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
    }

    impl Drop for SocketFile {
        fn drop(&mut self) {
            if identity(&self.path).is_ok_and(|found| found == self.identity)
                && let Err(error) = fs::remove_file(&self.path)
            {
                tracing::warn!(%error, path = %self.path.display(), "cannot remove the server's socket");
            }
        }
    }
}
