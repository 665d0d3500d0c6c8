//! Which number of each publisher came last, so that missing and repeated ones are found.

use std::collections::HashMap;

use super::position::Stamp;

/// The most publishers that are remembered. Beyond, the one that was silent for the longest time is forgotten: its next message is
/// taken for one behind missing ones.
pub(super) const PUBLISHERS: usize = 256;

#[derive(Default)]
pub(super) struct Heard {
    publishers: HashMap<u64, Last>,
    /// Counts what was heard.
    clock: u64,
}

struct Last {
    number: u64,
    heard_at: u64,
}

/// What a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the one behind the last.
    Next,
    /// It came before.
    Repeated,
    /// Numbers before it are missing.
    Missing,
}

impl Heard {
    /// Notes a message.
    pub(super) fn message(&mut self, stamp: Stamp) -> Verdict {
        let last = self.last(stamp.epoch);
        let verdict = match stamp.number {
            number if number <= *last => return Verdict::Repeated,
            number if number == *last + 1 => Verdict::Next,
            _ => Verdict::Missing,
        };
        *last = stamp.number;
        verdict
    }

    /// Notes that a publisher has said which of its messages is the newest.
    pub(super) fn announcement(&mut self, newest: Stamp) -> Verdict {
        let last = self.last(newest.epoch);
        if newest.number <= *last {
            return Verdict::Repeated;
        }
        *last = newest.number;
        Verdict::Missing
    }

    /// The number of the last message of a publisher, if it was heard.
    pub(super) fn number(&self, epoch: u64) -> Option<u64> {
        self.publishers.get(&epoch).map(|last| last.number)
    }

    /// How many publishers are remembered.
    pub(super) fn len(&self) -> usize {
        self.publishers.len()
    }

    /// The last numbers of all publishers; the one that was heard last stands at the end.
    pub(super) fn newest(&self) -> Vec<Stamp> {
        let mut publishers: Vec<_> = self.publishers.iter().collect();
        publishers.sort_unstable_by_key(|(_, last)| last.heard_at);
        publishers.into_iter().map(|(epoch, last)| Stamp { epoch: *epoch, number: last.number }).collect()
    }

    /// The number of the last message; 0 if there was none.
    fn last(&mut self, epoch: u64) -> &mut u64 {
        self.clock += 1;
        let heard_at = self.clock;
        if self.publishers.len() == PUBLISHERS
            && !self.publishers.contains_key(&epoch)
            && let Some(silent) = self.silent_for_longest()
        {
            self.publishers.remove(&silent);
        }
        let last = self.publishers.entry(epoch).or_insert(Last { number: 0, heard_at });
        last.heard_at = heard_at;
        &mut last.number
    }

    fn silent_for_longest(&self) -> Option<u64> {
        let silent = self.publishers.iter().min_by_key(|(_, last)| last.heard_at)?;
        Some(*silent.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(epoch: u64, number: u64) -> Stamp {
        Stamp { epoch, number }
    }

    #[test]
    fn each_publisher_is_counted_by_itself() {
        let mut heard = Heard::default();
        let mut message = |epoch, number| heard.message(stamp(epoch, number));
        assert_eq!(
            (message(1, 1), message(2, 1), message(1, 2)),
            (Verdict::Next, Verdict::Next, Verdict::Next)
        );
        assert_eq!((message(1, 2), message(1, 1)), (Verdict::Repeated, Verdict::Repeated));
        assert_eq!(
            (message(1, 4), message(1, 3), message(1, 5)),
            (Verdict::Missing, Verdict::Repeated, Verdict::Next)
        );
        // What an unknown publisher published before is missing.
        assert_eq!((message(3, 7), message(3, 8)), (Verdict::Missing, Verdict::Next));
    }

    #[test]
    fn an_announcement_tells_of_the_last_message() {
        let mut heard = Heard::default();
        assert_eq!(heard.announcement(stamp(1, 0)), Verdict::Repeated);
        assert_eq!(heard.message(stamp(1, 1)), Verdict::Next);
        assert_eq!(heard.announcement(stamp(1, 1)), Verdict::Repeated);
        assert_eq!(heard.announcement(stamp(1, 3)), Verdict::Missing);
        assert_eq!(
            (heard.message(stamp(1, 3)), heard.message(stamp(1, 4))),
            (Verdict::Repeated, Verdict::Next)
        );
    }

    #[test]
    fn the_publishers_are_bounded() {
        let mut heard = Heard::default();
        for epoch in 0..=PUBLISHERS as u64 {
            heard.message(stamp(epoch, 1));
            heard.message(stamp(0, epoch + 1));
        }
        assert_eq!(heard.publishers.len(), PUBLISHERS);
        assert_eq!(heard.message(stamp(0, PUBLISHERS as u64 + 2)), Verdict::Next);
        assert_eq!(heard.message(stamp(1, 2)), Verdict::Missing);
    }
}
