//! Who is here, shared by the processes of an app: a bucket of JetStream's key-value store, in the memory of the broker.
//!
//! What `stario` does with it, such as the leases, is in its `presence` module. What is NATS's own:
//!
//! - The bucket is made by hand, as a stream: servers before 2.10 answer the client's own call with what it does not understand.
//! - A record is dropped by the broker after twelve leases, without a notification.
//! - A watch ends when the connection was lost. The client would continue behind the last number that it saw, but a
//!   broker that was started again counts from one.

use std::fmt::{self, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use async_nats::Client;
use async_nats::jetstream::kv::{Entry, Operation, Store};
use async_nats::jetstream::stream::{Config, StorageType};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use stario::StoreError;
use stario::presence::{PresenceStore, PresenceUpdate, PresenceWatch};
use tokio::sync::Mutex;

use crate::Nats;

/// The lease of a node, unless the app sets one.
const LEASE: Duration = Duration::from_secs(10);

/// How many leases a record is kept: as many as `stario` asks for, and two more.
const LEASES_KEPT: u32 = 12;

/// How often it is looked whether the connection was lost meanwhile.
const CONNECTION_CHECK: Duration = Duration::from_millis(200);

impl Nats {
    /// A store of who is here, which the processes of an app share: for [`Presence::over`](stario::Presence::over). `name` distinguishes it from others at the same server.
    ///
    /// Needs a server with JetStream (`nats-server -js`), from 2.9 on. Everything is kept in the server's memory, in the bucket
    /// `presence_` and the name, which is made when it is used first; every program that uses the same bucket can read the values.
    ///
    /// ```no_run
    /// use stario::prelude::*;
    ///
    /// #[derive(PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct Visitor {
    ///     name: String,
    /// }
    ///
    /// stario::app!();
    ///
    /// #[tokio::main]
    /// async fn main() -> stario::Result {
    ///     let nats = stario_nats::connect("nats://localhost:4222").await?;
    ///     app::new().state(Presence::<Visitor>::over(nats.presence("shop"))).serve().await
    /// }
    /// ```
    pub fn presence(&self, name: impl AsRef<str>) -> NatsPresence {
        NatsPresence {
            client: self.client().clone(),
            bucket: bucket(name.as_ref()),
            lease: LEASE,
            replicas: 1,
            opened: Mutex::default(),
        }
    }
}

/// A [`PresenceStore`] in NATS; made by [`Nats::presence`].
pub struct NatsPresence {
    client: Client,
    bucket: String,
    lease: Duration,
    replicas: usize,
    /// The bucket, once it is known to be there.
    opened: Mutex<Option<Store>>,
}

impl NatsPresence {
    /// Sets how long the people of a process that has died stay listed; 10 seconds unless set, and at least one. All processes should have the same.
    ///
    /// Each process writes to NATS three times in this time, and the record of each person every three leases.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time.max(Duration::from_secs(1));
        self
    }

    /// Sets on how many servers of a cluster the bucket is kept; 1 unless set. With one, a server that is away takes all people of other
    /// processes with it until it is back.
    #[must_use]
    pub fn replicas(mut self, servers: usize) -> Self {
        self.replicas = servers;
        self
    }

    /// The bucket, which is made if there is none.
    async fn open(&self) -> Result<Store, StoreError> {
        let mut opened = self.opened.lock().await;
        if let Some(store) = &*opened {
            return Ok(store.clone());
        }
        let jetstream = async_nats::jetstream::new(self.client.clone());
        let config = self.config();
        let stream = jetstream.get_or_create_stream(config.clone()).await?;
        let found = &stream.cached_info().config;
        // A process with a longer lease may have made it.
        let max_age = found.max_age.max(config.max_age);
        if (found.max_age, found.num_replicas) != (max_age, self.replicas) {
            let changed = Config { max_age, num_replicas: self.replicas, ..found.clone() };
            jetstream.update_stream(changed).await?;
        }
        let store = jetstream.get_key_value(&self.bucket).await?;
        *opened = Some(store.clone());
        Ok(store)
    }

    fn config(&self) -> Config {
        let max_age = self.lease * LEASES_KEPT;
        Config {
            name: format!("KV_{}", self.bucket),
            subjects: vec![format!("$KV.{}.>", self.bucket)],
            max_messages_per_subject: 1,
            max_age,
            // The server refuses one that is longer than the age.
            duplicate_window: max_age.min(Duration::from_secs(120)),
            storage: StorageType::Memory,
            num_replicas: self.replicas,
            allow_rollup: true,
            allow_direct: true,
            ..Config::default()
        }
    }

    /// What a call came to. After a failure the bucket is looked for again: the broker may have lost it.
    async fn check<V, E: Into<StoreError>>(&self, outcome: Result<V, E>) -> Result<V, StoreError> {
        if outcome.is_err() {
            *self.opened.lock().await = None;
        }
        outcome.map_err(Into::into)
    }
}

