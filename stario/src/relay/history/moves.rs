//! A browser that moves between relays, of which there are more than a position has places for, and more than a history knows.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use proptest::prelude::*;

use super::super::transport::{Inbox, Packet, PublishError, Transport};
use super::super::updates::{Update, Updates};
use super::super::{Relay, table};
use super::*;

const NODES: usize = 6;

/// The publisher of a value, and as which of its values.
type Value = (usize, u32);

/// What is on the way between any two relays: values, and announcements, which have no subject.
#[derive(Clone, Default)]
struct Links(Arc<Mutex<Queues>>);

/// By sender and receiver.
type Queues = HashMap<(usize, usize), VecDeque<Packet>>;

impl Links {
    fn send(&self, from: usize, packet: &Packet) {
        let mut links = self.0.lock().unwrap();
        for to in (0..NODES).filter(|to| *to != from) {
            links.entry((from, to)).or_default().push_back(packet.clone());
        }
    }

    fn take(&self, from: usize, to: usize) -> Option<Packet> {
        self.0.lock().unwrap().get_mut(&(from, to))?.pop_front()
    }
}

struct Sender {
    links: Links,
    node: usize,
    inbox: Arc<Mutex<Option<Inbox>>>,
}

impl Transport for Sender {
    fn start(&self, inbox: Inbox) {
        *self.inbox.lock().unwrap() = Some(inbox);
    }

    fn send(&self, packet: Packet) -> Result<(), PublishError> {
        self.links.send(self.node, &packet);
        Ok(())
    }
}

struct Network {
    links: Links,
    relays: Vec<(Relay<Value>, Inbox)>,
    published: [u32; NODES],
}

impl Network {
    fn new(bounds: Bounds) -> Self {
        let links = Links::default();
        let relay = |node| {
            let inbox = Arc::default();
            let relay =
                Relay::over(Sender { links: links.clone(), node, inbox: Arc::clone(&inbox) }).history(30);
            table::lock(relay.kept()).bounds = bounds;
            let inbox = inbox.lock().unwrap().take().unwrap();
            inbox.connected();
            (relay, inbox)
        };
        let network = Self { relays: (0..NODES).map(relay).collect(), links, published: [0; NODES] };
        network.announce_all();
        network
    }

    fn publish(&mut self, node: usize) {
        self.published[node] += 1;
        self.relays[node].0.publish("a", (node, self.published[node]));
    }

    fn announce(&self, node: usize) {
        let stamp = self.relays[node].1.newest().unwrap();
        self.links.send(node, &Packet { subject: "".into(), stamp, payload: bytes::Bytes::new() });
    }

    fn deliver(&self, from: usize, to: usize) -> bool {
        let Some(packet) = self.links.take(from, to) else { return false };
        let inbox = &self.relays[to].1;
        if packet.subject.is_empty() {
            inbox.announced(packet.stamp);
        } else {
            inbox.receive(packet);
        }
        true
    }

    fn announce_all(&self) {
        (0..NODES).for_each(|node| self.announce(node));
        for (from, to) in (0..NODES).flat_map(|from| (0..NODES).map(move |to| (from, to))) {
            while self.deliver(from, to) {}
        }
    }
}

/// What a browser shows of each publisher, and what the state had when it was read at the last gap.
#[derive(Default)]
struct Page {
    shown: [u32; NODES],
    read: [u32; NODES],
    gaps: u32,
}

impl Page {
    fn follow(&mut self, updates: &mut Updates<Value>, published: &[u32; NODES]) {
        let mut ctx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(update)) = Pin::new(&mut *updates).poll_next(&mut ctx) {
            match update {
                Update::Gap => {
                    (self.shown, self.read) = (*published, *published);
                    self.gaps += 1;
                }
                // The state had it already.
                Update::Value(_, (node, number)) if number <= self.read[node] => {}
                Update::Value(_, (node, number)) => {
                    assert_eq!(number, self.shown[node] + 1, "missing without a gap, or twice, of {node}");
                    self.shown[node] = number;
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Publish(usize),
    Deliver(usize, usize),
    DeliverAll,
    Lose(usize, usize),
    Announce(usize),
    Disconnect(usize),
    Connect(usize),
    Read,
    MoveTo(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let node = || 0..NODES;
    prop_oneof![
        8 => node().prop_map(Step::Publish),
        8 => (node(), node()).prop_map(|(from, to)| Step::Deliver(from, to)),
        2 => Just(Step::DeliverAll),
        1 => (node(), node()).prop_map(|(from, to)| Step::Lose(from, to)),
        1 => node().prop_map(Step::Announce),
        1 => node().prop_map(Step::Disconnect),
        1 => node().prop_map(Step::Connect),
        3 => Just(Step::Read),
        4 => node().prop_map(Step::MoveTo),
    ]
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (2..NODES, 0..NODES, 0..4_usize).prop_map(|(places, more, at_once)| Bounds {
        places,
        known: places + more,
        at_once,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_misses_nothing_without_a_gap_and_shows_nothing_twice(
        bounds in bounds(),
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let mut network = Network::new(bounds);
        let mut page = Page::default();
        let mut updates = network.relays[0].0.resume("a", network.relays[0].0.position());
        for step in steps {
            match step {
                Step::Publish(node) => network.publish(node),
                Step::Deliver(from, to) => drop(network.deliver(from, to)),
                Step::DeliverAll => network.announce_all(),
                Step::Lose(from, to) => drop(network.links.take(from, to)),
                Step::Announce(node) => network.announce(node),
                Step::Disconnect(node) => network.relays[node].1.disconnected(),
                Step::Connect(node) => network.relays[node].1.connected(),
                Step::Read => page.follow(&mut updates, &network.published),
                Step::MoveTo(node) => {
                    updates = network.relays[node].0.resume("a", updates.position().to_string());
                }
            }
        }
        network.announce_all();
        network.relays.iter().for_each(|(_, inbox)| inbox.connected());
        network.announce_all();
        page.follow(&mut updates, &network.published);
        prop_assert_eq!(page.shown, network.published);
    }
}

#[test]
fn a_page_that_stays_at_its_relay_has_no_gap_however_few_places_there_are() {
    let mut network = Network::new(Bounds { places: 2, known: 3, at_once: 1 });
    let mut page = Page::default();
    let relay = network.relays[0].0.clone();
    let mut updates = relay.resume("a", relay.position());
    for node in (0..NODES).chain(0..NODES) {
        network.publish(node);
        network.announce_all();
        page.follow(&mut updates, &network.published);
        // What this relay itself publishes meanwhile is replayed.
        let position = updates.position().to_string();
        drop(updates);
        network.publish(0);
        updates = relay.resume("a", position);
        page.follow(&mut updates, &network.published);
    }
    assert_eq!((page.shown, page.gaps), (network.published, 0));
}
