//! Connections that are delayed, cut within a message, or refused, messages that come twice, and processes that are too slow: nothing is missing
//! without a gap, nothing comes twice, and each subscription has one gap for one fault.
//!
//! A message comes twice when a client publishes it again with the same stamp. Bytes cannot come twice on a connection: they would break the protocol of
//! NATS, and the server would end the connection, which is the fault of one that is cut.

use std::collections::HashMap;
use std::sync::Barrier;

use futures_util::StreamExt;
use stario::{Relay, Update, Updates};
use stario_nats::async_nats::ConnectOptions;
use stario_nats::{Nats, NotReady, async_nats};
use tokio::task::JoinHandle;

use crate::support::{
    Broker, Proxy, acquainted, next, next_until, node, node_at, soon, taken_by_server, until,
};

/// A value: its publisher, and as which of its values.
type Value = (u8, u32);

/// The number of the value with which a test ends.
const LAST: u32 = u32::MAX;

/// A task that reads a subscription.
type Follower = JoinHandle<(u32, HashMap<u8, u32>)>;

/// Reads a subscription until the last value, while values come. Returns how many gaps there were, and the newest number of each publisher.
fn follow(mut updates: Updates<Value>) -> Follower {
    tokio::spawn(async move {
        let (mut newest, mut gaps, mut is_behind_gap) = (HashMap::new(), 0, false);
        loop {
            match soon(updates.next()).await.expect("the subscription has ended") {
                Update::Value(_, (_, LAST)) => return (gaps, newest),
                Update::Value(_, (publisher, number)) => {
                    let newest = newest.entry(publisher).or_insert(0);
                    assert!(number > *newest, "{number} of {publisher} comes twice, or late");
                    assert!(
                        number == *newest + 1 || is_behind_gap,
                        "{number} of {publisher} comes after {newest} without a gap"
                    );
                    *newest = number;
                }
                Update::Gap => {
                    gaps += 1;
                    is_behind_gap = true;
                }
            }
        }
    })
}

fn follow_all(relay: &Relay<Value>, count: usize) -> Vec<Follower> {
    (0..count).map(|_| follow(relay.resume("a", relay.position()).capacity(100_000))).collect()
}

/// How many gaps each had; one without a gap has received all values up to `newest`, of both publishers. The last value is published again until all have received it: what comes before a subscription has received its
/// gap is a part of that gap.
async fn gaps(publisher: &Relay<Value>, followers: Vec<Follower>, newest: [u32; 2]) -> Vec<u32> {
    until(|| {
        publisher.publish("a", (0, LAST));
        followers.iter().all(JoinHandle::is_finished)
    })
    .await;
    let mut gaps = Vec::new();
    for follower in followers {
        let (count, received) = follower.await.unwrap();
        if count == 0 {
            assert_eq!([0, 1].map(|publisher| received[&publisher]), newest, "values are missing at the end");
        }
        gaps.push(count);
    }
    gaps
}

