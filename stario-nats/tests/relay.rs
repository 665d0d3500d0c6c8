//! Relays of several processes over a real NATS server. Each has a connection of its own, as a process has.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use stario::prelude::*;
use stario::relay::PublishError;
use stario::{Event, Relay};
use stario_nats::async_nats::ConnectOptions;
use stario_nats::{ConnectError, Nats, NotReady, async_nats};

use support::{Broker, Proxy, acquainted, next, next_until, node, node_at, soon, taken_by_server, until};

#[path = "relay/access.rs"]
mod access;
#[path = "relay/faults.rs"]
mod faults;
#[path = "relay/history.rs"]
mod history;
mod support;

stario::app!();

#[app::query("/")]
async fn home() {}

/// How many values each process publishes where many are.
const COUNT: u32 = 2000;

/// Whether nothing waits now.
fn is_idle<T: Clone + 'static>(updates: &mut stario::Updates<T>) -> bool {
    let mut next = pin!(updates.next());
    matches!(next.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_and_three_processes_lose_nothing_and_keep_the_order() {
    let broker = Broker::start();
    let (nats_a, a) = node::<(u8, u32)>(&broker).await;
    let (_b, b) = node(&broker).await;
    acquainted(&[&a, &b]).await;
    // Two first, then a third one.
    let mut readers = [&a, &b].map(|relay| relay.resume("room.*", relay.position()).capacity(10_000));
    for number in 0..COUNT {
        a.publish(format!("room.{}", number % 7), (0, number));
    }
    for reader in &mut readers {
        for number in 0..COUNT {
            assert_eq!(next(reader).await, Some((0, number)));
        }
    }
    let (_c, c) = node(&broker).await;
    acquainted(&[&a, &b, &c]).await;
    let relays = [&a, &b, &c];
    let readers = relays.map(|relay| relay.resume("room.*", relay.position()).capacity(10_000));
    let publishers: Vec<_> = relays
        .into_iter()
        .cloned()
        .zip(0..)
        .map(|(relay, publisher)| {
            tokio::spawn(async move {
                for number in 0..COUNT {
                    relay.publish("room.all", (publisher, number));
                    if number % 50 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for mut reader in readers {
        let mut expected = [0; 3];
        for _ in 0..3 * COUNT {
            let (publisher, number) = next(&mut reader).await.expect("a gap where nothing was lost");
            assert_eq!(number, expected[usize::from(publisher)], "of publisher {publisher}");
            expected[usize::from(publisher)] += 1;
        }
        assert!(is_idle(&mut reader), "a value came twice");
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
    soon(nats_a.flush()).await;
    assert_eq!(relays.map(Relay::unsent), [0; 3]);
}

#[tokio::test]
async fn subjects_of_any_text_arrive_and_patterns_fit_every_depth() {
    let broker = Broker::start();
    let (_a, a) = node::<String>(&broker).await;
    let (_b, b) = node(&broker).await;
    let mut all = b.subscribe("*");
    let mut below = b.subscribe("room.*");
    let subjects = ["room.7", "room.7.moves.last", "room", "tea & milk.100%", "ö.>", "a>.\n", "$SYS.x"];
    for subject in subjects {
        a.publish(subject, subject.to_owned());
    }
    for expected in subjects {
        assert_eq!(soon(all.next()).await, Some((expected.into(), expected.to_owned())));
    }
    for expected in &subjects[..2] {
        assert_eq!(&*soon(below.next()).await.unwrap().0, *expected);
    }
    let long = "x".repeat(3000);
    let error = a.try_publish(&long, String::new()).unwrap_err();
    assert!(matches!(error, PublishError::SubjectTooLong { bytes: 3005, limit: 2048 }), "{error:?}");
}

#[tokio::test]
async fn relays_of_other_names_and_other_users_of_nats_are_apart() {
    let broker = Broker::start();
    let (nats, shop) = node::<u32>(&broker).await;
    let other = broker.connect().await;
    let other_relay = Relay::over(other.relay("shop.eu"));
    soon(other.ready()).await.unwrap();
    let mut received = shop.subscribe("*");
    other_relay.publish("a", 1);
    let client = other.client();
    client.publish("shop.a", "no value of a relay".into()).await.unwrap();
    client.publish("shop.%", "".into()).await.unwrap();
    let (_c, c) = node(&broker).await;
    soon(other.flush()).await;
    taken_by_server(client).await;
    c.publish("a", 2);
    assert_eq!(soon(received.next()).await, Some(("a".into(), 2)));
    assert!(!received.has_lost());
    drop(nats);
}

#[tokio::test]
async fn events_travel_as_their_bytes_and_a_browser_resumes_at_another_process() {
    let broker = Broker::start();
    let nodes = [broker.connect().await, broker.connect().await];
    let relays = nodes.each_ref().map(|nats| Relay::<Event>::over(nats.relay("shop")).history(100));
    for nats in &nodes {
        soon(nats.ready()).await.unwrap();
    }
    let [a, b] = &relays;
    acquainted(&[a, b]).await;
    let mut at_a = a.resume("list", a.position());
    let mut at_b = b.resume("list", b.position());
    let events = ["one", "two", "three"].map(|text| Event::new(html! { <li>{text}</li> }));
    a.publish("list", events[0].clone());
    let first = next(&mut at_b).await.unwrap();
    b.publish("list", events[1].clone());
    assert_eq!(next(&mut at_a).await.map(|event| text(&event).contains("one")), Some(true));
    let left = next(&mut at_a).await.unwrap();
    assert!(text(&first).contains("one") && text(&left).contains("two"));
    let position = at_a.position().to_string();
    assert!(text(&left).ends_with(&format!("id: {position}\\n\\n\")")), "{left:?} {position}");
    // The browser's process is gone. What it missed is at the other one.
    drop(at_a);
    a.publish("list", events[2].clone());
    until(|| b.position().to_string().contains(".2")).await;
    let mut resumed = b.resume("list", position);
    assert!(text(&next(&mut resumed).await.unwrap()).contains("three"));
    assert!(is_idle(&mut resumed));
    assert_eq!(b.resume("list", "1.1").next().await, Some(Update::Gap));
}

fn text(event: &Event) -> String {
    format!("{event:?}")
}

#[tokio::test]
async fn a_subscription_that_is_full_has_a_gap_that_is_counted() {
    let broker = Broker::start();
    let (_a, a) = node::<u32>(&broker).await;
    let (_b, b) = node(&broker).await;
    acquainted(&[&a, &b]).await;
    let mut slow = b.resume("a", b.position()).capacity(10);
    let mut quick = b.resume("a", b.position());
    (0..11).for_each(|value| a.publish("a", value));
    for value in 0..11 {
        assert_eq!(next(&mut quick).await, Some(value));
    }
    assert_eq!((next(&mut slow).await, slow.dropped(), b.dropped()), (None, 11, 11));
    a.publish("a", 11);
    assert_eq!(next(&mut slow).await, Some(11));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_and_started_again_is_exactly_one_gap() {
    let mut broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let (nats_a, a) = node_at::<u32>(&proxy.url()).await;
    let (nats_b, b) = node(&broker).await;
    let (nats_c, c) = node(&broker).await;
    let (all, relays) = ([&nats_a, &nats_b, &nats_c], [&a, &b, &c]);
    acquainted(&relays).await;
    let mut readers: Vec<_> = relays
        .iter()
        .flat_map(|relay| [relay.resume("a", relay.position()), relay.resume("b", relay.position())])
        .collect();
    let mut plain = relays.map(|relay| relay.subscribe("a"));
    a.publish("a", 1);
    for reader in readers.iter_mut().step_by(2) {
        assert_eq!(next(reader).await, Some(1));
    }
    broker.kill();
    for nats in all {
        until(|| nats.check() == Err(NotReady::Disconnected)).await;
    }
    // Publishing does not wait, and the own process has the value at once.
    a.publish("a", 10);
    assert_eq!(next(&mut readers[0]).await, Some(10));
    // The others are there again before it is sent. Of one that is sent before, they learn by an announcement, and on a busy machine later than within
    // the time to settle: that is a gap of its own.
    proxy.hold(true);
    broker.restart();
    for nats in [&nats_b, &nats_c] {
        soon(nats.ready()).await.unwrap();
    }
    proxy.hold(false);
    soon(nats_a.ready()).await.unwrap();
    for reader in &mut readers {
        while next(reader).await.is_some() {}
    }
    a.publish("a", 99);
    a.publish("b", 99);
    for reader in &mut readers {
        // Values that waited at another process, which has come back later, arrive behind the gap.
        let received = next_until(reader, |value| *value == 99).await;
        assert!(!received.contains(&None), "a second gap: {received:?}");
    }
    for subscription in &mut plain {
        assert!(subscription.has_lost() && !subscription.has_lost());
    }
    b.publish("b", 100);
    for reader in readers.iter_mut().skip(1).step_by(2) {
        assert_eq!(next(reader).await, Some(100));
    }
}

#[tokio::test]
async fn what_waits_for_the_broker_is_bounded_and_what_is_dropped_is_a_gap() {
    let mut broker = Broker::start();
    let (nats_b, b) = node::<u32>(&broker).await;
    let nats = broker.connect().await;
    let a = Relay::over(nats.relay("shop").buffer(5, 1 << 20));
    soon(nats.ready()).await.unwrap();
    acquainted(&[&a, &b]).await;
    broker.kill();
    until(|| nats.check().is_err()).await;
    let mut here = a.subscribe("a");
    let errors = (0..8).filter(|value| matches!(a.try_publish("a", *value), Err(PublishError::Full))).count();
    assert_eq!((errors, a.unsent(), here.waiting()), (3, 3, 8));
    assert_eq!(soon(here.next()).await.unwrap().1, 0);
    broker.restart();
    soon(nats.ready()).await.unwrap();
    soon(nats_b.ready()).await.unwrap();
    // The numbers of those that were dropped are used up: announced, if nothing follows.
    until(|| b.position().to_string().contains(".8")).await;
    let mut there = b.resume("a", b.position());
    a.publish("a", 8);
    assert_eq!(next(&mut there).await, Some(8));
}

#[tokio::test]
async fn the_last_value_that_is_lost_is_missed_about_a_second_later() {
    let broker = Broker::start();
    let (_a, a) = node::<String>(&broker).await;
    let (_b, b) = node(&broker).await;
    acquainted(&[&a, &b]).await;
    let mut there = b.resume("a", b.position());
    let large = "x".repeat(2 << 20);
    let error = a.try_publish("a", large).unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { limit: 1_048_480, .. }), "{error:?}");
    // Nothing else is published, and the others have a gap all the same.
    assert_eq!(next(&mut there).await, None);
    a.publish("a", "x".repeat(1_048_000));
    assert_eq!(next(&mut there).await.map(|value| value.len()), Some(1_048_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_client_library_drops_is_a_gap() {
    let broker = Broker::start();
    let options = ConnectOptions::new().subscription_capacity(1);
    let nats = Nats::with_options(broker.url(), options).await.unwrap();
    let b = Relay::<u32>::over(nats.relay("shop"));
    soon(nats.ready()).await.unwrap();
    let (_a, a) = node(&broker).await;
    acquainted(&[&a, &b]).await;
    let mut there = b.resume("a", b.position()).capacity(100_000);
    // More at once than the task reads, while messages of one read are given to it.
    (0..5000).for_each(|value| a.publish("a", value));
    let (mut shown, mut gaps) = (None, 0);
    while shown != Some(4999) {
        match next(&mut there).await {
            Some(value) => {
                assert_eq!(value, shown.map_or(0, |shown| shown + 1), "values are missing without a gap");
                shown = Some(value);
            }
            None => {
                gaps += 1;
                shown = Some(4999.min(published(&a)));
            }
        }
    }
    assert!(gaps > 0);
}

/// The newest value of the relay, if it has published 0, 1, 2, ….
fn published(relay: &Relay<u32>) -> u32 {
    let text = relay.position().to_string();
    let number: u32 =
        text.split('-').map(|stamp| stamp.split_once('.').unwrap().1.parse().unwrap()).max().unwrap();
    number - 1
}

#[tokio::test]
async fn an_app_is_not_ready_while_the_broker_is_away() {
    let mut broker = Broker::start();
    let (nats, relay) = node::<u32>(&broker).await;
    let app = app::new().state(relay).readiness("/ready", |_| async { Ok(()) }).ready_when(nats.readiness());
    let client = TestClient::new(app);
    assert_eq!(client.get("/ready").await.status(), 200);
    broker.kill();
    until(|| nats.check().is_err()).await;
    assert_eq!(client.get("/ready").await.status(), 503);
    broker.restart();
    soon(nats.ready()).await.unwrap();
    assert_eq!(client.get("/ready").await.status(), 200);
}

#[tokio::test]
async fn a_connection_that_cannot_be_made_is_an_error_that_says_why_and_no_password() {
    let broker = Broker::with_config(r#"authorization { user: "ada", password: "right" }"#);
    let error = async |url: String| -> ConnectError { soon(stario_nats::connect(url)).await.unwrap_err() };
    let refused = error(format!("nats://ada:wrong@127.0.0.1:{}", broker.port)).await;
    assert_eq!(
        refused.to_string(),
        format!("NATS at 127.0.0.1:{} refuses the credentials, or expects some and got none", broker.port)
    );
    assert_eq!(refused.kind(), async_nats::ConnectErrorKind::AuthorizationViolation);
    assert!(error(broker.url()).await.to_string().contains("refuses the credentials"));
    soon(stario_nats::connect(format!("nats://ada:right@127.0.0.1:{}", broker.port))).await.unwrap();

    let port = broker.port;
    drop(broker);
    let unreachable = error(format!("nats://ada:wrong@127.0.0.1:{port}")).await;
    assert_eq!(unreachable.to_string(), format!("NATS at 127.0.0.1:{port} cannot be reached"));
    let unreadable = error("http://ada:secret@nats".to_owned()).await;
    assert!(
        unreadable.to_string().starts_with("the address of NATS cannot be read: expected"),
        "{unreadable}"
    );
}

#[tokio::test]
async fn a_client_that_was_connected_elsewhere_is_as_good() {
    let mut broker = Broker::start();
    let client = async_nats::connect(broker.url()).await.unwrap();
    let nats = Nats::from_client(client);
    let a = Relay::<u32>::over(nats.relay("shop"));
    soon(nats.ready()).await.unwrap();
    let (nats_b, b) = node(&broker).await;
    acquainted(&[&a, &b]).await;
    // It has an echo, which the relay ignores.
    let mut received = a.resume("a", a.position());
    a.publish("a", 1);
    b.publish("a", 2);
    let mut values = [next(&mut received).await, next(&mut received).await];
    values.sort_unstable();
    assert_eq!(values, [Some(1), Some(2)]);
    broker.kill();
    until(|| nats.check().is_err()).await;
    broker.restart();
    soon(nats.ready()).await.unwrap();
    soon(nats_b.ready()).await.unwrap();
    assert_eq!(next(&mut received).await, None);
    b.publish("a", 3);
    assert_eq!(next(&mut received).await, Some(3));
    assert!(is_idle(&mut received));
}
