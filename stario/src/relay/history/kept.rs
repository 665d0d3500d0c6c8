//! The messages of a history, in chunks: a snapshot shares them, so it is taken in no time, and read without the lock of the history.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::relay::mailbox::Message;

/// How many messages a chunk has at most. A chunk that a snapshot shares is copied, without its messages, when it changes.
const CHUNK: usize = if cfg!(test) { 3 } else { 256 };

type Chunk<T> = Arc<VecDeque<Arc<Message<T>>>>;

pub(super) struct KeptMessages<T> {
    /// None of them is empty.
    chunks: VecDeque<Chunk<T>>,
    len: usize,
    /// How many messages were put behind the others, ever.
    appended: u64,
}

impl<T> KeptMessages<T> {
    pub(super) fn new() -> Self {
        Self { chunks: VecDeque::new(), len: 0, appended: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn appended(&self) -> u64 {
        self.appended
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Message<T>>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    pub(super) fn push_back(&mut self, message: Arc<Message<T>>) {
        match self.chunks.back_mut() {
            Some(last) if last.len() < CHUNK => Arc::make_mut(last).push_back(message),
            _ => self.chunks.push_back(Arc::new(VecDeque::from([message]))),
        }
        self.len += 1;
        self.appended += 1;
    }

    pub(super) fn push_front(&mut self, message: Arc<Message<T>>) {
        match self.chunks.front_mut() {
            Some(first) if first.len() < CHUNK => Arc::make_mut(first).push_front(message),
            _ => self.chunks.push_front(Arc::new(VecDeque::from([message]))),
        }
        self.len += 1;
    }

    pub(super) fn pop_front(&mut self) -> Option<Arc<Message<T>>> {
        let first = Arc::make_mut(self.chunks.front_mut()?);
        let message = first.pop_front()?;
        if first.is_empty() {
            self.chunks.pop_front();
        }
        self.len -= 1;
        Some(message)
    }

    pub(super) fn snapshot(&self) -> KeptSnapshot<T> {
        KeptSnapshot { chunks: self.chunks.iter().cloned().collect(), appended: self.appended }
    }
}

/// The messages that there were at one time.
pub(super) struct KeptSnapshot<T> {
    chunks: Vec<Chunk<T>>,
    /// How many messages were put behind the others until then, ever.
    pub(super) appended: u64,
}

impl<T> KeptSnapshot<T> {
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Message<T>>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::position::Position;

    fn message(value: u64) -> Arc<Message<u64>> {
        Arc::new(Message { subject: "a".into(), value, size: 1, position: Position::default() })
    }

    fn values<'a>(messages: impl Iterator<Item = &'a Arc<Message<u64>>>) -> Vec<u64> {
        messages.map(|message| message.value).collect()
    }

    fn numbers(numbers: std::ops::Range<u64>) -> Vec<u64> {
        numbers.collect()
    }

    #[test]
    fn messages_are_kept_in_their_order_at_both_ends() {
        let mut kept = KeptMessages::new();
        (10..20).for_each(|value| kept.push_back(message(value)));
        (0..10).rev().for_each(|value| kept.push_front(message(value)));
        assert_eq!(values(kept.iter()), numbers(0..20));
        assert_eq!(values(kept.iter().rev()), (0..20).rev().collect::<Vec<_>>());
        assert_eq!((kept.len(), kept.appended()), (20, 10));
        for value in 0..20 {
            assert_eq!(kept.pop_front().map(|message| message.value), Some(value));
            assert_eq!(values(kept.iter()), numbers(value + 1..20));
        }
        assert!(kept.pop_front().is_none() && kept.chunks.is_empty());
        assert_eq!((kept.len(), kept.appended()), (0, 10));
    }

    #[test]
    fn a_snapshot_stays_as_it_was() {
        let mut kept = KeptMessages::new();
        (0..8).for_each(|value| kept.push_back(message(value)));
        let snapshot = kept.snapshot();
        kept.push_back(message(8));
        kept.push_front(message(100));
        (0..5).for_each(|_| drop(kept.pop_front()));
        assert_eq!(values(kept.iter()), numbers(4..9));
        assert_eq!((values(snapshot.iter()), snapshot.appended), (numbers(0..8), 8));
    }
}
