//! The guard of one join.

use std::fmt;
use std::sync::Arc;

use super::shared::Shared;
use crate::current;

/// Keeps a person listed: made by [`Presence::join`](crate::Presence::join). Drop it to leave.
///
/// Keep it inside of the stream that shows that the person is here, so that it is dropped with the stream. `let _ = ..` drops it at once.
#[must_use = "the person leaves when it is dropped: keep it for as long as the person is here, as in `let _here = ..`"]
pub struct Joined<T: PartialEq + Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
    topic: Arc<str>,
    key: Arc<str>,
    /// The number of the join; none if it is not listed.
    id: Option<u64>,
}

impl<T: PartialEq + Send + Sync + 'static> Joined<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>, topic: Arc<str>, key: Arc<str>, id: Option<u64>) -> Self {
        Self { shared: Arc::clone(shared), topic, key, id }
    }

    /// Replaces the value of this join, which then is the newest of the person's.
    ///
    /// ```
    /// use stario::Presence;
    ///
    /// let presence = Presence::new();
    /// let tab = presence.join("room.7", "ada", "reads");
    /// let other_tab = presence.join("room.7", "ada", "writes");
    /// assert_eq!(*presence.list("room.7")[0].value(), "writes");
    /// tab.update("sleeps");
    /// assert_eq!(*presence.list("room.7")[0].value(), "sleeps");
    /// drop(tab);
    /// assert_eq!(*presence.list("room.7")[0].value(), "writes");
    /// ```
    pub fn update(&self, value: T) {
        if let Some(id) = self.id {
            self.shared.update(id, &self.topic, &self.key, value);
        }
    }

    /// Whether the person is listed: not if the topic or the key is invalid, or there was no room. The log says why.
    pub fn is_listed(&self) -> bool {
        self.id.is_some()
    }

    /// The key of the person.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl<T: PartialEq + Send + Sync + 'static> Drop for Joined<T> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            // The page whose stream the stop of the server ends opens another one at once.
            let will_return = current::get().is_stopping;
            self.shared.leave(id, &self.topic, &self.key, will_return);
        }
    }
}

impl<T: PartialEq + Send + Sync + 'static> fmt::Debug for Joined<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Joined")
            .field("topic", &self.topic)
            .field("key", &self.key)
            .field("is_listed", &self.is_listed())
            .finish_non_exhaustive()
    }
}
