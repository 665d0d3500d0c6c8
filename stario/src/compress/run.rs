//! Blocks that refer to each other, and are sent by all streams that send the same events in the same order.
//!
//! A run is such a sequence. The first stream that sends the next event compresses it, and the block is for all. It refers to
//! what was sent since the last *key block*, which refers to nothing. A stream is *in step* from a key block that it sends
//! for as long as it sends all blocks that follow, and nothing else:
//!
//! ```text
//!                     a key block                    any other block
//!   out of step -----------------------> in step --------------------+
//!      |  ^  |                            |   ^                      |
//!      +--+  +<---------------------------+   +----------------------+
//!   the event alone    an event for this stream alone, a value that it lost or left out, its end
//! ```
//!
//! A stream that is out of step sends the event alone, which costs about as many bytes as a key block. When streams out of step have
//! sent as many events alone as there are streams in step, or have waited for `KEY_BYTES`, the next block is a key block, which
//! is sent by all. So a run costs at most twice the bytes that it would cost if it knew who will come and go.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::ContentCoding;
use super::blocks::{BlockOutput, Checksum};
use super::encoder::Encoder;
use super::settings::Effort;

/// After so many bytes of events, a stream that is out of step need not wait for a key block any longer.
const KEY_BYTES: usize = 256 * 1024;

/// The most blocks that are kept for streams that are behind, and the most bytes of them.
const BLOCKS: usize = 256;
const BLOCK_BYTES: usize = 64 * 1024;

/// After so many events whose place in the run is not known, a stream takes it that the streams in step are stalled.
const MISSES: u32 = 16;

/// A comment that breaks a silence.
pub(super) const PING: &[u8] = b":\n\n";

/// Which event a block holds. Events of a relay have the numbers from `FIRST_EVENT` on.
type EventId = u64;

const PING_ID: EventId = 0;
/// Of what only one stream sends.
const OWN_ID: EventId = 1;
pub(super) const FIRST_EVENT: EventId = 2;

/// A sequence of blocks for all streams that send the same events.
pub(super) struct BlockRun {
    coding: ContentCoding,
    effort: Effort,
    state: Mutex<RunState>,
}

#[derive(Default)]
struct RunState {
    /// Its window holds what the blocks since the last key block hold.
    encoder: Option<Encoder>,
    /// The last blocks.
    blocks: VecDeque<Block>,
    /// The number of the first of them.
    first: u64,
    /// The bytes of all of them.
    bytes: usize,
    /// The bytes of events since the last key block.
    since_key: usize,
    /// How many streams send this run, and how many of them are in step.
    readers: usize,
    in_step: usize,
    /// How many events were sent alone since the last key block.
    sent_alone: usize,
}

struct Block {
    event: EventId,
    is_key: bool,
    bytes: Bytes,
}

