//! A signal that is set once, and a timer, both made for tasks that wait for many things.
//!
//! A task is woken for each thing that it waits for, and then polls all of them. Polling a cancellation token or
//! a `Sleep` takes a lock each time. The types here take it once per task, and read a flag from then on.
//!
//! The states of a [`StopWatch`]:
//!
//! ```text
//! unregistered --poll--> registered with the task's waker --signal set--> stopped
//!                        |        ^
//!                        |        | poll by another task: the new waker takes the old one's place
//!                        +--------+
//!                        poll by the same task: one load of the flag
//! ```
//!
//! The states of a [`Timer`]:
//!
//! ```text
//! unarmed --poll--> armed with the task's waker --deadline--> elapsed --reset--> unarmed
//!                   | poll by the same task: one load of the timer's state
//! ```

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

/// A signal that is set at most once, such as that the server stops. Clones are the same signal.
#[derive(Clone, Default)]
pub(crate) struct StopSignal(Arc<SignalState>);

#[derive(Default)]
struct SignalState {
    is_stopped: AtomicBool,
    /// The same signal as a token, for code that derives tokens from it.
    token: CancellationToken,
    watchers: Mutex<Watchers>,
}

/// The wakers of the tasks that watch the signal, each in a slot of its own.
#[derive(Default)]
struct Watchers {
    slots: Vec<Option<Waker>>,
    /// The slots that are empty.
    free: Vec<usize>,
}

impl StopSignal {
    /// Sets the signal, and wakes every task that watches it.
    pub(crate) fn stop(&self) {
        // The flag is set before the lock is taken: a task that registers after this sees it under the lock.
        self.0.is_stopped.store(true, Ordering::Release);
        let wakers = std::mem::take(&mut self.watchers().slots);
        wakers.into_iter().flatten().for_each(Waker::wake);
        self.0.token.cancel();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Acquire)
    }

    /// A watch of its own for one task.
    pub(crate) fn watch(&self) -> StopWatch {
        StopWatch { signal: self.clone(), registered: None }
    }

    /// Waits for the signal.
    pub(crate) async fn stopped(&self) {
        self.watch().await;
    }

    /// The signal as a cancellation token.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.0.token
    }

    fn watchers(&self) -> MutexGuard<'_, Watchers> {
        self.0.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One task's watch of a [`StopSignal`]; as a future, it ends when the signal is set.
pub(crate) struct StopWatch {
    signal: StopSignal,
    /// The slot of this watch, and the waker in it.
    registered: Option<(usize, Waker)>,
}

impl StopWatch {
    /// Ready once the signal is set. The task of the last call is woken then.
    pub(crate) fn poll_stopped(&mut self, ctx: &Context<'_>) -> Poll<()> {
        if self.signal.is_stopped() {
            return Poll::Ready(());
        }
        match &self.registered {
            Some((_, waker)) if waker.will_wake(ctx.waker()) => Poll::Pending,
            _ => self.register(ctx.waker()),
        }
    }

    #[cold]
    fn register(&mut self, waker: &Waker) -> Poll<()> {
        let own = waker.clone();
        // Wakers are code of others, which may use the signal: they are dropped when the lock is released.
        let replaced;
        let slot = {
            let mut watchers = self.signal.watchers();
            if self.signal.is_stopped() {
                return Poll::Ready(());
            }
            let slot = match &self.registered {
                Some((slot, _)) => *slot,
                None => watchers.free.pop().unwrap_or_else(|| {
                    watchers.slots.push(None);
                    watchers.slots.len() - 1
                }),
            };
            replaced = watchers.slots[slot].replace(waker.clone());
            slot
        };
        self.registered = Some((slot, own));
        drop(replaced);
        Poll::Pending
    }
}

impl Future for StopWatch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        self.poll_stopped(ctx)
    }
}

impl Drop for StopWatch {
    fn drop(&mut self) {
        let Some((slot, _)) = self.registered.take() else { return };
        let mut watchers = self.signal.watchers();
        // There are no slots any more once the signal is set.
        if let Some(waker) = watchers.slots.get_mut(slot) {
            // The waker is dropped outside of the lock: its task may end with it.
            let waker = waker.take();
            watchers.free.push(slot);
            drop(watchers);
            drop(waker);
        }
    }
}

/// Runs `future`, and drops it when `signal` is set.
pub(crate) fn until_stopped<F: Future>(signal: &StopSignal, future: F) -> UntilStopped<F> {
    UntilStopped { future, watch: signal.watch() }
}

pin_project_lite::pin_project! {
    /// Written by hand because an `async` function would have room for the future twice.
    pub(crate) struct UntilStopped<F> {
        #[pin]
        future: F,
        watch: StopWatch,
    }
}

impl<F: Future> Future for UntilStopped<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.watch.poll_stopped(ctx).is_ready() {
            Poll::Ready(())
        } else {
            this.future.poll(ctx).map(drop)
        }
    }
}

pin_project_lite::pin_project! {
    /// A deadline that can be moved.
    #[derive(Debug)]
    pub(crate) struct Timer {
        #[pin]
        sleep: Sleep,
        // The waker that the timer is armed with.
        armed: Option<Waker>,
    }
}

