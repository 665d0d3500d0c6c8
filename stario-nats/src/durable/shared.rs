//! What the calls of a store share: conditional writes, reads and deletions, and the index that they wait for.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishErrorKind;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{
    DeleteMessageErrorKind, DirectGetErrorKind, LastRawMessageErrorKind, RawMessageErrorKind, Stream,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use stario::StoreError;
use stario::durable::{CommandId, NewCommand};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::follow::Followed;
use super::index::{Entry, Index};
use super::wire::{self, CommandHead, State, Subjects};
use crate::connection::Nats;

/// How often a call begins again because another process was faster.
pub(super) const ROUNDS: usize = 50;

/// How many commands one call claims or deletes at the same time.
pub(super) const AT_ONCE: usize = 64;

/// How long a call that may be repeated waits for a new connection.
const RECONNECT: Duration = Duration::from_secs(2);

/// How long tombstones are kept: longer than another process takes to read them, and the server to write to its disk what was deleted before.
const TOMBSTONE_AGE: Duration = Duration::from_secs(300);

pub(super) struct Shared {
    pub(super) nats: Nats,
    context: Context,
    stream: Stream,
    pub(super) subjects: Subjects,
    followed: Arc<Followed>,
    follower: JoinHandle<()>,
    /// Tells the claims of this process from those of others.
    pub(super) process: u64,
    /// The calls of one process do not compete with each other.
    pub(super) claiming: tokio::sync::Mutex<()>,
    /// Claims that this process has written while the connection was lost, so that it does not know whether they are stored: the command and
    /// the number of its claim, with the end of the lease.
    unanswered: Mutex<BTreeMap<(CommandId, u32), i64>>,
}

/// Waits for a new connection, so that a call that failed without one is made again.
pub(super) struct Patience<'a> {
    nats: &'a Nats,
    connection: u64,
    until: Instant,
}

impl Patience<'_> {
    /// Whether the call failed because the connection was lost, and there is another one soon.
    pub(super) async fn has_new_connection(&mut self) -> bool {
        let was_lost = !self.nats.is_connected() || self.nats.connects() != self.connection;
        if !was_lost || Instant::now() >= self.until {
            return false;
        }
        let is_connected = timeout_at(self.until, self.nats.connected()).await.is_ok();
        self.connection = self.nats.connects();
        is_connected
    }
}

/// What a conditional write came to.
pub(super) enum Put {
    Written,
    /// Another message came before.
    Late,
}

impl Shared {
    pub(super) fn new(nats: Nats, context: Context, stream: Stream, subjects: Subjects) -> Self {
        let process = RandomState::new().hash_one(std::process::id());
        let followed = Arc::new(Followed::new(process));
        let follow = Arc::clone(&followed).follow(nats.clone(), stream.clone(), subjects.clone());
        let follower = nats.runtime().spawn(follow);
        Self {
            nats,
            context,
            stream,
            subjects,
            followed,
            follower,
            process,
            claiming: tokio::sync::Mutex::default(),
            unanswered: Mutex::default(),
        }
    }

