use super::super::pattern::Pattern;
use super::missed::Search;
use super::*;

/// A message of a publisher that is not this relay.
fn message(epoch: u64, number: u64, subject: &str) -> Arc<Message<u64>> {
    Arc::new(Message { subject: subject.into(), value: number, size: 10, position: at(&[(epoch, number)]) })
}

fn history(capacity: usize) -> History<u64> {
    let mut history = History::new();
    history.set_capacity(capacity);
    history
}

fn at(stamps: &[(u64, u64)]) -> Position {
    stamps.iter().map(|&(epoch, number)| Stamp { epoch, number }).collect()
}

impl History<u64> {
    /// The messages behind a position that fit a pattern. A search with the lock finds the same as one without it.
    fn since(&self, position: &Position, patterns: &[Pattern]) -> Option<Vec<Arc<Message<u64>>>> {
        let Search::Ended(found) = self.begin_search(position, patterns) else { panic!("a short history") };
        let unlocked = self.count_missed(position).and_then(|missed| {
            let mut searched = self.search_without_lock(missed).run(position, patterns);
            self.finish_search(&mut searched, position, patterns)
        });
        let [found, unlocked] =
            [found, unlocked].map(|found| found.map(|backlog| Vec::from_iter(backlog.messages)));
        let values = |found: &Option<Vec<Arc<Message<u64>>>>| {
            found.as_ref().map(|messages| messages.iter().map(|message| message.value).collect::<Vec<_>>())
        };
        assert_eq!(values(&found), values(&unlocked));
        found
    }
}

/// The values behind a position, for all subjects.
fn since(history: &History<u64>, stamps: &[(u64, u64)]) -> Option<Vec<u64>> {
    let messages = history.since(&at(stamps), &["*".parse().unwrap()])?;
    Some(messages.iter().map(|message| message.value).collect())
}

#[test]
fn what_lies_behind_a_position_is_there_or_known_to_be_missing() {
    let mut history = history(3);
    (1..=5).for_each(|number| drop(history.append(message(7, number, "a"))));
    assert_eq!(since(&history, &[(7, 5)]), Some(vec![]));
    assert_eq!(since(&history, &[(7, 4)]), Some(vec![5]));
    assert_eq!(since(&history, &[(7, 2)]), Some(vec![3, 4, 5]));
    // Dropped, not yet there, never from this publisher, and from another one.
    assert_eq!(since(&history, &[(7, 1)]), None);
    assert_eq!(since(&history, &[(7, 6)]), None);
    assert_eq!(since(&history, &[]), None);
    assert_eq!(since(&history, &[(7, 5), (8, 1)]), None);
    assert_eq!(since(&history, &[(7, u64::MAX)]), None);
}

#[test]
fn each_publisher_is_looked_at_by_itself() {
    let mut history = history(4);
    for (epoch, number) in [(7, 1), (8, 1), (7, 2), (8, 2)] {
        history.append(message(epoch, 10 * epoch + number, "a"));
    }
    // The first message of a publisher that is not known may be any: those before it are missing.
    assert_eq!(since(&history, &[(7, 71)]), None);
    assert_eq!(since(&history, &[(7, 71), (8, 81)]), Some(vec![72, 82]));
    assert_eq!(since(&history, &[(8, 82), (7, 71)]), Some(vec![72]));
    assert_eq!(history.position().stamps().len(), 3);
}

#[test]
fn a_hole_in_the_numbers_of_a_publisher_is_a_gap() {
    let mut history = history(10);
    for number in [1, 2, 4, 5] {
        history.append(message(7, number, "a"));
    }
    assert_eq!(since(&history, &[(7, 2)]), None);
    assert_eq!(since(&history, &[(7, 3)]), Some(vec![4, 5]));
}

#[test]
fn only_messages_that_fit_a_pattern_are_replayed_and_all_count() {
    let mut history = history(4);
    for (number, subject) in [(1, "a"), (2, "a.b"), (3, "ab"), (4, "a.c"), (5, "b")] {
        history.append(message(7, number, subject));
    }
    let replayed = |patterns: &[&str]| {
        let patterns: Vec<Pattern> = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        let messages = history.since(&at(&[(7, 1)]), &patterns).unwrap();
        messages.iter().map(|message| message.value).collect::<Vec<_>>()
    };
    assert_eq!(replayed(&["a.*"]), [2, 4]);
    assert_eq!(replayed(&["a.c", "b"]), [4, 5]);
    assert_eq!(replayed(&["a"]), [0; 0]);
    assert_eq!(replayed(&["*"]), [2, 3, 4, 5]);
}

