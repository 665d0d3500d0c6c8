//! Sessions in a bucket of `JetStream`'s key-value store.
//!
//! | key | value |
//! |---|---|
//! | `s.<id>` | the record of a session, as JSON |
//! | `u.<hash of the user>.<id>` | nothing: it says that the user has a session with this id |
//!
//! The second is written before the first, at each change, so it is there for as long as the first. It may be there without the
//! first, so the record decides. Keys are purged, not deleted: a deleted key of `JetStream` keeps a message that says so.

use std::collections::BTreeSet;
use std::fmt;
use std::fmt::Write;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use async_nats::jetstream::context::{CreateStreamError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, DiscardPolicy, LastRawMessageErrorKind, Stream};
use async_nats::jetstream::{self, Context};
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stario::{SessionFilter, SessionId, SessionRecord, SessionStore, StoreError};

use crate::connection::Nats;

/// How long a bucket keeps what is not used, unless it says otherwise: 30 days.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// For how long the server remembers ids of messages, which sessions do not have; its own default.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// The store of sessions that [`Nats::sessions`] opens, when it is awaited.
#[must_use = "a bucket is opened when it is awaited"]
pub struct SessionBucket {
    nats: Nats,
    name: String,
    max_age: Duration,
    replicas: usize,
}

impl SessionBucket {
    /// Sets how long a session is kept that is not used; 30 days unless set. Let it be at least the
    /// [`idle_timeout`](stario::Sessions::idle_timeout), which is 7 days unless set: what is dropped earlier has ended.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets on how many servers of a cluster the bucket is kept; 1 unless set.
    pub fn replicas(mut self, servers: usize) -> Self {
        self.replicas = servers;
        self
    }

    async fn open(self) -> Result<NatsSessions, BucketError> {
        let Self { nats, name, max_age, replicas } = self;
        let config = Config {
            // What makes a stream a bucket of the key-value store. Without direct reads each server asks the leader, so that a session which has
            // ended has ended everywhere.
            name: format!("KV_{name}"),
            subjects: vec![format!("$KV.{name}.>")],
            max_messages_per_subject: 1,
            discard: DiscardPolicy::New,
            allow_rollup: true,
            max_age,
            // It must not be longer than the age.
            duplicate_window: max_age.min(DUPLICATE_WINDOW),
            num_replicas: replicas,
            ..Config::default()
        };
        let failed = |source| BucketError { bucket: name.clone(), source };
        let context = jetstream::new(nats.client().clone());
        let mut stream = context.get_or_create_stream(config.clone()).await.map_err(failed)?;
        let found = &stream.cached_info().config;
        if (found.max_age, found.num_replicas) != (max_age, replicas) {
            let duplicate_window = config.duplicate_window;
            let config = Config { max_age, duplicate_window, num_replicas: replicas, ..found.clone() };
            context.update_stream(&config).await.map_err(failed)?;
            stream = context.get_or_create_stream(config).await.map_err(failed)?;
        }
        Ok(NatsSessions { context, stream, prefix: format!("$KV.{name}.") })
    }
}

impl IntoFuture for SessionBucket {
    type Output = Result<NatsSessions, BucketError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.open())
    }
}

impl Nats {
    /// Opens a store of sessions, for [`Sessions::new`](stario::Sessions::new): a bucket of the key-value store of `JetStream`, which is made
    /// if it is not there. All processes that open it have the same sessions, and these outlive them.
    ///
    /// ```no_run
    /// use stario::prelude::*;
    /// use stario::Sessions;
    ///
    /// #[derive(serde::Serialize, serde::Deserialize, Default)]
    /// struct Cart {
    ///     items: Vec<u32>,
    /// }
    ///
    /// # stario::app!();
    /// # #[app::query("/")]
    /// # async fn home() {}
    /// # async fn serve() -> stario::Result {
    /// let nats = stario_nats::connect("nats://localhost:4222").await?;
    /// let sessions = Sessions::<Cart>::new(nats.sessions("sessions").await?);
    /// app::new().state(sessions).serve().await
    /// # }
    /// # fn main() {}
    /// ```
    ///
    /// The name has letters, digits, `-` and `_`. The server needs `JetStream` (`nats-server -js`), version 2.9 or later. A change of a session is two
    /// requests to it, and three if a user has logged in; to find all sessions of a user is one, and one for each of them.
    ///
    /// A session is stored in the memory of the server's system when a handler goes on, and written to its disk later: it survives the end of
    /// both processes, not a loss of power.
    pub fn sessions(&self, bucket: impl Into<String>) -> SessionBucket {
        SessionBucket { nats: self.clone(), name: bucket.into(), max_age: MAX_AGE, replicas: 1 }
    }
}

