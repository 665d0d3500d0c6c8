//! Who is listed under a topic: one person, and the list of them.

use std::collections::HashMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One person of a [list](crate::Presence::list): the key, and the newest value that one of the person's tabs has. It derefs to the value.
///
/// A clone is cheap: it shares key and value.
pub struct Member<T> {
    key: Arc<str>,
    value: Arc<T>,
    /// In microseconds since 1970.
    since: u64,
}

impl<T> Member<T> {
    pub(super) fn new(key: Arc<str>, value: Arc<T>, since: u64) -> Self {
        Self { key, value, since }
    }

    /// The key that the person joined with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The newest value. Its fields can be read from the member itself, too: `member.name`.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// When the person came, by the clock of the node where that was. More tabs do not change it.
    pub fn since(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(self.since)
    }

    pub(super) fn since_stamp(&self) -> u64 {
        self.since
    }

    pub(super) fn shared_key(&self) -> Arc<str> {
        Arc::clone(&self.key)
    }

    pub(super) fn shared_value(&self) -> &Arc<T> {
        &self.value
    }

    /// Whether both show the same: the same value of the same stay.
    fn is_same(&self, other: &Self) -> bool {
        self.since == other.since && Arc::ptr_eq(&self.value, &other.value)
    }
}

impl<T> Deref for Member<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Member<T> {
    fn clone(&self) -> Self {
        Self { key: Arc::clone(&self.key), value: Arc::clone(&self.value), since: self.since }
    }
}

impl<T: fmt::Debug> fmt::Debug for Member<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Member")
            .field("key", &self.key)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}

/// Who is here under one topic, in the order in which they came; made by [`Presence::list`](crate::Presence::list). It is a slice of
/// [`Member`]s that never changes, and clones share it.
pub struct Members<T>(Arc<[Member<T>]>);

impl<T> Members<T> {
    /// The members in the order of their arrival.
    pub(super) fn sorted(members: impl Iterator<Item = Member<T>>) -> Self {
        let mut members: Vec<_> = members.collect();
        members.sort_unstable_by(|a, b| (a.since, &a.key).cmp(&(b.since, &b.key)));
        Self(members.into())
    }

    /// The member with this key.
    pub fn get(&self, key: impl fmt::Display) -> Option<&Member<T>> {
        let key = key.to_string();
        self.iter().find(|member| *member.key == *key)
    }

    /// Those whose keys `others` does not have.
    pub(super) fn without<'a>(&'a self, others: &Self) -> impl Iterator<Item = &'a Member<T>> + use<'a, T> {
        let others = others.by_key();
        self.iter().filter(move |member| !others.contains_key(&member.key))
    }

    /// Those whom `others` has too, but with another value.
    pub(super) fn updated_since<'a>(
        &'a self,
        others: &Self,
    ) -> impl Iterator<Item = &'a Member<T>> + use<'a, T> {
        let others = others.by_key();
        self.iter().filter(move |member| others.get(&member.key).is_some_and(|other| !member.is_same(other)))
    }

    fn by_key(&self) -> HashMap<Arc<str>, Member<T>> {
        self.iter().map(|member| (Arc::clone(&member.key), member.clone())).collect()
    }
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl<T> Deref for Members<T> {
    type Target = [Member<T>];

    fn deref(&self) -> &[Member<T>] {
        &self.0
    }
}

impl<T> Clone for Members<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Members<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

impl<T> IntoIterator for Members<T> {
    type Item = Member<T>;
    type IntoIter = IntoMembers<T>;

    fn into_iter(self) -> IntoMembers<T> {
        IntoMembers { members: self, next: 0 }
    }
}

impl<'a, T> IntoIterator for &'a Members<T> {
    type Item = &'a Member<T>;
    type IntoIter = std::slice::Iter<'a, Member<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The members of a list, one after the other: what `for member in presence.list(topic)` goes through.
#[derive(Debug)]
pub struct IntoMembers<T> {
    members: Members<T>,
    next: usize,
}

impl<T> Iterator for IntoMembers<T> {
    type Item = Member<T>;

    fn next(&mut self) -> Option<Member<T>> {
        let member = self.members.0.get(self.next)?.clone();
        self.next += 1;
        Some(member)
    }
}
