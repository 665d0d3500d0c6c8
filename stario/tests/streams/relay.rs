//! What a relay promises: who receives what, in which order, and what is lost.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

use stario::prelude::*;
use stario::relay::Pattern;
use stario::{Relay, Subscription};

/// What a subscription has for its reader at this moment.
fn poll<T: Clone>(subscription: &mut Subscription<T>) -> Poll<Option<(Arc<str>, T)>> {
    Pin::new(subscription).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// All values that wait.
fn drain<T: Clone>(subscription: &mut Subscription<T>) -> Vec<T> {
    std::iter::from_fn(|| match poll(subscription) {
        Poll::Ready(Some((_, value))) => Some(value),
        _ => None,
    })
    .collect()
}

#[test]
fn patterns_fit_a_subject_what_is_below_it_or_all() {
    let subjects = ["a", "a.b", "a.b.c", "ab", "ab.c", "b"];
    let check = |pattern: &str, expected: &[&str]| {
        let relay = Relay::new();
        let mut subscription = relay.subscribe(pattern);
        for subject in subjects {
            relay.publish(subject, subject);
        }
        assert_eq!(drain(&mut subscription), expected, "{pattern}");
        for subject in subjects {
            let reaches = usize::from(expected.contains(&subject));
            assert_eq!(relay.subscribers(subject), reaches, "{pattern}: {subject}");
        }
    };
    check("a", &["a"]);
    check("a.b", &["a.b"]);
    check("a.*", &["a.b", "a.b.c"]);
    check("a.b.*", &["a.b.c"]);
    check("*", &subjects);
    check("c", &[]);
}

#[test]
fn items_name_their_subject() {
    let relay = Relay::new();
    let mut subscription = relay.subscribe("room.*");
    relay.publish("room.7", 1);
    assert_eq!(poll(&mut subscription), Poll::Ready(Some(("room.7".into(), 1))));
    assert_eq!(poll(&mut subscription), Poll::Pending);
}

#[test]
fn an_overlap_is_delivered_once() {
    let relay = Relay::new();
    let mut subscription = relay.subscribe(["a.b", "a.*", "a.b.*", "a.b", "*"]);
    let mut apart = relay.subscribe(vec!["a.*".to_owned(), "b".to_owned()]);
    relay.publish("a.b", 1);
    relay.publish("b", 2);
    assert_eq!(drain(&mut subscription), [1, 2]);
    assert_eq!(drain(&mut apart), [1, 2]);
    assert_eq!(relay.subscribers("a.b"), 2);
}

#[test]
fn each_subscriber_gets_what_is_published_after_it_came() {
    let relay = Relay::new();
    relay.publish("a", 1);
    let mut first = relay.subscribe("a");
    relay.publish("a", 2);
    let mut second = relay.subscribe("a");
    relay.publish("a", 3);
    assert_eq!(drain(&mut first), [2, 3]);
    assert_eq!(drain(&mut second), [3]);
    drop(first);
    assert_eq!(relay.subscribers("a"), 1);
}

#[test]
fn what_is_no_pattern_or_subject_reaches_nobody() {
    let relay = Relay::new();
    for invalid in ["", "a.*.b", "a*", ".a", "a.", "a..b", ".*"] {
        let mut subscription = relay.subscribe(invalid);
        assert_eq!(poll(&mut subscription), Poll::Ready(None), "{invalid:?}");
    }
    let mut half = relay.subscribe(["a", "a..b"]);
    assert_eq!(poll(&mut half), Poll::Ready(None));
    assert_eq!(relay.subscribers("a"), 0);

    let mut all = relay.subscribe("*");
    for invalid in ["", "a.*", "*", ".a", "a.", "a..b"] {
        relay.publish(invalid, ());
        assert_eq!(relay.subscribers(invalid), 0, "{invalid:?}");
    }
    assert_eq!(poll(&mut all), Poll::Pending);
}

#[test]
fn what_a_user_says_is_one_segment() {
    const MOVES: Pattern = Pattern::new("room.*");
    let relay = Relay::new();
    let mut moves = relay.subscribe([&MOVES]);
    let room = Pattern::segments(["room", "7"]).unwrap();
    let mut one = relay.subscribe(&room);
    relay.publish(&room, "e4");
    relay.publish("room.8", "d4");
    assert_eq!((drain(&mut moves), drain(&mut one)), (vec!["e4", "d4"], vec!["e4"]));
}

#[test]
fn bytes_are_bounded_as_values_are() {
    let relay = Relay::new();
    let text = |letter: &str, length| letter.repeat(length - size_of::<String>() - "a".len());
    let usual = relay.subscribe("a");
    let mut small = relay.subscribe("a").capacity_bytes(1000);
    let mut closed = relay.subscribe("a").capacity_bytes(1000).close_when_full();
    for (letter, length) in [("w", 5000), ("x", 400), ("y", 500), ("z", 500)] {
        relay.publish("a", text(letter, length));
    }
    // Behind the first, of any size, there was room for just the next two.
    assert_eq!(drain(&mut small), [text("x", 400), text("y", 500), text("z", 500)]);
    assert_eq!((small.dropped(), relay.dropped()), (1, 5));
    assert_eq!((poll(&mut closed), closed.dropped()), (Poll::Ready(None), 4));
    assert_eq!((usual.waiting(), usual.dropped()), (4, 0));
    // Values of any size are received one by one.
    let mut closed = relay.subscribe("a").capacity_bytes(1000).close_when_full();
    for length in [5000, 1000, 2000] {
        relay.publish("a", text("x", length));
        assert_eq!(drain(&mut small), [text("x", length)]);
        assert_eq!(drain(&mut closed), [text("x", length)]);
    }
    relay.publish("a", text("x", 100));
    relay.publish("a", text("y", 1001));
    assert_eq!(drain(&mut small), [text("y", 1001)]);
    assert_eq!(poll(&mut closed), Poll::Ready(None));
    // 1 MiB, unless set.
    let usual = relay.subscribe("a");
    for _ in 0..6 {
        relay.publish("a", text("x", 300 << 10));
    }
    assert_eq!((usual.waiting(), usual.dropped()), (4, 2));
    // The capacity can be set while values wait.
    let usual = usual.capacity_bytes(700 << 10);
    assert_eq!((usual.waiting(), usual.dropped()), (3, 3));
    let usual = usual.capacity_bytes(0);
    assert_eq!((usual.waiting(), usual.dropped()), (1, 5));
}

#[test]
fn the_latest_values_are_bounded_by_bytes_too() {
    let relay = Relay::new().measured(|bytes: &usize| *bytes);
    let mut latest = relay.subscribe("*").latest().capacity_bytes(1000);
    relay.publish("a", 5000);
    relay.publish("b", 499);
    relay.publish("c", 498);
    assert_eq!(latest.waiting(), 3);
    // A value takes the place of its subject's, and has that room.
    relay.publish("c", 499);
    assert_eq!((latest.waiting(), latest.dropped()), (3, 1));
    relay.publish("c", 600);
    assert_eq!((drain(&mut latest), latest.dropped()), (vec![499, 600], 3));
    let all = relay.subscribe("*").capacity_bytes(1000);
    for bytes in [300, 310, 320] {
        relay.publish("a", bytes);
    }
    let mut latest = all.latest();
    relay.publish("b", 600);
    relay.publish("c", 398);
    relay.publish("d", 1);
    assert_eq!(drain(&mut latest), [600, 398, 1]);
}

#[test]
fn events_and_html_have_the_bytes_of_their_content() {
    let content = "x".repeat(600 << 10);
    let events = Relay::new();
    let of_events = events.subscribe("a");
    let pages = Relay::new();
    let of_pages = pages.subscribe("a");
    for _ in 0..4 {
        events.publish("a", stario::Event::from(stario::event::patch(content.clone())));
        pages.publish("a", html! { <p>{content.clone()}</p> });
    }
    assert_eq!((of_events.waiting(), of_pages.waiting()), (2, 2));
}

#[test]
fn the_oldest_are_dropped_and_counted() {
    let relay = Relay::new();
    let mut usual = relay.subscribe("a");
    let mut small = relay.subscribe("a").capacity(2);
    (0..1026).for_each(|value| relay.publish("a", value));
    assert_eq!((usual.waiting(), usual.dropped()), (1024, 2));
    assert_eq!((small.waiting(), small.dropped()), (2, 1024));
    assert_eq!(relay.dropped(), 1026);
    assert_eq!(drain(&mut usual), (2..1026).collect::<Vec<_>>());
    assert_eq!(drain(&mut small), [1024, 1025]);
    // Who keeps up loses nothing.
    (0..3000).for_each(|value| {
        relay.publish("a", value);
        assert_eq!(drain(&mut small), [value]);
    });
    assert_eq!(small.dropped(), 1024);
}

#[test]
fn the_latest_of_each_subject_is_kept() {
    let relay = Relay::new();
    let mut latest = relay.subscribe("*").latest();
    for (subject, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5)] {
        relay.publish(subject, value);
    }
    assert_eq!((latest.waiting(), latest.dropped(), relay.dropped()), (3, 2, 2));
    assert_eq!(drain(&mut latest), [3, 4, 5]);
    relay.publish("a", 6);
    assert_eq!(drain(&mut latest), [6]);

    let mut capped = relay.subscribe("*").latest().capacity(2);
    for (subject, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
        relay.publish(subject, value);
    }
    assert_eq!((drain(&mut capped), capped.dropped()), (vec![3, 4], 2));
}