#[test]
fn the_history_is_bounded_in_messages_and_bytes() {
    let mut history = history(5);
    let kept =
        |history: &History<u64>| history.messages.iter().map(|message| message.value).collect::<Vec<_>>();
    for number in 1..=7 {
        history.append(message(7, number, "a"));
    }
    assert_eq!((kept(&history), history.bytes), (vec![3, 4, 5, 6, 7], 50));
    history.set_capacity_bytes(39);
    assert_eq!((kept(&history), history.bytes), (vec![5, 6, 7], 30));
    history.append(message(7, 8, "a"));
    assert_eq!(kept(&history), [6, 7, 8]);
    // One that is larger than all together leaves nothing.
    let mut large = message(7, 9, "a");
    Arc::get_mut(&mut large).unwrap().size = 40;
    assert_eq!(history.append(large).len(), 4);
    assert_eq!((kept(&history), history.bytes, since(&history, &[(7, 9)])), (vec![], 0, Some(vec![])));
    assert_eq!(since(&history, &[(7, 8)]), None);
}

/// A history that knows this relay and others: the one with number 1 has published first, then all have been heard.
fn with_others(history: &mut History<u64>, others: u64) {
    history.append(message(1, 1, "a"));
    (2..=others).for_each(|epoch| history.leave_out(Stamp { epoch, number: 0 }));
}

#[test]
fn what_was_missed_of_a_publisher_is_replayed_however_many_others_were_heard_since() {
    for others in [1, 15, 16, 17, 100, 1000] {
        let mut history = history(1000);
        let before = history.position();
        with_others(&mut history, others);
        let position: Vec<_> = before.stamps().iter().map(|stamp| (stamp.epoch, stamp.number)).collect();
        assert_eq!(since(&history, &position), Some(vec![1]), "{others} others");
    }
}

#[test]
fn publishers_that_are_left_out_of_a_position_are_a_gap_as_soon_as_they_publish() {
    for others in [17, 100, 1000] {
        let mut history = history(10_000);
        let before = history.position();
        (1..=others).for_each(|epoch| drop(history.append(message(epoch, 1, "a"))));
        let position = history.position();
        let behind = |history: &History<u64>, position: &Position| {
            let messages = history.since(position, &["a".parse().unwrap()])?;
            Some(messages.iter().map(|message| message.value).collect::<Vec<_>>())
        };
        // As long as all are known, it is known what a client without any has missed.
        let all = behind(&history, &before).map(|messages| messages.len());
        assert_eq!(all, (others < 256).then(|| usize::try_from(others).unwrap()));
        assert_eq!(behind(&history, &position), Some(vec![]));
        history.append(message(others, 2, "a"));
        assert_eq!(behind(&history, &position), Some(vec![2]));
        history.append(message(1, 2, "a"));
        assert_eq!(behind(&history, &position), None);
        assert_eq!(behind(&history, &history.position()), Some(vec![]));
    }
}

#[test]
fn publishers_are_bounded() {
    let mut history = history(1000);
    for epoch in 1..=100 {
        history.append(message(epoch, 1, "a"));
        history.append(message(1, epoch + 1, "a"));
    }
    let position = history.position();
    assert_eq!(position.stamps().len(), position::PUBLISHERS);
    // This relay, and those that were heard last.
    assert_eq!(position.number(1), Some(101));
    assert_eq!((position.number(87), position.number(86)), (Some(1), None));
    assert!(position.stamps().iter().any(|stamp| stamp.number == 0));
}

/// Hands what one history keeps to another one, so many bytes at a time, until it takes no more.
fn hand_over(from: &History<u64>, to: &mut History<u64>, bytes: usize) {
    while let Some(before) = to.earliest() {
        let (newest, messages) = from.export(&before, bytes);
        if !to.import(&newest, exported(&messages)).0 {
            break;
        }
    }
}

/// The messages as they come from another process.
fn exported(messages: &[Arc<Message<u64>>]) -> Vec<Message<u64>> {
    let as_packet = |message: &Arc<Message<u64>>| {
        let stamp = message.stamp().unwrap();
        let (subject, position) = (Arc::clone(&message.subject), Position::from_iter([stamp]));
        Message { subject, value: message.value, size: message.size, position }
    };
    messages.iter().map(as_packet).collect()
}

