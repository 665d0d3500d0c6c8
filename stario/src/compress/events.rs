//! The compression of one event stream: events that other streams send, too, as the blocks that those have compressed, and
//! between them, in blocks of their own, what is for this stream alone.
//!
//! ```text
//!                 the second own piece; behind an event of a relay, after OWN_ALONE of them in a row
//!  without an encoder ------------------------------------------------> with one of its own: its
//!  (see `run`)        <------------------------------------------------ window holds what it has sent
//!                 an event of a relay
//! ```
//!
//! So a stream that has sent one event, the state of its page, and waits for those of a relay, holds no encoder.

use std::io;

use smallvec::SmallVec;

use super::ContentCoding;
use super::blocks::{BlockOutput, Checksum};
use super::encoder::{self, Encoder};
use super::run::{PING, RunReader};
use super::settings::Effort;
use super::shared::{SharedEvent, SubscriptionGroup};

/// The most bytes that are sent as they are, because no block of their own would be shorter.
const STORED_BYTES: usize = 48;

/// How many pieces of its own a stream sends alone behind a shared event, before it has an encoder for them until the next
/// shared one; and how many at its beginning.
const OWN_ALONE: u32 = 8;
const FIRST_ALONE: u32 = 1;

/// The most runs that one stream takes part in, of several relays or subscriptions. With more, it leaves the one that was
/// silent for the longest time.
const MAX_RUNS_PER_STREAM: usize = 4;

/// Compresses one event stream in zstd or gzip.
pub(super) struct EventEncoder {
    coding: ContentCoding,
    effort: Effort,
    output: BlockOutput,
    /// Its window holds what is for this stream alone since it was made.
    own: Option<Encoder>,
    /// How many pieces of its own the stream still sends alone.
    own_alone: u32,
    /// The runs that it takes part in, by their groups. The one that was used last is at the end.
    readers: SmallVec<[(SubscriptionGroup, RunReader); 1]>,
}

impl EventEncoder {
    pub(super) fn new(coding: ContentCoding, effort: Effort) -> Self {
        let output = BlockOutput::new(coding);
        Self { coding, effort, output, own: None, own_alone: FIRST_ALONE, readers: SmallVec::new() }
    }

    /// Adds bytes that are for this stream alone.
    pub(super) fn add_own(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.output.begin();
        self.output.note(|| Checksum::of(bytes));
        if self.own.is_none() {
            if let Some((_, reader)) = self.readers.last_mut()
                && reader.send_own(bytes, &mut self.output)?
            {
                return Ok(());
            }
            if self.own_alone > 0 {
                self.own_alone -= 1;
                if bytes.len() <= STORED_BYTES {
                    self.output.store(bytes);
                } else {
                    self.output.begin_sequence();
                    self.output.push(encoder::encode_alone(bytes, self.coding, self.effort)?);
                }
                return Ok(());
            }
        }
        self.encode_own(bytes)
    }

    /// Adds a comment that breaks a silence.
    pub(super) fn add_ping(&mut self) -> io::Result<()> {
        if let Some((_, reader)) = self.readers.last_mut()
            && reader.send_ping(&mut self.output)?
        {
            return Ok(());
        }
        self.output.begin();
        self.output.note(|| Checksum::of(PING));
        match self.own {
            Some(_) => self.encode_own(PING),
            None => {
                self.step_out();
                self.output.store(PING);
                Ok(())
            }
        }
    }

    /// Adds an event that other streams may send, too.
    pub(super) fn add_shared(&mut self, event: &SharedEvent) -> io::Result<()> {
        self.output.begin();
        if event.is_uncompressed() {
            self.step_out();
            self.own = None;
            self.output.note(|| event.checksum());
            self.output.store(event.bytes());
            return Ok(());
        }
        if !self.find_reader(event) {
            self.output.note(|| event.checksum());
            self.step_out();
            return self.encode_own(event.bytes());
        }
        self.own = None;
        self.own_alone = OWN_ALONE;
        let Some(((_, reader), others)) = self.readers.split_last_mut() else { return Ok(()) };
        for (_, other) in others {
            other.step_out();
        }
        let (bytes, number) = (event.bytes(), event.sequence().number);
        let is_sent = reader.send(event.id(), number, bytes, &mut self.output)?;
        if !is_sent {
            self.output.begin_sequence();
            self.output.push(event.alone(self.coding, self.effort)?);
        }
        self.output.note(|| event.checksum());
        Ok(())
    }

    /// Makes the reader of the event's run the last. There is none if the relay has as many runs as it may have.
    fn find_reader(&mut self, event: &SharedEvent) -> bool {
        if self.readers.last().is_some_and(|(group, _)| event.is_of(group)) {
            return true;
        }
        let reader = match self.readers.iter().position(|(group, _)| event.is_of(group)) {
            Some(index) => self.readers.remove(index),
            None => match event.reader(self.coding, self.effort) {
                Some(reader) => reader,
                None => return false,
            },
        };
        if self.readers.len() == MAX_RUNS_PER_STREAM {
            let (_, mut silent) = self.readers.remove(0);
            silent.step_out();
        }
        self.readers.push(reader);
        true
    }

    /// Compresses bytes for this stream alone, with what it has sent before as their history.
    fn encode_own(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.own.is_none() {
            self.output.begin_sequence();
        }
        let own = self.own.get_or_insert_with(|| Encoder::of_blocks(self.coding, self.effort));
        let output = self.output.joined();
        own.encode(bytes, output)?;
        own.flush(output)
    }

    /// Leaves the run whose blocks were sent last.
    fn step_out(&mut self) {
        for (_, reader) in &mut self.readers {
            reader.step_out();
        }
    }

    /// Adds the end of the body. Nothing may follow.
    pub(super) fn finish(&mut self) {
        self.readers.clear();
        self.own = None;
        self.output.finish();
    }

    /// How many bytes wait to be sent.
    pub(super) fn len(&self) -> usize {
        self.output.len()
    }

    /// The bytes that were made since the last call.
    pub(super) fn take(&mut self) -> bytes::Bytes {
        self.output.take()
    }
}

#[cfg(test)]
mod tests;