#[test]
fn a_policy_holds_for_what_has_come_before_it() {
    let relay = Relay::new();
    let subscription = relay.subscribe("*");
    for (subject, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
        relay.publish(subject, value);
    }
    let subscription = subscription.latest();
    assert_eq!((subscription.waiting(), subscription.dropped()), (3, 1));
    let mut subscription = subscription.capacity(0);
    assert_eq!((drain(&mut subscription), subscription.dropped()), (vec![4], 3));
}

#[test]
fn a_subscription_may_end_when_it_is_full() {
    let relay = Relay::new();
    let mut subscription = relay.subscribe("a").capacity(2).close_when_full();
    relay.publish("a", 1);
    relay.publish("a", 2);
    assert_eq!(drain(&mut subscription), [1, 2]);
    (0..3).for_each(|value| relay.publish("a", value));
    assert_eq!((subscription.waiting(), subscription.dropped()), (0, 3));
    relay.publish("a", 4);
    assert_eq!(poll(&mut subscription), Poll::Ready(None));
    assert_eq!(relay.dropped(), 3);
}

#[tokio::test]
async fn a_reader_is_woken_wherever_the_publisher_runs() {
    let relay = Relay::new();
    let mut subscription = relay.subscribe("a");
    let publisher = relay.clone();
    let (waits, may_publish) = mpsc::channel();
    let thread = thread::spawn(move || {
        may_publish.recv().unwrap();
        publisher.publish("a", 1);
    });
    let mut next = std::pin::pin!(subscription.next());
    let received = std::future::poll_fn(|ctx| {
        let polled = next.as_mut().poll(ctx);
        // Sent once; later there may be nobody who listens.
        let _ = waits.send(());
        polled
    });
    assert_eq!(received.await, Some(("a".into(), 1)));
    thread.join().unwrap();
}

