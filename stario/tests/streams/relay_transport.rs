//! Relays that are connected by a transport: what arrives, in which order, and what is missing without a value that says so.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use stario::prelude::*;
use stario::relay::{Inbox, Packet, Payload, PublishError, Stamp, Transport};
use stario::{Event, Subscription, Updates};

/// Relays in one process, and the packets that are on the way between any two of them.
#[derive(Clone, Default)]
struct Network(Arc<Mutex<Links>>);

#[derive(Default)]
struct Links {
    inboxes: Vec<Option<Inbox>>,
    /// By sender and receiver. A packet without a subject is an announcement.
    queues: HashMap<(usize, usize), VecDeque<Packet>>,
    /// The largest payload that is sent.
    limit: Option<usize>,
}

struct Node {
    network: Network,
    index: usize,
    is_dropped: Arc<AtomicBool>,
}

impl Transport for Node {
    fn start(&self, inbox: Inbox) {
        self.network.0.lock().unwrap().inboxes[self.index] = Some(inbox);
    }

    fn send(&self, packet: Packet) -> Result<(), PublishError> {
        let mut links = self.network.0.lock().unwrap();
        let (bytes, limit) = (packet.payload.len(), links.limit.unwrap_or(usize::MAX));
        if bytes > limit {
            return Err(PublishError::TooLarge { bytes, limit });
        }
        links.send(self.index, &packet);
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.is_dropped.store(true, Ordering::Relaxed);
    }
}

impl Links {
    fn send(&mut self, from: usize, packet: &Packet) {
        for to in (0..self.inboxes.len()).filter(|to| *to != from) {
            self.queues.entry((from, to)).or_default().push_back(packet.clone());
        }
    }
}

impl Network {
    /// A relay that is connected to all others of this network.
    fn relay<T: Payload>(&self) -> Relay<T> {
        let relay = self.unconnected();
        self.inbox(self.len() - 1).connected();
        relay
    }

    fn unconnected<T: Payload>(&self) -> Relay<T> {
        self.node().0
    }

    fn node<T: Payload>(&self) -> (Relay<T>, Arc<AtomicBool>) {
        let index = {
            let mut links = self.0.lock().unwrap();
            links.inboxes.push(None);
            links.inboxes.len() - 1
        };
        let is_dropped = Arc::new(AtomicBool::new(false));
        let node = Node { network: self.clone(), index, is_dropped: Arc::clone(&is_dropped) };
        (Relay::over(node), is_dropped)
    }

    fn relays<T: Payload, const N: usize>(&self) -> [Relay<T>; N] {
        [(); N].map(|()| self.relay())
    }

    fn inbox(&self, index: usize) -> Inbox {
        self.0.lock().unwrap().inboxes[index].clone().unwrap()
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().inboxes.len()
    }

    /// The next packet on the way from one relay to another.
    fn take(&self, from: usize, to: usize) -> Option<Packet> {
        self.0.lock().unwrap().queues.get_mut(&(from, to))?.pop_front()
    }

    fn deliver(&self, from: usize, to: usize) {
        let Some(packet) = self.take(from, to) else { return };
        let inbox = self.inbox(to);
        if packet.subject.is_empty() { inbox.announced(packet.stamp) } else { inbox.receive(packet) }
    }

    fn deliver_twice(&self, from: usize, to: usize) {
        let Some(packet) = self.take(from, to) else { return };
        self.0.lock().unwrap().queues.entry((from, to)).or_default().push_front(packet.clone());
        self.deliver(from, to);
        let again = packet;
        self.0.lock().unwrap().queues.entry((from, to)).or_default().push_front(again);
        self.deliver(from, to);
    }

    fn announce(&self, from: usize) {
        let Some(stamp) = self.inbox(from).newest() else { return };
        let packet = Packet { subject: "".into(), stamp, payload: stario::Bytes::new() };
        self.0.lock().unwrap().send(from, &packet);
    }

    fn deliver_all(&self) {
        for from in 0..self.len() {
            for to in 0..self.len() {
                while self.0.lock().unwrap().queues.get(&(from, to)).is_some_and(|link| !link.is_empty()) {
                    self.deliver(from, to);
                }
            }
        }
    }

