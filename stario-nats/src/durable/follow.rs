//! Keeps the index of a process: follows the stream, and reads it anew after each new connection, because a broker that was started again
//! may have lost what it said last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::push::OrderedConfig;
use async_nats::jetstream::message::Message;
use async_nats::jetstream::stream::Stream;
use futures_util::StreamExt as _;
use stario::StoreError;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

use super::index::{Index, Written};
use super::wire::{Kind, Subjects, read, read_state, unsent_bytes};
use crate::connection::{Nats, TICK};

/// How long nothing may arrive that a call waits for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The pause after a failure.
const PAUSE: Duration = Duration::from_millis(100);

/// The index of a process, and how far it is.
pub(super) struct Followed {
    index: Mutex<Index>,
    progress: watch::Sender<Progress>,
    /// Tells that another process has written something by which a command may run now.
    pub(super) news: Notify,
    process: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// The connection by which the index is current, as a count of connections; `None` while it is read.
    connection: Option<u64>,
    /// The sequence up to which the index knows the stream, or has read it.
    applied: u64,
}

impl Followed {
    pub(super) fn new(process: u64) -> Self {
        Self { index: Mutex::default(), progress: watch::Sender::default(), news: Notify::new(), process }
    }

    pub(super) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the index knows the stream up to this sequence.
    pub(super) async fn reached(&self, nats: &Nats, sequence: u64) -> Result<(), StoreError> {
        let mut progress = self.progress.subscribe();
        loop {
            let Progress { connection, applied } = *progress.borrow_and_update();
            if connection == Some(nats.connects()) && applied >= sequence {
                return Ok(());
            }
            if !matches!(timeout(PATIENCE, progress.changed()).await, Ok(Ok(()))) {
                return Err("the stream of durable commands cannot be followed".into());
            }
        }
    }

    /// Follows the stream for ever.
    pub(super) async fn follow(self: Arc<Self>, nats: Nats, stream: Stream, subjects: Subjects) {
        loop {
            if let Err(error) = self.follow_once(&nats, &stream, &subjects).await
                && nats.is_connected()
            {
                tracing::warn!(%error, "the stream of durable commands is read again");
            }
            self.progress.send_modify(|progress| progress.connection = None);
            sleep(PAUSE).await;
        }
    }

    /// Reads the stream and follows it, until there is another connection.
    async fn follow_once(&self, nats: &Nats, stream: &Stream, subjects: &Subjects) -> Result<(), StoreError> {
        let connection = nats.connects();
        let state = stream.get_info().await?.state;
        let config = OrderedConfig {
            deliver_subject: nats.client().new_inbox(),
            headers_only: true,
            ..OrderedConfig::default()
        };
        let mut messages = stream.create_consumer(config).await?.messages().await?;

        let mut index = Index::default();
        let mut applied = state.last_sequence;
        let mut is_read = state.messages == 0;
        while !is_read {
            let message =
                timeout(PATIENCE, messages.next()).await?.ok_or("the server ends the consumer")??;
            if nats.connects() != connection {
                return Ok(());
            }
            let (sequence, pending) = place(&message)?;
            self.apply(&mut index, sequence, &message, subjects);
            applied = applied.max(sequence);
            // What was written last may have been deleted.
            is_read = pending == 0 || sequence >= state.last_sequence;
            self.progress.send_modify(|progress| progress.applied = sequence);
        }
        index.keep_ages(&self.index());
        *self.index() = index;
        self.progress.send_replace(Progress { connection: Some(connection), applied });

        let mut tick = tokio::time::interval(TICK);
        loop {
            let message = tokio::select! {
                message = messages.next() => message.ok_or("the server ends the consumer")??,
                _ = tick.tick() => {
                    if nats.connects() != connection {
                        return Ok(());
                    }
                    continue;
                }
            };
            if nats.connects() != connection {
                return Ok(());
            }
            let (sequence, _) = place(&message)?;
            self.apply(&mut self.index(), sequence, &message, subjects);
            self.progress.send_modify(|progress| progress.applied = progress.applied.max(sequence));
        }
    }

    /// Applies a message. One that is not of this store is left out.
    fn apply(&self, index: &mut Index, sequence: u64, message: &Message, subjects: &Subjects) {
        match written(message, subjects) {
            Ok(written) => {
                if index.is_news(&written, self.process) {
                    self.news.notify_one();
                }
                index.apply(sequence, written);
            }
            Err(error) => {
                tracing::error!(subject = %message.subject, sequence, %error, "a message in the stream of durable commands cannot be read");
            }
        }
    }
}

/// The sequence of a message, and how many wait behind it.
fn place(message: &Message) -> Result<(u64, u64), StoreError> {
    let info = message.info()?;
    Ok((info.stream_sequence, info.pending))
}

fn written(message: &Message, subjects: &Subjects) -> Result<Written, StoreError> {
    let headers = message.headers.as_ref().ok_or("it has no headers")?;
    match subjects.kind(&message.subject).ok_or("its subject is none of this store")? {
        Kind::Command => Ok(Written::Command(read(headers)?, unsent_bytes(headers))),
        Kind::State(id) => Ok(Written::State(id, read_state(headers)?)),
        Kind::Lane => Ok(Written::Lane(read(headers)?)),
    }
}