impl PresenceStore for NatsPresence {
    fn lease(&self) -> Duration {
        self.lease
    }

    async fn put(&self, key: &str, value: Bytes) -> Result<(), StoreError> {
        let store = self.open().await?;
        self.check(store.put(key, value).await).await.map(drop)
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let store = self.open().await?;
        self.check(store.delete(key).await).await
    }

    async fn watch(&self) -> Result<PresenceWatch, StoreError> {
        // Before the watch begins: a connection that is lost meanwhile ends it.
        let connection = Connection::new(&self.client);
        let store = self.open().await?;
        let entries = self.check(store.watch_with_history(">").await).await?;
        let entries = stream::unfold((entries, connection), |(mut entries, mut connection)| async {
            let entry = tokio::select! {
                entry = entries.next() => entry?.ok()?,
                () = connection.lost() => return None,
            };
            Some((entry, (entries, connection)))
        });
        Ok(Box::pin(entries.flat_map({
            let mut reader = Reader::default();
            move |entry| stream::iter(reader.read(entry))
        })))
    }
}

impl fmt::Debug for NatsPresence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NatsPresence")
            .field("bucket", &self.bucket)
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

/// Knows whether the connection was lost since this was made.
struct Connection {
    client: Client,
    connects: u64,
    check: tokio::time::Interval,
}

impl Connection {
    fn new(client: &Client) -> Self {
        let mut check = tokio::time::interval(CONNECTION_CHECK);
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self { client: client.clone(), connects: connects(client), check }
    }

    /// Waits until there is a new connection in the place of the one that was lost.
    async fn lost(&mut self) {
        while connects(&self.client) == self.connects {
            self.check.tick().await;
        }
    }
}

fn connects(client: &Client) -> u64 {
    client.statistics().connects.load(Ordering::Relaxed)
}

/// Reads the entries of a watch: first those that the bucket has, which wait until all of them are there, because the newest tells how old the
/// others are, by the broker's clock.
#[derive(Default)]
struct Reader {
    waiting: Vec<Entry>,
    newest: Option<SystemTime>,
    is_current: bool,
}

impl Reader {
    fn read(&mut self, entry: Entry) -> Vec<PresenceUpdate> {
        let created = SystemTime::from(entry.created);
        self.newest = Some(self.newest.map_or(created, |newest| newest.max(created)));
        if self.is_current {
            return vec![self.update(entry)];
        }
        let is_last = entry.delta == 0;
        self.waiting.push(entry);
        if !is_last {
            return Vec::new();
        }
        self.is_current = true;
        let waiting = std::mem::take(&mut self.waiting);
        let updates = waiting.into_iter().map(|entry| self.update(entry));
        updates.chain([PresenceUpdate::Current]).collect()
    }

    fn update(&self, entry: Entry) -> PresenceUpdate {
        let Entry { key, value, operation, created, .. } = entry;
        match operation {
            Operation::Put => {
                let age = self.newest.and_then(|newest| newest.duration_since(created.into()).ok());
                PresenceUpdate::Put { key, value, age: age.unwrap_or_default() }
            }
            Operation::Delete | Operation::Purge => PresenceUpdate::Delete { key },
        }
    }
}

/// The bucket of a name: letters, digits and `-`, and all other bytes as `_` and two hexadecimal digits.
fn bucket(name: &str) -> String {
    let mut bucket = "presence_".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            bucket.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(bucket, "_{byte:02X}");
        }
    }
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_bucket_of_its_own() {
        assert_eq!(bucket("shop"), "presence_shop");
        assert_eq!(bucket("my shop.2_é"), "presence_my_20shop_2E2_5F_C3_A9");
    }
}
