//! In-process fan-out: publish under a subject, subscribe to subjects from as many streams as there are
//! browsers.

mod mailbox;
mod pattern;
mod subscription;
mod table;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailbox::Message;
pub use pattern::{InvalidPattern, Pattern, Patterns};
pub use subscription::Subscription;
use table::Table;

/// Carries values from whoever publishes under a subject to all who have subscribed to it.
///
/// A subject is of one or more segments with dots between them: `room.7.moves`. One subscribes to patterns:
///
/// | pattern | subjects |
/// |---|---|
/// | `room.7` | `room.7` |
/// | `room.*` | all that begin with `room.`, at any depth; not `room` |
/// | `*` | all |
///
/// Publishing never waits, and costs what the subscriptions cost that it reaches. A subscription sees the
/// values of one publisher in the order they were published in, from the call of
/// [`subscribe`](Self::subscribe) on. What happens to one that does not keep up is its own choice (see
/// [`Subscription`]); by default its oldest values are dropped once 1024 of them wait.
///
/// A value is stored once, however many wait for it: what all subscriptions of a relay hold is at most
/// their capacity (1024) in values of each subject, and 8 KiB for each subscription that is behind. With
/// [`Event`](crate::Event)s as values they are rendered and encoded once, too.
///
/// Clones are the same relay; it is usually shared as [`State`](crate::State). Values may be published from
/// any thread, in a loop that receives them, and while something is dropped.
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
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    table: Mutex<Table<T>>,
    dropped: AtomicU64,
}

impl<T: Clone> Relay<T> {
    /// A relay that nobody has subscribed to.
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared { table: Mutex::default(), dropped: AtomicU64::new(0) }) }
    }

    /// Hands `value` to everyone who has subscribed to `subject`, and returns without waiting for anyone.
    ///
    /// What is no subject (an empty segment, a `*`) reaches nobody, and the log says so.
    pub fn publish(&self, subject: impl AsRef<str>, value: T) {
        let subject = subject.as_ref();
        if let Err(invalid) = pattern::check_subject(subject) {
            tracing::error!(error = %invalid, "a value is published to nobody");
            return;
        }
        let readers = lock(&self.shared.table).find(subject);
        if readers.is_empty() {
            return;
        }
        let message = Arc::new(Message { subject: subject.into(), value });
        for mailbox in readers.iter() {
            // No code of others runs under a lock: dropping values and waking tasks may publish, subscribe
            // and leave.
            let (dropped, reader) = lock(mailbox).deliver(Arc::clone(&message));
            if !dropped.is_empty() {
                self.shared.dropped.fetch_add(dropped.len() as u64, Ordering::Relaxed);
            }
            drop(dropped);
            if let Some(reader) = reader {
                reader.wake();
            }
        }
    }

    /// Subscribes to one pattern or several (an array, a slice or a `Vec`) from this call on, not from the
    /// first poll: what is published in between is not lost. A value is received once, also when several
    /// patterns fit its subject.
    ///
    /// The subscription is a stream of `(subject, value)`; drop it to leave. What is no pattern subscribes to
    /// nothing: the subscription has ended, and the log says why. A [`Pattern`] is checked before:
    /// by the compiler, as a `const`, or by your code, in what a user says.
    ///
    /// ```
    /// use stario::Relay;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// let relay = Relay::new();
    /// let mut both = relay.subscribe(["room.*", "news"]);
    /// relay.publish("room.7.moves", "e4");
    /// relay.publish("weather", "rain");
    /// relay.publish("news", "none");
    /// assert_eq!(both.next().await, Some(("room.7.moves".into(), "e4")));
    /// assert_eq!(both.next().await, Some(("news".into(), "none")));
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn subscribe(&self, patterns: impl Patterns) -> Subscription<T> {
        let patterns = patterns.patterns().unwrap_or_else(|invalid| {
            tracing::error!(error = %invalid, "a subscription receives nothing");
            Vec::new()
        });
        Subscription::new(Arc::clone(&self.shared), pattern::without_overlap(patterns))
    }

    /// How many subscriptions a value published under `subject` would reach.
    pub fn subscribers(&self, subject: impl AsRef<str>) -> usize {
        let readers = lock(&self.shared.table).find(subject.as_ref());
        readers.iter().count()
    }

    /// How many values were dropped because a subscription was behind, each counted for each subscription
    /// that lost it; see also [`Subscription::dropped`].
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl<T: Clone> Default for Relay<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Relay<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Relay<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Relay").finish_non_exhaustive()
    }
}

/// A thread that panicked while it held the lock left nothing half done: each change is one call.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_dropped_subscriptions() {
        let relay: Relay<()> = Relay::new();
        let subscriptions: Vec<_> = (0..100_000)
            .map(|number| match number % 4 {
                0 => relay.subscribe("a"),
                1 => relay.subscribe(format!("a.{number}.*")),
                2 => relay.subscribe("*"),
                _ => relay.subscribe(["b.*", "c"]),
            })
            .collect();
        assert_eq!(relay.subscribers("a"), 50_000);
        assert_eq!(relay.subscribers("b.x"), 50_000);
        drop(subscriptions);
        assert!(lock(&relay.shared.table).is_empty());
    }
}
