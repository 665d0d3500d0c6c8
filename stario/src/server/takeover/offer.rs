//! The old process of a hand-over: it offers its sockets to the process that takes its place.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::folder::check_user;
use super::protocol::{MOST_SOCKETS, Word, hear, say, send_busy, send_sockets};
use crate::server::listener::{Listener, unix};
use crate::server::places::Role;

/// How long a successor may take for its start.
const START_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long a message may take to be sent, which is a few bytes into an empty buffer.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the offer pauses when a connection cannot be accepted, because no files are left for example.
const PAUSE: Duration = Duration::from_secs(1);

/// The file's mode: only the same user may connect.
const MODE: u32 = 0o600;

/// How many processes wait for an answer at most.
const BACKLOG: u32 = 16;

/// The offer to take over the sockets of this process.
pub(in crate::server) struct Offer {
    path: PathBuf,
    socket: unix::Listener,
    /// The process that has the sockets, and is not ready yet.
    successor: Option<Successor>,
}

struct Successor {
    stream: UnixStream,
    process: u32,
    deadline: Instant,
}

impl Offer {
    /// Listens at `path`, where no other process does.
    pub(super) fn bind(path: &Path) -> io::Result<Self> {
        unix::Listener::bind(path, MODE, BACKLOG).map(|socket| Self::new(path, socket))
    }

    /// Goes on with the socket that another process listened on.
    pub(super) fn new(path: &Path, socket: unix::Listener) -> Self {
        Self { path: path.to_owned(), socket, successor: None }
    }

    /// Offers the listeners until another process is ready to accept their connections. A call that is dropped may be
    /// made again.
    pub(in crate::server) async fn taken(&mut self, listeners: &[(Arc<Listener>, Role)]) {
        loop {
            let Some(successor) = &self.successor else {
                let stream = self.accept().await;
                self.successor = self.greet(stream, listeners).await;
                continue;
            };
            let heard = tokio::select! {
                biased;
                heard = timeout_at(successor.deadline, hear(&successor.stream)) => heard,
                stream = self.accept() => {
                    refuse(&stream, successor.process).await;
                    continue;
                }
            };
            let process = successor.process;
            match heard {
                Ok(Ok(Some(Word::Ready))) => {
                    tracing::info!(
                        process,
                        "another process takes over: this one accepts no more connections, and ends"
                    );
                    return;
                }
                Ok(_) => {
                    tracing::warn!(
                        process,
                        "the process that was to take over has ended before it was ready: this one goes on"
                    );
                }
                Err(_) => {
                    tracing::warn!(
                        process,
                        "the process that was to take over was not ready in time: this one goes on"
                    );
                    // It learns the same by the end of the connection, but not why.
                    let _ = timeout(SEND_TIMEOUT, say(&successor.stream, Word::Revoked)).await;
                }
            }
            self.successor = None;
        }
    }

    /// Leaves the sockets to the process that has them, if there is one. It is called when this one accepts no more.
    pub(in crate::server) async fn finish(self, listeners: &[(Arc<Listener>, Role)]) {
        let Some(successor) = self.successor else { return };
        let files = listeners.iter().filter_map(|(listener, _)| listener.unix());
        files.chain([&self.socket]).for_each(unix::Listener::leave_file);
        if !matches!(timeout(SEND_TIMEOUT, say(&successor.stream, Word::Yielded)).await, Ok(Ok(()))) {
            tracing::error!(process = successor.process, "the process that was to take over has ended");
        }
    }

    async fn accept(&self) -> UnixStream {
        loop {
            match self.socket.accept().await {
                Ok(stream) => return stream,
                Err(error) => {
                    let path = self.path.display();
                    tracing::error!(%error, %path, "cannot accept the connection of another process");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Passes the sockets, unless another user asks for them.
    async fn greet(&self, stream: UnixStream, listeners: &[(Arc<Listener>, Role)]) -> Option<Successor> {
        // A socket whose file was replaced would be of no use.
        let reachable =
            listeners.iter().filter(|(listener, _)| listener.unix().is_none_or(unix::Listener::is_reachable));
        let sockets = reachable
            .map(|(listener, _)| (listener.as_fd(), listener.unix().is_some_and(unix::Listener::has_file)));
        let own = (self.socket.as_fd(), self.socket.has_file());
        let sockets: Vec<_> = std::iter::once(own).chain(sockets).take(MOST_SOCKETS).collect();
        let passed = async {
            let peer = stream.peer_cred()?;
            check_user(peer.uid(), rustix::process::geteuid().as_raw(), "the other process runs as")?;
            send_sockets(&stream, &sockets).await?;
            Ok::<_, io::Error>(peer.pid().and_then(|process| process.try_into().ok()).unwrap_or_default())
        };
        match timeout(SEND_TIMEOUT, passed).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(process) => {
                tracing::info!(process, "another process has the sockets, and starts");
                Some(Successor { stream, process, deadline: Instant::now() + START_TIMEOUT })
            }
            Err(error) => {
                tracing::warn!(%error, path = %self.path.display(), "cannot hand the sockets over");
                None
            }
        }
    }
}

/// Tells a process that another one was first.
async fn refuse(stream: &UnixStream, successor: u32) {
    // Where it fails, the process learns it by the end of the connection.
    let _ = timeout(SEND_TIMEOUT, send_busy(stream, successor)).await;
}
