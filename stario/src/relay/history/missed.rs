//! What a subscription has missed that begins in the past.
//!
//! ```text
//! begin_search: looks at the newest messages --all found--> Ended
//!        | more were missed
//!        v
//! UnfinishedSearch: looks through a snapshot, without the lock --> finish_search: adds what came meanwhile
//! ```
//!
//! Most clients that come back have missed little. One that has missed much, or many of them at once, must not hold up publishers, so all
//! others are looked at without the lock.

use std::sync::Arc;

use super::History;
use super::kept::KeptSnapshot;
use crate::relay::mailbox::{Backlog, Message};
use crate::relay::pattern::Pattern;
use crate::relay::position::{Position, Stamp};

/// What a search has come to.
pub(in crate::relay) enum Search<T> {
    /// The messages that fit; `None` if some may be missing.
    Ended(Option<Backlog<T>>),
    /// There are more to look through.
    Unfinished(UnfinishedSearch<T>),
}

/// A search in the messages that there were when it began.
pub(in crate::relay) struct UnfinishedSearch<T> {
    snapshot: KeptSnapshot<T>,
    /// How many messages were behind the position.
    missed: usize,
}

/// The messages of a snapshot that lie behind a position.
pub(in crate::relay) struct SearchedSnapshot<T> {
    /// How many there are, whether they fit or not.
    count: usize,
    /// Those that fit.
    messages: Backlog<T>,
    /// How many messages had been put behind the others when the snapshot was taken. Imported ones, which are put before them, do not count:
    /// [`History::finish_search`] relies on that.
    appended: u64,
}

impl<T> UnfinishedSearch<T> {
    /// Looks through the snapshot. The caller does not hold the lock of the history.
    pub(in crate::relay) fn run(self, position: &Position, patterns: &[Pattern]) -> SearchedSnapshot<T> {
        let (count, messages) = find(self.snapshot.iter().rev(), position, patterns, self.missed);
        SearchedSnapshot { count, messages, appended: self.snapshot.appended }
    }
}

/// The messages behind a position: how many of `most` there are, and those that fit. They are looked for from the end, because a client that
/// comes back has usually missed the last few of many.
fn find<'a, T: 'a>(
    newest_first: impl Iterator<Item = &'a Arc<Message<T>>>,
    position: &Position,
    patterns: &[Pattern],
    most: usize,
) -> (usize, Backlog<T>) {
    let has_others = !position.others().is_empty();
    let is_behind = |message: &&Arc<Message<T>>| {
        message.stamp().is_some_and(|stamp| match position.number(stamp.epoch) {
            Some(number) => number < stamp.number,
            None => !has_others,
        })
    };
    let (mut count, mut messages) = (0, Backlog::new());
    for message in newest_first.filter(is_behind).take(most) {
        count += 1;
        if patterns.iter().any(|pattern| pattern.fits(&message.subject)) {
            messages.push_front(message);
        }
    }
    (count, messages)
}

impl<T> History<T> {
    /// How many messages are behind `position`; `None` if some may be missing.
    pub(super) fn count_missed(&self, position: &Position) -> Option<usize> {
        let is_known =
            |stamp: &Stamp| self.publisher(stamp.epoch).is_some_and(|it| stamp.number <= it.newest);
        if !position.stamps().iter().all(is_known) {
            return None;
        }
        // Of the publishers without a stamp, the client has received nothing if their checksum is empty. Else it has all that is here, or nobody
        // can know what it has.
        let has_others = !position.others().is_empty();
        let mut others = self.forgotten;
        if has_others {
            let others_here = self.publishers.iter().filter(|it| position.number(it.epoch).is_none());
            others_here.for_each(|publisher| others.add(publisher.stamp(publisher.newest)));
        }
        if others != position.others() {
            return None;
        }
        // A position of this relay without a publisher that it knows by import is one from before that.
        let may_be_early = position.number(self.newest().epoch).is_some();
        let mut missed = 0;
        for publisher in &self.publishers {
            let number = match position.number(publisher.epoch) {
                Some(number) => number,
                None if has_others => continue,
                None if may_be_early && publisher.is_imported => return None,
                None => 0,
            };
            if number + 1 < publisher.oldest {
                return None;
            }
            missed += publisher.newest - number;
        }
        Some(usize::try_from(missed).unwrap_or(usize::MAX))
    }

    /// Looks for the messages behind `position` that fit a pattern.
    pub(in crate::relay) fn begin_search(&self, position: &Position, patterns: &[Pattern]) -> Search<T> {
        let Some(missed) = self.count_missed(position) else { return Search::Ended(None) };
        if missed <= self.bounds.at_once {
            let newest = self.messages.iter().rev().take(self.bounds.at_once);
            let (count, messages) = find(newest, position, patterns, missed);
            if count == missed {
                return Search::Ended(Some(messages));
            }
        }
        Search::Unfinished(self.search_without_lock(missed))
    }

    /// A search for so many messages, which is run without the lock.
    pub(super) fn search_without_lock(&self, missed: usize) -> UnfinishedSearch<T> {
        UnfinishedSearch { snapshot: self.messages.snapshot(), missed }
    }

    /// Adds to what a search has found what has come since, and takes that; `None` if some may be missing. The caller drops the rest of the search
    /// once the lock is released, because it may hold the last reference to a message.
    pub(in crate::relay) fn finish_search(
        &self,
        searched: &mut SearchedSnapshot<T>,
        position: &Position,
        patterns: &[Pattern],
    ) -> Option<Backlog<T>> {
        let missed = self.count_missed(position)?;
        let appended = usize::try_from(self.messages.appended() - searched.appended).unwrap_or(usize::MAX);
        let (count, newer) = find(self.messages.iter().rev().take(appended), position, patterns, missed);
        if searched.count + count != missed {
            // What another relay has kept was put before the others meanwhile.
            return Some(find(self.messages.iter().rev(), position, patterns, missed).1);
        }
        let mut messages = std::mem::replace(&mut searched.messages, Backlog::new());
        messages.append(newer);
        Some(messages)
    }
}