impl BlockRun {
    pub(super) fn new(coding: ContentCoding, effort: Effort) -> Self {
        Self { coding, effort, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunState {
    fn end(&self) -> u64 {
        self.first + self.blocks.len() as u64
    }

    fn block(&self, number: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn find(&self, event: EventId) -> Option<u64> {
        let index = self.blocks.iter().rposition(|block| block.event == event)?;
        Some(self.first + index as u64)
    }

    fn needs_key(&self) -> bool {
        let outside = self.readers - self.in_step;
        let is_worth_it = self.sent_alone + outside >= self.in_step || self.since_key >= KEY_BYTES;
        self.encoder.is_none() || (outside > 0 && is_worth_it)
    }

    /// Compresses what comes next, and returns the number of its block.
    fn extend(&mut self, run: &BlockRun, event: EventId, content: &[u8], is_key: bool) -> io::Result<u64> {
        if is_key {
            (self.since_key, self.sent_alone) = (0, 0);
        }
        // An encoder that fails, or panics, has taken content that is not sent. It is dropped, and the next block is a key block.
        let mut encoder = match self.encoder.take() {
            Some(encoder) if !is_key => encoder,
            _ => Encoder::of_blocks(run.coding, run.effort),
        };
        let mut bytes = Vec::with_capacity(content.len() / 8 + 64);
        encoder.encode(content, &mut bytes)?;
        encoder.flush(&mut bytes)?;
        self.encoder = Some(encoder);
        bytes.shrink_to_fit();
        self.since_key += content.len();
        self.bytes += bytes.len();
        let number = self.end();
        self.blocks.push_back(Block { event, is_key, bytes: bytes.into() });
        while self.blocks.len() > BLOCKS || self.bytes > BLOCK_BYTES && self.blocks.len() > 1 {
            let Some(block) = self.blocks.pop_front() else { break };
            self.bytes -= block.bytes.len();
            self.first += 1;
        }
        Ok(number)
    }
}

/// The position of one stream in a run.
pub(super) struct RunReader {
    run: Arc<BlockRun>,
    /// The number of the next block, where it is known.
    next: Option<u64>,
    is_in_step: bool,
    last: Option<LastSent>,
    /// How many events in a row had no place that was known.
    misses: u32,
}

/// The last event that a stream has sent, of those of a run.
#[derive(Clone, Copy)]
struct LastSent {
    event: EventId,
    /// Its number among all values of the subscription.
    number: u32,
}

impl RunReader {
    pub(super) fn new(run: Arc<BlockRun>) -> Self {
        run.lock().readers += 1;
        Self { run, next: None, is_in_step: false, last: None, misses: 0 }
    }

    /// Sends the block of an event, or returns false: then the event has to be sent alone. `number` counts the values of the
    /// subscription, so that a gap shows that the stream has lost or left out what the others send.
    pub(super) fn send(
        &mut self,
        event: EventId,
        number: u32,
        content: &[u8],
        output: &mut BlockOutput,
    ) -> io::Result<bool> {
        let run = Arc::clone(&self.run);
        let mut state = run.lock();
        let before = self
            .last
            .replace(LastSent { event, number })
            .filter(|last| last.number.wrapping_add(1) == number);
        self.pass_pings(&state, output);
        let is_there = |next: u64| match state.block(next) {
            Some(block) => block.event == event,
            None => next == state.end() && before.is_some(),
        };
        if !self.next.is_some_and(is_there) {
            self.leave(&mut state);
            self.next = self.locate(&state, event, before);
        }
        let Some(mut next) = self.next else {
            self.misses += 1;
            state.sent_alone += 1;
            return Ok(false);
        };
        self.misses = 0;
        if next == state.end() {
            let is_key = state.needs_key();
            next = state.extend(&run, event, content, is_key).inspect_err(|_| self.next = None)?;
        }
        self.next = Some(next + 1);
        let Some(Block { is_key, bytes, .. }) = state.block(next) else { return Ok(false) };
        let (is_key, bytes) = (*is_key, bytes.clone());
        if !is_key && !self.is_in_step {
            state.sent_alone += 1;
            return Ok(false);
        }
        if is_key {
            output.begin_sequence();
        }
        if !std::mem::replace(&mut self.is_in_step, true) {
            state.in_step += 1;
        }
        output.push(bytes);
        Ok(true)
    }

    /// The number of the block for this event, if it is known: that of a block that is there, or the one behind `before`.
    fn locate(&self, state: &RunState, event: EventId, before: Option<LastSent>) -> Option<u64> {
        if let Some(number) = state.find(event) {
            return Some(number);
        }
        let end = state.end();
        if state.in_step == 0 {
            return Some(end);
        }
        match state.find(before?.event) {
            Some(number) => {
                let is_ping = |number| state.block(number).is_some_and(|block| block.event == PING_ID);
                (number + 1..end).all(is_ping).then_some(end)
            }
            None => (self.misses >= MISSES).then_some(end),
        }
    }

    /// Sends the pings that others have sent in between, to stay in step.
    fn pass_pings(&mut self, state: &RunState, output: &mut BlockOutput) {
        while let Some(next) = self.next
            && let Some(block) = state.block(next)
            && block.event == PING_ID
        {
            if self.is_in_step {
                output.note(|| Checksum::of(PING));
                output.push(block.bytes.clone());
            }
            self.next = Some(next + 1);
        }
    }

    /// Sends a ping as a block of the run, if the stream is in step.
    pub(super) fn send_ping(&mut self, output: &mut BlockOutput) -> io::Result<bool> {
        if !self.is_in_step {
            return Ok(false);
        }
        let run = Arc::clone(&self.run);
        let mut state = run.lock();
        let Some(next) = self.next.filter(|_| state.encoder.is_some()) else {
            self.leave(&mut state);
            return Ok(false);
        };
        if next == state.end() {
            state.extend(&run, PING_ID, PING, false).inspect_err(|_| self.next = None)?;
        }
        match state.block(next) {
            Some(block) if block.event == PING_ID => {
                output.note(|| Checksum::of(PING));
                output.push(block.bytes.clone());
                self.next = Some(next + 1);
                Ok(true)
            }
            // What other streams send next may never come to this one, which may leave it out.
            Some(_) | None => {
                self.leave(&mut state);
                Ok(false)
            }
        }
    }

    /// Sends what is for this stream alone as a block of the run, if no other stream sends the run. Otherwise the stream is out
    /// of step.
    pub(super) fn send_own(&mut self, content: &[u8], output: &mut BlockOutput) -> io::Result<bool> {
        if !self.is_in_step {
            return Ok(false);
        }
        let run = Arc::clone(&self.run);
        let mut state = run.lock();
        if state.readers > 1 || self.next != Some(state.end()) || state.encoder.is_none() {
            self.leave(&mut state);
            return Ok(false);
        }
        let number = state.extend(&run, OWN_ID, content, false).inspect_err(|_| self.next = None)?;
        self.next = Some(number + 1);
        if let Some(block) = state.block(number) {
            output.push(block.bytes.clone());
        }
        Ok(true)
    }

    /// Notes that the stream sends something else next.
    pub(super) fn step_out(&mut self) {
        if self.is_in_step {
            let run = Arc::clone(&self.run);
            self.leave(&mut run.lock());
        }
    }

    fn leave(&mut self, state: &mut RunState) {
        state.in_step -= usize::from(std::mem::take(&mut self.is_in_step));
    }
}

impl Drop for RunReader {
    fn drop(&mut self) {
        let mut state = self.run.lock();
        state.readers -= 1;
        state.in_step -= usize::from(self.is_in_step);
    }
}
