//! The task that sends: it empties the queue while there is a connection, and announces the newest value when the queue was empty for
//! a while.

use std::time::Duration;

use async_nats::{PublishError, Subject};
use bytes::Bytes;
use stario::relay::Stamp;
use tokio::time::{Instant, sleep_until};

use super::{Context, headers, history};
use crate::connection::TICK;
use crate::queue::Item;
use crate::subject;

/// After how many bytes the task waits until the client library has written them: it bounds what waits there in messages alone.
const FLUSH_BYTES: usize = 256 * 1024;

/// How long nothing is published before the newest value is announced.
const SILENCE: Duration = Duration::from_secs(1);

/// How often it is announced in the long run, for those that have missed the first announcement.
const REPETITION: Duration = Duration::from_secs(30);

pub(super) async fn run(context: Context) {
    let newest = format!("{}{}", context.prefix, subject::NEWEST);
    let mut sender = Sender { context, newest: newest.into(), unflushed: 0 };
    let mut announce_at = Instant::now() + REPETITION;
    loop {
        sender.connected().await;
        if let Some(item) = sender.context.status.queue.pop() {
            if matches!(item, Item::Value { .. }) {
                announce_at = Instant::now() + SILENCE;
            }
            sender.send(item).await;
            continue;
        }
        if sender.context.status.queue.take_refused() {
            // Others find what was refused by its number, and nothing may be published after it.
            announce_at = announce_at.min(Instant::now() + SILENCE);
        }
        tokio::select! {
            () = sender.context.status.queue.filled() => {}
            () = sleep_until(announce_at) => {
                announce_at = Instant::now() + REPETITION;
                let Some(newest) = sender.context.inbox.newest() else { return };
                // What has a number is in the queue or was refused. If the queue is empty now, all values up to this one were sent, or
                // never will be.
                if newest.number > 0 && sender.context.status.queue.is_empty() {
                    sender.send(Item::Announcement(newest)).await;
                }
            }
        }
    }
}

struct Sender {
    context: Context,
    /// Where the newest value is announced.
    newest: Subject,
    /// How many bytes were handed to the client library since it has written all.
    unflushed: usize,
}

impl Sender {
    /// Waits until there is a connection: without one the queue keeps what is published, and bounds it.
    async fn connected(&self) {
        if self.context.nats.is_connected() {
            return;
        }
        let mut changes = self.context.nats.changes().watch();
        while !self.context.nats.is_connected() {
            // Fails when no change comes, which does not matter.
            drop(tokio::time::timeout(TICK, changes.changed()).await);
        }
    }

    async fn send(&mut self, item: Item) {
        let sent = match item {
            Item::Value { subject, headers, payload } => {
                self.unflushed += subject.len() + payload.len();
                self.context.figures.sent();
                self.context.nats.client().publish_with_headers(subject, headers, payload).await
            }
            Item::Announcement(newest) => self.announce(newest).await,
            Item::Answer(subject) => self.context.nats.client().publish(subject, Bytes::new()).await,
            Item::History(address, kept) => {
                self.unflushed += kept.packets.iter().map(|packet| packet.payload.len()).sum::<usize>();
                history::answer(self.context.nats.client(), &address, kept).await
            }
            Item::Flush(sent) => {
                self.flush().await;
                // An error: nobody waits any more.
                sent.send(()).ok();
                Ok(())
            }
        };
        if let Err(error) = sent {
            // The server may take less than before.
            tracing::error!(relay = self.context.status.name, %error, "a value is not sent to other processes");
            self.context.figures.unsent();
            self.context.status.queue.refuse();
        }
        if self.unflushed >= FLUSH_BYTES {
            self.flush().await;
        }
    }

    async fn announce(&self, newest: Stamp) -> Result<(), PublishError> {
        let client = self.context.nats.client();
        client.publish_with_headers(self.newest.clone(), headers(newest), Bytes::new()).await
    }

    async fn flush(&mut self) {
        if let Err(error) = self.context.nats.client().flush().await {
            tracing::error!(relay = self.context.status.name, %error, "the connection to NATS has ended");
        }
        self.unflushed = 0;
    }
}