    fn announce_all(&self) {
        (0..self.len()).for_each(|from| self.announce(from));
        self.deliver_all();
    }
}

/// All values that wait.
fn values<T: Clone>(subscription: &mut Subscription<T>) -> Vec<T> {
    std::iter::from_fn(|| {
        match Pin::new(&mut *subscription).poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value.map(|(_, value)| value),
            Poll::Pending => None,
        }
    })
    .collect()
}

/// All updates that wait, where `None` is a gap.
fn updates<T: Clone + 'static>(updates: &mut Updates<T>) -> Vec<Option<T>> {
    std::iter::from_fn(|| match Pin::new(&mut *updates).poll_next(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Update::Value(_, value))) => Some(Some(value)),
        Poll::Ready(Some(Update::Gap)) => Some(None),
        Poll::Ready(None) | Poll::Pending => None,
    })
    .collect()
}

#[test]
fn what_one_publishes_all_receive_and_its_own_process_at_once() {
    let network = Network::default();
    let [a, b, c] = network.relays::<u32, 3>();
    let mut subscriptions = [&a, &b, &c].map(|relay| relay.subscribe("room.*"));
    a.publish("room.1", 1);
    assert_eq!(subscriptions.each_mut().map(values), [vec![1], vec![], vec![]]);
    a.publish("room.1.moves", 2);
    a.publish("other", 3);
    b.publish("room.2", 4);
    network.deliver_all();
    assert_eq!(subscriptions.each_mut().map(values), [vec![2, 4], vec![4, 1, 2], vec![1, 2, 4]]);
    assert!(subscriptions.iter_mut().all(|subscription| !subscription.has_lost()));
}

#[test]
fn a_packet_that_comes_twice_is_received_once() {
    let network = Network::default();
    let [a, b] = network.relays::<u32, 2>();
    let mut received = b.resume("*", b.position());
    a.publish("a", 1);
    a.publish("a", 2);
    network.deliver_twice(0, 1);
    network.deliver_twice(0, 1);
    assert_eq!(updates(&mut received), [Some(1), Some(2)]);
}

#[test]
fn a_lost_packet_is_a_gap_for_every_subscription_wherever_it_is_found() {
    let network = Network::default();
    let [a, b] = network.relays::<u32, 2>();
    let mut received = b.resume("a", b.position());
    let mut other = b.resume("other", b.position());
    let mut plain = b.subscribe("a");
    let mut closing = b.subscribe("a").close_when_full();
    a.publish("a", 1);
    network.deliver(0, 1);
    // The middle one of three.
    (2..5).for_each(|value| a.publish("a", value));
    network.deliver(0, 1);
    network.take(0, 1);
    assert!(!plain.has_lost());
    network.deliver(0, 1);
    assert_eq!((updates(&mut received), updates(&mut other)), (vec![None], vec![None]));
    assert_eq!((values(&mut plain), plain.has_lost(), plain.has_lost()), (vec![1, 2, 4], true, false));
    // It promised to lose nothing, so it ends.
    assert_eq!(values(&mut closing), [0; 0]);
    assert_eq!(Pin::new(&mut closing).poll_next(&mut Context::from_waker(Waker::noop())), Poll::Ready(None));
    // The last one: nothing comes behind it that would show the hole.
    a.publish("a", 5);
    network.take(0, 1);
    assert_eq!(updates(&mut received), []);
    network.announce_all();
    assert_eq!((updates(&mut received), updates(&mut other)), (vec![None], vec![None]));
    assert!(plain.has_lost());
    network.announce_all();
    a.publish("a", 6);
    network.deliver_all();
    assert_eq!((updates(&mut received), updates(&mut other)), (vec![Some(6)], vec![]));
    assert!(!plain.has_lost());
}

