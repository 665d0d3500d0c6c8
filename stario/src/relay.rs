//! Publish and subscribe: one value, published under a subject, reaches the streams of as many browsers as have
//! subscribed to it, in this process and, over a transport, in others.

mod heard;
mod history;
mod mailbox;
mod pattern;
mod payload;
mod position;
mod publish;
mod receive;
mod remote;
mod sharing;
mod size;
mod subscription;
mod table;
mod transport;
mod updates;

use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};

use history::History;
use mailbox::Mailbox;
pub use pattern::{InvalidPattern, Pattern, Patterns};
pub use payload::{Payload, PayloadError};
pub use position::{IntoPosition, InvalidStamp, Position, Stamp};
use remote::Remote;
use sharing::Sharing;
pub use subscription::Subscription;
use table::{RelayState, lock};
use transport::Receiver;
pub use transport::{ExportedMessages, Inbox, Packet, PublishError, Transport};
pub use updates::{Update, Updates};

/// Carries values from publishers to all subscriptions to their subject: publish and subscribe, within one process unless it is made
/// [over a transport](Self::over).
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
/// [`Event`](crate::Event)s, they are also rendered, encoded and compressed only once.
///
/// A relay with a [`history`](Self::history) keeps the last values. There [`resume`](Self::resume) continues where a browser was
/// when it lost its connection, and says where values may be missing.
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
    shared: Arc<RelayState<T>>,
}

impl<T: Clone + 'static> Relay<T> {
    /// Makes a relay without subscriptions.
    pub fn new() -> Self {
        Self { shared: Arc::new(RelayState::new(size::of, Sharing::of_events())) }
    }

    /// Keeps the last values, at most so many and at most 4 MiB of them, so that [`resume`](Self::resume) can replay them.
    /// None are kept unless this is called; call it when the relay is made.
    ///
    /// Each value gets a number, and an [`Event`](crate::Event) the SSE id that [`resume`](Self::resume) takes, in place of
    /// its own. All subjects share the history: a subject with much traffic shortens the time that others can be resumed. Threads
    /// that publish at the same time wait for each other, and all subscriptions receive the values in the same order.
    ///
    /// ```
    /// use stario::relay::Update;
    /// use stario::Relay;
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    ///
    /// let relay = Relay::new().history(2);
    /// let before = relay.position();
    /// relay.publish("room.1", "one");
    /// relay.publish("room.2", "two");
    ///
    /// let mut updates = relay.resume("room.*", &before);
    /// assert_eq!(updates.next().await, Some(Update::Value("room.1".into(), "one")));
    /// assert_eq!(updates.next().await, Some(Update::Value("room.2".into(), "two")));
    ///
    /// relay.publish("room.1", "three");
    /// assert_eq!(relay.resume("room.*", &before).next().await, Some(Update::Gap));
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn history(self, values: usize) -> Self {
        let dropped = lock(self.kept()).set_capacity(values);
        drop(dropped);
        self
    }

    /// Sets how many bytes of values [the history](Self::history) keeps; 4 MiB unless set.
    /// [`measured`](Self::measured) says which bytes count.
    #[must_use]
    pub fn history_bytes(self, bytes: usize) -> Self {
        let dropped = lock(self.kept()).set_capacity_bytes(bytes);
        drop(dropped);
        self
    }

    /// Says how many bytes a value has. They count for [`history_bytes`](Self::history_bytes) and [`Subscription::capacity_bytes`]. Call it when the
    /// relay is made; of several calls the first counts.
    ///
    /// Unless it is called, a value has the bytes of its type. An [`Event`](crate::Event), an [`Html`](crate::Html), a `String`, an
    /// `Arc<str>`, `Bytes` and a `Vec<u8>` have those of their content, too; values of other types have those of their JSON, if the relay is
    /// [over a transport](Self::over). In a relay of one process, values of other types that own memory, such as a struct with a `String` or a `Vec`, are
    /// not bounded in bytes without it.
    ///
    /// ```
    /// use stario::Relay;
    ///
    /// #[derive(Clone)]
    /// struct Picture {
    ///     pixels: std::sync::Arc<Vec<u32>>,
    /// }
    ///
    /// let pictures = Relay::new().measured(|picture: &Picture| picture.pixels.len() * 4);
    /// let camera = pictures.subscribe("camera").capacity_bytes(5_000);
    /// for _ in 0..3 {
    ///     pictures.publish("camera", Picture { pixels: vec![0; 1000].into() });
    /// }
    /// assert_eq!((camera.waiting(), camera.dropped()), (2, 1));
    /// ```
    #[must_use]
    pub fn measured(self, bytes: fn(&T) -> usize) -> Self {
        // An error: it was called before.
        self.shared.measure.set(bytes).ok();
        self
    }

    /// Has each stream compress the events of this relay for itself.
    ///
    /// Unless this is called, the streams that send the [`Event`](crate::Event)s of a relay compress each of them once for all;
    /// see [`Compression`](crate::Compression#events-of-a-relay). Call it when the relay is made.
    ///
    /// ```
    /// use stario::{Event, Relay};
    ///
    /// let news: Relay<Event> = Relay::new().compress_per_stream();
    /// ```
    #[must_use]
    pub fn compress_per_stream(self) -> Self {
        self.shared.sharing.turn_off();
        self
    }

    fn kept(&self) -> &Mutex<History<T>> {
        self.shared.history.get_or_init(|| Mutex::new(History::new()))
    }
}

