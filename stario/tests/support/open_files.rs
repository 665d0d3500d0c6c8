//! How many files this process may open, for tests that hold both ends of thousands of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit to `wanted` as far as the system lets it, and returns what it is then.
pub(crate) fn allow(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Nothing means that there is no limit.
    let granted = current.unwrap_or(wanted);
    if granted >= wanted {
        return granted;
    }
    let most = maximum.unwrap_or(wanted);
    // The maximum itself may be raised by root alone.
    for (files, maximum) in [(wanted, maximum.map(|_| most.max(wanted))), (most.min(wanted), maximum)] {
        if setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum }).is_ok() {
            return files;
        }
    }
    granted
}

/// How many connections of both ends that lets it hold, of at most `wanted`. Other tests need some files too.
pub(crate) fn both_ends(wanted: usize) -> usize {
    const OTHERS: u64 = 200;
    let files = allow(2 * wanted as u64 + OTHERS);
    let held = usize::try_from(files.saturating_sub(OTHERS) / 2).unwrap_or(usize::MAX).min(wanted);
    if held < wanted {
        eprintln!("this process may open {files} files: {held} connections instead of {wanted}");
    }
    held
}
