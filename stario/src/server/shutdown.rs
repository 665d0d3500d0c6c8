//! The signals that stop the server.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::Result;
use crate::stop::StopSignal;

/// Signals that come sooner than this after the first count as the first: a terminal sends one to a program and to
/// the program that started it, which may pass it on as `timeout` does, and a shell that ends sends SIGHUP twice.
const SIGNAL_DEBOUNCE: Duration = Duration::from_millis(200);

/// What the process was told by signals.
pub(super) struct Signals {
    /// Given at the first SIGINT (Ctrl-C), SIGTERM or SIGHUP.
    pub(super) stop: StopSignal,
    /// Given at the second.
    pub(super) hurry: StopSignal,
    /// The thread that listens ends with this.
    _listening: DropGuard,
}

/// Listens to the signals from this call on; to SIGHUP only if nobody has listened to it before, or ignored it.
///
/// In a thread and a runtime of its own: tokio watches signals and sockets in the thread of one worker, and a
/// handler that blocks this very thread would keep the process from ever being told to stop.
pub(super) fn listen(is_hangup_taken: bool) -> Result<Signals> {
    let (stop, hurry, ended) = (StopSignal::default(), StopSignal::default(), CancellationToken::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut received = {
        let _entered = runtime.enter();
        received(is_hangup_taken)?
    };
    let (stopping, hurrying, is_over) = (stop.clone(), hurry.clone(), ended.clone());
    let listening = async move {
        let signal = received.next().await;
        tracing::info!(signal, "the server stops");
        stopping.stop();
        let first = Instant::now();
        while first.elapsed() < SIGNAL_DEBOUNCE {
            received.next().await;
        }
        hurrying.stop();
    };
    let run = move || {
        runtime.block_on(is_over.run_until_cancelled(listening));
    };
    std::thread::Builder::new().name("stario-signals".to_owned()).spawn(run)?;
    Ok(Signals { stop, hurry, _listening: ended.drop_guard() })
}

#[cfg(unix)]
struct Received {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// None where it reloads certificates, or is to be ignored.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
fn received(is_hangup_taken: bool) -> Result<Received> {
    use tokio::signal::unix::{SignalKind, signal};
    // The terminal is closed: to end without what a stop does would lose work.
    let hangup =
        if is_hangup_taken || has_hangups_handled() { None } else { Some(signal(SignalKind::hangup())?) };
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(Received { interrupt, terminate, hangup })
}

/// Whether the process was started so that it survives its terminal, as by `nohup`, or listens to the signal
/// itself. Where the system does not tell, the signal is left alone.
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
    /// The name of the next.
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
            // Nothing will tell: serve until the process is ended.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}