impl Timer {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self { sleep: tokio::time::sleep_until(deadline), armed: None }
    }

    /// Moves the deadline. The timer wakes nobody until it is polled again.
    pub(crate) fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        *this.armed = None;
        this.sleep.reset(deadline);
    }

    /// Whether the deadline will wake the task of the last poll.
    pub(crate) fn is_armed(&self) -> bool {
        self.armed.is_some()
    }

    /// Ready once the deadline has passed, until it is moved. The task of the last call is woken then.
    pub(crate) fn poll_elapsed(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if let Some(waker) = this.armed
            && waker.will_wake(ctx.waker())
        {
            return if this.sleep.is_elapsed() { Poll::Ready(()) } else { Poll::Pending };
        }
        let elapsed = this.sleep.poll(ctx);
        *this.armed = elapsed.is_pending().then(|| ctx.waker().clone());
        elapsed
    }
}

#[cfg(test)]
mod tests {
    use std::task::Wake;
    use std::time::Duration;

    use super::*;
    use crate::wake_flag::tests::Counter;

    fn counter() -> (Arc<Counter>, Waker) {
        let counter = Arc::new(Counter::default());
        (Arc::clone(&counter), counter.into())
    }

    #[test]
    fn a_watch_wakes_the_task_of_the_last_poll_once() {
        let signal = StopSignal::default();
        let ((first, first_waker), (second, second_waker)) = (counter(), counter());
        let mut watch = signal.watch();
        for waker in [&first_waker, &first_waker, &second_waker] {
            assert!(watch.poll_stopped(&Context::from_waker(waker)).is_pending());
        }
        signal.stop();
        signal.stop();
        assert_eq!((first.0.load(Ordering::Relaxed), second.0.load(Ordering::Relaxed)), (0, 1));
        assert!(watch.poll_stopped(&Context::from_waker(&first_waker)).is_ready());
        assert!(signal.token().is_cancelled());
    }

    #[test]
    fn slots_of_dropped_watches_are_used_again() {
        let signal = StopSignal::default();
        let (counter, waker) = counter();
        for _ in 0..3 {
            let mut watches = [signal.watch(), signal.watch()];
            for watch in &mut watches {
                assert!(watch.poll_stopped(&Context::from_waker(&waker)).is_pending());
            }
        }
        assert_eq!(signal.watchers().slots.len(), 2);
        let mut watch = signal.watch();
        assert!(watch.poll_stopped(&Context::from_waker(&waker)).is_pending());
        signal.stop();
        drop(watch);
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    }

    /// A waker that looks, when it is woken and when it is dropped, whether the watchers are locked.
    struct Foreign {
        signal: StopSignal,
        uses: Arc<Mutex<Vec<bool>>>,
    }

    impl Foreign {
        fn note(&self) {
            let is_unlocked = self.signal.0.watchers.try_lock().is_ok();
            self.uses.lock().unwrap().push(is_unlocked);
        }
    }

    impl Wake for Foreign {
        fn wake(self: Arc<Self>) {
            self.note();
        }
    }

    impl Drop for Foreign {
        fn drop(&mut self) {
            self.note();
        }
    }

    #[test]
    fn wakers_are_woken_and_dropped_without_the_lock() {
        let (signal, uses) = (StopSignal::default(), Arc::new(Mutex::new(Vec::new())));
        let mut watches = [signal.watch(), signal.watch()];
        // Each takes the place of the one before.
        for _ in 0..2 {
            for watch in &mut watches {
                let foreign =
                    Waker::from(Arc::new(Foreign { signal: signal.clone(), uses: Arc::clone(&uses) }));
                assert!(watch.poll_stopped(&Context::from_waker(&foreign)).is_pending());
            }
        }
        let [left, stopped] = watches;
        drop(left);
        signal.stop();
        drop(stopped);
        // Two were replaced, one was dropped with its watch, and one was woken and dropped.
        assert_eq!(*uses.lock().unwrap(), [true; 5]);
    }

    #[tokio::test]
    async fn what_runs_until_the_signal_ends_with_it() {
        let signal = StopSignal::default();
        let mut running = std::pin::pin!(until_stopped(&signal, std::future::pending::<()>()));
        let (counter, waker) = counter();
        assert!(running.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        signal.stop();
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
        running.await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_elapses_at_its_deadline_and_again_after_a_reset() {
        let start = Instant::now();
        let mut timer = std::pin::pin!(Timer::new(start + Duration::from_secs(1)));
        for seconds in 1..4 {
            std::future::poll_fn(|ctx| {
                // Polled twice by the same task: the second time only the timer's state is read.
                let first = timer.as_mut().poll_elapsed(ctx);
                assert_eq!(timer.as_mut().poll_elapsed(ctx), first);
                first
            })
            .await;
            assert_eq!(start.elapsed().as_secs(), seconds);
            timer.as_mut().reset(start + Duration::from_secs(seconds + 1));
        }
    }
}
