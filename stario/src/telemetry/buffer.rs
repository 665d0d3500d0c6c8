//! The buffer that all lines of the log go through, and the thread that writes it to standard error.
//!
//! A call that logs copies its line into the buffer and returns. It never waits for a disk or for a pipe that
//! nobody reads: beyond [`CAPACITY`] lines are dropped and counted, and a line that is longer than that is replaced by one
//! that says so. The thread is in one of these states:
//!
//! ```text
//!          first line                  the batch is 50 ms old, full, or urgent
//!  Idle ──────────────▶ Collecting ──────────────────────────────────────────▶ Writing
//!    ▲    (wakes it)      │     ▲       (only full and urgent wake it)            │
//!    └────────────────────┘     └─────────────────────────────────────────────────┘
//!     50 ms without a line
//! ```
//!
//! So a batch costs one wake at most while requests keep coming, and nothing is woken while nothing is logged.
//!
//! At the end of the process, each thread writes its lines itself (`is_direct`). That begins when the buffer is empty, so no line
//! overtakes another.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many bytes may wait to be written. Lines beyond are dropped.
pub(super) const CAPACITY: usize = 4 * 1024 * 1024;

/// From how many bytes on a batch is written without waiting for more.
const BATCH: usize = 64 * 1024;

/// How long the first line of a batch waits for others.
const DELAY: Duration = Duration::from_millis(50);

/// Lines on their way to `sink`.
pub(super) struct Buffer {
    state: Mutex<BufferState>,
    /// Notified when the thread has something to do.
    due: Condvar,
    /// Notified when a batch was written.
    written: Condvar,
    capacity: usize,
    sink: fn(&[u8]),
    /// Appends a line that says what was lost.
    report: fn(&mut Vec<u8>, Loss<'_>),
}

/// Lines that are not written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Loss<'l> {
    /// So many lines found no room.
    NoRoom { lines: u64 },
    /// One line is longer than the buffer.
    TooLong {
        bytes: usize,
        /// How it begins.
        start: &'l [u8],
    },
}

/// How much of a line that is too long stands in the line that takes its place.
const START_BYTES: usize = 200;

impl<'l> Loss<'l> {
    fn too_long(line: &'l [u8]) -> Self {
        Loss::TooLong { bytes: line.len(), start: &line[..line.len().min(START_BYTES)] }
    }
}

struct BufferState {
    /// The lines that the thread has not taken yet.
    lines: Vec<u8>,
    /// How many lines found no room since the thread last took some.
    dropped: u64,
    thread: Thread,
    /// Whether the batch is to be written without waiting for more lines.
    is_due: bool,
    /// Whether each thread writes its lines itself: the process ends, or no thread could be started.
    is_direct: bool,
    /// How many bytes were appended, and how many of them were written, in all.
    appended: u64,
    written: u64,
    #[cfg(test)]
    wakes: usize,
}

/// What the writing thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thread {
    NotStarted,
    /// Sleeps until it is woken.
    Idle,
    /// Sleeps until the batch is due, or old enough.
    Collecting,
    /// Writes a batch, and then looks for the next by itself.
    Writing,
}

