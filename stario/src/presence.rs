//! Who is here: people who have pages open, each listed once, however many tabs that are.

mod changes;
#[cfg_attr(not(feature = "metrics"), path = "presence/figures/absent.rs")]
mod figures;
mod joined;
mod member;
mod nodes;
mod outbox;
mod problems;
mod record;
mod remote;
mod replica;
mod shared;
mod store;
mod table;
mod topic;
mod writing;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use changes::{Change, Changes};
#[cfg(feature = "metrics")]
pub(crate) use figures::measure;
pub use joined::Joined;
pub use member::{IntoMembers, Member, Members};
use record::Codec;
use replica::Replica;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::{Shared, check_name};
pub use store::{PresenceStore, PresenceUpdate, PresenceWatch};

/// Lists who is here, by topic: the online users, who reads this document, who is in this room.
///
/// A person joins under a topic with a key, such as the id of the user, and a value that others are shown. [`join`](Self::join) returns a
/// guard; the person leaves when it is dropped. Keep it in the stream that a page holds open:
///
/// ```
/// use stario::prelude::*;
///
/// #[derive(PartialEq)]
/// struct Visitor {
///     name: String,
/// }
///
/// # stario::app!();
/// #[app::query("/live")]
/// async fn live(name: QueryParam<String>, presence: State<Presence<Visitor>>) -> impl Stream<Item = Event> {
///     stream! {
///         let _here = presence.join("room.7", &name, Visitor { name: name.0.clone() });
///         let mut changes = presence.changes("room.7");
///         while let Some(change) = changes.next().await {
///             yield html! { <ul id="here">for visitor in change.list() { <li>{&visitor.name}</li> }</ul> };
///         }
///     }
/// }
///
/// # fn main() {
/// let client = TestClient::new(app::new().state(Presence::<Visitor>::new()));
/// let mut ada = client.get("/live?name=Ada").open().send();
/// assert_eq!(ada.next().wait().unwrap().elements(), r#"<ul id="here"><li>Ada</li></ul>"#);
/// let ben = client.get("/live?name=Ben").open().send();
/// assert_eq!(ada.next().wait().unwrap().elements(), r#"<ul id="here"><li>Ada</li><li>Ben</li></ul>"#);
/// drop(ben);
/// assert_eq!(ada.next().wait().unwrap().elements(), r#"<ul id="here"><li>Ada</li></ul>"#);
/// # }
/// ```
///
/// # One person, several tabs
///
/// Joins with the same key are one person, who leaves with the last of them. The newest value is shown: that of the last join or
/// [`update`](Joined::update). A value that equals the one shown is no change, so a second tab is seen by nobody.
///
/// A person who reloads the page leaves and comes back a moment later. [`grace_period`](Self::grace_period) keeps that from being seen.
///
/// # When somebody is gone
///
/// The stream of a tab is dropped as soon as the server learns that its connection was closed: at once for a tab that is closed. A proxy in
/// between may hold that back, and a computer that goes to sleep closes nothing; then the ping that the stream sends every
/// 30 seconds ([`App::ping_interval`](crate::App::ping_interval)) has to fail first.
///
/// Datastar closes the stream of a query while its page is hidden: who looks at another tab has left, unless the page's action has
/// [`open_when_hidden(true)`](crate::Action::open_when_hidden).
///
/// # Limits
///
/// Topics and keys have 1 to 256 bytes, a topic at most [10,000 people](Self::max_per_topic), and all topics together
/// [100,000](Self::max_total). A person beyond them is not listed, which is logged and does not fail: see [`Joined::is_listed`]. Joining and
/// leaving costs the same however many are here. A change is listed once for all streams of the topic that receive it.
///
/// Clones are the same presence; it is usually shared as [`State`](crate::State). It may be used from any thread.
pub struct Presence<T> {
    shared: Arc<Shared<T>>,
    /// What makes it one with those of other processes, if there are any.
    replica: Option<Arc<Replica<T>>>,
}

