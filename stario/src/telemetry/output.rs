//! Lines to standard error, without waiting for who reads them: a pipe that nobody reads, or a disk that
//! hangs, would keep every request that logs.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How many lines wait to be written. More are lost, and counted.
const LINES: usize = 8192;

/// How long the end of the process waits for the lines to be written.
const END: Duration = Duration::from_secs(1);

/// How much is written at once.
const BATCH: usize = 64 * 1024;

static STDERR: OnceLock<Output> = OnceLock::new();

pub(super) fn write(line: String) {
    STDERR.get_or_init(|| Output::start(LINES, to_stderr, say_lost)).write(line);
}

/// From here on lines wait for others.
pub(super) fn begin() {
    if let Some(output) = STDERR.get() {
        output.is_direct.store(false, Ordering::Relaxed);
    }
}

/// Waits until all is written, but not for ever. What is logged later is written at once: it may be the last
/// that the process does.
pub(super) fn flush() {
    if let Some(output) = STDERR.get() {
        output.flush(END);
    }
}

/// What cannot be written is lost: a full disk or a closed pipe must not end the server.
fn to_stderr(lines: &[u8]) {
    let _ = std::io::stderr().lock().write_all(lines);
}

fn say_lost(lines: u64) {
    tracing::warn!(lines, "lines of the log were lost: more came than were read");
}

enum Entry {
    Line(String),
    /// All before is written when it is dropped.
    Mark(SyncSender<()>),
}

/// A thread that writes, and the way to it.
struct Output {
    entries: SyncSender<Entry>,
    lost: Arc<AtomicU64>,
    is_direct: AtomicBool,
    sink: fn(&[u8]),
}

impl Output {
    fn start(lines: usize, sink: fn(&[u8]), say_lost: fn(u64)) -> Self {
        let (entries, waiting) = sync_channel(lines);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        let thread = std::thread::Builder::new().name("stario-log".to_owned());
        // Where there can be no thread, whoever logs writes.
        let is_direct = thread.spawn(move || run(&waiting, sink, &counted, say_lost)).is_err();
        Self { entries, lost, is_direct: AtomicBool::new(is_direct), sink }
    }

    fn write(&self, line: String) {
        if self.is_direct.load(Ordering::Relaxed) {
            return (self.sink)(line.as_bytes());
        }
        match self.entries.try_send(Entry::Line(line)) {
            Err(TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Disconnected(Entry::Line(line))) => (self.sink)(line.as_bytes()),
            Ok(()) | Err(TrySendError::Disconnected(Entry::Mark(_))) => {}
        }
    }

    /// Whether all was written in time.
    fn flush(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let (mark, passed) = sync_channel(0);
        let mut mark = Entry::Mark(mark);
        while let Err(TrySendError::Full(back)) = self.entries.try_send(mark) {
            if Instant::now() >= end {
                return false;
            }
            mark = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        let left = end.saturating_duration_since(Instant::now());
        // Nothing is ever sent: it ends with an error, of one kind or the other.
        let is_written = passed.recv_timeout(left) == Err(std::sync::mpsc::RecvTimeoutError::Disconnected);
        self.is_direct.store(is_written, Ordering::Relaxed);
        is_written
    }
}

/// Writes what comes, as much as is there at once.
fn run(waiting: &Receiver<Entry>, sink: fn(&[u8]), lost: &AtomicU64, say_lost: fn(u64)) {
    let mut batch = Vec::new();
    while let Ok(first) = waiting.recv() {
        let mut next = Some(first);
        let mut mark = None;
        while let Some(entry) = next {
            match entry {
                Entry::Line(line) => batch.extend_from_slice(line.as_bytes()),
                Entry::Mark(sender) => mark = Some(sender),
            }
            next = if mark.is_none() && batch.len() < BATCH { waiting.try_recv().ok() } else { None };
        }
        sink(&batch);
        batch.clear();
        batch.shrink_to(BATCH);
        drop(mark);
        match lost.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => say_lost(lines),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    static LOST: AtomicU64 = AtomicU64::new(0);

    #[test]
    fn whoever_logs_waits_for_nobody_and_all_is_written_or_counted() {
        let output = Output::start(
            4,
            |lines| WRITTEN.lock().unwrap().extend_from_slice(lines),
            |lines| {
                LOST.fetch_add(lines, Ordering::Relaxed);
            },
        );
        // As if nobody read: the thread waits here, and no call below does.
        let stuck = WRITTEN.lock().unwrap();
        for _ in 0..1000 {
            output.write("a line\n".to_owned());
        }
        assert!(!output.flush(Duration::from_millis(20)));
        drop(stuck);
        assert!(output.flush(Duration::from_secs(60)));
        // The count is said behind the lines, and a second mark comes behind the count.
        assert!(output.flush(Duration::from_secs(60)));
        let lines = WRITTEN.lock().unwrap().split_inclusive(|byte| *byte == b'\n').count();
        assert!((4..1000).contains(&lines), "{lines}");
        assert_eq!(lines as u64 + LOST.load(Ordering::Relaxed), 1000);
        // Behind a flush, nothing waits.
        output.write("the last\n".to_owned());
        assert!(WRITTEN.lock().unwrap().ends_with(b"the last\n"));
    }
}
