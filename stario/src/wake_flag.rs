//! `WakeFlag`: whether what a task polls was woken since the last poll, for a task that polls many times for each wake.
//!
//! ```text
//!          +--- take: true, and it is polled with `waker` ---+
//!          |                                                 v
//!        woken <---- waker is used: wakes the task ---- waits for a wake --+
//!                                                            ^             | take: false, and it need not be polled
//!                                                            +-------------+
//! ```

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

/// Whether something was woken since the last poll. It is woken by [`waker`](Self::waker), which wakes the task, too.
pub(crate) struct WakeFlag {
    shared: Arc<FlagState>,
    waker: Waker,
    /// The waker of the task that polls: the same as in `shared`, to be compared without a lock.
    task: Option<Waker>,
}

struct FlagState {
    is_woken: AtomicBool,
    /// The waker of the task that polls.
    task: Mutex<Option<Waker>>,
}

impl FlagState {
    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WakeFlag {
    /// A flag of something that was never polled, which counts as woken.
    pub(crate) fn new() -> Self {
        let shared = Arc::new(FlagState { is_woken: AtomicBool::new(true), task: Mutex::new(None) });
        Self { waker: Arc::clone(&shared).into(), shared, task: None }
    }

    /// The waker that what is watched has to be polled with.
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// Whether there was a wake since the last call. The next one wakes the task of this call.
    #[inline]
    pub(crate) fn take(&mut self, ctx: &Context<'_>) -> bool {
        match &self.task {
            Some(task) if task.will_wake(ctx.waker()) => {
                let is_woken = &self.shared.is_woken;
                is_woken.load(Ordering::Acquire) && is_woken.swap(false, Ordering::AcqRel)
            }
            _ => self.take_for(ctx.waker()),
        }
    }

    #[cold]
    fn take_for(&mut self, waker: &Waker) -> bool {
        self.task = Some(waker.clone());
        // The flag is read under the lock: a wake that still finds the last task has set it before.
        let mut task = self.shared.task();
        let before = std::mem::replace(&mut *task, self.task.clone());
        let is_woken = self.shared.is_woken.swap(false, Ordering::AcqRel);
        // The waker that is replaced is dropped outside of the lock, as the others are woken: it may be anyone's code.
        drop(task);
        drop(before);
        is_woken
    }
}

impl Wake for FlagState {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A task that was woken and has not polled since need not be woken again.
        if self.is_woken.swap(true, Ordering::AcqRel) {
            return;
        }
        // The task is woken outside of the lock: a waker may be anyone's code.
        let task = self.task().clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// A waker that counts its wakes.
    #[derive(Default)]
    pub(crate) struct Counter(pub(crate) AtomicUsize);

    impl Wake for Counter {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_wake_is_seen_once_and_wakes_the_task_of_the_last_poll_once() {
        let counters = [Arc::new(Counter::default()), Arc::new(Counter::default())];
        let wakers = counters.clone().map(Waker::from);
        let counts = || counters.each_ref().map(|counter| counter.0.load(Ordering::Relaxed));
        let [first, second] = wakers.each_ref().map(Context::from_waker);
        let mut flag = WakeFlag::new();
        assert!(flag.take(&first));
        assert!(!flag.take(&first));
        flag.waker().wake_by_ref();
        flag.waker().wake_by_ref();
        assert_eq!(counts(), [1, 0]);
        assert!(flag.take(&second));
        assert!(!flag.take(&second));
        flag.waker().wake_by_ref();
        assert_eq!(counts(), [1, 1]);
        assert!(flag.take(&second));
    }
}
