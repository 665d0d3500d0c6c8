//! The receiving end of a relay that says where values may be missing.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_core::Stream;

use super::history::{History, Search, set_event_id};
use super::mailbox::{Mailbox, Message};
use super::pattern::Pattern;
use super::position::Position;
use super::subscription::Subscription;
use super::table::{RelayState, lock};

/// What [`Updates`] yield.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update<T> {
    /// A value, with the subject under which it was published.
    Value(Arc<str>, T),
    /// Values may be missing here, for whatever reason: send the whole state again. The updates that follow were published
    /// after this one was received.
    Gap,
}

/// A stream of the values published under its subjects, which says where values may be missing; made by
/// [`Relay::resume`](super::Relay::resume). Drop it to unsubscribe.
///
/// A subscription that does not keep up has a gap once more than 1024 values, or 1 MiB of them, wait: what waits is
/// dropped, and so is what is published until the [`Update::Gap`] is received. What was missed before the subscription began
/// counts as well, so that a subscription which is to replay more needs a larger [`capacity`](Self::capacity).
#[must_use = "a subscription that is dropped receives nothing"]
pub struct Updates<T> {
    subscription: Subscription<T>,
    position: Position,
}

impl<T> Updates<T> {
    pub(super) fn new(
        shared: Arc<RelayState<T>>,
        patterns: Vec<Pattern>,
        position: Option<Position>,
    ) -> Self {
        let subscription = match (&position, shared.history.get()) {
            (Some(position), Some(history)) => resume(&shared, history, patterns, position),
            _ => {
                let mailbox = Mailbox::with_gaps(patterns.is_empty(), None);
                Subscription::new(shared, patterns, mailbox)
            }
        };
        Self { subscription, position: position.unwrap_or_default() }
    }

    /// Sets how many values wait at most; 1024 unless set, and at least one. One more makes a gap.
    pub fn capacity(mut self, values: usize) -> Self {
        self.subscription = self.subscription.capacity(values);
        self
    }

    /// Sets how many bytes the values that wait behind the oldest may have together; 1 MiB unless set. More make a gap.
    /// [`Subscription::capacity_bytes`] says which bytes count.
    pub fn capacity_bytes(mut self, bytes: usize) -> Self {
        self.subscription = self.subscription.capacity_bytes(bytes);
        self
    }

    /// Keeps only the newest value of each subject, which makes no gap: for values that say how things are, not what has
    /// changed. The capacity is then the number of subjects.
    pub fn latest(mut self) -> Self {
        self.subscription = self.subscription.latest();
        self
    }

    /// The position behind the last update: behind its value, or behind all values that a gap stands for. It is the SSE id
    /// of the last event; give it to what is sent after a gap: `event::patch(page).id(updates.position())`.
    ///
    /// Without [a history](super::Relay::history) it is empty.
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// How many values this subscription has lost, including those replaced by a newer one.
    pub fn dropped(&self) -> u64 {
        self.subscription.dropped()
    }

    /// Skips all values that were published so far; the position is behind them then.
    ///
    /// Use it after a gap if values must not come twice. A value that is published after the gap was received, and before the
    /// state is read, is part of that state and follows it as well. To prevent that, publish under the lock under which the
    /// state is changed, and call `skip` where the state is read under that lock.
    ///
    /// ```
    /// # use std::sync::Mutex;
    /// use stario::{Relay, Update};
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let (said, relay) = (Mutex::new(Vec::new()), Relay::new().history(100));
    /// let say = |text| {
    ///     let mut said = said.lock().unwrap();
    ///     said.push(text);
    ///     relay.publish("room", text);
    /// };
    ///
    /// let mut updates = relay.resume("room", None::<&str>);
    /// assert_eq!(updates.next().await, Some(Update::Gap));
    /// say("hello");
    /// let all = {
    ///     let said = said.lock().unwrap();
    ///     updates.skip();
    ///     said.clone()
    /// };
    /// assert_eq!(all, ["hello"]);
    /// say("again");
    /// assert_eq!(updates.next().await, Some(Update::Value("room".into(), "again")));
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn skip(&mut self) {
        let Subscription { shared, mailbox, received, .. } = &mut self.subscription;
        received.note_gap();
        let history = shared.history.get().map(lock);
        let waiting = lock(mailbox).skip();
        let position = history.as_ref().map(|history| history.position());
        drop(history);
        self.position = position.unwrap_or_default();
        drop(waiting);
    }
}

/// A subscription that begins behind a position.
fn resume<T>(
    shared: &Arc<RelayState<T>>,
    history: &Mutex<History<T>>,
    patterns: Vec<Pattern>,
    position: &Position,
) -> Subscription<T> {
    // `searched` is declared before the guard, so what it holds is dropped after the lock is released.
    let mut searched;
    let mut locked = lock(history);
    let missed = match locked.begin_search(position, &patterns) {
        Search::Ended(missed) => missed,
        Search::Unfinished(search) => {
            drop(locked);
            searched = search.run(position, &patterns);
            locked = lock(history);
            locked.finish_search(&mut searched, position, &patterns)
        }
    };
    let mailbox = Mailbox::with_gaps(patterns.is_empty(), missed);
    Subscription::new(Arc::clone(shared), patterns, mailbox)
}

impl<T: Clone + 'static> Updates<T> {
    /// Waits for the next update. `None` only if a pattern is invalid, which is logged as an error.
    ///
    /// Dropping the returned future loses no update.
    pub async fn next(&mut self) -> Option<Update<T>> {
        std::future::poll_fn(|ctx| Pin::new(&mut *self).poll_next(ctx)).await
    }
}

impl<T> Unpin for Updates<T> {}

impl<T: Clone + 'static> Stream for Updates<T> {
    type Item = Update<T>;

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Update<T>>> {
        let this = self.get_mut();
        let mut unused = None;
        let mut mailbox = lock(&this.subscription.mailbox);
        let dropped = mailbox.begin();
        if mailbox.has_gap() {
            drop(mailbox);
            this.subscription.count(&dropped);
            drop(dropped);
            this.skip();
            return Poll::Ready(Some(Update::Gap));
        }
        let polled = mailbox.poll(ctx, &mut unused);
        let dropped = mailbox.dropped();
        drop(mailbox);
        drop(unused);
        polled.map(|message| {
            message.map(|message| {
                let has_its_id = this.position.advance_to(&message.position);
                let (subject, mut value) = Message::into_parts(message);
                this.subscription.note_received(&mut value, dropped);
                if !has_its_id {
                    // The client has messages from another process that this one received later.
                    set_event_id(&mut value, &this.position);
                }
                Update::Value(subject, value)
            })
        })
    }
}

impl<T> fmt::Debug for Updates<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Updates").field(&self.subscription).finish()
    }
}
