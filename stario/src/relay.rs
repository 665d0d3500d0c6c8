//! Publish and subscribe within one process: one value, published under a subject, reaches the streams of as many
//! browsers as have subscribed to it.

mod mailbox;
mod pattern;
mod size;
mod subscription;
mod table;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mailbox::Message;
pub use pattern::{InvalidPattern, Pattern, Patterns};
pub use subscription::Subscription;
use table::{Shared, lock};

/// Carries values from publishers to all subscriptions to their subject: publish and subscribe within one process.
///
/// A subject is one or more segments separated by dots: `room.7.moves`. Subscriptions are to patterns:
///
/// | pattern | subjects |
/// |---|---|
/// | `room.7` | `room.7` |
/// | `room.*` | all that begin with `room.`, at any depth; not `room` |
/// | `*` | all |
///
/// Publishing never waits; its cost grows only with the subscriptions that it reaches. A subscription sees the
/// values of one publisher in the order in which they were published, starting with the call of
/// [`subscribe`](Self::subscribe). If it does not keep up, it loses its oldest values once 1024 or 1 MiB of them are
/// waiting; a [`Subscription`] can choose otherwise.
///
/// A value is stored once, however many subscriptions wait for it: together they hold at most their capacity
/// (1024 values, 1 MiB) of each subject, plus 8 KiB for each that is behind. If the values are
/// [`Event`](crate::Event)s, they are also rendered and encoded only once.
///
/// Clones are the same relay; it is usually shared as [`State`](crate::State). Values may be published from
/// any thread, in a loop that receives them, and in a destructor.
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

impl<T: Clone + 'static> Relay<T> {
    /// Makes a relay without subscriptions.
    pub fn new() -> Self {
        Self::measured(size::of)
    }
}

impl<T: Clone> Relay<T> {
    /// Makes a relay for values of a type that holds more bytes than it shows: `bytes` says how many a value has. They
    /// count for [`Subscription::capacity_bytes`].
    ///
    /// ```
    /// use stario::Relay;
    ///
    /// #[derive(Clone)]
    /// struct Picture {
    ///     pixels: std::sync::Arc<Vec<u32>>,
    /// }
    ///
    /// let pictures = Relay::measured(|picture: &Picture| picture.pixels.len() * 4);
    /// let camera = pictures.subscribe("camera").capacity_bytes(5_000);
    /// for _ in 0..3 {
    ///     pictures.publish("camera", Picture { pixels: vec![0; 1000].into() });
    /// }
    /// assert_eq!((camera.waiting(), camera.dropped()), (2, 1));
    /// ```
    pub fn measured(bytes: fn(&T) -> usize) -> Self {
        Self { shared: Arc::new(Shared::new(bytes)) }
    }

    /// Delivers `value` to all subscriptions to `subject`, and returns without waiting for any of them.
    ///
    /// An invalid subject (with an empty segment or a `*`) reaches nobody; that is logged as an error.
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
        let size = (self.shared.measure)(&value).saturating_add(subject.len());
        let message = Arc::new(Message { subject: subject.into(), value, size });
        for mailbox in readers.iter() {
            // Values are dropped and tasks are woken without a lock: destructors and wakers are code of others, which
            // may publish, subscribe and unsubscribe.
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

    /// Subscribes to one pattern or several (an array, a slice or a `Vec`). The subscription begins with this
    /// call, not with the first poll, so nothing published in between is lost. A value is received once, even if
    /// several patterns fit its subject.
    ///
    /// The subscription is a stream of `(subject, value)`; drop it to unsubscribe. With an invalid pattern it ends
    /// at once, which is logged as an error. To find that earlier, pass a [`Pattern`]: a `const` one is checked
    /// by the compiler, and [`Pattern::segments`] checks what a user chose.
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

    /// How many subscriptions a value published under `subject` would reach: none if it is no subject.
    pub fn subscribers(&self, subject: impl AsRef<str>) -> usize {
        let subject = subject.as_ref();
        if pattern::check_subject(subject).is_err() {
            return 0;
        }
        lock(&self.shared.table).find(subject).iter().count()
    }

    /// How many values were dropped because a subscription was behind, each counted for each subscription
    /// that lost it; see also [`Subscription::dropped`].
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl<T: Clone + 'static> Default for Relay<T> {
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
