//! Publishers and a subscription that begins in the past, in every order of their steps.
//!
//! History and mailbox are the relay's own. What is modelled are the steps of `Relay::publish`, `Updates::new`,
//! `Updates::poll_next` and of the `Receiver` of a transport: which locks they take in which order, and the table of subscriptions, here a
//! list. The `Arc`s of messages, and of the chunks that a snapshot shares with the history, are those of std and not modelled: loom tries no orders of the
//! changes of their counts.

use std::future::poll_fn;
use std::task::{Poll, Waker};

use loom::future::block_on;
use loom::sync::{Arc as Shared, Mutex};
use loom::thread;

use super::super::heard::Verdict;
use super::super::mailbox::Mailbox;
use super::missed::Search;
use super::*;

struct Model {
    history: Mutex<History<u8>>,
    readers: Mutex<Vec<Shared<Mutex<Mailbox<u8>>>>>,
}

impl Model {
    /// For subscriptions that look for what they have missed at once, or without the lock.
    fn new(at_once: usize) -> Shared<Self> {
        let mut history = History::new();
        history.set_capacity(10);
        history.bounds.at_once = at_once;
        Shared::new(Self { history: Mutex::new(history), readers: Mutex::default() })
    }

    /// As `Relay::publish`.
    fn publish(&self, value: u8) {
        let mut wakers = Vec::new();
        {
            let mut history = self.history.lock().unwrap();
            let message = history.number("subject".into(), value, 1);
            for mailbox in self.readers.lock().unwrap().iter() {
                wakers.extend(mailbox.lock().unwrap().deliver(Arc::clone(&message)).1);
            }
            history.append(message);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// As `Receiver::receive`, of a message of another relay.
    fn receive(&self, stamp: Stamp, value: u8) {
        let mut wakers = Vec::new();
        {
            let mut history = self.history.lock().unwrap();
            match history.heard.message(stamp) {
                Verdict::Repeated => return,
                Verdict::Next => {}
                Verdict::Missing if history.connection == Connection::Connected => {
                    self.make_gaps(&mut wakers);
                }
                Verdict::Missing => history.connection = Connection::LostWithHole,
            }
            let message = history.message(stamp, "subject".into(), value, 1);
            if history.is_delivering() {
                for mailbox in self.readers.lock().unwrap().iter() {
                    wakers.extend(mailbox.lock().unwrap().deliver(Arc::clone(&message)).1);
                }
            }
            history.append(message);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// As `Receiver::set_connected`.
    fn connect(&self) {
        let mut wakers = Vec::new();
        {
            let mut history = self.history.lock().unwrap();
            self.make_gaps(&mut wakers);
            history.connect();
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    fn make_gaps(&self, wakers: &mut Vec<Waker>) {
        for mailbox in self.readers.lock().unwrap().iter() {
            wakers.extend(mailbox.lock().unwrap().note_loss().1);
        }
    }

    /// As `Receiver::import`, of one message of a relay that has ended.
    fn import(&self, stamp: Stamp, newest: Stamp, value: u8) {
        let position = Position::from_iter([stamp]);
        let message = Message { subject: "subject".into(), value, size: 1, position };
        self.history.lock().unwrap().import(&[newest], vec![message]);
    }

    /// As `Relay::resume`.
    fn resume(&self, position: &Position, capacity: usize) -> Reader<'_> {
        let patterns = ["subject".parse().unwrap()];
        let mut searched;
        let mut history = self.history.lock().unwrap();
        let missed = match history.begin_search(position, &patterns) {
            Search::Ended(missed) => missed,
            Search::Unfinished(search) => {
                drop(history);
                searched = search.run(position, &patterns);
                history = self.history.lock().unwrap();
                history.finish_search(&mut searched, position, &patterns)
            }
        };
        let mut mailbox = Mailbox::with_gaps(false, missed);
        mailbox.set_capacity(capacity);
        let mailbox = Shared::new(Mutex::new(mailbox));
        self.readers.lock().unwrap().push(Shared::clone(&mailbox));
        drop(history);
        Reader { model: self, mailbox, position: position.clone() }
    }
}

struct Reader<'a> {
    model: &'a Model,
    mailbox: Shared<Mutex<Mailbox<u8>>>,
    position: Position,
}

impl Reader<'_> {
    /// The next value, or `None` for a gap, as `Updates::next`.
    fn next(&mut self) -> Option<u8> {
        block_on(poll_fn(|ctx| {
            let mut unused = None;
            let mut mailbox = self.mailbox.lock().unwrap();
            mailbox.begin();
            if mailbox.has_gap() {
                drop(mailbox);
                let history = self.model.history.lock().unwrap();
                self.mailbox.lock().unwrap().skip();
                self.position = history.position();
                return Poll::Ready(None);
            }
            mailbox.poll(ctx, &mut unused).map(|message| {
                let message = message.unwrap();
                self.position.advance_to(&message.position);
                Some(message.value)
            })
        }))
    }

    fn number(&self) -> u64 {
        self.position.stamps()[0].number
    }
}

/// Runs every order of the steps of all threads in which at most two threads are interrupted.
fn in_every_order(steps: impl Fn(&Shared<Model>) + Clone + Send + Sync + 'static) {
    for at_once in [AT_ONCE, 0] {
        let steps = steps.clone();
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(move || steps(&Model::new(at_once)));
    }
}

#[test]
fn what_is_published_while_a_subscription_begins_is_received_once_and_in_order() {
    in_every_order(|model| {
        let start = model.history.lock().unwrap().position();
        let publishers = [1, 2].map(|value| {
            let model = Shared::clone(model);
            thread::spawn(move || model.publish(value))
        });
        let mut reader = model.resume(&start, 10);
        let received: Vec<_> = [(); 2].map(|()| (reader.next(), reader.number())).into();
        assert!(
            matches!(received[..], [(Some(1), 1), (Some(2), 2)] | [(Some(2), 1), (Some(1), 2)]),
            "{received:?}"
        );
        // All agree on the order.
        let mut other = model.resume(&start, 10);
        assert_eq!([(); 2].map(|()| (other.next(), other.number())).to_vec(), received);
        for publisher in publishers {
            publisher.join().unwrap();
        }
    });
}

#[test]
fn a_slow_subscription_has_a_gap_where_it_lost_values_and_continues_behind_it() {
    in_every_order(|model| {
        let start = model.history.lock().unwrap().position();
        let publisher = {
            let model = Shared::clone(model);
            thread::spawn(move || (1..=3).for_each(|value| model.publish(value)))
        };
        let mut reader = model.resume(&start, 1);
        let mut last = 0;
        while last < 3 {
            let (value, number) = (reader.next(), reader.number());
            match value {
                // No value is left out without a gap, and none comes twice.
                Some(value) => assert_eq!((u64::from(value), number), (last + 1, last + 1)),
                None => assert!(number > last, "{number} after {last}"),
            }
            last = number;
        }
        publisher.join().unwrap();
    });
}

#[test]
fn what_another_process_publishes_is_received_once_or_a_gap_stands_for_it() {
    const OTHER: u64 = 7;
    let at = |number| Stamp { epoch: OTHER, number };
    in_every_order(move |model| {
        model.connect();
        model.receive(at(1), 1);
        let start = model.history.lock().unwrap().position();
        let transport = {
            let model = Shared::clone(model);
            // The third is lost, and the second comes twice.
            thread::spawn(move || [2, 2, 4].iter().for_each(|number| model.receive(at(*number), 0)))
        };
        let publisher = {
            let model = Shared::clone(model);
            thread::spawn(move || model.publish(0))
        };
        let mut reader = model.resume(&start, 10);
        let own = start.stamps()[0].epoch;
        let (mut of_own, mut of_other) = (0, 1);
        let mut gaps = 0;
        while (of_own, of_other) != (1, 4) {
            let is_gap = reader.next().is_none();
            let (new_own, new_other) =
                (reader.position.number(own).unwrap(), reader.position.number(OTHER).unwrap());
            if is_gap {
                gaps += 1;
            } else {
                // One of both moved on, by one.
                assert_eq!((new_own - of_own) + (new_other - of_other), 1, "{of_other} to {new_other}");
            }
            (of_own, of_other) = (new_own, new_other);
        }
        assert_eq!(gaps, 1);
        transport.join().unwrap();
        publisher.join().unwrap();
    });
}

#[test]
fn what_is_imported_while_a_subscription_begins_is_missed_or_a_gap() {
    const OTHER: u64 = 7;
    let at = |number| Stamp { epoch: OTHER, number };
    in_every_order(move |model| {
        let transport = {
            let model = Shared::clone(model);
            thread::spawn(move || {
                model.import(at(2), at(2), 2);
                model.receive(at(3), 3);
                model.import(at(1), at(2), 1);
                model.connect();
            })
        };
        // The page was at the other process, and has its first message.
        let mut reader = model.resume(&Position::from_iter([at(1)]), 10);
        let (mut last, mut is_behind_gap) = (1, false);
        while last < 3 {
            let value = reader.next();
            let number = reader.position.number(OTHER).unwrap_or(0);
            match value {
                // At a gap, the state was read that has all that was imported later.
                Some(value) => assert!(u64::from(value) == number && (number == last + 1 || is_behind_gap)),
                None => is_behind_gap = true,
            }
            last = number.max(last);
        }
        transport.join().unwrap();
        let mut again = model.resume(&Position::from_iter([at(0)]), 10);
        assert_eq!([(); 3].map(|()| again.next()), [Some(1), Some(2), Some(3)]);
    });
}