#[test]
fn a_lost_connection_is_one_gap_when_it_is_back() {
    let network = Network::default();
    let [a, b] = network.relays::<u32, 2>();
    let mut received = b.resume("a", b.position());
    let mut plain = b.subscribe("a");
    let inbox = network.inbox(1);
    inbox.disconnected();
    (0..3).for_each(|value| a.publish("a", value));
    (0..2).for_each(|_| drop(network.take(0, 1)));
    // What arrives behind a hole, before the transport knows that everything does, is not received before the gap.
    network.deliver_all();
    network.announce_all();
    assert_eq!((updates(&mut received), plain.has_lost()), (vec![], false));
    b.publish("a", 10);
    inbox.connected();
    assert_eq!((updates(&mut received), plain.has_lost(), plain.has_lost()), (vec![None], true, false));
    a.publish("a", 3);
    network.deliver_all();
    assert_eq!(updates(&mut received), [Some(3)]);
    assert_eq!(values(&mut plain), [10, 3]);
}

#[test]
fn what_cannot_be_read_is_a_gap_and_no_panic() {
    let network = Network::default();
    let (texts, numbers) = (network.relay::<String>(), network.relay::<u32>());
    let mut received = numbers.resume("a", numbers.position());
    texts.publish("a", "seven".to_owned());
    network.deliver_all();
    assert_eq!(updates(&mut received), [None]);
    numbers.publish("a", 7);
    assert_eq!(updates(&mut received), [Some(7)]);
    // A subject that no relay publishes.
    let stamp = Stamp { epoch: 1, number: 1 };
    network.inbox(1).receive(Packet { subject: "a..b".into(), stamp, payload: "7".into() });
    assert_eq!(updates(&mut received), [None]);
}

#[test]
fn a_value_that_is_not_sent_is_an_error_a_gap_elsewhere_and_received_here() {
    let network = Network::default();
    let [a, b] = network.relays::<String, 2>();
    network.0.lock().unwrap().limit = Some(10);
    let (mut here, mut there) = (a.subscribe("a"), b.resume("a", b.position()));
    let long = "x".repeat(20);
    let error = a.try_publish("a", long.clone()).unwrap_err();
    assert_eq!(error.to_string(), "a value of 22 bytes cannot be sent: at most 10 can");
    assert!(matches!(a.try_publish("a..b", String::new()), Err(PublishError::Subject(_))));
    a.publish("a", long.clone());
    assert_eq!((values(&mut here), a.unsent()), (vec![long.clone(), long], 2));
    a.publish("a", "short".to_owned());
    network.deliver_all();
    assert_eq!(updates(&mut there), [None]);
}

#[test]
fn a_client_resumes_at_another_process() {
    let network = Network::default();
    let [a, b] = network.relays::<u32, 2>().map(|relay| relay.history(3));
    network.announce_all();
    let start = a.position();
    a.publish("a", 1);
    b.publish("a", 2);
    network.deliver_all();
    let mut at_a = a.resume("a", &start);
    assert_eq!(updates(&mut at_a), [Some(1), Some(2)]);
    a.publish("a", 3);
    network.deliver_all();
    // Behind 2 of each publisher, wherever it was received.
    assert_eq!(updates(&mut b.resume("a", at_a.position())), [Some(3)]);
    assert_eq!(updates(&mut at_a), [Some(3)]);
    assert_eq!(updates(&mut b.resume("a", at_a.position())), []);
    // Later than the history reaches back.
    assert_eq!(updates(&mut b.resume("a", &start)), [Some(2), Some(1), Some(3)]);
    b.publish("a", 4);
    assert_eq!(updates(&mut b.resume("a", &start)), [None]);
    network.deliver_all();

    // A process that is new knows the others when they have announced themselves.
    let c = network.relay::<u32>().history(3);
    assert_eq!(updates(&mut c.resume("a", a.position())), [None]);
    network.announce_all();
    let position = a.position();
    assert_eq!(updates(&mut c.resume("a", &position)), []);
    a.publish("a", 5);
    assert_eq!(updates(&mut c.resume("a", &position)), []);
    network.take(0, 2);
    network.announce_all();
    assert_eq!(updates(&mut c.resume("a", &position)), [None]);
}