#[test]
fn each_publisher_keeps_its_order_for_every_subscriber() {
    const PUBLISHERS: usize = 4;
    const VALUES: usize = 5_000;
    let relay = Relay::new();
    let mut readers: Vec<_> = (0..3).map(|_| relay.subscribe("*").capacity(PUBLISHERS * VALUES)).collect();
    thread::scope(|scope| {
        for publisher in 0..PUBLISHERS {
            let relay = &relay;
            scope.spawn(move || (0..VALUES).for_each(|value| relay.publish("a", (publisher, value))));
        }
    });
    for reader in &mut readers {
        let received = drain(reader);
        assert_eq!(received.len(), PUBLISHERS * VALUES);
        for publisher in 0..PUBLISHERS {
            let its = received.iter().filter(|(from, _)| *from == publisher).map(|(_, value)| *value);
            assert!(its.eq(0..VALUES), "publisher {publisher}");
        }
    }
}

#[test]
fn subscriptions_may_come_and_go_while_others_publish() {
    let relay = Relay::new();
    thread::scope(|scope| {
        for publisher in 0..2 {
            let relay = &relay;
            scope.spawn(move || (0..20_000).for_each(|value| relay.publish("a.b", (publisher, value))));
            scope.spawn(move || {
                for _ in 0..2_000 {
                    let mut subscription = relay.subscribe(["a.*", "b"]).capacity(4);
                    drop(relay.subscribe("a.b"));
                    let received = drain(&mut subscription);
                    for publisher in 0..2 {
                        let its = received.iter().filter(|(from, _)| *from == publisher);
                        assert!(its.is_sorted_by_key(|(_, value)| value), "{received:?}");
                    }
                }
            });
        }
    });
    assert_eq!(relay.subscribers("a.b"), 0);
}

/// Uses the relay when it is cloned and when it is dropped, as any value may.
struct Busy(Relay<Busy>);

impl Clone for Busy {
    fn clone(&self) -> Self {
        drop(self.0.subscribe("*"));
        Self(self.0.clone())
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.subscribers("a");
        if self.0.subscribers("dropped") > 0 {
            self.0.publish("elsewhere", Busy(Relay::new()));
        }
    }
}

#[test]
fn a_value_may_use_the_relay_while_it_is_cloned_and_dropped() {
    let relay = Relay::new();
    let mut first = relay.subscribe("a").capacity(1);
    let mut second = relay.subscribe("a").latest();
    let _listening = relay.subscribe("dropped").close_when_full();
    (0..3).for_each(|_| relay.publish("a", Busy(relay.clone())));
    assert_eq!((drain(&mut first).len(), drain(&mut second).len()), (1, 1));
    assert_eq!(relay.dropped(), 4);
}

#[test]
fn a_loop_that_receives_may_publish_subscribe_and_leave() {
    let relay = Relay::new();
    let mut subscription = relay.subscribe("count");
    relay.publish("count", 0);
    let mut received = Vec::new();
    while let Poll::Ready(Some((subject, value))) = poll(&mut subscription) {
        received.push(value);
        if value < 3 {
            relay.publish(subject, value + 1);
        }
        drop(relay.subscribe("count"));
    }
    assert_eq!(received, [0, 1, 2, 3]);
}

#[test]
fn an_event_is_rendered_once_for_all() {
    struct Counted<'a>(&'a std::cell::Cell<u32>);
    impl Render for Counted<'_> {
        fn render(&self, buf: &mut stario::html::Buf) {
            self.0.set(self.0.get() + 1);
            buf.push_escaped("drawn");
        }
    }
    let relay = Relay::new();
    let mut readers: Vec<_> = (0..10).map(|_| relay.subscribe("a")).collect();
    let rendered = std::cell::Cell::new(0);
    relay.publish("a", Event::new(event::patch(Counted(&rendered)).id(1)));
    for reader in &mut readers {
        assert_eq!(drain(reader), [Event::new(event::patch("drawn").id(1))]);
    }
    assert_eq!(rendered.get(), 1);
}
