//! The signals that stop the server.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::Result;
use crate::stop::StopSignal;

/// Signals that come sooner than this after the first count as the first: a terminal sends one to a program and to
/// the program that started it, which may pass it on as `timeout` does, and a shell that ends sends SIGHUP twice.
const SIGNAL_DEBOUNCE: Duration = Duration::from_millis(200);

/// The signals that the process has received.
pub(super) struct ProcessSignals {
    /// Given at the first SIGINT (Ctrl-C), SIGTERM or SIGHUP.
    pub(super) stop: StopSignal,
    /// Given at the second.
    pub(super) second_signal: StopSignal,
    /// Kept only for its drop, which ends the thread that listens.
    _listening: DropGuard,
}

/// Listens to the signals from this call on; to SIGHUP only if nobody has listened to it before, or ignored it.
///
/// It runs in a thread and a runtime of its own: tokio watches signals and sockets in the thread of one worker, and a
/// handler that blocks that thread would keep the process from noticing the signal.
pub(super) fn listen(is_hangup_taken: bool) -> Result<ProcessSignals> {
    let (stop, second_signal, ended) =
        (StopSignal::default(), StopSignal::default(), CancellationToken::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut received = {
        let _entered = runtime.enter();
        received(is_hangup_taken)?
    };
    let (stopping, signalled_again, is_over) = (stop.clone(), second_signal.clone(), ended.clone());
    let listening = async move {
        let signal = received.next().await;
        tracing::info!(signal, "the server stops");
        stopping.stop();
        let first = Instant::now();
        while first.elapsed() < SIGNAL_DEBOUNCE {
            received.next().await;
        }
        signalled_again.stop();
    };
    let run = move || {
        runtime.block_on(is_over.run_until_cancelled(listening));
    };
    std::thread::Builder::new().name("stario-signals".to_owned()).spawn(run)?;
    Ok(ProcessSignals { stop, second_signal, _listening: ended.drop_guard() })
}

#[cfg(unix)]
struct Received {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// None where SIGHUP reloads certificates, or is to be ignored.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
fn received(is_hangup_taken: bool) -> Result<Received> {
    use tokio::signal::unix::{SignalKind, signal};
    // SIGHUP says that the terminal is closed. Its default ends the process at once, and would lose work.
    let hangup =
        if is_hangup_taken || has_hangups_handled() { None } else { Some(signal(SignalKind::hangup())?) };
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(Received { interrupt, terminate, hangup })
}

/// Whether SIGHUP is ignored, as in a process that `nohup` started, or handled by the program itself. Also `true` where the system
/// has no `/proc/self/status`.
#[cfg(unix)]
fn has_hangups_handled() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return true };
    ["SigIgn:", "SigCgt:"].iter().any(|set| {
        let mask = status.lines().find_map(|line| line.strip_prefix(set));
        // A bit for each signal; SIGHUP is the first.
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
    })
}

#[cfg(unix)]
impl Received {
    /// Waits for a signal, and returns its name.
    async fn next(&mut self) -> &'static str {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = hangup => "SIGHUP",
        }
    }
}

#[cfg(not(unix))]
struct Received;

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)] // The signature of the other platforms.
fn received(_: bool) -> Result<Received> {
    Ok(Received)
}

#[cfg(not(unix))]
impl Received {
    async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // No signal can be received: the server runs until the process is killed.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