impl<T: Payload> Relay<T> {
    /// Makes a relay that is connected to those of other processes by a transport, such as that of the crate `stario-nats`:
    /// what one publishes, the subscriptions of all receive.
    ///
    /// | | |
    /// |---|---|
    /// | publishing | does not wait: the subscriptions of this process have the value before it is sent |
    /// | order | that of each publisher; not between publishers |
    /// | delivery | at most once. What is lost is an [`Update::Gap`], and [`Subscription::has_lost`], in the processes that lack it |
    /// | gaps | for all subscriptions of a process, because the subject of what is missing is unknown: when the connection was lost, when a number is missing, when a value cannot be read |
    ///
    /// Values are numbered, whether or not the relay has a [`history`](Self::history), and an [`Event`](crate::Event) gets the SSE id that
    /// [`resume`](Self::resume) takes. A position has a number of each publisher, so that a browser can resume at any process that has the history
    /// of what it missed; elsewhere it has a gap. A process that starts takes over the history of the others, if its transport can
    /// ([`Inbox::import`]). With more than 16 publishing processes, those that were replaced included, there may be more gaps, and
    /// never a loss without one.
    ///
    /// What a process has not yet sent when it is killed is lost without a gap in the others.
    ///
    /// See [`Transport`] for an example.
    pub fn over(transport: impl Transport) -> Self {
        let mut shared = RelayState::new(size::of, Sharing::of_events());
        shared.remote = Some(Remote::new(transport));
        let relay = Self { shared: Arc::new(shared) };
        relay.kept();
        let receiver: Weak<dyn Receiver> = Arc::<RelayState<T>>::downgrade(&relay.shared);
        if let Some(remote) = &relay.shared.remote {
            remote.transport.start(Inbox::new(receiver));
        }
        relay
    }
}

