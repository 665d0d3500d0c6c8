//! Listeners on Unix sockets, and the files of these sockets.
//!
//! A socket that is bound refuses connections until it listens, as one does whose process has died. So two processes that start at the
//! same moment take turns, by a lock of the socket's folder: otherwise each would take the other's new file for one that was left.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// How long a server waits at most for others that make their sockets in the same folder, each of which takes less than a millisecond.
const TURN_TIMEOUT: Duration = Duration::from_secs(1);

pub(in crate::server) struct Listener {
    /// None for a socket that a program other than a server has made, such as systemd. It is removed before the socket is closed: while
    /// the socket listens, no other process replaces its file.
    file: Option<SocketFile>,
    listener: UnixListener,
}

/// The socket's file. Its drop removes the file if this process owns it, unless another file has taken its place.
struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    is_owned: AtomicBool,
}

impl Listener {
    pub(in crate::server) fn bind(path: &Path, mode: u32, backlog: u32) -> io::Result<Self> {
        let _turn = take_turn(path);
        remove_stale_socket(path)?;
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        let file =
            SocketFile { path: path.to_owned(), identity: identity(path)?, is_owned: AtomicBool::new(true) };
        // Nobody can connect before `listen`, so the mode holds for all.
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        Ok(Self { file: Some(file), listener: socket.listen(backlog)? })
    }

    pub(super) fn inherited(sockets: &mut listenfd::ListenFd, index: usize) -> io::Result<Self> {
        let Some(listener) = sockets.take_unix_listener(index)? else {
            return Err(io::ErrorKind::NotFound.into());
        };
        listener.set_nonblocking(true)?;
        Ok(Self { file: None, listener: UnixListener::from_std(listener)? })
    }

    /// The listener of another server's socket. `has_file` says whether a server has made its file, which then still
    /// belongs to the other one: see [`own_file`](Self::own_file).
    pub(in crate::server) fn taken(socket: OwnedFd, has_file: bool) -> io::Result<Self> {
        let listener = std::os::unix::net::UnixListener::from(socket);
        listener.set_nonblocking(true)?;
        let mut taken = Self { file: None, listener: UnixListener::from_std(listener)? };
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

/// Locks the folder of a socket until the file that is returned is dropped. None where it cannot be locked, and where somebody else has
/// it locked for longer than [`TURN_TIMEOUT`], for purposes of their own: then the server starts all the same.
fn take_turn(path: &Path) -> Option<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = File::open(folder).ok()?;
    let deadline = Instant::now() + TURN_TIMEOUT;
    loop {
        match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(folder),
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(_) => return None,
        }
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::Barrier;

    use super::*;

    const PROCESSES: usize = 8;

    /// Binds the path from several threads at the same moment, each in the place of a process.
    fn bind_at_once(path: &Path) -> Vec<io::Result<Listener>> {
        let runtime = tokio::runtime::Handle::current();
        let barrier = Barrier::new(PROCESSES);
        std::thread::scope(|scope| {
            let bind = || {
                let _runtime = runtime.enter();
                barrier.wait();
                Listener::bind(path, 0o600, 16)
            };
            let threads: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(bind)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        })
    }

    #[tokio::test]
    async fn of_servers_that_start_at_the_same_moment_one_listens_and_is_reached() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..100 {
            let path = folder.path().join(format!("{round}.sock"));
            if round % 2 == 0 {
                // A process has left its file.
                drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
            }
            let (bound, refused): (Vec<_>, Vec<_>) = bind_at_once(&path).into_iter().partition(Result::is_ok);
            assert_eq!(bound.len(), 1, "in round {round}");
            for error in refused.into_iter().filter_map(Result::err) {
                assert_eq!(error.to_string(), "another process listens there");
            }
            assert!(bound[0].as_ref().is_ok_and(Listener::is_reachable), "in round {round}");
            UnixStream::connect(&path).unwrap();
            drop(bound);
            assert!(!path.exists());
        }
    }

    #[tokio::test]
    async fn a_folder_that_somebody_has_locked_keeps_no_server_from_starting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.sock");
        let _locked = take_turn(&path).unwrap();
        Listener::bind(&path, 0o600, 16).unwrap();
    }
}
