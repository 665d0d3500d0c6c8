//! What a relay with a history promises: that nothing is missed without a gap that says so.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use proptest::prelude::*;
use stario::prelude::*;
use stario::relay::{IntoPosition, Position};
use stario::testing::TestClient;
use stario::{Event, Update, Updates};

use crate::app;

stario::app!(local);

/// What a subscription has for its reader at this moment.
fn poll<T: Clone + 'static>(updates: &mut Updates<T>) -> Poll<Option<Update<T>>> {
    Pin::new(updates).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// All updates that wait, where `None` is a gap.
fn drain<T: Clone + 'static>(updates: &mut Updates<T>) -> Vec<Option<T>> {
    std::iter::from_fn(|| match poll(updates) {
        Poll::Ready(Some(Update::Value(_, value))) => Some(Some(value)),
        Poll::Ready(Some(Update::Gap)) => Some(None),
        Poll::Ready(None) | Poll::Pending => None,
    })
    .collect()
}

const GAP: Option<u32> = None;

#[test]
fn a_resumed_subscription_replays_what_was_missed_and_goes_on() {
    let relay = Relay::new().history(100);
    let start = relay.position();
    (0..3).for_each(|value| relay.publish("a", value));
    relay.publish("b", 99);
    let mut updates = relay.resume("a", &start);
    relay.publish("a", 3);
    assert_eq!(drain(&mut updates), [Some(0), Some(1), Some(2), Some(3)]);
    relay.publish("a", 4);
    assert_eq!(poll(&mut updates), Poll::Ready(Some(Update::Value("a".into(), 4))));
    let left_at = updates.position().to_string();
    drop(updates);
    relay.publish("a", 5);
    let mut updates = relay.resume(["a", "b"], left_at);
    assert_eq!(drain(&mut updates), [Some(5)]);
    assert_eq!(updates.position(), &relay.position());
}

#[test]
fn a_gap_stands_for_everything_that_may_be_missing() {
    let check = |relay: &Relay<u32>, position: &dyn Fn() -> Option<Position>| {
        let mut updates = relay.resume("a", position());
        // What is published before the gap is received is behind it: the state that is sent then has it.
        relay.publish("a", 1);
        assert_eq!(drain(&mut updates), [GAP]);
        assert_eq!(updates.position(), &relay.position());
        relay.publish("a", 2);
        assert_eq!(drain(&mut updates), [Some(2)]);
        // After the gap the position is a good one.
        let mut again = relay.resume("a", updates.position());
        assert_eq!(drain(&mut again), []);
    };
    let relay = Relay::new().history(2);
    let old = relay.position();
    (0..3).for_each(|value| relay.publish("a", value));
    // The history does not reach back, the page has no position, the text is none, it is of another process.
    check(&relay, &|| Some(old.clone()));
    check(&relay, &|| None);
    check(&relay, &|| "7".into_position());
    check(&relay, &|| Some(Relay::<u32>::new().history(2).position()));
}

#[test]
fn without_a_history_only_gaps_are_known() {
    let relay = Relay::new();
    assert_eq!(relay.position().to_string(), "");
    let mut updates = relay.resume("a", relay.position().to_string()).capacity(1);
    assert_eq!(drain(&mut updates), [GAP]);
    relay.publish("a", 1);
    assert_eq!(drain(&mut updates), [Some(1)]);
    (0..2).for_each(|value| relay.publish("a", value));
    assert_eq!(drain(&mut updates), [GAP]);
    assert_eq!(updates.position(), &Position::default());
}

#[test]
fn an_invalid_pattern_ends_a_subscription_without_a_gap() {
    let relay = Relay::<u32>::new().history(2);
    assert_eq!(poll(&mut relay.resume("a..b", None::<&str>)), Poll::Ready(None));
    relay.publish("a..b", 1);
    assert_eq!(relay.position(), Relay::position(&relay));
    assert!(relay.position().to_string().ends_with(".0"));
}