impl<T: PartialEq + Send + Sync + 'static> Presence<T> {
    /// Makes a presence for the people of this process. It has none yet.
    pub fn new() -> Self {
        Self { shared: Arc::new(Shared::new(false)), replica: None }
    }

    /// Makes a presence of which each process of the app has one, and which lists the people of all of them. `store` is what the processes
    /// share, such as `nats.presence("shop")` of the crate `stario-nats`.
    ///
    /// A person who has tabs at several processes is one person. Values are written as JSON of at most 64 KiB. Of one that is larger, or that the store
    /// refuses, the other processes list nobody, which is logged.
    ///
    /// | what happens | what the other processes list |
    /// |---|---|
    /// | a person joins or leaves | the change, as soon as the store has it |
    /// | a server stops, as at a deploy | the people whose streams it ends for up to 3 seconds more, in which their pages open them again; so the list does not change |
    /// | a process dies, or cannot reach the store | its people for one [lease](PresenceStore::lease) more |
    /// | the store is away, then back | their own people, and those of others for one lease; all of them when it is back |
    ///
    /// Joining, leaving and listing never wait for the store. A server that stops waits until the store knows that, for at most
    /// [`Limits::cleanup_timeout`](crate::Limits::cleanup_timeout).
    ///
    /// The clocks of the processes need not agree. A value is newer than all that its process had heard of before; clocks decide between two values that were given
    /// at the same time, and in which order the list has people who came to different processes. One that is more than an hour ahead is ignored.
    pub fn over(store: impl PresenceStore) -> Self
    where
        T: Serialize + DeserializeOwned,
    {
        let shared = Arc::new(Shared::new(true));
        let replica = Arc::new(Replica::new(store, Codec::json(), &shared));
        let presence = Self { shared, replica: Some(replica) };
        presence.start();
        presence
    }

    /// Starts what connects the processes, which needs a runtime: where the presence was made outside of one, at its first use.
    fn start(&self) {
        if let Some(replica) = &self.replica {
            replica.start(&self.shared);
        }
    }

    /// Sets how long a person who has left stays listed, and can come back without a change; 0 unless set. Call it when the
    /// presence is made.
    ///
    /// A second hides what happens when a page is reloaded, or left for another page of the app.
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// # runtime.block_on(async {
    /// use std::time::Duration;
    ///
    /// use stario::Presence;
    ///
    /// let presence = Presence::new().grace_period(Duration::from_millis(20));
    /// let mut changes = presence.changes("room.7");
    /// let here = presence.join("room.7", "ada", ());
    /// assert_eq!(changes.next().await.unwrap().list().len(), 1);
    /// drop(here);
    /// let here = presence.join("room.7", "ada", ());
    /// drop(here);
    /// assert_eq!(changes.next().await.unwrap().list().len(), 0);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    #[must_use]
    pub fn grace_period(self, time: Duration) -> Self {
        self.shared.table().grace_period = time;
        self
    }

    /// Sets how many people one topic may have; 10,000 unless set.
    #[must_use]
    pub fn max_per_topic(self, people: usize) -> Self {
        self.shared.table().max_per_topic = people;
        self
    }

    /// Sets how many people all topics may have together; 100,000 unless set.
    #[must_use]
    pub fn max_total(self, people: usize) -> Self {
        self.shared.table().max_total = people;
        self
    }

    /// Lists a person under a topic until the guard that it returns is dropped.
    ///
    /// If the topic or the key is invalid, or there is no room, the person is not listed, which is logged.
    pub fn join(&self, topic: impl AsRef<str>, key: impl fmt::Display, value: T) -> Joined<T> {
        self.start();
        let (topic, key): (Arc<str>, Arc<str>) = (topic.as_ref().into(), key.to_string().into());
        let invalid = [("topic", &topic), ("key", &key)]
            .into_iter()
            .find_map(|(name, text)| check_name(text).err().map(|reason| (name, reason)));
        let id = match invalid {
            None => self.shared.join(&topic, &key, value),
            Some((name, reason)) => {
                tracing::error!(reason, "a person is not listed: the {name} is invalid");
                None
            }
        };
        Joined::new(&self.shared, topic, key, id)
    }

    /// Who is here now, in the order in which they came. Nobody is under a topic that is invalid.
    pub fn list(&self, topic: impl AsRef<str>) -> Members<T> {
        self.start();
        self.shared.table().list(topic.as_ref())
    }

    /// Yields who is here: at once, then whenever somebody has joined or left, or has another value.
    ///
    /// A page that is slow receives the newest list only. To render a large list less often, let the loop sleep: what happens meanwhile is one
    /// change.
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    /// # runtime.block_on(async {
    /// use stario::Presence;
    ///
    /// let presence = Presence::new();
    /// let ada = presence.join("room.7", "ada", ());
    /// let mut changes = presence.changes("room.7");
    /// assert_eq!(changes.next().await.unwrap().list().len(), 1);
    ///
    /// let ben = presence.join("room.7", "ben", ());
    /// drop(ada);
    /// let change = changes.next().await.unwrap();
    /// assert!(change.joined().map(|member| member.key()).eq(["ben"]));
    /// assert!(change.left().map(|member| member.key()).eq(["ada"]));
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn changes(&self, topic: impl AsRef<str>) -> Changes<T> {
        self.start();
        let topic = topic.as_ref();
        let checked = check_name(topic);
        if let Err(reason) = checked {
            tracing::error!(reason, "a stream of changes receives nothing: the topic is invalid");
        }
        Changes::new(&self.shared, checked.is_ok().then(|| topic.into()))
    }
}

impl<T: PartialEq + Send + Sync + 'static> Default for Presence<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Presence<T> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), replica: self.replica.clone() }
    }
}

impl<T> fmt::Debug for Presence<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Presence").finish_non_exhaustive()
    }
}
