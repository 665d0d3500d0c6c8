//! The new process of a hand-over: it takes the sockets of the process that serves so far.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::timeout;

use super::folder::{self, at};
use super::offer::Offer;
use super::protocol::{Greeting, Word, hear, receive_greeting, say};
use crate::error::Result;
use crate::server::listener::{Listener, unix};
use crate::server::places::Role;
use crate::settings::Address;

/// How long the other process may take to pass its sockets.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);

/// How long it may take to stop accepting connections.
const YIELD_TIMEOUT: Duration = Duration::from_secs(10);

/// The claim to the sockets of the process that listens at a path, if one does.
pub(in crate::server) struct Claim {
    path: PathBuf,
    taken: Option<Taken>,
}

/// What another process has passed.
struct Taken {
    stream: UnixStream,
    /// The number of the other process.
    process: i32,
    /// By which sockets are handed over.
    socket: unix::Listener,
    listeners: Vec<Listener>,
}

impl Claim {
    /// Takes the sockets of the process that listens at `path`. They are not used before [`finish`](Self::finish), and if this is
    /// dropped before, the other process goes on.
    ///
    /// # Errors
    ///
    /// A path that is not safe, a process of another user, one that does not answer, and one that hands its
    /// sockets over to somebody else already.
    pub(in crate::server) async fn at(path: &Path) -> Result<Self> {
        let taken = Self::take(path).await.map_err(|error| at(path, "cannot take over at", &error))?;
        if let Some(taken) = &taken {
            tracing::info!(
                process = taken.process,
                sockets = taken.listeners.len(),
                "another process has passed its sockets"
            );
        }
        Ok(Self { path: path.to_owned(), taken })
    }

    async fn take(path: &Path) -> io::Result<Option<Taken>> {
        let user = rustix::process::geteuid().as_raw();
        if !folder::check(path, user)? {
            return Ok(None);
        }
        let stream = match timeout(GREETING_TIMEOUT, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => stream,
            // A process has left its file, or removes it right now.
            Ok(Err(error)) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => {
                return Ok(None);
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "the process that listens there does not answer",
                ));
            }
        };
        let peer = stream.peer_cred()?;
        folder::check_user(peer.uid(), user, "the process that listens there runs as")?;
        let process = peer.pid().unwrap_or_default();
        let greeting = timeout(GREETING_TIMEOUT, receive_greeting(&stream)).await.map_err(|_| {
            let message = format!("process {process}, which listens there, does not answer");
            io::Error::new(ErrorKind::TimedOut, message)
        })??;
        let sockets = match greeting {
            Some(Greeting::Sockets(sockets)) => sockets,
            Some(Greeting::Busy { successor }) => {
                let message = format!("process {successor} takes over from process {process} already");
                return Err(io::Error::new(ErrorKind::ResourceBusy, message));
            }
            // It stops, or has only just been replaced.
            None => return Ok(None),
        };
        let mut sockets = sockets.into_iter();
        let Some((own, has_file)) = sockets.next() else {
            return Err(io::Error::new(ErrorKind::InvalidData, "the other process has passed no socket"));
        };
        let socket = unix::Listener::taken(own, has_file)?;
        // A socket whose file was removed meanwhile is of no use, and is closed here.
        let listeners =
            sockets.filter_map(|(socket, has_file)| Listener::taken(socket, has_file).ok()).collect();
        Ok(Some(Taken { stream, process, socket, listeners }))
    }

    /// A listener for each address: the one that was taken over, else one that is opened.
    ///
    /// # Errors
    ///
    /// An address that cannot be listened on.
    pub(in crate::server) fn listeners(
        &mut self,
        addresses: &[Address],
        backlog: u32,
    ) -> Result<Vec<Listener>> {
        let mut found: Vec<Option<Listener>> = addresses.iter().map(|_| None).collect();
        if let Some(taken) = &mut self.taken {
            // Addresses that leave the port open get what no other address wants.
            for is_same in [Listener::is_at, Listener::is_at_any_port_of] {
                for (place, address) in found.iter_mut().zip(addresses).filter(|(place, _)| place.is_none()) {
                    let index = taken.listeners.iter().position(|listener| is_same(listener, address));
                    *place = index.map(|index| taken.listeners.swap_remove(index));
                }
            }
        }
        let mut listeners = Vec::with_capacity(addresses.len());
        for (listener, address) in found.into_iter().zip(addresses) {
            listeners.push(match listener {
                Some(listener) => {
                    listener.adapt(address, backlog).map_err(|error| {
                        io::Error::new(error.kind(), format!("cannot take over {address}: {error}"))
                    })?;
                    listener
                }
                None => Listener::bind(address, backlog)?,
            });
        }
        Ok(listeners)
    }

    /// Has the other process stop accepting connections, if there is one, and makes the offer to the next process.
    ///
    /// # Errors
    ///
    /// The other process has waited for too long and goes on, or the path cannot be listened on.
    pub(in crate::server) async fn finish(self, listeners: &[(Arc<Listener>, Role)]) -> Result<Offer> {
        let Self { path, taken } = self;
        let Some(Taken { stream, process, socket, listeners: superfluous }) = taken else {
            return Offer::bind(&path)
                .map_err(|error| at(&path, "cannot listen for a successor at", &error).into());
        };
        // Where it fails, the other process has ended, or has said why.
        let _ = timeout(GREETING_TIMEOUT, say(&stream, Word::Ready)).await;
        match timeout(YIELD_TIMEOUT, hear(&stream)).await {
            Ok(Ok(Some(Word::Yielded))) => tracing::info!(process, "took over from another process"),
            Ok(Ok(Some(word))) => {
                let reason = match word {
                    Word::Revoked => "has waited for too long, and goes on",
                    Word::Ready | Word::Yielded => "does not stop",
                };
                let error = io::Error::new(ErrorKind::TimedOut, format!("process {process} {reason}"));
                return Err(at(&path, "cannot take over at", &error).into());
            }
            Ok(Err(error)) if error.kind() == ErrorKind::InvalidData => {
                return Err(at(&path, "cannot take over at", &error).into());
            }
            Ok(Ok(None) | Err(_)) => {
                tracing::warn!(process, "took over from another process, which has died");
            }
            Err(_) => tracing::warn!(process, "took over from another process, which has not answered yet"),
        }
        // Sockets that are not wanted any more are closed here, and their files removed.
        let files =
            listeners.iter().map(|(listener, _)| &**listener).chain(&superfluous).filter_map(Listener::unix);
        files.chain([&socket]).for_each(unix::Listener::own_file);
        Ok(Offer::new(&path, socket))
    }
}