impl<T: Clone> Relay<T> {
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
        let patterns = valid(patterns);
        let mailbox = Mailbox::new(patterns.is_empty());
        Subscription::new(Arc::clone(&self.shared), patterns, mailbox)
    }

    /// Subscribes to patterns as [`subscribe`](Self::subscribe) does, for a client that reconnects, and begins behind `position`: first it replays the values
    /// that were missed since, then those that are published from now on. Where any may be missing, the stream yields an
    /// [`Update::Gap`].
    ///
    /// `position` is usually the id that the browser sends when it connects again, `last_event_id: Header<Option<String>>`:
    /// of a relay with [a history](Self::history), it is the SSE id of each [`Event`](crate::Event). The stream begins with
    /// a gap
    ///
    /// - without a position, as at the first visit: what the page shows may be older than this subscription;
    /// - with a text that is no position;
    /// - with a position that the history does not reach back to, or of another relay, such as that of the process before a
    ///   restart, unless this one has taken over its history ([over a transport](Self::over)).
    ///
    /// Later there is a gap where the subscription was too slow. Whatever the cause, the answer is the same: send the whole
    /// state. A value that is published between the gap and the reading of the state follows it as well; where that would show
    /// it twice, see [`Updates::skip`]. To send nothing at the first visit, let the page's link carry the [`position`](Self::position) that was
    /// current before its state was read.
    ///
    /// ```
    /// use std::sync::Mutex;
    ///
    /// use stario::prelude::*;
    /// use stario::relay::Update;
    ///
    /// # stario::app!();
    /// fn list(items: &Mutex<Vec<String>>) -> impl Render + 'static {
    ///     let items = items.lock().unwrap().clone();
    ///     html! { <ul id="list">{items.iter().map(|item| html! { <li>{item}</li> }).collect::<Vec<_>>()}</ul> }
    /// }
    ///
    /// #[app::query("/live")]
    /// async fn live(
    ///     relay: State<Relay<Event>>,
    ///     items: State<Mutex<Vec<String>>>,
    ///     last_event_id: Header<Option<String>>,
    /// ) -> impl Stream<Item = Event> {
    ///     let mut updates = relay.resume("list", last_event_id);
    ///     stream! {
    ///         while let Some(update) = updates.next().await {
    ///             match update {
    ///                 Update::Value(_, event) => yield event,
    ///                 Update::Gap => yield event::patch(list(&items)).id(updates.position()),
    ///             }
    ///         }
    ///     }
    /// }
    ///
    /// # fn main() {
    /// let relay = Relay::new().history(1_000);
    /// let items = Mutex::new(vec!["tea".to_owned()]);
    /// let client = TestClient::new(app::new().state(relay.clone()).state(items));
    /// let add = |item| relay.publish("list", Event::new((Mode::Append, "#list", html! { <li>{item}</li> })));
    ///
    /// let mut live = client.get("/live").open().send();
    /// assert_eq!(live.next().wait().unwrap().elements(), r#"<ul id="list"><li>tea</li></ul>"#);
    /// add("milk");
    /// let milk = live.next().wait().unwrap();
    /// drop(live);
    /// add("bread");
    /// let mut live = client.get("/live").header("last-event-id", milk.id().unwrap()).open().send();
    /// assert_eq!(live.next().wait().unwrap().elements(), "<li>bread</li>");
    /// # }
    /// ```
    pub fn resume(&self, patterns: impl Patterns, position: impl IntoPosition) -> Updates<T> {
        Updates::new(Arc::clone(&self.shared), valid(patterns), position.into_position())
    }

    /// The position behind all that was published so far; empty without [a history](Self::history) or [a transport](Self::over).
    ///
    /// Take it before the state is read that goes into a page: what [`resume`](Self::resume) then yields begins before
    /// that state.
    pub fn position(&self) -> Position {
        self.shared.history.get().map(|history| lock(history).position()).unwrap_or_default()
    }

    /// How many subscriptions a value published under `subject` would reach: none if it is no subject.
    pub fn subscribers(&self, subject: impl AsRef<str>) -> usize {
        let subject = subject.as_ref();
        if pattern::check_subject(subject).is_err() {
            return 0;
        }
        lock(&self.shared.table).find(subject).iter().count()
    }

    /// How many values were published and not sent to other processes: see [`try_publish`](Self::try_publish). Without a
    /// [transport](Self::over) there are none.
    pub fn unsent(&self) -> u64 {
        self.shared.remote.as_ref().map(Remote::unsent).unwrap_or_default()
    }

    /// How many values were dropped because a subscription was behind, each counted for each subscription
    /// that lost it; see also [`Subscription::dropped`].
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

/// The patterns of a subscription, none of which overlap. With an invalid one there are none.
fn valid(patterns: impl Patterns) -> Vec<Pattern> {
    let patterns = patterns.patterns().unwrap_or_else(|invalid| {
        tracing::error!(error = %invalid, "a subscription receives nothing");
        Vec::new()
    });
    pattern::without_overlap(patterns)
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
