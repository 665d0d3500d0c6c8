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

    /// Hands what one relay keeps to another one, once. Returns whether it has taken any.
    fn import(&self, from: usize, to: usize, bytes: usize) -> bool {
        let inbox = self.inbox(to);
        let Some(before) = inbox.earliest() else { return false };
        self.inbox(from).export(&before, bytes).is_some_and(|kept| inbox.import(kept))
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

    fn has_packets(&self, from: usize, to: usize) -> bool {
        self.0.lock().unwrap().queues.get(&(from, to)).is_some_and(|link| !link.is_empty())
    }

    fn deliver_all(&self) {
        for from in 0..self.len() {
            for to in 0..self.len() {
                while self.has_packets(from, to) {
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

/// A value that owns a text. As JSON it has 1000 bytes.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
struct Said {
    text: String,
}

impl Said {
    fn new() -> Self {
        Self { text: "x".repeat(1000 - r#"{"text":""}"#.len()) }
    }
}

#[test]
fn values_of_own_types_count_with_the_bytes_that_they_have_on_the_way() {
    let network = Network::default();
    let each = 1000 + size_of::<Said>() + "a".len();
    let relays = network.relays::<Said, 2>().map(|relay| relay.history(100).history_bytes(3 * each));
    network.announce_all();
    let start = relays.each_ref().map(Relay::position);
    let waiting = relays.each_ref().map(|relay| relay.subscribe("a").capacity_bytes(2 * each));
    let publish = |count: u32| {
        (0..count).for_each(|_| relays[0].publish("a", Said::new()));
        network.deliver_all();
    };
    let replayed = || [0, 1].map(|node| updates(&mut relays[node].resume("a", &start[node])).len());
    publish(3);
    assert_eq!(replayed(), [3, 3]);
    assert_eq!(waiting.each_ref().map(Subscription::waiting), [3, 3]);
    publish(1);
    // A gap, in the process that publishes as in the one that receives.
    assert_eq!(replayed(), [1, 1]);
    assert_eq!(waiting.each_ref().map(Subscription::dropped), [1, 1]);
}

#[test]
fn an_app_says_how_many_bytes_its_values_have() {
    let network = Network::default();
    let relay = network.relay::<Said>().measured(|_| 9).history(100).history_bytes(30);
    let start = relay.position();
    (0..3).for_each(|_| relay.publish("a", Said::new()));
    assert_eq!(updates(&mut relay.resume("a", &start)).len(), 3);
    relay.publish("a", Said::new());
    assert_eq!(updates(&mut relay.resume("a", &start)), [None]);
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
fn a_page_resumes_at_a_process_that_has_started_since_without_a_gap() {
    let network = Network::default();
    let [old, other] = network.relays::<u32, 2>().map(|relay| relay.history(100));
    network.announce_all();
    old.publish("quiet", 1);
    network.deliver_all();
    // Nothing more happens in its room.
    let quiet = old.position();
    for value in 2..10 {
        old.publish("busy", value);
        other.publish("busy", 10 * value);
    }
    network.deliver_all();
    let busy = old.position();
    let without_import = network.relay::<u32>().history(100);
    let new = network.unconnected::<u32>().history(100);
    network.announce_all();
    old.publish("busy", 10);
    while network.import(0, 3, 1) {}
    network.deliver_all();
    network.inbox(3).connected();
    drop(old);
    assert_eq!(updates(&mut without_import.resume("quiet", &quiet)), [None]);
    assert_eq!(updates(&mut new.resume("quiet", &quiet)), []);
    assert_eq!(updates(&mut new.resume("busy", &busy)), [Some(10)]);
    assert_eq!(updates(&mut new.resume("busy", &quiet)).len(), 17);
    assert_eq!(updates(&mut new.resume("quiet", "0000000000000007.1")), [None]);
    // The next process has it from this one.
    let next = network.unconnected::<u32>().history(100);
    while network.import(3, 4, 1000) {}
    network.inbox(4).connected();
    new.publish("quiet", 11);
    network.deliver_all();
    drop(new);
    assert_eq!(updates(&mut next.resume("quiet", &quiet)), [Some(11)]);
    assert_eq!(updates(&mut next.resume("busy", &busy)), [Some(10)]);
}

/// Relays with a history of 100 whose transport takes over nothing. Each has announced itself to the others before it is connected.
fn without_import<const N: usize>(network: &Network) -> [Relay<u32>; N] {
    [(); N].map(|()| {
        let relay = network.unconnected().history(100);
        network.announce_all();
        network.inbox(network.len() - 1).connected();
        relay
    })
}

#[test]
fn a_process_that_has_started_since_and_took_over_nothing_has_a_gap_for_what_was_before_it_alone() {
    let network = Network::default();
    let [a, b] = without_import(&network);
    let early = a.position();
    a.publish("a", 1);
    b.publish("a", 2);
    network.deliver_all();
    let current = a.position();
    let [c] = without_import(&network);
    // The page has everything that was before the start, or it has a gap.
    assert_eq!(updates(&mut c.resume("a", &current)), []);
    assert_eq!(updates(&mut c.resume("a", &early)), [None]);
    a.publish("a", 3);
    c.publish("a", 4);
    network.deliver_all();
    assert_eq!(updates(&mut c.resume("a", &current)), [Some(4), Some(3)]);
    assert_eq!(updates(&mut c.resume("a", &early)), [None]);
    // Back at an old process, the page receives what it lacks, and nothing again.
    let mut at_c = c.resume("a", &current);
    updates(&mut at_c);
    b.publish("a", 5);
    network.deliver_all();
    assert_eq!(updates(&mut b.resume("a", at_c.position())), [Some(5)]);
}

#[test]
fn a_position_from_before_the_announcements_brings_values_again_that_the_page_shows() {
    let network = Network::default();
    let [a] = without_import(&network);
    let mut at_a = a.resume("a", a.position());
    a.publish("a", 1);
    assert_eq!(updates(&mut at_a), [Some(1)]);
    network.deliver_all();
    // This one is connected, and serves a page, before it has heard of the other.
    let b = network.relay::<u32>().history(100);
    let mut at_b = b.resume("a", at_a.position());
    // The page shows the state at this gap, with what the other has published.
    assert_eq!(updates(&mut at_b), [None]);
    let before = at_b.position().clone();
    network.announce(1);
    network.deliver(1, 0);
    assert_eq!(updates(&mut a.resume("a", &before)), [Some(1)]);
    // A page that stays has a gap when the announcement comes. Behind that, nothing comes again.
    network.announce(0);
    network.deliver_all();
    assert_eq!(updates(&mut at_b), [None]);
    assert_eq!(updates(&mut a.resume("a", at_b.position())), []);
}

#[test]
fn an_event_that_was_taken_over_has_one_id() {
    let network = Network::default();
    let old = network.relay::<Event>().history(100);
    let begin = old.position();
    old.publish("a", Event::new(html! { <b id="score">"1"</b> }));
    let mut relays = vec![old];
    for _ in 0..3 {
        let new = network.unconnected().history(100);
        while network.import(relays.len() - 1, relays.len(), 1000) {}
        network.inbox(relays.len()).connected();
        relays.push(new);
    }
    let mut resumed = relays.pop().unwrap().resume("a", begin);
    let received = format!("{:?}", updates(&mut resumed));
    assert_eq!(received.matches("id: ").count(), 1, "{received}");
    assert!(received.contains(&format!("id: {}", resumed.position())), "{received}");
}

#[test]
fn what_an_other_release_keeps_and_this_one_cannot_read_is_a_gap() {
    let network = Network::default();
    let texts = network.relay::<String>().history(100);
    let begin = texts.position();
    for text in ["1", "two", "3"] {
        texts.publish("a", text.to_owned());
    }
    let numbers = network.unconnected::<u32>().history(100);
    assert!(!network.import(0, 1, 1000));
    network.inbox(1).connected();
    assert_eq!(updates(&mut numbers.resume("a", &begin)), [None]);
    assert_eq!(updates(&mut numbers.resume("a", texts.position())), []);
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

/// What happens to processes of which some are replaced by new ones.
#[derive(Debug, Clone, Copy)]
enum Change {
    Of(Step),
    /// A process starts.
    Start,
    /// It takes over a part of what another one keeps.
    Import(usize, usize),
    /// It ends, and the others have all that it has sent.
    End(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        20 => step().prop_map(Change::Of),
        2 => Just(Change::Start),
        4 => (0..3_usize, 1..100_usize).prop_map(|(from, bytes)| Change::Import(from, bytes)),
        2 => (0..3_usize).prop_map(Change::End),
    ]
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

    /// Processes end, and new ones take their places, with all or a part of what others keep. Of the page's process, its values are told
    /// from those of the others by what it has published.
    #[test]
    fn a_page_that_moves_to_processes_that_start_shows_everything_once(
        changes in prop::collection::vec((change(), 0..8_usize), 1..150),
    ) {
        let network = Network::default();
        let start = || network.unconnected::<(usize, u32)>().history(20);
        // By their places in the network. Three at a time, or one less while none takes the place of one that has ended.
        let mut relays: Vec<_> = (0..3).map(|_| Some(start())).collect();
        (0..3).for_each(|node| network.inbox(node).connected());
        network.announce_all();
        let mut published = vec![0; 3];
        let (mut shown, mut read) = (vec![0; 3], vec![0; 3]);
        let mut at = 0;
        let mut received = relays[0].as_ref().unwrap().resume("a", relays[0].as_ref().unwrap().position());
        let mut follow = |received: &mut Updates<(usize, u32)>, published: &[u32]| {
            shown.resize(published.len(), 0);
            read.resize(published.len(), 0);
            for update in updates(received) {
                let Some((publisher, number)) = update else {
                    (shown, read) = (published.to_vec(), published.to_vec());
                    continue;
                };
                if number > read[publisher] {
                    assert_eq!(number, shown[publisher] + 1, "a value is missing without a gap, or comes twice");
                    shown[publisher] = number;
                }
            }
            shown.clone()
        };
        for (change, moves_to) in changes {
            let alive: Vec<_> = (0..relays.len()).filter(|node| relays[*node].is_some()).collect();
            let node = |index: usize| alive[index % alive.len()];
            match change {
                Change::Of(Step::Publish(index)) => {
                    published[node(index)] += 1;
                    relays[node(index)].as_ref().unwrap().publish("a", (node(index), published[node(index)]));
                }
                Change::Of(Step::Deliver(from, to)) => network.deliver(node(from), node(to)),
                Change::Of(Step::Repeat(from, to)) => network.deliver_twice(node(from), node(to)),
                Change::Of(Step::Lose(from, to)) => drop(network.take(node(from), node(to))),
                Change::Of(Step::Announce(index)) => network.announce(node(index)),
                Change::Of(Step::Disconnect(index)) => network.inbox(node(index)).disconnected(),
                Change::Of(Step::Connect(index)) => network.inbox(node(index)).connected(),
                Change::Of(Step::Read(_)) => drop(follow(&mut received, &published)),
                Change::Start if alive.len() < 3 => {
                    relays.push(Some(start()));
                    published.push(0);
                    for node in &alive {
                        network.announce(*node);
                    }
                }
                Change::Import(from, bytes) => drop(network.import(node(from), alive[alive.len() - 1], bytes)),
                Change::End(index) if alive.len() > 1 => {
                    let ended = node(index);
                    network.announce(ended);
                    for to in 0..relays.len() {
                        while network.has_packets(ended, to) {
                            network.deliver(ended, to);
                        }
                    }
                    follow(&mut received, &published);
                    relays[ended] = None;
                    if at == ended {
                        at = if node(0) == ended { node(1) } else { node(0) };
                        received = relays[at].as_ref().unwrap().resume("a", received.position().to_string());
                    }
                }
                Change::Start | Change::End(_) => {}
            }
            if let Some(Some(relay)) = relays.get(moves_to) {
                at = moves_to;
                received = relay.resume("a", received.position().to_string());
            }
        }
        network.deliver_all();
        (0..relays.len()).for_each(|node| network.inbox(node).connected());
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