/// A bucket for sessions cannot be opened.
#[derive(Debug)]
pub struct BucketError {
    bucket: String,
    source: CreateStreamError,
}

impl fmt::Display for BucketError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the bucket {:?} of JetStream cannot be opened", self.bucket)
    }
}

impl std::error::Error for BucketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// A store of sessions in a bucket of `JetStream`, made by [`Nats::sessions`].
#[derive(Clone)]
pub struct NatsSessions {
    context: Context,
    stream: Stream,
    /// Before each key.
    prefix: String,
}

/// A record, as it is stored under its id.
#[derive(Serialize, Deserialize)]
struct Stored {
    user: Option<String>,
    data: String,
    created: i64,
    used: i64,
    expires: i64,
    version: i64,
}

impl Stored {
    fn of(record: &SessionRecord) -> Self {
        let SessionRecord { user, data, created, used, expires, version, .. } = record.clone();
        Self { user, data, created, used, expires, version }
    }

    fn with_id(self, id: SessionId) -> SessionRecord {
        let Self { user, data, created, used, expires, version } = self;
        SessionRecord { id, user, data, created, used, expires, version }
    }
}

impl NatsSessions {
    fn record_key(&self, id: &SessionId) -> String {
        format!("{}s.{id}", self.prefix)
    }

    /// The beginning of the keys that name a user's sessions. A hash, because users may be named by any text.
    fn user_prefix(&self, user: &str) -> String {
        let mut prefix = format!("{}u.", self.prefix);
        for byte in Sha256::digest(user) {
            // An error: writing to a `String` has none.
            write!(prefix, "{byte:02x}").ok();
        }
        prefix.push('.');
        prefix
    }

    fn user_key(&self, user: &str, id: &SessionId) -> String {
        format!("{}{id}", self.user_prefix(user))
    }

    /// The record with this id, and its revision in the bucket.
    async fn read(&self, id: &SessionId) -> Result<Option<(SessionRecord, u64)>, StoreError> {
        let message = match self.stream.get_last_raw_message_by_subject(&self.record_key(id)).await {
            Ok(message) => message,
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let stored: Stored = serde_json::from_slice(&message.payload)?;
        Ok(Some((stored.with_id(*id), message.sequence)))
    }

    /// The sessions of a user.
    async fn of_user(&self, user: &str) -> Result<Vec<SessionRecord>, StoreError> {
        let prefix = self.user_prefix(user);
        let keys = self.stream.info_with_subjects(format!("{prefix}*")).await?;
        // A server may name one twice.
        let keys: BTreeSet<String> = keys.map_ok(|(key, _)| key).try_collect().await?;
        let ids = keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.parse::<SessionId>().ok());
        let found = try_join_all(ids.map(|id| async move { self.read(&id).await })).await?;
        let records = found.into_iter().flatten().map(|(record, _)| record);
        Ok(records.filter(|record| record.user.as_deref() == Some(user)).collect())
    }

    /// Removes a session. Returns whether it was there.
    async fn remove(&self, record: &SessionRecord) -> Result<bool, StoreError> {
        let removed = self.stream.purge().filter(self.record_key(&record.id)).await?;
        if let Some(user) = &record.user {
            self.stream.purge().filter(self.user_key(user, &record.id)).await?;
        }
        Ok(removed.purged > 0)
    }
}

impl SessionStore for NatsSessions {
    async fn load(&self, which: &SessionFilter) -> Result<Vec<SessionRecord>, StoreError> {
        match which {
            SessionFilter::Id(id) => Ok(self.read(id).await?.into_iter().map(|(record, _)| record).collect()),
            SessionFilter::User(user) => self.of_user(user).await,
        }
    }

    async fn save(&self, record: &SessionRecord) -> Result<bool, StoreError> {
        let revision = if record.version > 1 {
            match self.read(&record.id).await? {
                Some((stored, revision)) if stored.version == record.version - 1 => revision,
                _ => return Ok(false),
            }
        } else {
            0
        };
        if let Some(user) = &record.user {
            self.context.publish(self.user_key(user, &record.id), Bytes::new()).await?.await?;
        }
        let message = PublishMessage::build()
            .payload(serde_json::to_vec(&Stored::of(record))?.into())
            .expected_last_subject_sequence(revision);
        let saved =
            self.context.send_publish(self.record_key(&record.id), message).await?.into_future().await;
        match saved {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    async fn delete(&self, which: &SessionFilter) -> Result<u64, StoreError> {
        let records = self.load(which).await?;
        let removed = try_join_all(records.iter().map(|record| self.remove(record))).await?;
        Ok(removed.into_iter().filter(|was_there| *was_there).count() as u64)
    }
}

impl fmt::Debug for NatsSessions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NatsSessions").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}