/// Keeps a message of another relay, as if it were received.
fn receive(history: &mut History<u64>, epoch: u64, number: u64) {
    let stamp = Stamp { epoch, number };
    history.heard.message(stamp);
    let message = history.message(stamp, "a".into(), epoch * 100 + number, 10);
    history.append(message);
}

#[test]
fn what_another_one_keeps_is_taken_over_in_pieces_of_any_size() {
    let mut old = history(100);
    for number in 1..=5 {
        receive(&mut old, 7, number);
        receive(&mut old, 8, number);
    }
    let own = old.newest().epoch;
    for bytes in [1, 10, 25, 1000] {
        let mut new = history(100);
        hand_over(&old, &mut new, bytes);
        assert_eq!(since(&new, &[(7, 5), (8, 5)]), Some(vec![]));
        assert_eq!(since(&new, &[(7, 3), (8, 4), (own, 0)]), Some(vec![704, 705, 805]));
        // It has everything from the first message on, and so need not be known to the position.
        assert_eq!(since(&new, &[(7, 5)]), Some(vec![801, 802, 803, 804, 805]));
        // Nobody knows these.
        assert_eq!(since(&new, &[(7, 6)]), None);
        assert_eq!(since(&new, &[(9, 1)]), None);
        let positions: Vec<_> = new.messages.iter().map(|message| message.position.clone()).collect();
        assert!(positions.windows(2).all(|pair| pair[0].clone().advance_to(&pair[1])), "{positions:?}");
        assert_eq!(positions.last().unwrap().number(8), Some(5));
        assert_eq!(positions[0].stamps().len(), 4, "both relays and both publishers");
    }
}

#[test]
fn what_is_received_meanwhile_is_neither_lost_nor_there_twice() {
    let mut old = history(100);
    (1..=6).for_each(|number| receive(&mut old, 7, number));
    let mut new = history(100);
    // These came by the transport before the question was asked, and these between the answers.
    (5..=6).for_each(|number| receive(&mut new, 7, number));
    let before = new.earliest().unwrap();
    let (newest, messages) = old.export(&before, 15);
    assert_eq!(messages.iter().map(|message| message.value).collect::<Vec<_>>(), [704, 703]);
    receive(&mut new, 7, 7);
    assert!(new.import(&newest, exported(&messages)).0);
    // The same answer again, and one that does not join.
    assert!(!new.import(&newest, exported(&messages)).0);
    assert!(
        !new.import(
            &newest,
            vec![Message { subject: "a".into(), value: 0, size: 1, position: at(&[(7, 1)]) }]
        )
        .0
    );
    assert_eq!(since(&new, &[(7, 2)]), Some(vec![703, 704, 705, 706, 707]));
    // The transfer ends here: what was not taken over is known to be missing.
    new.connect();
    assert_eq!((since(&new, &[(7, 1)]), new.earliest()), (None, None));
    assert!(!new.import(&newest, exported(&old.export(&before, 1000).1)).0);
}

#[test]
fn nothing_is_put_before_a_hole() {
    let mut old = history(100);
    (1..=6).for_each(|number| receive(&mut old, 7, number));
    let mut new = history(100);
    receive(&mut new, 7, 3);
    assert!(new.earliest().is_some());
    // The fourth is lost.
    receive(&mut new, 7, 5);
    assert_eq!(new.earliest(), None);
    let (newest, messages) = old.export(&at(&[(7, 4)]), 1000);
    assert!(!new.import(&newest, exported(&messages)).0);
    assert_eq!((since(&new, &[(7, 4)]), since(&new, &[(7, 3)])), (Some(vec![705]), None));
}

#[test]
fn what_is_taken_over_is_bounded_as_the_history_is() {
    let mut old = history(100);
    (1..=20).for_each(|number| receive(&mut old, 7, number));
    for (messages, bytes) in [(3, 1000), (100, 39)] {
        let mut new = history(messages);
        new.set_capacity_bytes(bytes);
        hand_over(&old, &mut new, 15);
        assert_eq!((since(&new, &[(7, 17)]), since(&new, &[(7, 16)])), (Some(vec![718, 719, 720]), None));
        assert_eq!(new.earliest(), None);
    }
    // Without a history there is nothing to take over.
    assert_eq!(history(0).earliest(), None);
}

