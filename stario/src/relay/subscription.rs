//! The receiving end of a relay.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_core::Stream;

use super::mailbox::{Dropped, Mailbox, Message};
use super::pattern::Pattern;
use super::sharing::Received;
use super::table::{RelayState, lock};

/// A stream of the values published under its subjects, as `(subject, value)`; made by
/// [`Relay::subscribe`](super::Relay::subscribe). Drop it to unsubscribe.
///
/// Choose right after making it what happens when it does not keep up:
///
/// | | when values wait |
/// |---|---|
/// | unless chosen | at most 1024 do, and at most 1 MiB of them; then the oldest are dropped for each new one |
/// | [`capacity(16)`](Self::capacity) | the same, with 16 |
/// | [`capacity_bytes(65_536)`](Self::capacity_bytes) | the same, with 64 KiB |
/// | [`latest()`](Self::latest) | a new value replaces the one of the same subject |
/// | [`close_when_full()`](Self::close_when_full) | one too many drops them all, and the subscription ends |
///
/// ```
/// use stario::Relay;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let relay = Relay::new();
/// let mut prices = relay.subscribe("price.*").latest();
/// relay.publish("price.tea", 3);
/// relay.publish("price.milk", 2);
/// relay.publish("price.tea", 4);
/// assert_eq!(prices.next().await, Some(("price.milk".into(), 2)));
/// assert_eq!(prices.next().await, Some(("price.tea".into(), 4)));
/// assert_eq!(prices.dropped(), 1);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[must_use = "a subscription that is dropped receives nothing"]
pub struct Subscription<T> {
    patterns: Vec<Pattern>,
    id: u64,
    pub(super) mailbox: Arc<Mutex<Mailbox<T>>>,
    pub(super) shared: Arc<RelayState<T>>,
    pub(super) received: Received,
}

impl<T> Subscription<T> {
    pub(super) fn new(shared: Arc<RelayState<T>>, patterns: Vec<Pattern>, mailbox: Mailbox<T>) -> Self {
        let mailbox = Arc::new(Mutex::new(mailbox));
        let id = lock(&shared.table).add(&patterns, &mailbox);
        Self { patterns, id, mailbox, shared, received: Received::default() }
    }

    /// Sets how many values wait at most; 1024 unless set, and at least one. One more drops the oldest.
    pub fn capacity(self, values: usize) -> Self {
        let dropped = lock(&self.mailbox).set_capacity(values);
        self.count(&dropped);
        self
    }

    /// Sets how many bytes the values that wait behind the oldest may have together; 1 MiB unless set. Too many drop the
    /// oldest, as a value beyond the [`capacity`](Self::capacity) does. The oldest may have any size, so that a large
    /// value is received, too.
    ///
    /// A value counts with its subject. [`Relay::measured`](super::Relay::measured) says which bytes it has: those of an
    /// [`Event`](crate::Event) and of texts are known, those of other types that own memory only over a transport, or if the app says them.
    pub fn capacity_bytes(self, bytes: usize) -> Self {
        let dropped = lock(&self.mailbox).set_capacity_bytes(bytes);
        self.count(&dropped);
        self
    }

    /// Keeps only the newest value of each subject: for values that say how things are, not what has changed.
    /// The capacity is then the number of subjects.
    pub fn latest(self) -> Self {
        let dropped = lock(&self.mailbox).keep_latest();
        self.count(&dropped);
        self
    }

    /// Ends the subscription when more values or bytes wait than its [`capacity`](Self::capacity) and
    /// [`capacity_bytes`](Self::capacity_bytes) allow: for values of which
    /// none may be missing. If the handler then ends its stream with an error, the browser connects again, and
    /// the new stream can begin with the current state.
    pub fn close_when_full(self) -> Self {
        let dropped = lock(&self.mailbox).close_when_full();
        self.count(&dropped);
        self
    }

    /// How many values this subscription has lost because it was behind, including those replaced by a newer
    /// one.
    pub fn dropped(&self) -> u64 {
        lock(&self.mailbox).dropped()
    }

    /// Whether this subscription has lost values since the last call, because it was behind. One that a newer value has
    /// replaced is not lost.
    ///
    /// This does not say which values were lost, or where in the stream: send the whole state again. For the place of each loss, use
    /// [`Relay::resume`](super::Relay::resume).
    ///
    /// ```
    /// use stario::Relay;
    ///
    /// let relay = Relay::new();
    /// let mut news = relay.subscribe("news").capacity(1);
    /// relay.publish("news", "first");
    /// assert!(!news.has_lost());
    /// relay.publish("news", "second");
    /// assert!(news.has_lost());
    /// assert!(!news.has_lost());
    /// ```
    pub fn has_lost(&mut self) -> bool {
        lock(&self.mailbox).take_lost()
    }

    /// How many values wait to be received.
    pub fn waiting(&self) -> usize {
        lock(&self.mailbox).len()
    }

    pub(super) fn count(&self, dropped: &Dropped<T>) {
        self.shared.dropped.fetch_add(dropped.len() as u64, Ordering::Relaxed);
    }

    /// Notes that `value` is received, after so many others were dropped.
    pub(super) fn note_received(&mut self, value: &mut T, dropped: u64) {
        self.received.note(&self.shared.sharing, &self.patterns, value, dropped);
    }
}

impl<T: Clone> Subscription<T> {
    /// Waits for the next value. `None` when the subscription has ended; with valid patterns, only
    /// [`close_when_full`](Self::close_when_full) ends it.
    ///
    /// Dropping the returned future loses no value.
    pub async fn next(&mut self) -> Option<(Arc<str>, T)> {
        std::future::poll_fn(|ctx| Pin::new(&mut *self).poll_next(ctx)).await
    }
}

impl<T: Clone> Stream for Subscription<T> {
    type Item = (Arc<str>, T);

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut unused = None;
        let mut mailbox = lock(&self.mailbox);
        let (polled, dropped) = (mailbox.poll(ctx, &mut unused), mailbox.dropped());
        drop(mailbox);
        drop(unused);
        polled.map(|message| {
            message.map(|message| {
                let (subject, mut value) = Message::into_parts(message);
                self.note_received(&mut value, dropped);
                (subject, value)
            })
        })
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        // The mailbox itself is dropped with `self`, when the lock is released.
        lock(&self.shared.table).remove(&self.patterns, self.id);
    }
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Subscription").field("patterns", &self.patterns).finish_non_exhaustive()
    }
}