#[test]
fn a_slow_subscription_has_one_gap_and_its_values_are_counted() {
    let relay = Relay::new().measured(|_: &u32| 100).history(1000);
    let mut slow = relay.resume("a", relay.position()).capacity(2);
    let mut small = relay.resume("a", relay.position()).capacity_bytes(250);
    let mut latest = relay.resume("a", relay.position()).latest();
    let mut plain = relay.subscribe("a").capacity(2);
    let mut plain_latest = relay.subscribe("a").latest();
    (0..2).for_each(|value| relay.publish("a", value));
    assert!(!plain.has_lost());
    (2..9).for_each(|value| relay.publish("a", value));
    assert_eq!((drain(&mut slow), slow.dropped()), (vec![GAP], 9));
    assert_eq!((drain(&mut small), small.dropped()), (vec![GAP], 9));
    assert_eq!((drain(&mut latest), latest.dropped()), (vec![Some(8)], 8));
    assert_eq!((plain.has_lost(), plain.has_lost(), plain.dropped()), (true, false, 7));
    assert_eq!((plain_latest.has_lost(), plain_latest.dropped()), (false, 8));
    relay.publish("a", 9);
    assert_eq!((drain(&mut slow), drain(&mut small)), (vec![Some(9)], vec![Some(9)]));
    // What was to be replayed is behind the gap, too.
    let mut resumed = relay.resume("a", updates_at(&relay, 3)).capacity(1);
    (10..12).for_each(|value| relay.publish("a", value));
    assert_eq!(drain(&mut resumed), [GAP]);
}

/// The position behind the first values.
fn updates_at(relay: &Relay<u32>, number: usize) -> Position {
    let text = relay.position().to_string();
    let (epoch, _) = text.split_once('.').unwrap();
    format!("{epoch}.{number}").into_position().unwrap()
}

#[test]
fn what_is_known_otherwise_can_be_skipped() {
    let relay = Relay::new().history(10);
    let start = relay.position();
    relay.publish("a", 1);
    let mut updates = relay.resume("a", start);
    relay.publish("a", 2);
    updates.skip();
    assert_eq!(updates.position(), &relay.position());
    relay.publish("a", 3);
    assert_eq!((drain(&mut updates), updates.dropped()), (vec![Some(3)], 0));
    // A gap that is not received yet is skipped, too.
    let mut updates = relay.resume("a", None::<&str>);
    updates.skip();
    assert_eq!(drain(&mut updates), []);
}

#[test]
fn the_history_is_bounded_in_bytes() {
    let relay = Relay::new().measured(|bytes: &u32| *bytes as usize - 1).history(1000).history_bytes(1000);
    let start = relay.position();
    (0..10).for_each(|_| relay.publish("a", 100));
    assert_eq!(drain(&mut relay.resume("a", &start)).len(), 10);
    relay.publish("a", 1);
    assert_eq!(drain(&mut relay.resume("a", &start)), [GAP]);
    assert_eq!(drain(&mut relay.resume("a", updates_at(&relay, 1))).len(), 10);
    // 4 MiB unless set.
    let relay = Relay::new().measured(|bytes: &u32| *bytes as usize - 1).history(1000);
    let start = relay.position();
    (0..4).for_each(|_| relay.publish("a", 1 << 20));
    assert_eq!(drain(&mut relay.resume("a", &start).capacity_bytes(4 << 20)).len(), 4);
    relay.publish("a", 1);
    assert_eq!(drain(&mut relay.resume("a", &start).capacity_bytes(4 << 20)), [GAP]);
}

