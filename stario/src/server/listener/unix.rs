//! Listeners on Unix sockets, and the files of these sockets.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

pub(in crate::server) struct Listener {
    listener: UnixListener,
    /// None for a socket that a program other than a server has made, such as systemd.
    file: Option<SocketFile>,
}

/// The socket's file. Its drop removes the file if this process owns it, unless another file has taken its place.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    is_owned: AtomicBool,
}

impl Listener {
    pub(in crate::server) fn bind(path: &Path, mode: u32, backlog: u32) -> io::Result<Self> {
        remove_stale_socket(path)?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        let file =
            SocketFile { path: path.to_owned(), identity: identity(path)?, is_owned: AtomicBool::new(true) };
        // Nobody can connect before `listen`, so the mode holds for all.
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        Ok(Self { listener: socket.listen(backlog)?, file: Some(file) })
    }

    pub(super) fn inherited(sockets: &mut listenfd::ListenFd, index: usize) -> io::Result<Self> {
        let Some(listener) = sockets.take_unix_listener(index)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        listener.set_nonblocking(true)?;
        Ok(Self { listener: UnixListener::from_std(listener)?, file: None })
    }

    /// The listener of another server's socket. `has_file` says whether a server has made its file, which then still
    /// belongs to the other one: see [`own_file`](Self::own_file).
    pub(in crate::server) fn taken(socket: OwnedFd, has_file: bool) -> io::Result<Self> {
        let listener = std::os::unix::net::UnixListener::from(socket);
        listener.set_nonblocking(true)?;
        let mut taken = Self { listener: UnixListener::from_std(listener)?, file: None };
        if has_file {
            let path = PathBuf::from(taken.path());
            taken.file =
                Some(SocketFile { identity: identity(&path)?, path, is_owned: AtomicBool::new(false) });
        }
        Ok(taken)
    }

    pub(in crate::server) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(socket, _)| socket)
    }

    pub(super) fn path(&self) -> String {
        let address = self.listener.local_addr().ok();
        let path = address.as_ref().and_then(|address| address.as_pathname());
        path.map(|path| path.display().to_string()).unwrap_or_default()
    }

    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.listener.local_addr().is_ok_and(|address| address.as_pathname() == Some(path))
    }

    /// Whether a server has made the socket's file.
    pub(in crate::server) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// Whether clients reach the socket: its file was not removed, and no other has taken its place.
    pub(in crate::server) fn is_reachable(&self) -> bool {
        self.file.as_ref().is_none_or(SocketFile::is_there)
    }

    /// Makes this process the one that removes the file.
    pub(in crate::server) fn own_file(&self) {
        self.set_owned(true);
    }

    /// Leaves the file to another process.
    pub(in crate::server) fn leave_file(&self) {
        self.set_owned(false);
    }

    fn set_owned(&self, is_owned: bool) {
        if let Some(file) = &self.file {
            file.is_owned.store(is_owned, Ordering::Relaxed);
        }
    }

    /// Sets the mode of a file that a server has made.
    pub(super) fn set_mode(&self, mode: u32) -> io::Result<()> {
        match &self.file {
            Some(file) if file.is_there() => fs::set_permissions(&file.path, Permissions::from_mode(mode)),
            _ => Ok(()),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
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

impl SocketFile {
    fn is_there(&self) -> bool {
        identity(&self.path).is_ok_and(|found| found == self.identity)
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if *self.is_owned.get_mut()
            && self.is_there()
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove the server's socket");
        }
    }
}
