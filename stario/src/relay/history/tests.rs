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

#[test]
fn publishers_are_bounded() {
    let mut history = history(1000);
    for epoch in 1..=100 {
        history.append(message(epoch, 1, "a"));
        history.append(message(1, epoch + 1, "a"));
    }
    let position = history.position();
    assert_eq!(position.stamps().len(), PUBLISHERS);
    // This relay, and those that were heard last.
    assert_eq!(position.number(1), Some(101));
    assert_eq!((position.number(87), position.number(86)), (Some(1), None));
    assert!(position.stamps().iter().any(|stamp| stamp.number == 0));
}
