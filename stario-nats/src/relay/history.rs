//! The history that a process that starts asks the others for: the messages that were published before it was there.
//!
//! ```text
//! the new process                                   another process
//!
//! hears the announcements of others
//! `%.history`: which one is asked, and the  ------> exports what its relay has up to there
//!     earliest position that it has itself          |
//! imports it, and asks for what is earlier  <------ the newest values of all, by their numbers; values, the newest first; `%.end`
//! ```
//!
//! An answer has messages as they were published, at an inbox. Each process that was heard is asked, until the history is full, or nobody has
//! more, or the time is over, of which each has its share. What is published meanwhile is received as always.

use std::time::Duration;

use async_nats::{Client, Subject};
use bytes::Bytes;
use futures_util::StreamExt;
use stario::relay::{ExportedMessages, Inbox, Position, Stamp};
use tokio::time::{Instant, timeout_at};

use super::headers;
use super::incoming::Incoming;
use crate::subject;

/// About how many bytes of values an answer has.
pub(super) const ANSWER_BYTES: usize = 256 * 1024;

/// How long all answers may take, before the relay continues without the rest.
const ALL: Duration = Duration::from_secs(3);

/// Asks for what others keep, and gives it to the relay. `peers` are the others, by the names of their relays. Each of them has its share of the time
/// that is left for it and those after it.
pub(super) async fn import(client: Client, prefix: String, inbox: Inbox, peers: Vec<u64>) {
    let end = Instant::now() + ALL;
    let mut is_whole = true;
    for (position, peer) in peers.iter().copied().enumerate() {
        let left = u32::try_from(peers.len() - position).unwrap_or(u32::MAX);
        let until = Instant::now() + end.saturating_duration_since(Instant::now()) / left;
        let answered = async {
            while let Some(before) = inbox.earliest() {
                let Some(kept) = ask(&client, &prefix, peer, &before).await else { return false };
                if !inbox.import(kept) {
                    // It has no more.
                    break;
                }
            }
            true
        };
        is_whole &= timeout_at(until, answered).await.unwrap_or(false);
    }
    if !is_whole {
        tracing::warn!(
            relay = prefix,
            "the history of other processes is not taken over as a whole: one of them does not answer, or takes too long"
        );
    }
}

/// The answer of one of the others, if it comes as a whole.
async fn ask(client: &Client, prefix: &str, peer: u64, before: &Position) -> Option<ExportedMessages> {
    let address = client.new_inbox();
    let mut messages = client.subscribe(format!("{address}.>")).await.ok()?;
    let (subject, headers) =
        (format!("{prefix}{}", subject::HISTORY), headers(Stamp { epoch: peer, number: 0 }));
    let before = before.to_string().into();
    client.publish_with_reply_and_headers(subject, address.clone(), headers, before).await.ok()?;
    let prefix = format!("{address}.");
    let mut kept = ExportedMessages::default();
    loop {
        let message = messages.next().await?;
        match Incoming::read(message, &prefix)? {
            Incoming::Newest(stamp) => kept.newest.push(stamp),
            Incoming::Value(packet) => kept.packets.push(packet),
            Incoming::End => return Some(kept),
            _ => return None,
        }
    }
}

/// Answers at the address: what the relay keeps, as messages.
pub(super) async fn answer(
    client: &Client,
    address: &Subject,
    kept: ExportedMessages,
) -> Result<(), async_nats::PublishError> {
    let announced = format!("{address}.{}", subject::NEWEST);
    for stamp in kept.newest {
        client.publish_with_headers(announced.clone(), headers(stamp), Bytes::new()).await?;
    }
    for packet in kept.packets {
        let mut full = format!("{address}.");
        subject::write(&packet.subject, &mut full);
        client.publish_with_headers(full, headers(packet.stamp), packet.payload).await?;
    }
    client.publish(format!("{address}.{}", subject::END), Bytes::new()).await
}