#[test]
fn a_position_from_before_the_import_is_a_gap() {
    let mut old = history(100);
    (1..=3).for_each(|number| receive(&mut old, 7, number));
    let mut new = history(100);
    let own = new.newest().epoch;
    // The page was rendered with all that 7 has published, though this relay had never heard of it.
    let early = new.position();
    let message = new.number("a".into(), 1, 10);
    let early_too = message.position.clone();
    new.append(message);
    hand_over(&old, &mut new, 1000);
    for position in [early, early_too] {
        assert!(new.since(&position, &["a".parse().unwrap()]).is_none());
    }
    // Between the import and the gap that all have, nobody has received what was imported.
    let message = new.number("a".into(), 2, 10);
    assert_eq!(message.position.number(7), None);
    new.append(message);
    new.connect();
    assert_eq!(new.position().number(7), Some(3));
    assert_eq!(new.number("a".into(), 3, 10).position.number(7), Some(3));
    assert_eq!(since(&new, &[(7, 3)]), Some(vec![1, 2]));
    assert_eq!(since(&new, &[(own, 1), (7, 3)]), Some(vec![2]));
}

#[test]
fn publishers_that_positions_leave_out_are_remembered_by_their_last_number() {
    let mut old = history(1000);
    (1..=40).for_each(|epoch| receive(&mut old, epoch, 1));
    let mut new = history(1000);
    hand_over(&old, &mut new, 1000);
    let position = old.position();
    assert_eq!((position.number(40), position.number(1)), (Some(1), None));
    let behind = |new: &History<u64>| Some(new.since(&position, &["a".parse().unwrap()])?.len());
    // Nothing of the first one is missing; what it publishes next would be.
    assert_eq!(behind(&new), Some(0));
    receive(&mut new, 40, 2);
    assert_eq!(behind(&new), Some(1));
    receive(&mut new, 1, 2);
    assert_eq!(behind(&new), None);
}

#[test]
fn who_announces_itself_is_left_out_of_positions_last() {
    let mut history = history(1000);
    receive(&mut history, 1, 1);
    for epoch in 2..=100 {
        receive(&mut history, epoch, 1);
        history.leave_out(Stamp { epoch: 1, number: 1 });
    }
    assert_eq!((history.position().number(1), history.position().number(2)), (Some(1), None));
}

#[test]
fn what_comes_during_a_search_without_the_lock_is_found_once() {
    let patterns = ["a".parse().unwrap()];
    let mut history = history(10);
    (1..=8).for_each(|number| drop(history.append(message(7, number, "a"))));
    let position = at(&[(7, 2)]);
    let search =
        |history: &History<u64>| history.search_without_lock(history.count_missed(&position).unwrap());
    let finish = |history: &History<u64>, search: missed::UnfinishedSearch<u64>| {
        let mut searched = search.run(&position, &patterns);
        let found = history.finish_search(&mut searched, &position, &patterns)?;
        Some(found.messages.iter().map(|message| message.value).collect::<Vec<_>>())
    };
    // More come, of which one does not fit, and the first two are dropped.
    let begun = search(&history);
    history.append(message(7, 9, "b"));
    (10..=12).for_each(|number| drop(history.append(message(7, number, "a"))));
    assert_eq!(finish(&history, begun), Some(vec![3, 4, 5, 6, 7, 8, 10, 11, 12]));
    // So many come that one which was missed is dropped.
    let begun = search(&history);
    history.append(message(7, 13, "a"));
    assert_eq!(finish(&history, begun), None);
}

#[test]
fn what_is_imported_during_a_search_without_the_lock_is_found() {
    let patterns = ["a".parse().unwrap()];
    let mut old = history(100);
    (1..=3).for_each(|number| receive(&mut old, 7, number));
    let mut new = history(100);
    // A position of another relay, which had heard of nobody.
    new.leave_out(Stamp { epoch: 8, number: 0 });
    let position = at(&[(8, 0)]);
    let begun = new.search_without_lock(new.count_missed(&position).unwrap());
    hand_over(&old, &mut new, 1000);
    let mut searched = begun.run(&position, &patterns);
    let found = new.finish_search(&mut searched, &position, &patterns).unwrap();
    assert_eq!(found.messages.iter().map(|message| message.value).collect::<Vec<_>>(), [701, 702, 703]);
}