#[test]
fn what_is_replayed_is_bounded_as_what_waits_is() {
    let relay = Relay::new().measured(|_: &u32| 1023).history(5000);
    let start = relay.position();
    (0..1024).for_each(|value| relay.publish("a", value));
    // 1024 values, and 1 MiB of them.
    assert_eq!(drain(&mut relay.resume("a", &start)).len(), 1024);
    relay.publish("a", 1024);
    let mut too_many = relay.resume("a", &start).capacity_bytes(1 << 30);
    let mut too_large = relay.resume("a", &start).capacity(2000).capacity_bytes(1 << 19);
    let mut wider = relay.resume("a", &start).capacity(2000).capacity_bytes(1 << 21);
    assert_eq!((drain(&mut too_many), too_many.dropped()), (vec![GAP], 1025));
    assert_eq!(drain(&mut too_large), [GAP]);
    assert_eq!(drain(&mut wider).len(), 1025);
    assert_eq!(too_many.position(), &relay.position());
    // What comes between the call and its settings is no reason for a gap.
    let late = relay.resume("a", &start);
    relay.publish("a", 1025);
    assert_eq!(drain(&mut late.capacity(2000).capacity_bytes(1 << 21)).len(), 1026);
    assert_eq!(relay.dropped(), 2050);
}

#[test]
fn only_the_latest_of_what_was_missed_is_replayed() {
    let relay = Relay::new().history(100);
    let start = relay.position();
    for (subject, value) in [("a", 1), ("b", 2), ("a", 3)] {
        relay.publish(subject, value);
    }
    let mut latest = relay.resume("*", &start).latest();
    assert_eq!((drain(&mut latest), latest.dropped()), (vec![Some(2), Some(3)], 1));
    let mut latest = relay.resume("*", &start).latest();
    relay.publish("b", 4);
    assert_eq!(drain(&mut latest), [Some(3), Some(4)]);
    assert_eq!(latest.position(), &relay.position());
}

#[tokio::test]
async fn a_subscription_is_woken_for_a_gap_and_for_a_value() {
    let relay = Relay::new().history(10);
    let mut updates = relay.resume("a", relay.position());
    let publisher = relay.clone();
    let (waits, may_publish) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        may_publish.recv().unwrap();
        publisher.publish("a", 1);
    });
    let mut next = std::pin::pin!(updates.next());
    let received = std::future::poll_fn(|ctx| {
        let polled = next.as_mut().poll(ctx);
        let _ = waits.send(());
        polled
    });
    assert_eq!(received.await, Some(Update::Value("a".into(), 1)));
    thread.join().unwrap();
}

/// A client that renders what it receives, and everything again after a gap.
struct Client {
    shown: Vec<u32>,
    position: Option<String>,
    gaps: usize,
}

impl Client {
    /// Receives at most `count` updates, while `state` does not change.
    fn receive(&mut self, updates: &mut Updates<u32>, count: usize, state: &Mutex<Vec<u32>>) -> usize {
        for received in 0..count {
            let state = state.lock().unwrap();
            match poll(updates) {
                Poll::Ready(Some(Update::Value(_, value))) => self.shown.push(value),
                Poll::Ready(Some(Update::Gap)) => {
                    self.gaps += 1;
                    self.shown.clone_from(&state);
                }
                Poll::Ready(None) => unreachable!("the patterns are valid"),
                Poll::Pending => return received,
            }
            self.position = Some(updates.position().to_string());
        }
        count
    }
}

