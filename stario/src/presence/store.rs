//! What several processes share of a presence: a trait of three calls.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;

use crate::error::StoreError;

/// Stores the records by which the nodes of an app list each other's people: implement it for a broker or a database that all of them reach.
///
/// A node is one [`Presence`](crate::Presence) of one process. The store keeps records by key and notifies all nodes of changes; what is in the records, and when
/// the lease of a node has expired, is not its concern. Keys are at most 1,600 bytes of ASCII letters, digits, `-`, `_` and `.`; no part between dots is
/// empty. Values have at most 66 KiB.
///
/// Each node writes a small record, its heartbeat, three times in a [`lease`](Self::lease), and all others every three leases. A record that was not put for ten
/// leases is dropped by the store, without a notification.
///
/// Calls may fail, or never end while the store is away: they are cut after a third of a lease and repeated. When the store is back, each node puts its
/// records again, so a store may forget them all.
pub trait PresenceStore: Send + Sync + 'static {
    /// How long the people of a node stay listed when nothing is heard of it. All nodes should have the same.
    fn lease(&self) -> Duration;

    /// Stores a record in the place of the one with this key, and notifies all watches.
    fn put(&self, key: &str, value: Bytes) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Drops the record with this key, if there is one, and notifies all watches.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Yields a snapshot, which is all records, then [`PresenceUpdate::Current`], then each change as it happens, without a gap. The changes of one node come in
    /// the order in which it made them. The stream ends when changes may have been missed.
    fn watch(&self) -> impl Future<Output = Result<PresenceWatch, StoreError>> + Send;
}

/// What [`PresenceStore::watch`] yields. It may be slow to read; what waits for it has to be bounded.
pub type PresenceWatch = Pin<Box<dyn Stream<Item = PresenceUpdate> + Send>>;

/// What a [watch](PresenceStore::watch) yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceUpdate {
    /// A record, put now or before.
    Put {
        /// Its key.
        key: String,
        /// Its value.
        value: Bytes,
        /// How long ago it was put: by one clock for all records, such as the broker's.
        age: Duration,
    },
    /// A record that was dropped.
    Delete {
        /// Its key.
        key: String,
    },
    /// All records that there were have been yielded.
    Current,
}

pub(super) type Boxed<'a, V> = Pin<Box<dyn Future<Output = Result<V, StoreError>> + Send + 'a>>;

/// A [`PresenceStore`] of any type.
pub(super) trait AnyStore: Send + Sync {
    fn put<'a>(&'a self, key: &'a str, value: Bytes) -> Boxed<'a, ()>;
    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, ()>;
    fn watch(&self) -> Boxed<'_, PresenceWatch>;
}

impl<S: PresenceStore> AnyStore for S {
    fn put<'a>(&'a self, key: &'a str, value: Bytes) -> Boxed<'a, ()> {
        Box::pin(PresenceStore::put(self, key, value))
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, ()> {
        Box::pin(PresenceStore::delete(self, key))
    }

    fn watch(&self) -> Boxed<'_, PresenceWatch> {
        Box::pin(PresenceStore::watch(self))
    }
}