    /// The index. Whatever it says, it may be older than the stream.
    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.followed.index()
    }

    /// Waits until another process has written something by which a command may run now.
    pub(super) async fn news(&self) {
        self.followed.news.notified().await;
    }

    pub(super) fn unanswered(&self) -> MutexGuard<'_, BTreeMap<(CommandId, u32), i64>> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the index has all that was written before this call.
    pub(super) async fn catch_up(&self) -> Result<(), StoreError> {
        let last = self.while_connected(self.stream.get_info()).await??.state.last_sequence;
        self.followed.reached(&self.nats, last).await
    }

    /// For a call that may be repeated when the connection is lost.
    pub(super) fn patience(&self) -> Patience<'_> {
        Patience { nats: &self.nats, connection: self.nats.connects(), until: Instant::now() + RECONNECT }
    }

    /// What the future returns; an error if there is no connection, or it is lost first: then no answer comes.
    fn while_connected<F: Future>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<F::Output, StoreError>> + use<'_, F> {
        // The client's futures are large, and each call has several of them.
        let future = Box::pin(future);
        async move {
            let connection = self.nats.connects();
            if !self.nats.is_connected() {
                return Err("there is no connection to NATS".into());
            }
            tokio::select! {
                biased;
                output = future => Ok(output),
                () = self.nats.lost(connection) => Err("the connection to NATS was lost meanwhile".into()),
            }
        }
    }

    /// Writes a message if the last one of its subject has this sequence, 0 for none.
    pub(super) async fn put(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: Bytes,
        last: u64,
    ) -> Result<Put, StoreError> {
        let message = PublishMessage::build()
            .headers(headers)
            .payload(payload)
            .expected_last_subject_sequence(last)
            .expected_stream(&self.stream.cached_info().config.name);
        let written = async { self.context.send_publish(subject, message).await?.into_future().await };
        match self.while_connected(written).await? {
            Ok(_) => Ok(Put::Written),
            Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(Put::Late),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes where a command stands; `None` deletes it.
    pub(super) async fn put_state(
        &self,
        id: CommandId,
        state: Option<&State>,
        last: u64,
    ) -> Result<Put, StoreError> {
        self.put(self.subjects.state(id), wire::write_state(state)?, Bytes::new(), last).await
    }

    /// Changes the state of a command to what `next` says of it. Returns the entry before; `None` if `next` wants no change.
    pub(super) async fn change(
        &self,
        id: CommandId,
        next: impl Fn(&Entry) -> Option<Option<State>>,
    ) -> Result<Option<Entry>, StoreError> {
        let mut is_current = false;
        for _ in 0..ROUNDS {
            let change = self.index().entry(id).and_then(|entry| Some((entry.clone(), next(entry)?)));
            match change {
                Some((entry, state)) => match self.put_state(id, state.as_ref(), entry.revision).await? {
                    Put::Written => return Ok(Some(entry)),
                    Put::Late => {}
                },
                None if is_current => return Ok(None),
                None => {}
            }
            self.catch_up().await?;
            is_current = true;
        }
        Err("other processes change a durable command all the time".into())
    }

    /// Reads the message that stored a command; `None` if it is not there.
    pub(super) async fn read_command(
        &self,
        id: CommandId,
        position: u64,
    ) -> Result<Option<NewCommand>, StoreError> {
        let message = match self.while_connected(self.stream.direct_get(position)).await? {
            Ok(message) => message,
            // Another server of the cluster may have it already.
            Err(error) if error.kind() == DirectGetErrorKind::NotFound => {
                match self.while_connected(self.stream.get_raw_message(position)).await? {
                    Ok(message) => message,
                    Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(None),
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        };
        let head: CommandHead = wire::read(&message.headers)?;
        Ok((head.id == id).then(|| head.with_payload(message.payload)))
    }

    /// The command that is stored under this subject, and the sequence of its message.
    pub(super) async fn last_command(&self, subject: &str) -> Result<Option<(NewCommand, u64)>, StoreError> {
        match self.while_connected(self.stream.get_last_raw_message_by_subject(subject)).await? {
            Ok(message) => {
                let head: CommandHead = wire::read(&message.headers)?;
                Ok(Some((head.with_payload(message.payload), message.sequence)))
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a message. Returns once it is not there.
    async fn delete(&self, sequence: u64) -> Result<(), StoreError> {
        match self.while_connected(self.stream.delete_message(sequence)).await? {
            Ok(true) => return Ok(()),
            Err(error) if !matches!(error.kind(), DeleteMessageErrorKind::JetStream(_)) => {
                return Err(error.into());
            }
            Ok(false) | Err(_) => {}
        }
        // The server says the same of one that it cannot delete and of one that is not there.
        match self.while_connected(self.stream.get_raw_message(sequence)).await? {
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err("the server does not delete a message".into()),
        }
    }

    /// Deletes the message that had stored a command with a tombstone.
    pub(super) async fn delete_command(&self, id: CommandId, position: u64) -> Result<(), StoreError> {
        self.delete(position).await?;
        self.index().note_command_deleted(id, position);
        Ok(())
    }

    /// Deletes what is left of deleted commands.
    pub(super) async fn bury(&self) -> Result<(), StoreError> {
        let buried = self.index().buried(TOMBSTONE_AGE);
        let deleted = buried.into_iter().map(|(id, tombstone)| async move {
            match tombstone.position {
                Some(position) => self.delete_command(id, position).await,
                // The command is not in the stream, so it cannot come back without its tombstone.
                None => {
                    self.delete(tombstone.revision).await?;
                    self.index().note_gone(id, tombstone.revision);
                    Ok(())
                }
            }
        });
        let mut deleted = stream::iter(deleted).buffer_unordered(AT_ONCE);
        while let Some(outcome) = deleted.next().await {
            outcome?;
        }
        Ok(())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.follower.abort();
    }
}
