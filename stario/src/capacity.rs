//! How many connections and streams the process can hold, by its files and its memory.

use crate::memory;

/// The memory that is set aside for one connection: its buffers, a request, and the response to it.
const CONNECTION_BYTES: u64 = 128 << 10;

/// How many connections are accepted beyond those that are served, to be answered 503.
const RESERVE: u64 = 64;

/// How many connections may be open at once, unless the limits say otherwise.
pub(crate) fn connections() -> usize {
    connections_by(free_files(), memory::limit())
}

/// How many connections are accepted beyond those.
pub(crate) fn reserve() -> usize {
    reserve_by(most_files())
}

/// How many of so many connections may be streams, unless the limits say otherwise: the rest is left to requests.
pub(crate) fn streams(connections: usize) -> usize {
    (connections / 10 * 9).max(1)
}

/// Four fifths of the files that are not open yet, which leaves some for handlers, or as many as the memory is enough
/// for.
fn connections_by(files: Option<u64>, memory: Option<u64>) -> usize {
    let by_files = files.map(|files| files / 5 * 4);
    let by_memory = memory.map(|bytes| bytes / CONNECTION_BYTES);
    let count = by_files.into_iter().chain(by_memory).min();
    count.map_or(usize::MAX, |count| usize::try_from(count).unwrap_or(usize::MAX).max(1))
}

/// A process with few files keeps most of the last fifth of them for handlers, because answers of the reserve that linger
/// take half as many again.
fn reserve_by(files: Option<u64>) -> usize {
    let count = files.map_or(RESERVE, |files| RESERVE.min(files / 16));
    usize::try_from(count).unwrap_or(usize::MAX).max(1)
}

/// How many files the process may open beyond those that it has open now, its own and those that it was started with;
/// `None` if there is no limit.
fn free_files() -> Option<u64> {
    most_files().map(|most| most.saturating_sub(opened_files()))
}

/// How many files the process has open; 0 where the system does not say.
fn opened_files() -> u64 {
    // The folder itself is open while it is read.
    std::fs::read_dir("/dev/fd").map_or(0, |files| (files.count() as u64).saturating_sub(1))
}

/// How many files the process may have open at once; `None` if there is no limit.
#[cfg(unix)]
fn most_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn most_files() -> Option<u64> {
    None
}

/// Raises the number of files that the process may open as far as the system allows without further rights.
///
/// Most systems start programs with a soft limit of 1024 for those that use `select`, and a hard limit that is far
/// higher for those that do not.
#[cfg(unix)]
pub(crate) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return;
    }
    // macOS says that there is no limit, and takes no more than this.
    let most =
        if cfg!(target_os = "macos") { Some(maximum.unwrap_or(u64::MAX).min(10_240)) } else { maximum };
    let show = |limit: Option<u64>| limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
    let (before, after) = (show(current), show(most));
    match setrlimit(Resource::Nofile, Rlimit { current: most, maximum }) {
        Ok(()) => tracing::info!(before, after, "the process may open more files now"),
        Err(error) => tracing::warn!(%error, before, after, "cannot raise the limit of open files"),
    }
}

#[cfg(not(unix))]
pub(crate) fn raise_open_files() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_memory_bound_connections() {
        assert_eq!(connections_by(Some(1024), None), 816);
        assert_eq!(connections_by(Some(20_000), Some(512 << 20)), 4096);
        assert_eq!(connections_by(None, Some(64 << 20)), 512);
        assert_eq!(connections_by(Some(3), Some(1)), 1);
        assert_eq!(connections_by(None, None), usize::MAX);
    }

    #[test]
    fn a_part_of_the_files_is_in_reserve() {
        assert_eq!(reserve_by(Some(1 << 20)), 64);
        assert_eq!(reserve_by(Some(1024)), 64);
        assert_eq!(reserve_by(Some(100)), 6);
        assert_eq!(reserve_by(Some(1)), 1);
        assert_eq!(reserve_by(None), 64);
    }

    #[test]
    fn streams_leave_connections_to_requests() {
        assert_eq!((streams(816), streams(20), streams(1)), (729, 18, 1));
    }
}