#[derive(Debug, Clone)]
enum Step {
    Publish { subject: &'static str, count: u32 },
    Receive(usize),
    Reconnect { capacity: usize },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop_oneof![Just("room.1"), Just("room.2"), Just("other")], 1..6_u32)
            .prop_map(|(subject, count)| Step::Publish { subject, count }),
        4 => (1..6_usize).prop_map(Step::Receive),
        2 => (1..8_usize).prop_map(|capacity| Step::Reconnect { capacity }),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    /// Whatever a client misses while it is away, too slow, or while the process restarts: it shows everything, once.
    #[test]
    fn a_client_shows_everything_once(
        capacity in 0..12_usize,
        bytes in prop_oneof![Just(usize::MAX), 0..60_usize],
        steps in proptest::collection::vec(step(), 0..40),
    ) {
        let start = || Relay::new().measured(|_: &u32| 4).history(capacity).history_bytes(bytes);
        let state = Mutex::new(Vec::new());
        let mut relay = start();
        let mut client = Client { shown: Vec::new(), position: Some(relay.position().to_string()), gaps: 0 };
        let mut updates = relay.resume("room.*", client.position.clone());
        let (mut next, mut causes) = (0, 0);
        for step in steps {
            match step {
                Step::Publish { subject, count } => for _ in 0..count {
                    next += 1;
                    if subject != "other" {
                        state.lock().unwrap().push(next);
                    }
                    relay.publish(subject, next);
                },
                Step::Receive(count) => drop(client.receive(&mut updates, count, &state)),
                Step::Reconnect { capacity } => {
                    causes += 1;
                    updates = relay.resume("room.*", client.position.clone()).capacity(capacity);
                }
                Step::Restart => {
                    causes += 1;
                    relay = start();
                    updates = relay.resume("room.*", client.position.clone());
                }
            }
        }
        client.receive(&mut updates, usize::MAX, &state);
        prop_assert_eq!(&client.shown, &*state.lock().unwrap());
        // Nothing but a small history or a small capacity, a restart included, makes a gap.
        prop_assert!(causes > 0 || client.gaps == 0);
    }
}

const PUBLISHERS: u32 = 4;