#[test]
fn what_is_published_before_a_gap_is_read_is_not_lost_to_a_client_that_moves() {
    let network = Network::default();
    let [a, b] = network.relays::<u32, 2>().map(|relay| relay.history(10));
    network.announce_all();
    let mut at_b = b.resume("a", b.position());
    network.inbox(1).disconnected();
    a.publish("a", 1);
    drop(network.take(0, 1));
    a.publish("a", 2);
    network.deliver_all();
    b.publish("a", 3);
    assert_eq!(updates(&mut at_b), [Some(3)]);
    network.deliver_all();
    // The position that came with 3 does not say that 1 and 2 were received.
    assert_eq!(updates(&mut a.resume("a", at_b.position())), [Some(1), Some(2)]);
    network.inbox(1).connected();
    assert_eq!(updates(&mut at_b), [None]);
    a.publish("a", 4);
    network.deliver_all();
    assert_eq!(updates(&mut at_b), [Some(4)]);
    assert_eq!(updates(&mut a.resume("a", at_b.position())), []);
}

#[test]
fn all_subscriptions_of_a_process_receive_an_event_with_the_same_id() {
    let network = Network::default();
    let [a, b] = network.relays::<Event, 2>().map(|relay| relay.history(10));
    network.announce_all();
    let begin = b.position();
    let mut early = b.resume("a", &begin);
    let event = |text: &str| Event::new(html! { <b id="score">{text}</b> });
    // Nothing of this is for the subscriptions.
    b.publish("other", event("0"));
    a.publish("other", event("0"));
    network.deliver_all();
    let mut late = b.resume("a", b.position());
    let mut plain = b.subscribe("a");
    a.publish("a", event("1"));
    network.deliver_all();
    let received = updates(&mut early);
    assert_eq!((received.len(), &received), (1, &updates(&mut late)));
    assert_eq!(received[0], values(&mut plain).pop());
    assert!(format!("{received:?}").contains(&format!("id: {}", early.position())), "{received:?}");
    assert_eq!(early.position(), late.position());

    // One that comes from a process which is ahead is ahead until this one has received as much.
    b.publish("a", event("2"));
    let mut at_a = a.resume("a", a.position());
    network.deliver_all();
    assert_eq!(updates(&mut at_a).len(), 1);
    a.publish("a", event("3"));
    assert_eq!(updates(&mut at_a).len(), 1);
    network.deliver_all();
    let mut moved = b.resume("a", at_a.position());
    assert_eq!(updates(&mut moved), []);
    b.publish("a", event("4"));
    assert_eq!(updates(&mut early).pop(), updates(&mut moved).pop());
}

#[test]
fn a_relay_that_is_dropped_ends_its_transport() {
    let network = Network::default();
    let (relay, is_dropped) = network.node::<u32>();
    let subscription = relay.subscribe("a");
    drop(relay);
    assert!(!is_dropped.load(Ordering::Relaxed));
    drop(subscription);
    assert!(is_dropped.load(Ordering::Relaxed));
    assert_eq!(network.inbox(0).newest(), None);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Publish(usize),
    Deliver(usize, usize),
    Repeat(usize, usize),
    Lose(usize, usize),
    Announce(usize),
    Disconnect(usize),
    Connect(usize),
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let node = || 0..3_usize;
    let link = || (node(), node());
    prop_oneof![
        6 => node().prop_map(Step::Publish),
        8 => link().prop_map(|(from, to)| Step::Deliver(from, to)),
        1 => link().prop_map(|(from, to)| Step::Repeat(from, to)),
        1 => link().prop_map(|(from, to)| Step::Lose(from, to)),
        1 => node().prop_map(Step::Announce),
        1 => node().prop_map(Step::Disconnect),
        1 => node().prop_map(Step::Connect),
        3 => node().prop_map(Step::Read),
    ]
}

/// What the page of one subscription shows: the newest value of each publisher.
#[derive(Default)]
struct Page {
    shown: [u32; 3],
}

