//! In-process fan-out: publish under a subject, subscribe to it from as many streams as there are browsers.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

/// How many values wait for a slow subscriber before the oldest is dropped.
const CAPACITY: usize = 1024;

/// Carries values from whoever publishes under a subject to all who have subscribed to it.
///
/// Publishing never waits: a subscriber that does not keep up loses its oldest values once 1024 of them
/// wait for it. Each subscriber sees the values of one publisher in the order they were published in.
/// Clones are the same relay; it is usually shared as [`State`](crate::State).
///
/// ```
/// use stario::prelude::*;
///
/// # stario::app!();
/// #[app::query("/live")]
/// async fn live(relay: State<Relay<u32>>) -> impl Stream<Item = Event> {
///     let mut updates = relay.subscribe("count");
///     stream! {
///         while let Some((_, count)) = updates.next().await {
///             yield json!({ "count": count });
///         }
///     }
/// }
///
/// # fn main() {
/// let relay = Relay::new();
/// let client = TestClient::new(app::new().state(relay.clone()));
/// let mut live = client.get("/live").open().send();
/// relay.publish("count", 7_u32);
/// assert_eq!(live.next().wait().unwrap().signals(), Some(json!({ "count": 7 })));
/// # }
/// ```
pub struct Relay<T> {
    subjects: Arc<Mutex<Subjects<T>>>,
}

type Subjects<T> = HashMap<Arc<str>, Vec<Arc<Mutex<Mailbox<T>>>>>;

/// What waits for one subscriber.
struct Mailbox<T> {
    values: VecDeque<T>,
    reader: Option<Waker>,
}

impl<T> Mailbox<T> {
    /// Adds a value; what it pushed out and who waits for it are for the caller, once the lock is released.
    fn add(&mut self, value: T) -> (Option<T>, Option<Waker>) {
        let oldest = if self.values.len() == CAPACITY { self.values.pop_front() } else { None };
        self.values.push_back(value);
        (oldest, self.reader.take())
    }
}

impl<T: Clone> Relay<T> {
    /// A relay that nobody has subscribed to.
    pub fn new() -> Self {
        Self { subjects: Arc::default() }
    }

    /// Hands `value` to everyone who has subscribed to `subject`, and returns without waiting for anyone.
    pub fn publish(&self, subject: &str, value: T) {
        let mailboxes = lock(&self.subjects).get(subject).cloned().unwrap_or_default();
        for mailbox in mailboxes {
            // No code of others runs under a lock: cloning and dropping values and waking tasks may publish,
            // subscribe and leave.
            let value = value.clone();
            let (oldest, reader) = lock(&mailbox).add(value);
            drop(oldest);
            if let Some(reader) = reader {
                reader.wake();
            }
        }
    }

    /// Subscribes from this call on, not from the first poll: what is published in between is not lost.
    ///
    /// The subscription is a stream of `(subject, value)` that does not end; drop it to leave.
    pub fn subscribe(&self, subject: &str) -> Subscription<T> {
        let mailbox = Arc::new(Mutex::new(Mailbox { values: VecDeque::new(), reader: None }));
        let mut subjects = lock(&self.subjects);
        let subject = match subjects.get_key_value(subject) {
            Some((subject, _)) => Arc::clone(subject),
            None => Arc::from(subject),
        };
        subjects.entry(Arc::clone(&subject)).or_default().push(Arc::clone(&mailbox));
        Subscription { subject, mailbox, subjects: Arc::clone(&self.subjects) }
    }

    /// How many subscriptions there are to `subject`.
    pub fn subscribers(&self, subject: &str) -> usize {
        lock(&self.subjects).get(subject).map_or(0, Vec::len)
    }
}

impl<T: Clone> Default for Relay<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Relay<T> {
    fn clone(&self) -> Self {
        Self { subjects: Arc::clone(&self.subjects) }
    }
}

impl<T> std::fmt::Debug for Relay<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Relay").finish_non_exhaustive()
    }
}

/// A stream of the values published under one subject; see [`Relay::subscribe`].
#[must_use = "a subscription that is dropped receives nothing"]
pub struct Subscription<T> {
    subject: Arc<str>,
    mailbox: Arc<Mutex<Mailbox<T>>>,
    subjects: Arc<Mutex<Subjects<T>>>,
}

impl<T> Subscription<T> {
    /// Waits for the next value. Never `None`: a relay does not end.
    pub async fn next(&mut self) -> Option<(Arc<str>, T)> {
        std::future::poll_fn(|ctx| Pin::new(&mut *self).poll_next(ctx)).await
    }
}

impl<T> Stream for Subscription<T> {
    type Item = (Arc<str>, T);

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut mailbox = lock(&self.mailbox);
        if let Some(value) = mailbox.values.pop_front() {
            return Poll::Ready(Some((Arc::clone(&self.subject), value)));
        }
        let previous = mailbox.reader.replace(ctx.waker().clone());
        drop(mailbox);
        drop(previous);
        Poll::Pending
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        let mut subjects = lock(&self.subjects);
        if let Some(mailboxes) = subjects.get_mut(&self.subject) {
            // The mailbox itself is dropped with `self`, when the lock is released.
            mailboxes.retain(|mailbox| !Arc::ptr_eq(mailbox, &self.mailbox));
            if mailboxes.is_empty() {
                subjects.remove(&self.subject);
            }
        }
    }
}

impl<T> std::fmt::Debug for Subscription<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Subscription").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// A thread that panicked while it held the lock left nothing half done: each change is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready<T>(subscription: &mut Subscription<T>) -> Option<T> {
        let mut ctx = Context::from_waker(Waker::noop());
        match Pin::new(subscription).poll_next(&mut ctx) {
            Poll::Ready(Some((_, value))) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn each_subscriber_gets_what_is_published_after_it_came() {
        let relay = Relay::new();
        relay.publish("a", 1);
        let mut first = relay.subscribe("a");
        relay.publish("a", 2);
        let mut second = relay.subscribe("a");
        let mut other = relay.subscribe("b");
        relay.publish("a", 3);
        assert_eq!((ready(&mut first), ready(&mut first), ready(&mut first)), (Some(2), Some(3), None));
        assert_eq!((ready(&mut second), ready(&mut second)), (Some(3), None));
        assert_eq!(ready(&mut other), None);
    }

    #[test]
    fn a_slow_subscriber_loses_its_oldest_values() {
        let relay = Relay::new();
        let mut slow = relay.subscribe("a");
        (0..CAPACITY + 2).for_each(|value| relay.publish("a", value));
        assert_eq!(ready(&mut slow), Some(2));
    }

    /// Looks at the relay when it is dropped, as any value may.
    #[derive(Clone)]
    struct Curious(Relay<Curious>);

    impl Drop for Curious {
        fn drop(&mut self) {
            self.0.subscribers("a");
        }
    }

    #[test]
    fn a_value_may_use_the_relay_while_it_is_dropped() {
        let relay = Relay::new();
        let subscription = relay.subscribe("a");
        (0..=CAPACITY).for_each(|_| relay.publish("a", Curious(relay.clone())));
        assert_eq!(lock(&subscription.mailbox).values.len(), CAPACITY);
    }

    #[test]
    fn nothing_is_left_of_a_dropped_subscription() {
        let relay: Relay<()> = Relay::new();
        let (first, second) = (relay.subscribe("a"), relay.subscribe("a"));
        assert_eq!(relay.subscribers("a"), 2);
        drop(first);
        assert_eq!(relay.subscribers("a"), 1);
        drop(second);
        assert!(lock(&relay.subjects).is_empty());
    }
}