impl Buffer {
    pub(super) fn new(capacity: usize, sink: fn(&[u8]), report: fn(&mut Vec<u8>, Loss<'_>)) -> Self {
        let state = BufferState {
            lines: Vec::new(),
            dropped: 0,
            thread: Thread::NotStarted,
            is_due: false,
            is_direct: false,
            appended: 0,
            written: 0,
            #[cfg(test)]
            wakes: 0,
        };
        Self {
            state: Mutex::new(state),
            due: Condvar::new(),
            written: Condvar::new(),
            capacity,
            sink,
            report,
        }
    }

    fn lock(&self) -> MutexGuard<'_, BufferState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a line, which ends with a line end. An urgent one is written at once, with all before it.
    pub(super) fn append(&'static self, line: &[u8], is_urgent: bool) {
        // Where lines are written directly, a long one is written, too.
        if line.len() > self.capacity && !self.lock().is_direct {
            return self.append_by(is_urgent, |lines| (self.report)(lines, Loss::too_long(line)));
        }
        self.append_by(is_urgent, |lines| lines.extend_from_slice(line));
    }

    /// Has `write` append a line, which must not log: the buffer is locked meanwhile.
    pub(super) fn append_by(&'static self, is_urgent: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.lock();
        if state.thread == Thread::NotStarted && !state.is_direct {
            self.start(&mut state);
        }
        if state.is_direct {
            drop(state);
            let mut line = Vec::new();
            write(&mut line);
            return (self.sink)(&line);
        }
        let before = state.lines.len();
        write(&mut state.lines);
        if state.lines.len() - before > self.capacity {
            self.replace_long(&mut state.lines, before);
        }
        let after = state.lines.len();
        if after > self.capacity {
            state.lines.truncate(before);
            state.dropped += 1;
            return;
        }
        state.appended += (after - before) as u64;
        if is_urgent || state.lines.len() >= BATCH {
            self.make_due(state);
        } else if state.thread == Thread::Idle {
            self.wake(state);
        }
    }

    /// Replaces the last line, which begins at `start` and is longer than the buffer.
    #[cold]
    fn replace_long(&self, lines: &mut Vec<u8>, start: usize) {
        let line = lines.split_off(start);
        lines.shrink_to(self.capacity);
        (self.report)(lines, Loss::too_long(&line));
    }

    /// Has the batch written at once, unless that was asked for before.
    fn make_due(&self, mut state: MutexGuard<'_, BufferState>) {
        let was_due = std::mem::replace(&mut state.is_due, true);
        match state.thread {
            Thread::Collecting if !was_due => self.wake(state),
            Thread::Idle => self.wake(state),
            Thread::NotStarted | Thread::Collecting | Thread::Writing => {}
        }
    }

    /// Wakes the thread. Nobody wakes it again while its state is `Collecting`.
    #[cold]
    fn wake(&self, mut state: MutexGuard<'_, BufferState>) {
        state.thread = Thread::Collecting;
        #[cfg(test)]
        {
            state.wakes += 1;
        }
        drop(state);
        self.due.notify_one();
    }

    #[cold]
    fn start(&'static self, state: &mut BufferState) {
        state.thread = Thread::Collecting;
        let thread = std::thread::Builder::new().name("stario-log".to_owned());
        if thread.spawn(|| self.run()).is_err() {
            state.thread = Thread::NotStarted;
            state.is_direct = true;
        }
    }

    /// The loop of the writing thread.
    fn run(&self) {
        let mut batch = Vec::new();
        let mut state = self.lock();
        loop {
            state = self.collect(state);
            if state.lines.is_empty() {
                state.is_due = false;
                state.thread = Thread::Idle;
                while state.thread == Thread::Idle {
                    state = self.due.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                continue;
            }
            state.thread = Thread::Writing;
            state.is_due = false;
            std::mem::swap(&mut state.lines, &mut batch);
            let (bytes, dropped) = (batch.len() as u64, std::mem::take(&mut state.dropped));
            drop(state);
            if dropped > 0 {
                (self.report)(&mut batch, Loss::NoRoom { lines: dropped });
            }
            (self.sink)(&batch);
            batch.clear();
            batch.shrink_to(2 * BATCH);
            state = self.lock();
            state.thread = Thread::Collecting;
            state.written += bytes;
            self.written.notify_all();
        }
    }

    /// Waits until the batch is due, or old enough.
    fn collect<'b>(&'b self, mut state: MutexGuard<'b, BufferState>) -> MutexGuard<'b, BufferState> {
        let end = Instant::now() + DELAY;
        while !state.is_due {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            (state, _) = self.due.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
        }
        state
    }

    /// Waits until all lines that were appended are written, but no longer than `limit`. Returns whether they
    /// are.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let mark = self.lock().appended;
        self.wait_until(limit, |state| state.written >= mark).is_some()
    }

    /// Flushes, and makes each thread write its own lines from then on, as at the end of a process. Lines that are appended
    /// meanwhile are waited for, too, because direct lines would overtake them. If that takes longer than `limit`, lines still go
    /// into the buffer.
    pub(super) fn end_batches(&self, limit: Duration) -> bool {
        let state = self.wait_until(limit, |state| state.written == state.appended);
        let Some(mut state) = state else { return false };
        state.is_direct = true;
        true
    }

    /// Begins to collect lines in batches again.
    pub(super) fn begin_batches(&self) {
        self.lock().is_direct = false;
    }

    /// Has batches written at once until `is_written`; `None` if it is not by the end of `limit`.
    fn wait_until(
        &self,
        limit: Duration,
        is_written: impl Fn(&BufferState) -> bool,
    ) -> Option<MutexGuard<'_, BufferState>> {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        while !is_written(&state) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            if state.is_due {
                (state, _) = self.written.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner);
            } else {
                self.make_due(state);
                state = self.lock();
            }
        }
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use super::*;

    /// A minute, after which a test fails. None takes as long.
    const LONG: Duration = Duration::from_secs(60);

    /// How often a test does what must happen within [`DELAY`]: once is enough for it.
    const TRIES: usize = 10;

    /// Gives the test a buffer with a sink of its own: functions have no captures.
    macro_rules! buffer {
        ($capacity:expr) => {{
            static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());
            let sink = |lines: &[u8]| WRITTEN.lock().unwrap().extend_from_slice(lines);
            let report = |lines: &mut Vec<u8>, loss: Loss<'_>| {
                let line = match loss {
                    Loss::NoRoom { lines } => format!("dropped {lines}\n"),
                    Loss::TooLong { bytes, start } => {
                        format!("{bytes} bytes: {}\n", String::from_utf8_lossy(&start[..5]))
                    }
                };
                lines.extend_from_slice(line.as_bytes());
            };
            let buffer: &'static Buffer = Box::leak(Box::new(Buffer::new($capacity, sink, report)));
            (buffer, &WRITTEN)
        }};
    }

    fn text(written: &Mutex<Vec<u8>>) -> String {
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    /// Waits until the thread has nothing to do.
    fn until_idle(buffer: &Buffer) {
        while buffer.lock().thread != Thread::Idle {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_stuck_sink_holds_up_nobody_and_what_is_dropped_is_counted() {
        let (buffer, written) = buffer!(100);
        // The thread waits for this lock in its sink, and no call below may.
        let stuck = written.lock().unwrap();
        for _ in 0..1000 {
            buffer.append(b"10 bytes.\n", true);
        }
        assert!(!buffer.flush(Duration::from_millis(20)));
        drop(stuck);
        assert!(buffer.flush(LONG));
        let text = text(written);
        let lines = text.lines().filter(|line| *line == "10 bytes.").count();
        let dropped: usize =
            text.lines().filter_map(|line| line.strip_prefix("dropped ")?.parse::<usize>().ok()).sum();
        // One batch may be in the sink while another fills the buffer.
        assert!((10..=20).contains(&lines), "{text}");
        assert_eq!(lines + dropped, 1000);
    }

    #[test]
    fn a_batch_is_written_by_one_wake() {
        let (buffer, written) = buffer!(CAPACITY);
        buffer.append(b"first\n", false);
        until_idle(buffer);
        assert_eq!((buffer.lock().wakes, &*text(written)), (0, "first\n"));
        // What a busy machine logs over more time than a batch collects is several batches.
        let wakes = (1..=TRIES).map(|round| {
            let before = buffer.lock().wakes;
            for _ in 0..100 {
                buffer.append(b"a line\n", false);
            }
            until_idle(buffer);
            assert_eq!(text(written).lines().count(), 1 + 100 * round);
            buffer.lock().wakes - before
        });
        // An idle thread sleeps until it is woken, so nothing runs while nothing is logged.
        assert_eq!(wakes.min(), Some(1));
    }

    #[test]
    fn a_line_waits_for_others_and_an_urgent_one_for_none() {
        static BATCHES: Mutex<Option<mpsc::Sender<(usize, Instant)>>> = Mutex::new(None);
        let (sender, batches) = mpsc::channel();
        *BATCHES.lock().unwrap() = Some(sender);
        let sink = |lines: &[u8]| {
            let lines = lines.split_inclusive(|byte| *byte == b'\n').count();
            BATCHES.lock().unwrap().as_ref().unwrap().send((lines, Instant::now())).unwrap();
        };
        let buffer: &'static Buffer = Box::leak(Box::new(Buffer::new(CAPACITY, sink, |_, _| {})));
        let mut are_together = false;
        for _ in 0..TRIES {
            let begin = Instant::now();
            buffer.append(b"one\n", false);
            buffer.append(b"two\n", false);
            let (lines, time) = batches.recv_timeout(LONG).unwrap();
            assert!(time - begin >= DELAY, "{:?}", time - begin);
            are_together |= lines == 2;
            if lines == 1 {
                batches.recv_timeout(LONG).unwrap();
            }
            until_idle(buffer);
        }
        assert!(are_together);
        // The urgent line wakes the thread once, and takes along what waits.
        let before = buffer.lock().wakes;
        buffer.append(b"three\n", false);
        buffer.append(b"urgent\n", true);
        buffer.append(b"urgent\n", true);
        let mut lines = 0;
        while lines < 3 {
            lines += batches.recv_timeout(LONG).unwrap().0;
        }
        assert!(buffer.lock().wakes - before <= 3);
    }

    #[test]
    fn a_full_batch_is_written_before_its_time() {
        let (buffer, written) = buffer!(CAPACITY);
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..64 {
            buffer.append(&line, false);
        }
        let state = buffer.lock();
        let is_on_its_way = state.is_due || state.thread == Thread::Writing;
        drop(state);
        assert!(is_on_its_way || !written.lock().unwrap().is_empty());
        assert!(buffer.flush(LONG));
        assert_eq!(written.lock().unwrap().len(), BATCH);
    }

    #[test]
    fn the_last_lines_are_written_by_whoever_logs_them() {
        let (buffer, written) = buffer!(CAPACITY);
        buffer.append(b"one\n", false);
        assert!(buffer.end_batches(LONG));
        buffer.append(b"the last\n", false);
        assert_eq!(text(written), "one\nthe last\n");
        buffer.begin_batches();
        buffer.append(b"again\n", false);
        assert!(buffer.flush(LONG));
        assert_eq!(text(written), "one\nthe last\nagain\n");
    }

    #[test]
    fn a_line_that_is_written_directly_overtakes_none_in_the_buffer() {
        let (buffer, written) = buffer!(CAPACITY);
        // The thread waits for this lock in its sink.
        let stuck = written.lock().unwrap();
        buffer.append(b"one\n", true);
        while buffer.lock().thread != Thread::Writing {
            std::thread::yield_now();
        }
        let ends = std::thread::spawn(|| buffer.end_batches(LONG));
        while !buffer.lock().is_due {
            std::thread::yield_now();
        }
        // It comes when the end has begun to wait for the first.
        buffer.append(b"two\n", false);
        drop(stuck);
        assert!(ends.join().unwrap());
        buffer.append(b"three\n", false);
        assert_eq!(text(written), "one\ntwo\nthree\n");
    }

    #[test]
    fn lines_go_on_into_the_buffer_while_the_sink_is_stuck() {
        let (buffer, written) = buffer!(CAPACITY);
        let stuck = written.lock().unwrap();
        buffer.append(b"one\n", true);
        assert!(!buffer.end_batches(Duration::from_millis(20)));
        // It would wait for the lock, were it written directly.
        buffer.append(b"two\n", true);
        drop(stuck);
        assert!(buffer.flush(LONG));
        assert_eq!(text(written), "one\ntwo\n");
    }

    #[test]
    fn a_line_that_is_longer_than_the_buffer_is_replaced_where_it_stands() {
        let (buffer, written) = buffer!(100);
        let long = [&b"a long line "[..], &[b'x'; 200], b"\n"].concat();
        buffer.append(b"before\n", false);
        buffer.append(&long, false);
        buffer.append_by(false, |lines| lines.extend_from_slice(&long));
        buffer.append(b"behind\n", false);
        assert!(buffer.lock().lines.capacity() <= 100);
        assert!(buffer.flush(LONG));
        assert_eq!(text(written), "before\n213 bytes: a lon\n213 bytes: a lon\nbehind\n");
        // It is written where nothing is kept for the thread.
        assert!(buffer.end_batches(LONG));
        buffer.append(&long, false);
        assert!(written.lock().unwrap().ends_with(&long));
    }

    #[test]
    fn a_line_as_long_as_the_buffer_is_written() {
        let (buffer, written) = buffer!(100);
        buffer.append(&[b'x'; 100], false);
        assert!(buffer.flush(LONG));
        assert_eq!(written.lock().unwrap().len(), 100);
    }
}