impl Page {
    fn read(&mut self, received: &mut Updates<(usize, u32)>, published: &[u32; 3]) {
        for update in updates(received) {
            match update {
                Some((publisher, number)) => {
                    // After a gap, a value may be one that the state had already.
                    if number > self.shown[publisher] {
                        assert_eq!(number, self.shown[publisher] + 1, "a value is missing without a gap");
                    }
                    self.shown[publisher] = self.shown[publisher].max(number);
                }
                None => self.shown = *published,
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_shows_everything_whatever_is_lost(steps in prop::collection::vec(step(), 1..120)) {
        let network = Network::default();
        let relays = network.relays::<(usize, u32), 3>();
        let mut received = relays.each_ref().map(|relay| relay.resume("a", relay.position()).capacity(8));
        let (mut pages, mut published) = ([(); 3].map(|()| Page::default()), [0; 3]);
        for step in steps {
            match step {
                Step::Publish(node) => {
                    published[node] += 1;
                    relays[node].publish("a", (node, published[node]));
                }
                Step::Deliver(from, to) => network.deliver(from, to),
                Step::Repeat(from, to) => network.deliver_twice(from, to),
                Step::Lose(from, to) => drop(network.take(from, to)),
                Step::Announce(node) => network.announce(node),
                Step::Disconnect(node) => network.inbox(node).disconnected(),
                Step::Connect(node) => network.inbox(node).connected(),
                Step::Read(node) => pages[node].read(&mut received[node], &published),
            }
        }
        network.deliver_all();
        (0..3).for_each(|node| network.inbox(node).connected());
        network.announce_all();
        for (page, received) in pages.iter_mut().zip(&mut received) {
            page.read(received, &published);
            prop_assert_eq!(page.shown, published);
        }
    }

    /// A browser whose stream ends continues at any process: it misses nothing without a gap, and receives nothing twice.
    #[test]
    fn a_page_that_moves_between_processes_shows_everything_once(
        steps in prop::collection::vec((step(), 0..8_usize), 1..120),
    ) {
        let network = Network::default();
        let relays = network.relays::<(usize, u32), 3>().map(|relay| relay.history(20));
        network.announce_all();
        let mut published = [0; 3];
        // What the page shows, and what the state had that was read at the last gap.
        let (mut shown, mut read) = ([0; 3], [0; 3]);
        let mut received = relays[0].resume("a", relays[0].position());
        let mut follow = |received: &mut Updates<(usize, u32)>, published: &[u32; 3]| {
            for update in updates(received) {
                let Some((publisher, number)) = update else {
                    (shown, read) = (*published, *published);
                    continue;
                };
                if number > read[publisher] {
                    assert_eq!(number, shown[publisher] + 1, "a value is missing without a gap, or comes twice");
                    shown[publisher] = number;
                }
            }
            shown
        };
        for (step, moves_to) in steps {
            match step {
                Step::Publish(node) => {
                    published[node] += 1;
                    relays[node].publish("a", (node, published[node]));
                }
                Step::Deliver(from, to) => network.deliver(from, to),
                Step::Repeat(from, to) => network.deliver_twice(from, to),
                Step::Lose(from, to) => drop(network.take(from, to)),
                Step::Announce(node) => network.announce(node),
                Step::Disconnect(node) => network.inbox(node).disconnected(),
                Step::Connect(node) => network.inbox(node).connected(),
                Step::Read(_) => drop(follow(&mut received, &published)),
            }
            if let Some(relay) = relays.get(moves_to) {
                received = relay.resume("a", received.position().to_string());
            }
        }
        network.deliver_all();
        (0..3).for_each(|node| network.inbox(node).connected());
        network.announce_all();
        prop_assert_eq!(follow(&mut received, &published), published);
    }

    /// As above, without any gap but those that the numbers show.
    #[test]
    fn numbers_and_announcements_show_every_loss(steps in prop::collection::vec(step(), 1..120)) {
        let network = Network::default();
        let relays = network.relays::<(usize, u32), 3>();
        let mut received = relays.each_ref().map(|relay| relay.resume("a", relay.position()).capacity(8));
        let (mut pages, mut published) = ([(); 3].map(|()| Page::default()), [0; 3]);
        for step in steps {
            match step {
                Step::Publish(node) => {
                    published[node] += 1;
                    relays[node].publish("a", (node, published[node]));
                }
                Step::Deliver(from, to) => network.deliver(from, to),
                Step::Repeat(from, to) => network.deliver_twice(from, to),
                Step::Lose(from, to) => drop(network.take(from, to)),
                Step::Announce(node) => network.announce(node),
                Step::Disconnect(_) | Step::Connect(_) => {}
                Step::Read(node) => pages[node].read(&mut received[node], &published),
            }
        }
        network.deliver_all();
        network.announce_all();
        for (page, received) in pages.iter_mut().zip(&mut received) {
            page.read(received, &published);
            prop_assert_eq!(page.shown, published);
        }
    }
}
