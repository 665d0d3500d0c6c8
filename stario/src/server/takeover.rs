//! Hands the listening sockets of a server over to the process that takes its place: a new version, for example.
//!
//! Both processes hold the same open sockets. So the system's queues of new connections are never closed, and whoever
//! connects while neither process accepts waits there. The sockets are passed by a Unix socket at a path that both know, which is
//! one of them: its file stays, and a third process that connects waits in its queue.
//!
//! ```text
//! the old process                                          the new process
//!
//! serving <-----------------+                              connects --nobody listens there--> binds addresses and path,
//!    |  another connects    | its connection ended,           |                                serves
//!    v                      | or 5 minutes passed             |  sockets come
//! offering -----------------+ (`Revoked`)                     v
//!    |                                                      starting: hooks, singletons, addresses that are missing
//!    |  `Ready` <--------------------------------------------  |
//!    |  or SIGTERM                                             v
//!    v                                                      ready: waits --`Revoked`--> fails
//! accepts no more, leaves the files of its sockets            |
//!    |                                                         |
//!    |  `Yielded` -------------------------------------------> |  or the connection ended: the old process has died;
//!    v                                                         |  or 10 seconds passed: `Ready` will be read
//! ends as at SIGTERM                                           v
//!                                                           owns the files, serves
//! ```
//!
//! What holds: the new process accepts only when the old one has stopped to; whatever fails before `Ready` changes nothing for
//! the old process; the file of a socket is removed only by the last process that has it. While a process is being offered the
//! sockets, others are refused (`Busy`).
//!
//! SO_REUSEPORT would need no hand-over, but gives each socket a queue of its own, and resets what waits in the queue of a socket that is
//! closed.
//!
//! Each process checks that the other one runs as the same user.

mod claim;
mod folder;
mod offer;
mod protocol;

use std::io;
use std::path::Path;

pub(super) use claim::Claim;
pub(super) use offer::Offer;

/// The error with the path and the step that failed.
fn at(path: &Path, step: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{step} {}: {error}", path.display()))
}
