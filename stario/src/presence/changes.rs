//! The stream of the changes of one topic.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::member::{Member, Members};
use super::shared::Shared;

/// A stream that yields who is here under a topic, at once and then whenever that has changed; made by
/// [`Presence::changes`](crate::Presence::changes).
///
/// A reader that is slow misses what was between: it receives one [`Change`] from the list that it saw last to the newest. So nothing is
/// kept for it but that list.
#[must_use = "changes are received by polling the stream"]
pub struct Changes<T: PartialEq + Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
    /// None if the topic is invalid.
    topic: Option<Arc<str>>,
    id: u64,
    /// The version and the list that were received last.
    seen: Option<(u64, Members<T>)>,
}

impl<T: PartialEq + Send + Sync + 'static> Changes<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>, topic: Option<Arc<str>>) -> Self {
        let mut table = shared.table();
        let id = table.next_id();
        if let Some(topic) = &topic {
            table.add_watcher(topic);
        }
        drop(table);
        Self { shared: Arc::clone(shared), topic, id, seen: None }
    }

    /// Waits for the next change; the first is there at once. `None` only if the topic is invalid, which is logged as an error.
    ///
    /// Dropping the returned future loses no change.
    pub async fn next(&mut self) -> Option<Change<T>> {
        std::future::poll_fn(|ctx| Pin::new(&mut *self).poll_next(ctx)).await
    }
}

impl<T: PartialEq + Send + Sync + 'static> Stream for Changes<T> {
    type Item = Change<T>;

    fn poll_next(self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<Change<T>>> {
        let this = self.get_mut();
        let Some(name) = &this.topic else { return Poll::Ready(None) };
        let mut table = this.shared.table();
        let Some(topic) = table.topic(name) else { return Poll::Ready(None) };
        let version = topic.version();
        if this.seen.as_ref().is_some_and(|(seen, _)| *seen == version) {
            let replaced = topic.waiting.insert(this.id, ctx.waker().clone());
            drop(table);
            drop(replaced);
            return Poll::Pending;
        }
        let now = topic.list();
        drop(table);
        let before = this.seen.replace((version, now.clone()));
        // What was there at the beginning has not joined since.
        let before = before.map_or_else(|| now.clone(), |(_, before)| before);
        Poll::Ready(Some(Change { before, now }))
    }
}

impl<T: PartialEq + Send + Sync + 'static> Drop for Changes<T> {
    fn drop(&mut self) {
        if let Some(topic) = &self.topic {
            let waker = self.shared.change(|table, effects| table.remove_watcher(topic, self.id, effects));
            drop(waker);
        }
    }
}

impl<T: PartialEq + Send + Sync + 'static> fmt::Debug for Changes<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Changes").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// Who is here now, and what has changed since the change before. The lists are compared when it is asked, so that both always fit together.
///
/// The first change of a stream has the list, and nobody who has joined or left.
pub struct Change<T> {
    before: Members<T>,
    now: Members<T>,
}

impl<T> Change<T> {
    /// Who is here now.
    pub fn list(&self) -> &Members<T> {
        &self.now
    }

    /// Who has come, in the order of arrival. A second tab is no new person.
    pub fn joined(&self) -> impl Iterator<Item = &Member<T>> {
        self.now.without(&self.before)
    }

    /// Who has left, with the value that was shown last. Who left and came back meanwhile is not among them.
    pub fn left(&self) -> impl Iterator<Item = &Member<T>> {
        self.before.without(&self.now)
    }

    /// Who has another value than before.
    pub fn updated(&self) -> impl Iterator<Item = &Member<T>> {
        self.now.updated_since(&self.before)
    }
}

impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        Self { before: self.before.clone(), now: self.now.clone() }
    }
}

impl<T: fmt::Debug> fmt::Debug for Change<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Change").field("list", &self.now).finish_non_exhaustive()
    }
}