/// Waits until the connection was made so many times, and its relays are ready.
async fn connected(nats: &Nats, times: u64) {
    let statistics = nats.client().statistics();
    until(|| statistics.connects.load(std::sync::atomic::Ordering::Relaxed) >= times).await;
    soon(nats.ready()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_cut_within_a_message_is_one_gap_for_each_subscription() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let (nats_a, a) = node_at::<Value>(&proxy.url()).await;
    let (_b, b) = node(&broker).await;
    acquainted(&[&a, &b]).await;
    let (at_a, at_b) = (follow_all(&a, 3), follow_all(&b, 3));
    // No message is as long, and the last of them are lost.
    proxy.cut_after(10_007);
    (1..=500).for_each(|number| a.publish("a", (0, number)));
    proxy.wait_for_cuts(1).await;
    connected(&nats_a, 2).await;
    (501..=600).for_each(|number| a.publish("a", (0, number)));
    b.publish("a", (1, 1));
    // The end of both: behind it nothing is on the way.
    soon(nats_a.flush()).await;
    until(|| b.position().to_string().contains(".600")).await;
    let newest = [600, 1];
    assert_eq!((gaps(&b, at_a, newest).await, gaps(&b, at_b, newest).await), (vec![1; 3], vec![1; 3]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_come_twice_are_received_once() {
    const COUNT: u32 = 200;
    let broker = Broker::start();
    let (nats_a, a) = node::<Value>(&broker).await;
    let (nats_b, b) = node(&broker).await;
    let (_c, c) = node(&broker).await;
    acquainted(&[&a, &b, &c]).await;
    let repeater = async_nats::connect(broker.url()).await.unwrap();
    let mut captured = repeater.subscribe("shop.a").await.unwrap();
    taken_by_server(&repeater).await;
    let followers: Vec<_> = [&a, &b, &c].into_iter().flat_map(|relay| follow_all(relay, 2)).collect();
    for number in 1..=COUNT {
        a.publish("a", (0, number));
        b.publish("a", (1, number));
    }
    soon(nats_a.flush()).await;
    soon(nats_b.flush()).await;
    let mut messages = Vec::new();
    let repeat = async |message: &async_nats::Message| {
        let headers = message.headers.clone().unwrap();
        repeater
            .publish_with_headers(message.subject.clone(), headers, message.payload.clone())
            .await
            .unwrap();
    };
    while messages.len() < 2 * COUNT as usize {
        let message = soon(captured.next()).await.unwrap();
        // At once, and all of them again when all were received. What is repeated is captured, too.
        if messages.iter().all(|known: &async_nats::Message| known.headers != message.headers) {
            repeat(&message).await;
            messages.push(message);
        }
    }
    for message in &messages {
        repeat(message).await;
    }
    taken_by_server(&repeater).await;
    // The server has taken all that was repeated, so this comes behind it.
    assert_eq!(gaps(&a, followers, [COUNT; 2]).await, [0; 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_and_delays_never_lose_a_value_without_a_gap() {
    const ROUNDS: u64 = 3;
    let broker = Broker::start();
    let proxies = [Proxy::to(broker.port).await, Proxy::to(broker.port).await];
    let (nats_a, a) = node_at::<Value>(&proxies[0].url()).await;
    let (nats_b, b) = node_at(&proxies[1].url()).await;
    acquainted(&[&a, &b]).await;
    let followers: Vec<_> = [&a, &b].into_iter().flat_map(|relay| follow_all(relay, 2)).collect();
    let mut number = 0;
    let mut publish = |count: u32| {
        for _ in 0..count {
            number += 1;
            a.publish("a", (0, number));
            b.publish("a", (1, number));
        }
        number
    };
    for round in 1..=ROUNDS {
        publish(100);
        for proxy in &proxies {
            proxy.delay(std::time::Duration::from_millis(5));
        }
        proxies[0].cut_after(3_001);
        publish(200);
        proxies[0].wait_for_cuts(round).await;
        proxies[1].cut();
        for proxy in &proxies {
            proxy.delay(std::time::Duration::ZERO);
        }
        publish(100);
        connected(&nats_a, 1 + round).await;
        connected(&nats_b, 1 + round).await;
    }
    let number = publish(1);
    let newest = format!(".{number}");
    // Each has what the other one has published last, or knows that it is missing.
    until(|| [&a, &b].iter().all(|relay| relay.position().to_string().matches(&newest).count() == 2)).await;
    let gaps = gaps(&a, followers, [number; 2]).await;
    // At most one for each connection that was lost: its own, and that of the other one.
    assert!(gaps.iter().all(|gaps| (1..=2 * ROUNDS).contains(&u64::from(*gaps))), "{gaps:?}");
}

/// Holds up the task that receives.
static GATE: Barrier = Barrier::new(2);

/// A value whose first one is not read before the test allows it.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct Slow(u32);

impl From<Slow> for u32 {
    fn from(value: Slow) -> u32 {
        value.0
    }
}

impl TryFrom<u32> for Slow {
    type Error = &'static str;

    fn try_from(value: u32) -> Result<Self, Self::Error> {
        if value == 0 {
            GATE.wait();
        }
        Ok(Self(value))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_waits_to_be_received_is_bounded_and_what_is_dropped_is_a_gap() {
    const COUNT: u32 = 5_000;
    let broker = Broker::start();
    let (_a, a) = node::<Slow>(&broker).await;
    let nats = broker.connect().await;
    // Each value counts for 128 bytes and those of its subject and its number.
    let b = Relay::<Slow>::over(nats.relay("shop").receive_buffer(100 * 130));
    soon(nats.ready()).await.unwrap();
    acquainted(&[&a, &b]).await;
    let readers = [(); 3].map(|()| {
        let mut reader = b.resume("a", b.position()).capacity(100_000);
        tokio::spawn(async move { next_until(&mut reader, |value| value.0 == LAST).await })
    });
    let statistics = nats.client().statistics();
    let received = || statistics.in_messages.load(std::sync::atomic::Ordering::Relaxed);
    let before = received();
    (0..COUNT).for_each(|value| a.publish("a", Slow(value)));
    until(|| received() >= before + u64::from(COUNT)).await;
    // The client library has read them. The task that takes them from there has its turn as often as each answer of the server.
    for _ in 0..100 {
        taken_by_server(nats.client()).await;
    }
    tokio::task::spawn_blocking(|| GATE.wait()).await.unwrap();
    until(|| b.position().to_string().contains(&format!(".{COUNT}"))).await;
    // It would be a part of the gap of a reader that has not received it yet.
    until(|| {
        a.publish("a", Slow(LAST));
        readers.iter().all(JoinHandle::is_finished)
    })
    .await;
    for reader in readers {
        let updates = reader.await.unwrap();
        let (mut expected, mut is_behind_gap) = (0, false);
        for update in &updates[..updates.len() - 1] {
            match update {
                Some(Slow(value)) => {
                    assert!(*value == expected || is_behind_gap, "{value} instead of {expected}");
                    expected = value + 1;
                }
                None => is_behind_gap = true,
            }
        }
        assert!(is_behind_gap, "all {} values were kept", updates.len());
    }
}

#[tokio::test]
async fn a_connection_that_was_made_again_is_not_ready_before_the_server_has_confirmed() {
    let broker = Broker::start();
    let proxy = Proxy::to(broker.port).await;
    let client = async_nats::connect(proxy.url()).await.unwrap();
    // It reports nothing, and the relay looks four times a second whether it is another connection.
    let nats = Nats::from_client(client);
    let _relay = Relay::<u32>::over(nats.relay("shop"));
    soon(nats.ready()).await.unwrap();
    assert_eq!(nats.check(), Ok(()));
    let statistics = nats.client().statistics();
    proxy.cut();
    until(|| statistics.connects.load(std::sync::atomic::Ordering::Relaxed) == 2).await;
    assert!(nats.check().is_err());
    soon(nats.ready()).await.unwrap();
}

const USERS: &str = r#"authorization { users: [
    { user: "ada", password: "x", permissions: { publish: ">", subscribe: "_INBOX.>" } }
    { user: "bob", password: "x", permissions: { publish: ["shop.>", "_INBOX.>"], subscribe: ["shop.>", "_INBOX.>"] } }
] }"#;

#[tokio::test]
async fn a_relay_that_may_not_subscribe_is_not_ready() {
    let broker = Broker::with_config(USERS);
    let connect = async |user| {
        stario_nats::connect(format!("nats://{user}:x@127.0.0.1:{}", broker.port)).await.unwrap()
    };
    // The least that a relay needs.
    let (bob, bob_too) = (connect("bob").await, connect("bob").await);
    let relays = [Relay::<u32>::over(bob.relay("shop")), Relay::over(bob_too.relay("shop"))];
    soon(bob.ready()).await.unwrap();
    soon(bob_too.ready()).await.unwrap();
    let mut received = relays[1].resume("a", relays[1].position());
    relays[0].publish("a", 1);
    while next(&mut received).await != Some(1) {}

    let ada = connect("ada").await;
    let _relay = Relay::<u32>::over(ada.relay("shop"));
    until(|| ada.check() != Err(NotReady::Unconfirmed("shop".to_owned()))).await;
    assert_eq!(ada.check(), Err(NotReady::Refused("shop".to_owned())));
}

#[tokio::test]
async fn a_client_that_was_connected_elsewhere_and_may_not_subscribe_is_not_ready() {
    let broker = Broker::with_config(USERS);
    let connect = async |user: &str| {
        let options = ConnectOptions::with_user_and_password(user.to_owned(), "x".to_owned());
        options.connect(broker.url()).await.unwrap()
    };
    let mut asked = connect("bob").await.subscribe("shop.%.hello").await.unwrap();
    let ada = Nats::from_client(connect("ada").await);
    let _relay = Relay::<u32>::over(ada.relay("shop"));
    // It asks again, because it has not heard its own question.
    soon(asked.next()).await.unwrap();
    soon(asked.next()).await.unwrap();
    assert_eq!(ada.check(), Err(NotReady::Unconfirmed("shop".to_owned())));
    let bob = Nats::from_client(connect("bob").await);
    let _relay = Relay::<u32>::over(bob.relay("shop"));
    soon(bob.ready()).await.unwrap();
}