/// Publishes by four threads, while clients come and go. Each publisher changes the state and publishes in one step.
fn published_by_four(relay: &Relay<u32>, each: u32, check: impl Fn(&mut Client, &Mutex<Vec<u32>>) + Sync) {
    let state = Mutex::new(Vec::new());
    let start = relay.position().to_string();
    let left = AtomicUsize::new(PUBLISHERS as usize);
    let clients: Vec<Client> = thread::scope(|scope| {
        for publisher in 0..PUBLISHERS {
            let (state, left) = (&state, &left);
            scope.spawn(move || {
                for value in 0..each {
                    let value = publisher * each + value;
                    let mut state = state.lock().unwrap();
                    state.push(value);
                    relay.publish("room.1", value);
                    drop(state);
                    relay.publish("other", value);
                }
                left.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let clients: Vec<_> = (1..4_usize)
            .map(|pace| {
                let (state, left, start) = (&state, &left, start.clone());
                scope.spawn(move || {
                    let mut client = Client { shown: Vec::new(), position: Some(start), gaps: 0 };
                    loop {
                        let is_last = left.load(Ordering::SeqCst) == 0;
                        let mut updates = relay.resume("room.*", client.position.clone());
                        client.receive(&mut updates, if is_last { usize::MAX } else { 7 * pace }, state);
                        if is_last {
                            return client;
                        }
                    }
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    for mut client in clients {
        assert_eq!(client.shown, *state.lock().unwrap());
        check(&mut client, &state);
    }
}

#[test]
fn four_publishers_keep_their_order_for_clients_that_come_and_go() {
    // Together fewer than a subscription has room for: a client may get no processor for that long.
    const EACH: u32 = 250;
    let relay = Relay::new().history(2 * (PUBLISHERS * EACH) as usize);
    published_by_four(&relay, EACH, |client, _| {
        assert_eq!(client.gaps, 0);
        for publisher in 0..PUBLISHERS {
            let its = client.shown.iter().copied().filter(|value| value / EACH == publisher);
            assert!(its.eq(publisher * EACH..(publisher + 1) * EACH), "publisher {publisher}");
        }
    });
}

#[test]
fn with_a_small_history_clients_are_told_of_gaps_and_show_everything() {
    published_by_four(&Relay::new().history(8), 1000, |_, _| {});
}

/// Uses the relay when it is cloned and when it is dropped, as any value may.
struct Busy(Relay<Busy>);

impl Clone for Busy {
    fn clone(&self) -> Self {
        drop(self.0.resume("*", self.0.position()));
        Self(self.0.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.position();
        if self.0.subscribers("dropped") > 0 {
            self.0.publish("dropped", Busy(Relay::new()));
            drop(self.0.resume("*", "x"));
        }
    }
}

#[test]
fn a_value_may_use_the_relay_while_it_is_cloned_and_dropped() {
    let relay = Relay::new().history(1);
    let mut slow = relay.resume("a", relay.position()).capacity(1);
    let mut plain = relay.subscribe("a").capacity(1);
    let dropped = relay.resume("dropped", relay.position()).capacity(1);
    // Each is dropped by the next: from the history, and from both subscriptions.
    (0..4).for_each(|_| relay.publish("a", Busy(relay.clone())));
    assert!(matches!(poll(&mut slow), Poll::Ready(Some(Update::Gap))));
    assert!(plain.has_lost());
    assert!(dropped.dropped() > 0);
    // The history itself drops them, when it is made smaller.
    drop(relay.clone().history(0));
    // A replay that a gap makes void.
    drop(relay.clone().history(10));
    let start = relay.position();
    relay.publish("a", Busy(relay.clone()));
    let mut resumed = relay.resume("a", start).capacity(1);
    (0..2).for_each(|_| relay.publish("a", Busy(relay.clone())));
    assert!(matches!(poll(&mut resumed), Poll::Ready(Some(Update::Gap))));
    // The values hold the relay, and the relay holds the values.
    drop(relay.history(0));
}

/// Publishes when it is woken.
struct Echo(Relay<u32>);

impl Wake for Echo {
    fn wake(self: Arc<Self>) {
        self.0.publish("woken", 1);
    }
}

#[test]
fn a_task_that_is_woken_may_publish() {
    let relay = Relay::new().history(10);
    let start = relay.position();
    let mut updates = relay.resume("a", relay.position());
    let waker = Waker::from(Arc::new(Echo(relay.clone())));
    assert!(Pin::new(&mut updates).poll_next(&mut Context::from_waker(&waker)).is_pending());
    relay.publish("a", 0);
    assert_eq!(drain(&mut relay.resume("*", start)), [Some(0), Some(1)]);
}

#[app::query("/live", app = local)]
async fn live(
    relay: State<Relay<Event>>,
    last_event_id: Header<Option<String>>,
) -> impl Stream<Item = Event> {
    let mut updates = relay.resume("news", last_event_id);
    stream! {
        while let Some(update) = updates.next().await {
            match update {
                Update::Value(_, event) => yield event,
                Update::Gap => yield event::patch("all").id(updates.position()),
            }
        }
    }
}

#[tokio::test]
async fn an_event_has_its_position_as_id_with_which_a_client_comes_back() {
    let relay = Relay::new().history(3);
    let client = TestClient::new(local::new().state(relay.clone()));
    let mut live = client.get("/live").open().await;
    let first = live.next().await.unwrap();
    assert_eq!((first.elements(), first.id()), ("all".to_owned(), Some(&*relay.position().to_string())));
    relay.publish("news", Event::new("one"));
    // An id of its own is no position.
    relay.publish("news", Event::new(event::patch("two").id("own")));
    for text in ["one", "two"] {
        let event = live.next().await.unwrap();
        assert_eq!(event.elements(), text);
        assert!(event.id().unwrap().ends_with(if text == "one" { ".1" } else { ".2" }), "{event:?}");
    }
    drop(live);
    let came_back = relay.position().to_string();
    relay.publish("news", Event::new("three"));
    let mut live = client.get("/live").header("last-event-id", &came_back).open().await;
    let three = live.next().await.unwrap();
    assert_eq!((three.elements(), three.id()), ("three".to_owned(), Some(&*relay.position().to_string())));
    // Gone for too long.
    (0..4).for_each(|_| relay.publish("other", Event::new("other")));
    let mut live = client.get("/live").header("last-event-id", &came_back).open().await;
    assert_eq!(live.next().await.unwrap().elements(), "all");
}
